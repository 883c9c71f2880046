"""Our own files of all kinds of devices, beside libvirt's esx driver at a simulated host."""

from __future__ import annotations

from pathlib import Path

import pytest
from vcsimlab import Simulator, Virsh, VirshFailed
from vcsimlab.fixtures import Reference
from vmxlikeness import lines_apart
from xmldifferences import differences

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of, vmx_of

pytestmark = pytest.mark.real

SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.vmx"))
FORM = "vmware-vmx"
HARDWARE = 10
"""What libvirt asks of a host like the simulator."""

BEYOND = "vm.genid"
"""What libvirt reads and does not write."""

UNKNOWN = "[?] ?"
"""The folder of a file that libvirt has not found itself."""


def files(folder: str) -> DatastoreFiles:
    """The names of files on the host, of a machine in a folder."""
    return DatastoreFiles(folder, {"LocalDS_0": "/vmfs/volumes/LocalDS_0"})


def theirs(virsh: Virsh, sample: Path, text: str) -> str:
    """libvirt's document; it wants text in UTF-8, whatever a file says of itself."""
    path = virsh.simulator.folder / sample.name
    path.write_bytes(text.encode())
    return virsh.run("domxml-from-native", FORM, str(path))


def test_files_become_libvirts_documents(esx: Simulator, virsh: Reference) -> None:
    reference = virsh(esx)
    for sample in SAMPLES:
        vmx = Vmx.parse(sample.read_bytes())
        text = vmx.to_text().replace("windows-1252", "UTF-8")
        wanted = theirs(reference, sample, text)
        given = domain_of(vmx, files(UNKNOWN), extended=False).to_xml()
        assert (sample.name, differences(wanted, given)) == (sample.name, [])


def test_documents_become_libvirts_files(esx: Simulator, virsh: Reference) -> None:
    reference, names = virsh(esx), files("[LocalDS_0] web")
    taken = 0
    for sample in SAMPLES:
        if sample.stem == "new":
            continue  # the address that its card does not have is all zeros to libvirt
        config = domain_of(Vmx.parse(sample.read_bytes()), names, extended=False)
        path = esx.folder / "domain.xml"
        path.write_text(config.to_xml(secure=True))
        try:
            wanted = reference.run("domxml-to-native", FORM, "--xml", str(path))
        except VirshFailed:
            continue  # it writes no SATA disk, and refuses the names that it gives them
        taken += 1
        given = vmx_of(DomainConfig.parse(path.read_text()), names, hardware=HARDWARE)
        found = [line for line in lines_apart(wanted, given.to_text()) if BEYOND not in line]
        assert (sample.name, found) == (sample.name, [])
    assert taken >= 8
