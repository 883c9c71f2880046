"""What is filled in when a domain is defined, and that doing it again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from qemuvalues import ARM, MACHINES, X86, completed, full, small

from aiovirt.config import Device, DomainConfig
from aiovirt.drivers.qemu.devices import complete
from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.addresses import PciAddress

VIRTIO_DISK = "<disk type='file'><source file='/i{n}'/><target dev='vd{letter}'/></disk>"
NETWORK = "<interface type='user'><model type='{model}'/></interface>"


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_completing_again_changes_nothing(machine: str) -> None:
    config = completed(full(machine, Path("/images")), MACHINES[machine])
    before = config.to_xml(secure=True)
    again = DomainConfig.parse(before)
    complete(again, MACHINES[machine])
    assert again.to_xml(secure=True) == before


@pytest.mark.real
def test_what_is_completed_is_valid_for_libvirt(machine: str, grammars: Path) -> None:
    config = completed(full(machine, Path("/images")), MACHINES[machine])
    # a model that came with libvirt 9.1
    config.devices.panics = [p for p in config.devices.panics if p.model != "pvpanic"]
    grammar = etree.RelaxNG(etree.parse(grammars / "domain.rng"))
    grammar.assertValid(etree.fromstring(config.to_xml()))


def test_no_two_devices_have_one_pci_address(machine: str) -> None:
    config = completed(full(machine, Path("/images")), MACHINES[machine])
    given_places = [d.address for d in config.devices.all() if isinstance(d.address, PciAddress)]
    places = [(a.bus, a.slot, a.function) for a in given_places]
    assert len(set(places)) == len(places)


@given(
    st.sampled_from(["pc", "q35"]),
    st.lists(st.sampled_from(["virtio", "e1000", "e1000e", "rtl8139"]), max_size=12),
    st.integers(0, 8),
)
def test_what_is_there_stays_where_it_is_when_more_is_added(
    machine: str, cards: list[str], disks: int
) -> None:
    devices = [VIRTIO_DISK.format(n=n, letter="abcdefgh"[n]) for n in range(disks)]
    config = completed(small("".join(devices), machine=machine))
    before = [disk.address for disk in config.disks]
    for model in cards:
        view = DomainConfig.parse(
            f"<domain><devices>{NETWORK.format(model=model)}</devices></domain>"
        )
        config.interfaces.append(view.interfaces[0])
    complete(config, X86)
    assert [disk.address for disk in config.disks] == before


def test_machine_type_becomes_its_canonical_name() -> None:
    assert completed(small(machine="q35")).os.machine == "pc-q35-7.2"


def test_without_a_machine_type_it_is_the_binarys_default() -> None:
    config = DomainConfig(name="x", memory="64 MiB")
    complete(config, X86)
    assert (config.os.machine, config.os.arch) == ("pc-i440fx-7.2", "x86_64")


def test_without_a_machine_type_arm_gets_virt() -> None:
    config = DomainConfig(name="x", memory="64 MiB")
    complete(config, ARM)
    assert config.os.machine == "virt-7.2"


def test_the_cpu_model_is_written_down() -> None:
    assert completed(small()).cpu.model == "qemu64"


def test_64_bit_arm_gets_a_cpu_that_has_64_bits() -> None:
    config = completed(small(machine="virt"), ARM)
    assert (config.cpu.mode, config.cpu.model) == ("maximum", None)


def test_a_guest_that_is_made_without_a_word_of_features_can_be_turned_off() -> None:
    assert DomainConfig(name="made", memory="64 MiB").features.acpi


def test_a_document_that_says_nothing_of_features_means_none() -> None:
    assert not completed(small()).features.acpi


def test_an_interface_gets_a_mac_address_of_qemus() -> None:
    config = completed(small(NETWORK.format(model="virtio")))
    assert str(config.interfaces[0].mac).startswith("52:54:00:")


def test_companions_that_name_no_index_have_that_of_the_usb_controller_before_them() -> None:
    first = "<controller type='usb' model='ich9-ehci1'/>"
    more = "<controller type='usb' model='ich9-uhci{}'><master startport='{}'/></controller>"
    config = completed(small(first + more.format(1, 0) + more.format(2, 2)))
    assert [each.index for each in config.controllers if each.type == "usb"] == [0, 0, 0]


def test_a_serial_port_is_mirrored_by_a_console() -> None:
    config = completed(small("<serial type='pty'/>"))
    console = config.consoles[0]
    assert (console.type, console.target.type, console.alias) == ("pty", "serial", "serial0")


def test_a_console_alone_brings_a_serial_port() -> None:
    config = completed(small("<console type='unix'><source mode='bind' path='/s'/></console>"))
    assert (config.serials[0].type, config.serials[0].source.path) == ("unix", "/s")


@pytest.mark.parametrize("more", ["", "autoport='no'"])
@pytest.mark.parametrize("kind", ["vnc", "spice"])
def test_port_minus_1_is_an_automatic_one(kind: str, more: str) -> None:
    config = completed(small(f"<graphics type='{kind}' port='-1' {more}/>"))
    assert (config.graphics[0].port, config.graphics[0].autoport) == (-1, True)


def test_graphics_bring_a_display_and_ps2_input() -> None:
    config = completed(small("<graphics type='vnc'/>"))
    assert [video.model.type for video in config.videos] == ["vga"]
    assert [(i.type, i.bus) for i in config.inputs] == [("mouse", "ps2"), ("keyboard", "ps2")]


def test_q35_has_one_free_port_for_hot_plug() -> None:
    config = completed(small())
    ports = [c.index for c in config.controllers if c.model == "pcie-root-port"]
    taken = {d.address.bus for d in config.devices.all() if isinstance(d.address, PciAddress)}
    assert len([port for port in ports if port not in taken]) == 1


def test_a_pci_address_that_is_taken_is_refused_with_its_line() -> None:
    place = "<address type='pci' bus='0' slot='5'/>"
    card = f"<interface type='user'>{place}</interface>"
    devices = f"{card}\n<rng model='virtio'>{place}<backend model='builtin'/></rng>"
    with pytest.raises(XMLError, match="taken by another device") as caught:
        completed(small(devices, machine="pc"))
    assert (caught.value.line, caught.value.element) == (4, "domain/devices/rng")


def test_the_machines_own_places_are_taken() -> None:
    devices = "<interface type='user'><address type='pci' slot='1'/></interface>"
    with pytest.raises(XMLError, match="taken by the ISA bridge"):
        completed(small(devices, machine="pc"))


def test_function_zero_announces_the_others() -> None:
    at = "<interface type='user'><address type='pci' slot='5' function='{}'/></interface>"
    config = completed(small(at.format(0) + at.format(1), machine="pc"))
    assert [getattr(i.address, "multifunction", None) for i in config.interfaces] == [True, None]


def test_a_function_without_function_zero_is_refused() -> None:
    devices = "<interface type='user'><address type='pci' slot='5' function='1'/></interface>"
    with pytest.raises(ConfigError, match="function 0"):
        completed(small(devices, machine="pc"))


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        ("<iommu model='nope'/>", "nope"),
        ("<interface type='user'><vlan><tag id='1'/></vlan></interface>", "<vlan> of a interface"),
        ("<disk type='file'><source file='/x'/><target dev='hda' bus='ide'/></disk>", "bus 'ide'"),
        ("<video><model type='gop'/></video>", "has no type 'gop'"),
        ("<video><driver name='vhostuser'/><model type='virtio'/></video>", "'vhostuser'"),
        ("<controller type='scsi' model='buslogic'/>", "has no model 'buslogic'"),
        ("<controller type='usb' index='1'/><controller type='usb' index='1'/>", "the index 1"),
        ("<interface type='user'><mac address='01:00:00:00:00:01'/></interface>", "multicast"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message) as caught:
        completed(small(devices))
    assert caught.value.line is not None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("<vcpu>999</vcpu>", "at most 288"),
        (
            "<cputune><cachetune vcpus='0'><monitor level='3' vcpus='0'/></cachetune></cputune>",
            "<cachetune> of <cputune>",
        ),
    ],
)
def test_domain_settings_that_cannot_be_kept_are_refused(more: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        completed(small(more=more))


def test_kvm_that_is_not_there_is_refused() -> None:
    config = small()
    config.type = "kvm"
    with pytest.raises(XMLError, match="cannot use KVM"):
        complete(config, X86)


@pytest.mark.parametrize("machine", ["isapc", "nosuch"])
def test_a_machine_that_cannot_be_built_is_refused(machine: str) -> None:
    with pytest.raises(XMLError, match=machine):
        completed(small(machine=machine))


def test_pci_devices_are_refused_where_there_is_no_pci() -> None:
    with pytest.raises(XMLError, match="needs PCI"):
        completed(small(NETWORK.format(model="e1000"), machine="microvm"))


def test_more_virtio_devices_than_transports_are_refused() -> None:
    disks = [VIRTIO_DISK.format(n=n, letter="abcdefghi"[n]) for n in range(9)]
    config = small("".join(disks), machine="microvm", more="<features/>")
    with pytest.raises(XMLError, match="8 virtio devices at most"):
        completed(config)


def test_every_device_but_displays_has_an_alias(machine: str) -> None:
    config = completed(full(machine, Path("/images")), MACHINES[machine])
    nameless = {repr(d) for d in config.devices.all() if d.alias is None}
    assert all(text.startswith("Graphics") or "uhci" in text for text in nameless)


def test_an_alias_of_the_users_is_kept() -> None:
    devices = "<interface type='user'><alias name='ua-wan'/></interface>"
    assert completed(small(devices)).interfaces[0].alias == "ua-wan"


def aliases(config: DomainConfig, kind: type[Device] = Device) -> set[str | None]:
    return {device.alias for device in config.devices.all() if isinstance(device, kind)}


def test_aliases_are_libvirts() -> None:
    config = completed(full("q35", Path("/images")))
    expected = {"virtio-disk0", "scsi0-0-0", "sata0-0-2", "usb-disk2", "fdc0-0-0", "net1"}
    expected |= {"pcie.0", "pci.1", "ide", "usb", "scsi0", "virtio-serial0", "balloon0", "video1"}
    assert aliases(config) >= expected


def test_a_debug_port_is_a_device_of_its_own() -> None:
    found = completed(small("<serial type='null'><target type='isa-debug'/></serial>"))
    assert found.serials[0].target.model == "isa-debugcon"
