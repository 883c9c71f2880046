"""The machine types this driver builds, and what each brings along: one row each.

Knows nothing of single devices.  What is built in was read from the machines themselves
(``query-pci`` and ``qom-list`` of QEMU 7.2) and from ``hw/i386/pc_piix.c``, ``pc_q35.c``,
``microvm.c`` and ``hw/arm/virt.c``; for riscv64, s390x and ppc64 from libvirt's tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from aiovirt.model.addresses import PciAddress
from aiovirt.model.units import Bytes, MiB

__all__ = ["FAMILIES", "Family", "family_of"]


_STEP: Final = MiB(1)
_MODULE: Final = MiB(2)
"""Modules are whole huge pages (qemuDomainAlignMemorySizes of libvirt)."""


@dataclass(frozen=True)
class Family:
    """What the machine types of one family have in common.

    Attributes:
        name: What people call it.
        pattern: Matches the machine types that belong to it.
        arches: The guest architectures it is for.
        pci_root: The model of PCI bus 0, or None when there is no PCI.
        transport: What virtio devices are on: ``pci``, ``mmio``, or the channels of S/390, ``ccw``.
        builtin: PCI places that the machine itself takes, and by what.
        disk_bus: Where a disk goes whose bus cannot be told from its target.
        nic_model: The network card when none is asked for.
        video_model: The display adapter when none is asked for.
        video_place: Where the primary display adapter sits, or None for anywhere.
        usb_model: The USB controller when none is asked for, or None when it has none.
        plain_usb_model: What a USB controller is of which no model is written.
        usb_always: Whether libvirt gives it a USB controller unless told not to.
        scsi_model: What a SCSI controller is of which no model is written.
        serial: The target type and model of a serial port.
        builtin_controllers: Controllers of index 0 that QEMU itself makes, and the QEMU bus
            that their devices are on.
        isa: Whether it has an ISA bus.
        ps2: Whether it has a PS/2 keyboard and mouse.
        floppy: Whether floppy drives can be had.
        balloon: Whether libvirt gives it a memory balloon unless told not to.
        acpi: Whether it has ACPI, which is off unless it is asked for.
        s3: The QEMU device whose properties switch suspend on and off, or None.
        pci_grows: The model of a further conventional PCI bus.
        memory_step: Of what its memory, that of each NUMA cell and each module are multiples.
        module_step: The same of memory modules.
    """

    name: str
    pattern: re.Pattern[str]
    arches: tuple[str, ...]
    pci_root: str | None
    disk_bus: str
    nic_model: str
    video_model: str
    serial: tuple[str, str]
    transport: str = "pci"
    video_place: PciAddress | None = None
    usb_model: str | None = None
    plain_usb_model: str | None = "qemu-xhci"
    usb_always: bool = False
    scsi_model: str = "lsilogic"
    builtin: dict[PciAddress, str] = field(default_factory=dict)
    builtin_controllers: dict[str, str] = field(default_factory=dict)
    isa: bool = True
    ps2: bool = False
    floppy: bool = False
    balloon: bool = True
    acpi: bool = True
    s3: str | None = None
    pci_grows: str = "pci-bridge"
    memory_step: Bytes = _STEP
    module_step: Bytes = _MODULE

    @property
    def root_bus(self) -> str:
        """QEMU's name of PCI bus 0."""
        return "pcie.0" if self.pci_root == "pcie-root" else "pci.0"


_X86: Final = ("x86_64", "i686")

_VIRT: Final = Family(
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
)
"""The board of no maker."""

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
        plain_usb_model="piix3-uhci",
        usb_always=True,
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
        plain_usb_model="piix3-uhci",
        usb_always=True,
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
    ),
    Family(
        name="microvm",
        transport="mmio",
        scsi_model="virtio-scsi",
        pattern=re.compile(r"microvm"),
        arches=_X86,
        pci_root=None,
        disk_bus="virtio",
        nic_model="virtio",
        video_model="none",
        serial=("isa-serial", "isa-serial"),
    ),
    _VIRT,
    replace(
        _VIRT,
        pattern=re.compile(r"virt"),
        arches=("riscv64",),
        serial=("system-serial", "16550a"),
        balloon=True,
        acpi=False,
    ),
    Family(
        name="s390-ccw-virtio",
        pattern=re.compile(r"s390-ccw-virtio(-\d.*)?"),
        arches=("s390x",),
        pci_root="pci-root",
        transport="ccw",
        disk_bus="virtio",
        nic_model="virtio",
        video_model="virtio",
        scsi_model="virtio-scsi",
        serial=("sclp-serial", "sclpconsole"),
        isa=False,
        acpi=False,
    ),
    Family(
        name="pseries",
        pattern=re.compile(r"pseries(-\d.*)?"),
        arches=("ppc64", "ppc64le"),
        pci_root="pci-root",
        disk_bus="scsi",
        nic_model="rtl8139",
        video_model="vga",
        usb_model="pci-ohci",
        plain_usb_model="pci-ohci",
        usb_always=True,
        scsi_model="ibmvscsi",
        serial=("spapr-vio-serial", "spapr-vty"),
        pci_grows="pci-root",
        memory_step=MiB(256),
        module_step=MiB(256),
        isa=False,
        acpi=False,
    ),
)


def family_of(machine: str, arch: str) -> Family | None:
    """The family of a machine type, canonical or alias, or None when there is none here."""
    for family in FAMILIES:
        if arch in family.arches and family.pattern.fullmatch(machine):
            return family
    return None
