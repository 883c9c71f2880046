"""The machine types this driver builds, and what each brings along: one row each.

Knows nothing of single devices.  What is built in was read from the machines themselves
(``query-pci`` and ``qom-list`` of QEMU 7.2) and from ``hw/i386/pc_piix.c``, ``pc_q35.c``,
``microvm.c`` and ``hw/arm/virt.c``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from aiovirt.model.addresses import PciAddress

__all__ = ["FAMILIES", "Family", "family_of"]


@dataclass(frozen=True)
class Family:
    """What the machine types of one family have in common.

    Attributes:
        name: What people call it.
        pattern: Matches the machine types that belong to it.
        arches: The guest architectures it is for.
        pci_root: The model of PCI bus 0, or None when there is no PCI (virtio-mmio instead).
        builtin: PCI places that the machine itself takes, and by what.
        disk_bus: Where a disk goes whose bus cannot be told from its target.
        nic_model: The network card when none is asked for.
        video_model: The display adapter when none is asked for.
        video_place: Where the primary display adapter sits, or None for anywhere.
        usb_model: The USB controller when none is asked for, or None when it has none.
        serial: The target type and model of a serial port.
        builtin_controllers: Controllers of index 0 that QEMU itself makes, and the QEMU bus
            that their devices are on.
        isa: Whether it has an ISA bus.
        ps2: Whether it has a PS/2 keyboard and mouse.
        floppy: Whether floppy drives can be had.
        balloon: Whether libvirt gives it a memory balloon unless told not to.
        features: What it has when the configuration says nothing of features at all.
        s3: The QEMU device whose properties switch suspend on and off, or None.
    """

    name: str
    pattern: re.Pattern[str]
    arches: tuple[str, ...]
    pci_root: str | None
    disk_bus: str
    nic_model: str
    video_model: str
    serial: tuple[str, str]
    video_place: PciAddress | None = None
    usb_model: str | None = None
    builtin: dict[PciAddress, str] = field(default_factory=dict)
    builtin_controllers: dict[str, str] = field(default_factory=dict)
    isa: bool = True
    ps2: bool = False
    floppy: bool = False
    balloon: bool = True
    s3: str | None = None
    features: tuple[str, ...] = ()

    @property
    def root_bus(self) -> str:
        """QEMU's name of PCI bus 0."""
        return "pcie.0" if self.pci_root == "pcie-root" else "pci.0"


_X86: Final = ("x86_64", "i686")

FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        name="pc",
        pattern=re.compile(r"pc|pc-\d.*|pc-i440fx-.*"),
        arches=_X86,
        pci_root="pci-root",
        disk_bus="ide",
        nic_model="rtl8139",
        video_model="cirrus",
        video_place=PciAddress(slot=2),
        usb_model="piix3-uhci",
        serial=("isa-serial", "isa-serial"),
        builtin={
            PciAddress(slot=1): "the ISA bridge",
            PciAddress(slot=1, function=1): "the IDE controller",
            PciAddress(slot=1, function=3): "the ACPI controller",
        },
        builtin_controllers={"ide": "ide", "fdc": ""},
        ps2=True,
        floppy=True,
        s3="PIIX4_PM",
        features=("acpi", "apic"),
    ),
    Family(
        name="q35",
        pattern=re.compile(r"q35|pc-q35-.*"),
        arches=_X86,
        pci_root="pcie-root",
        disk_bus="sata",
        nic_model="e1000e",
        video_model="vga",
        video_place=PciAddress(slot=1),
        usb_model="qemu-xhci",
        serial=("isa-serial", "isa-serial"),
        builtin={
            PciAddress(slot=0x1F): "the LPC bridge",
            PciAddress(slot=0x1F, function=2): "the SATA controller",
            PciAddress(slot=0x1F, function=3): "the SMBus controller",
        },
        builtin_controllers={"sata": "ide"},
        ps2=True,
        floppy=True,
        s3="ICH9-LPC",
        features=("acpi", "apic"),
    ),
    Family(
        name="microvm",
        pattern=re.compile(r"microvm"),
        arches=_X86,
        pci_root=None,
        disk_bus="virtio",
        nic_model="virtio",
        video_model="none",
        serial=("isa-serial", "isa-serial"),
        features=("acpi", "apic"),
    ),
    Family(
        name="virt",
        pattern=re.compile(r"virt|virt-\d.*"),
        arches=("aarch64", "armv7l"),
        pci_root="pcie-root",
        disk_bus="virtio",
        nic_model="virtio",
        video_model="virtio",
        usb_model="qemu-xhci",
        serial=("system-serial", "pl011"),
        isa=False,
        balloon=False,
    ),
)


def family_of(machine: str, arch: str) -> Family | None:
    """The family of a machine type, canonical or alias, or None when there is none here."""
    for family in FAMILIES:
        if arch in family.arches and family.pattern.fullmatch(machine):
            return family
    return None
