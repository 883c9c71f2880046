"""The capabilities documents fit libvirt's grammars and tell what QEMU told."""

from __future__ import annotations

from pathlib import Path

import counterparts
import msgspec
import pytest
from lxml import etree
from qemuvalues import ARM, MACHINES, X86

from aiovirt.drivers.qemu.binaries import BinaryCapabilities, probe
from aiovirt.drivers.qemu.binaries.capabilities import CPUOffer
from aiovirt.drivers.qemu.binaries.firmwares import Firmware, FlashFile, Mapping, Target
from aiovirt.drivers.qemu.hostinfo import (
    HostOffers,
    capabilities_xml,
    domain_capabilities_xml,
    read_host,
    read_offers,
)
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
    host = await read_offers()
    check(domain_capabilities_xml(binary, machine, host=host), grammars / "domaincaps.rng")
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


def equipped(**more: object) -> BinaryCapabilities:
    return msgspec.structs.replace(X86, **more)


def test_a_chip_is_emulated_only_where_its_program_is_installed() -> None:
    binary = equipped(tpm_models=("tpm-crb", "tpm-tis"), tpm_backends=("emulator",))
    path = "devices/tpm/enum[@name='backendModel']/value/text()"
    with_program = domain_capabilities_xml(binary, host=HostOffers(tpm_versions=("2.0",)))
    assert values(with_program, path) == ["emulator", "external"]
    assert values(with_program, "devices/tpm/enum[@name='backendVersion']/value/text()") == ["2.0"]
    assert values(domain_capabilities_xml(binary), path) == ["external"]


@pytest.mark.parametrize(("vfio", "backends"), [(True, ["default", "vfio"]), (False, [])])
def test_devices_of_the_host_are_given_by_vfio_where_it_is(
    *, vfio: bool, backends: list[str]
) -> None:
    binary = equipped(devices=X86.devices | {"vfio-pci", "usb-host"})
    document = domain_capabilities_xml(binary, host=HostOffers(vfio=vfio))
    assert values(document, "devices/hostdev/enum[@name='subsysType']/value/text()") == [
        "usb",
        "pci",
    ]
    assert values(document, "devices/hostdev/enum[@name='pciBackend']/value/text()") == backends


def test_a_firmware_is_told_of_where_it_fits_the_machine() -> None:
    described = Firmware(
        interface_types=("uefi",),
        mapping=Mapping("flash", executable=FlashFile("/fw/code.fd")),
        targets=(Target("x86_64", ("pc-q35-*",)),),
        features=("requires-smm", "secure-boot"),
    )
    host = HostOffers(firmwares=(described,))
    document = domain_capabilities_xml(X86, "q35", host=host)
    assert values(document, "os/enum[@name='firmware']/value/text()") == ["efi"]
    assert values(document, "os/loader/value/text()") == ["/fw/code.fd"]
    assert values(document, "os/loader/enum[@name='secure']/value/text()") == ["yes", "no"]
    assert not values(domain_capabilities_xml(X86, "pc", host=host), "os/loader/value")


def test_what_kvm_has_for_windows_is_told() -> None:
    offers = {"kvm": CPUOffer(enlightenments=("relaxed", "stimer-direct"))}
    binary = equipped(accelerators=("kvm", "tcg"), offers=offers)
    path = "features/hyperv/enum/value/text()"
    assert values(domain_capabilities_xml(binary), path) == ["relaxed", "spinlocks", "vendor_id"]
    assert not values(domain_capabilities_xml(ARM), path)
