"""The capabilities documents fit libvirt's grammars and tell what QEMU told."""

from __future__ import annotations

from pathlib import Path

import counterparts
import pytest
from lxml import etree
from qemuvalues import ARM, MACHINES, X86

from aiovirt.drivers.qemu.binaries import BinaryCapabilities, probe
from aiovirt.drivers.qemu.hostinfo import capabilities_xml, domain_capabilities_xml, read_host
from aiovirt.errors import ConfigError, Unsupported

KVM = "kvm"


def values(document: str, path: str) -> list[str]:
    found = etree.fromstring(document).xpath(path)
    return [str(each) for each in found] if isinstance(found, list) else []


def check(document: str, grammar: Path) -> None:
    etree.RelaxNG(etree.parse(grammar)).assertValid(etree.fromstring(document))


@pytest.mark.real
def test_capabilities_are_valid_for_libvirt(grammars: Path) -> None:
    check(capabilities_xml(read_host(), [X86, ARM]), grammars / "capability.rng")


@pytest.mark.real
@pytest.mark.parametrize("machine", MACHINES)
def test_domain_capabilities_are_valid_for_libvirt(machine: str, grammars: Path) -> None:
    check(domain_capabilities_xml(MACHINES[machine], machine), grammars / "domaincaps.rng")


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("machine", MACHINES)
async def test_documents_of_real_binaries_are_valid(machine: str, grammars: Path) -> None:
    name = f"qemu-system-{MACHINES[machine].arch}"
    binary: BinaryCapabilities = await probe(counterparts.program(name))
    check(domain_capabilities_xml(binary, machine), grammars / "domaincaps.rng")
    check(capabilities_xml(read_host(), [binary]), grammars / "capability.rng")


def test_each_binary_is_a_guest() -> None:
    document = capabilities_xml(read_host(), [X86, ARM])
    assert values(document, "guest/arch/@name") == ["x86_64", "aarch64"]
    assert values(document, "guest/arch/machine[@canonical='pc-q35-7.2']/text()") == ["q35"]


def test_kvm_is_offered_only_where_it_can_be_used() -> None:
    assert values(capabilities_xml(read_host(), [X86]), "guest/arch/domain/@type") == ["qemu"]


def test_only_devices_that_the_binary_has_are_listed() -> None:
    document = domain_capabilities_xml(X86, "q35")
    listed = values(document, "devices/video/enum/value/text()")
    assert listed == ["vga", "qxl", "none"]


def test_microvm_offers_no_pci_devices() -> None:
    document = domain_capabilities_xml(X86, "microvm")
    assert values(document, "devices/disk/enum[@name='bus']/value/text()") == ["virtio"]


def test_the_interrupt_controllers_of_arm_are_listed() -> None:
    document = domain_capabilities_xml(ARM, "virt")
    assert values(document, "features/gic/enum/value/text()") == ["2", "3"]


def test_a_default_machine_is_taken() -> None:
    assert values(domain_capabilities_xml(X86), "machine/text()") == ["pc-i440fx-7.2"]


def test_arm_without_a_machine_is_virt_as_in_libvirt() -> None:
    (machine,) = values(domain_capabilities_xml(ARM), "machine/text()")
    assert machine.startswith("virt")


@pytest.mark.parametrize(
    ("binary", "machine", "virt_type", "error"),
    [
        (X86, "nosuch", None, ConfigError),
        (X86, "isapc", None, Unsupported),
        (X86, "q35", KVM, ConfigError),
    ],
)
def test_what_cannot_be_run_is_refused(
    binary: BinaryCapabilities,
    machine: str | None,
    virt_type: str | None,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        domain_capabilities_xml(binary, machine, virt_type)
