"""Machines of riscv64, s390x and ppc64: where their devices are, and what these are called."""

from __future__ import annotations

import json

import pytest
from qemuvalues import POWER, RISCV, S390, X86, arguments, completed, options, small

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.binaries import BinaryCapabilities
from aiovirt.errors import XMLError
from aiovirt.model.addresses import CcwAddress, MmioAddress, SpaprVioAddress
from aiovirt.model.units import MiB

DEVICES = """
<disk type='file'><source file='/a.raw'/><target dev='vda' bus='virtio'/></disk>
<disk type='file'><source file='/b.raw'/><target dev='sda' bus='scsi'/></disk>
<interface type='user'/>
<channel type='unix'><target type='virtio' name='one'/></channel>
<serial type='pty'/>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<memballoon model='virtio'/>
"""
MACHINES = {
    "riscv64": (RISCV, "virt"),
    "s390x": (S390, "s390-ccw-virtio"),
    "ppc64": (POWER, "pseries"),
}


def _guest(arch: str, devices: str = DEVICES) -> DomainConfig:
    binary, machine = MACHINES[arch]
    return completed(small(devices, machine=machine), binary)


def _drivers(config: DomainConfig, arch: str) -> set[object]:
    argv = arguments(config, MACHINES[arch][0])
    return {json.loads(each)["driver"] for each in options(argv, "-device")}


@pytest.mark.parametrize("arch", MACHINES)
def test_completing_again_changes_nothing(arch: str) -> None:
    config = _guest(arch)
    before = config.to_xml()
    assert completed(config, MACHINES[arch][0]).to_xml() == before


def test_s390x_has_virtio_on_channels_in_libvirts_order() -> None:
    config = _guest("s390x")
    assert config.disks[0].address == CcwAddress(0xFE, 0, 0)
    assert config.interfaces[0].address == CcwAddress(0xFE, 0, 1)
    assert {
        "virtio-blk-ccw",
        "virtio-net-ccw",
        "virtio-scsi-ccw",
        "virtio-serial-ccw",
        "virtio-rng-ccw",
        "virtio-balloon-ccw",
        "sclpconsole",
    } <= _drivers(config, "s390x")


def test_a_channel_that_is_given_is_kept_and_passed_over() -> None:
    disk = "<disk type='file'><source file='/{0}'/><target dev='vd{0}' bus='virtio'/>{1}</disk>"
    given = "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0000'/>"
    config = _guest("s390x", disk.format("a", "") + disk.format("b", given))
    assert [d.address for d in config.disks] == [CcwAddress(0xFE, 0, 1), CcwAddress(0xFE, 0, 0)]


def test_two_devices_on_one_channel_are_refused() -> None:
    disk = (
        "<disk type='file'><source file='/{0}'/><target dev='vd{0}' bus='virtio'/>"
        "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0007'/></disk>"
    )
    with pytest.raises(XMLError, match="same"):
        _guest("s390x", disk.format("a") + disk.format("b"))


def _host_device(guest: str = "<address type='pci'/>") -> str:
    source = "<source><address domain='0' bus='0' slot='0' function='0'/></source>"
    return f"<hostdev mode='subsystem' type='pci'>{source}{guest}</hostdev>"


def _on_channels_and_pci(devices: str) -> list[dict[str, object]]:
    argv = arguments(small(devices, machine="s390-ccw-virtio"), S390)
    return [json.loads(each) for each in options(argv, "-device")]


def test_s390x_numbers_its_pci_functions_before_they_are_there() -> None:
    slot = "<address type='pci' domain='0' bus='0' slot='7' function='0'>{}</address>"
    made = _on_channels_and_pci(
        _host_device()
        + _host_device(slot.format("<zpci uid='0x0053'/>"))
        + _host_device("<address type='pci'><zpci fid='0x00000001'/></address>")
    )
    found = {e["target"]: (e["uid"], e["fid"]) for e in made if e["driver"] == "zpci"}
    assert found == {"hostdev0": (1, 2), "hostdev1": (0x53, 0), "hostdev2": (2, 1)}
    drivers = [each["driver"] for each in made]
    assert drivers.index("zpci") < drivers.index("vfio-pci")


def test_a_virtio_device_of_s390x_may_be_on_pci() -> None:
    disk = "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/>{}</disk>"
    made = _on_channels_and_pci(disk.format("<address type='pci' slot='8'/>"))
    assert "virtio-blk-pci" in {each["driver"] for each in made}


def test_two_functions_of_s390x_with_one_number_are_refused() -> None:
    card = _host_device("<address type='pci'><zpci uid='0x0005'/></address>")
    with pytest.raises(XMLError, match="the same uid"):
        _on_channels_and_pci(card * 2)


def test_power_has_its_own_bus_for_serial_ports_and_scsi() -> None:
    config = _guest("ppc64")
    assert config.serials[0].address == SpaprVioAddress(0x30000000)
    assert {"spapr-vscsi", "spapr-vty", "virtio-blk-pci", "pci-ohci"} <= _drivers(config, "ppc64")


def test_old_definitions_of_power_have_serial_ports_of_a_pc() -> None:
    config = _guest("ppc64", "<serial type='pty'><target type='isa-serial'/></serial>")
    assert config.serials[0].target.type == "spapr-vio-serial"


def test_riscv64_is_on_pci_express() -> None:
    config = _guest("riscv64")
    assert {"pcie-root-port", "virtio-blk-pci"} <= _drivers(config, "riscv64")
    assert options(arguments(config, RISCV), "-machine") == ["virt,usb=off,dump-guest-core=off"]


def test_a_device_may_be_on_virtio_mmio_beside_pci() -> None:
    disk = DEVICES.splitlines()[1].replace("</disk>", "<address type='virtio-mmio'/></disk>")
    config = _guest("riscv64", disk)
    assert isinstance(config.disks[0].address, MmioAddress)
    assert "virtio-blk-device" in _drivers(config, "riscv64")


ROOTS = "".join(f"<controller type='pci' index='{index}' model='pci-root'/>" for index in (0, 2))


def test_power_has_further_roots_of_pci_those_that_are_written_first() -> None:
    card = """<interface type='user'><model type='virtio'/>
    <address type='pci' bus='2' slot='1'/></interface>"""
    argv = arguments(small(ROOTS + card, machine="pseries"), POWER)
    made = [json.loads(each) for each in options(argv, "-device")]
    roots = {each["id"]: each["index"] for each in made if each["driver"] == BRIDGE}
    assert roots == {"pci.2": 1, "pci.1": 2}
    assert next(each["bus"] for each in made if each["driver"] == "virtio-net-pci") == "pci.2.0"


BRIDGE = "spapr-pci-host-bridge"


def test_where_a_root_of_power_is_full_another_comes() -> None:
    cards = "<interface type='user'><model type='virtio'/></interface>" * 32
    found = _guest("ppc64", cards)
    assert {c.model for c in found.controllers if c.type == "pci"} == {"pci-root"}


def test_a_pc_has_one_root_of_pci() -> None:
    with pytest.raises(XMLError, match="no second pci-root"):
        completed(small(ROOTS, machine="pc"))


def _persistent(kib: int) -> DomainConfig:
    """A guest of POWER with so much persistent memory, of which a label takes 128 KiB."""
    module = f"""<memory model='nvdimm'><source><path>/n</path></source><target>
    <size unit='KiB'>{kib}</size><label><size unit='KiB'>128</size></label></target></memory>"""
    config = small(module, machine="pseries", more="<maxMemory slots='2' unit='GiB'>4</maxMemory>")
    config.memory = MiB(800)
    return config


def test_the_memory_of_power_is_told_in_steps_that_it_takes() -> None:
    argv = arguments(_persistent(550000), POWER)
    backend = next(each for each in options(argv, "-object") if "memnvdimm0" in each)
    assert json.loads(backend)["size"] == 2 * 256 * 1024**2 + 128 * 1024
    plain = arguments(small("", machine="pseries"), POWER)
    assert options(plain, "-m") == ["size=262144k"]


def test_persistent_memory_of_power_that_is_a_label_alone_is_refused() -> None:
    with pytest.raises(XMLError, match=r"memory/target/size.*256 MiB beside its label"):
        arguments(_persistent(200000), POWER)


def test_power_has_registers_for_variables_and_chips() -> None:
    devices = """<tpm model='tpm-spapr'><backend type='emulator' version='2.0'/></tpm>
    <tpm model='spapr-tpm-proxy'><backend type='passthrough'><device path='/dev/tpmrm0'/></backend>
    </tpm><nvram/>"""
    argv = arguments(small(devices, machine="pseries"), POWER)
    made = {each["driver"]: each for each in map(json.loads, options(argv, "-device"))}
    assert made["tpm-spapr"]["reg"] == 0x4000
    assert made["spapr-tpm-proxy"]["host-path"] == "/dev/tpmrm0"
    assert "spapr-nvram.reg=0x3000" in options(argv, "-global")


@pytest.mark.parametrize(("binary", "machine"), [(X86, "pc"), (S390, "s390-ccw-virtio")])
def test_another_machine_has_no_registers_for_variables(
    binary: BinaryCapabilities, machine: str
) -> None:
    with pytest.raises(XMLError, match=rf"devices/nvram.*a {machine} machine has no <nvram>"):
        completed(small("<nvram/>", machine=machine), binary)


def test_an_older_processor_of_power_is_the_hosts_in_its_guise() -> None:
    cpu = "<cpu mode='host-model'><model>power8</model></cpu>"
    argv = arguments(small(machine="pseries", more=cpu), POWER)
    assert "max-cpu-compat=power8" in options(argv, "-machine")[0]
