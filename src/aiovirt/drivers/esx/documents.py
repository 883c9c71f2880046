"""A machine as domain XML, from its own ``.vmx`` file, as libvirt's ESX driver makes it."""

from __future__ import annotations

from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tree import put
from aiovirt.drivers.common.vmx import MAX_VMX_BYTES, DatastoreFiles, Vmx, domain_of
from aiovirt.drivers.esx.files import datacenter_of, mounts, read_file
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref

__all__ = ["FORM", "domain_from", "files_of", "newest_hardware", "read_vmx"]

FORM: Final = "vmware-vmx"
"""libvirt's name of the form of these files."""

_NAMESPACE: Final = "{http://libvirt.org/schemas/domain/vmware/1.0}"

_HARDWARE: Final = (
    ((4, 0), 7),
    ((5, 0), 8),
    ((5, 1), 9),
    ((5, 5), 10),
    ((6, 0), 11),
    ((6, 5), 13),
    ((6, 7), 14),
    ((7, 0), 17),
    ((8, 0), 20),
)
"""From which version on a product has which newest virtual hardware.

Source: VMware's table "Virtual machine hardware versions" (knowledge base 1003746)."""

_OLDEST: Final = 4


def newest_hardware(session: Session) -> int:
    """The newest virtual hardware that the server has."""
    numbers = tuple(int(part) for part in session.about.version.split(".")[:2] if part.isdigit())
    return max((each for since, each in _HARDWARE if since <= numbers), default=_OLDEST)


def files_of(session: Session, path: DatastorePath, datacenter: Ref) -> DatastoreFiles:
    """What is known of the files of a machine whose ``.vmx`` is at a path."""
    folder = str(path.folder).rstrip()
    return DatastoreFiles(folder, mounts(session, datacenter))


async def read_vmx(session: Session, machine: Machine) -> tuple[Vmx, DatastoreFiles]:
    """A machine's file, and what is known of the files that it names.

    Raises:
        NotFound: The server cannot tell where it is, or it is gone.
        ConfigError: It cannot be understood.
    """
    if not machine.path:
        raise NotFound(
            f"nobody knows the .vmx file of domain {machine.name!r}",
            hint=f"its state is {machine.connection!r}: is its datastore there?",
        )
    path = DatastorePath.parse(machine.path)
    datacenter = datacenter_of(session, machine)
    data = await read_file(session, path, datacenter, limit=MAX_VMX_BYTES)
    return Vmx.parse(data), files_of(session, path, datacenter)


def domain_from(
    session: Session, machine: Machine, vmx: Vmx, files: DatastoreFiles, *, inactive: bool
) -> DomainConfig:
    """The domain of a machine's file, with what the server knows beside it.

    Raises:
        ConfigError: The file cannot be understood.
    """
    config = domain_of(vmx, files)
    if not inactive:
        config.id = machine.number
    place = session.tree.path(datacenter_of(session, machine))
    put(config, f"{_NAMESPACE}datacenterpath", place)
    put(config, f"{_NAMESPACE}moref", machine.ref.value)
    return config
