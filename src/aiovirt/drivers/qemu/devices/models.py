"""libvirt's device models in QEMU's words, and what each must be plugged into: tables.

Knows nothing of single domains.  QEMU's names are those of ``-device help``; libvirt's those of
its domain format.
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple

from aiovirt.drivers.qemu.devices.pci import Connector

__all__ = [
    "BALLOONS",
    "CHANNEL_BUSES",
    "INPUTS",
    "MODELS",
    "NICS",
    "PANICS",
    "PCI_CONTROLLERS",
    "RNGS",
    "SCSI_CONTROLLERS",
    "SERIAL_DRIVERS",
    "SOUNDS",
    "SYSTEM_SERIALS",
    "USB_CONTROLLERS",
    "VHOST_USER_BLK",
    "VIDEOS",
    "VIRTIO_BLK",
    "VIRTIO_MODELS",
    "VIRTIO_SERIAL",
    "WATCHDOGS",
    "Model",
    "driver_of",
]

_PCI: Final = Connector.CONVENTIONAL
_PCIE: Final = Connector.EXPRESS


class Model(NamedTuple):
    """A device model.

    Attributes:
        driver: QEMU's name; for virtio without the ending that names the transport.
        needs: The slot it wants, or None when it is on no PCI bus.
        virtio: Whether it exists for each virtio transport.
        variant: The ending of a virtio PCI device, such as ``-transitional``.
    """

    driver: str
    needs: Connector | None
    virtio: bool = False
    variant: str = ""


VIRTIO_MODELS: Final = {
    "virtio": "",
    "virtio-transitional": "-transitional",
    "virtio-non-transitional": "-non-transitional",
}
"""libvirt's words for the variants of a virtio device, with the ending of QEMU's name."""


def _virtio(driver: str) -> dict[str, Model]:
    # a transitional device has I/O ports, so it wants a conventional slot (QEMU's docs/pcie.txt)
    return {
        word: Model(
            driver, _PCI if ending == "-transitional" else _PCIE, virtio=True, variant=ending
        )
        for word, ending in VIRTIO_MODELS.items()
    }


VIRTIO_BLK: Final = _virtio("virtio-blk")
VHOST_USER_BLK: Final = _virtio("vhost-user-blk")
VIRTIO_SERIAL: Final = _virtio("virtio-serial")
RNGS: Final = _virtio("virtio-rng")
BALLOONS: Final = _virtio("virtio-balloon")

NICS: Final[dict[str, Model]] = {
    **_virtio("virtio-net"),
    "e1000": Model("e1000", _PCI),
    "e1000e": Model("e1000e", _PCIE),
    "igb": Model("igb", _PCIE),
    "rtl8139": Model("rtl8139", _PCI),
    "ne2k_pci": Model("ne2k_pci", _PCI),
    "pcnet": Model("pcnet", _PCI),
    "vmxnet3": Model("vmxnet3", _PCI),
    "usb-net": Model("usb-net", None),
}

VIDEOS: Final[dict[str, Model]] = {
    "vga": Model("VGA", _PCI),
    "cirrus": Model("cirrus-vga", _PCI),
    "qxl": Model("qxl-vga", _PCI),
    "vmvga": Model("vmware-svga", _PCI),
    "bochs": Model("bochs-display", _PCIE),
    "virtio": Model("virtio-gpu", _PCIE, virtio=True),
    "ramfb": Model("ramfb", None),
}

SCSI_CONTROLLERS: Final[dict[str, Model]] = {
    "virtio-scsi": Model("virtio-scsi", _PCIE, virtio=True),
    "virtio-transitional": Model("virtio-scsi", _PCI, virtio=True, variant="-transitional"),
    "virtio-non-transitional": Model(
        "virtio-scsi", _PCIE, virtio=True, variant="-non-transitional"
    ),
    "lsilogic": Model("lsi", _PCI),
    "lsisas1068": Model("mptsas1068", _PCI),
    "lsisas1078": Model("megasas", _PCI),
    "am53c974": Model("am53c974", _PCI),
    "vmpvscsi": Model("pvscsi", _PCI),
    "ibmvscsi": Model("spapr-vscsi", None),
    "dc390": Model("dc390", _PCI),
}

USB_CONTROLLERS: Final[dict[str, Model]] = {
    "piix3-uhci": Model("piix3-usb-uhci", _PCI),
    "piix4-uhci": Model("piix4-usb-uhci", _PCI),
    "ehci": Model("usb-ehci", _PCI),
    "pci-ohci": Model("pci-ohci", _PCI),
    "ich9-ehci1": Model("ich9-usb-ehci1", _PCI),
    "ich9-uhci1": Model("ich9-usb-uhci1", _PCI),
    "ich9-uhci2": Model("ich9-usb-uhci2", _PCI),
    "ich9-uhci3": Model("ich9-usb-uhci3", _PCI),
    "nec-xhci": Model("nec-usb-xhci", _PCIE),
    "qemu-xhci": Model("qemu-xhci", _PCIE),
}

PCI_CONTROLLERS: Final[dict[str, Model]] = {
    "pci-root": Model("spapr-pci-host-bridge", None),  # but for the first, the machine's own
    "pci-bridge": Model("pci-bridge", Connector.BRIDGE),
    "pcie-root-port": Model("pcie-root-port", Connector.ROOT_PORT),
    "pcie-to-pci-bridge": Model("pcie-pci-bridge", Connector.EXPRESS_BRIDGE),
    "dmi-to-pci-bridge": Model("i82801b11-bridge", Connector.DMI_BRIDGE),
    "pcie-switch-upstream-port": Model("x3130-upstream", Connector.UPSTREAM),
    "pcie-switch-downstream-port": Model("xio3130-downstream", Connector.DOWNSTREAM),
    "pci-expander-bus": Model("pxb", Connector.EXPANDER),
    "pcie-expander-bus": Model("pxb-pcie", Connector.EXPRESS_EXPANDER),
}

SOUNDS: Final[dict[str, Model]] = {
    "ich6": Model("intel-hda", _PCI),
    "ich9": Model("ich9-intel-hda", _PCI),
    "ac97": Model("AC97", _PCI),
    "es1370": Model("ES1370", _PCI),
    "usb": Model("usb-audio", None),
    "sb16": Model("sb16", None),
    "pcspk": Model("", None),
}

WATCHDOGS: Final[dict[str, Model]] = {
    "i6300esb": Model("i6300esb", _PCI),
    "ib700": Model("ib700", None),
    "diag288": Model("diag288", None),
}

PANICS: Final[dict[str, Model]] = {
    "isa": Model("pvpanic", None),
    "hyperv": Model("", None),
    "pseries": Model("", None),
    "s390": Model("", None),
    "pvpanic": Model("pvpanic-pci", _PCI),
}

INPUTS: Final[dict[tuple[str, str], Model]] = {
    ("mouse", "usb"): Model("usb-mouse", None),
    ("tablet", "usb"): Model("usb-tablet", None),
    ("keyboard", "usb"): Model("usb-kbd", None),
    ("mouse", "virtio"): Model("virtio-mouse", _PCIE, virtio=True),
    ("tablet", "virtio"): Model("virtio-tablet", _PCIE, virtio=True),
    ("keyboard", "virtio"): Model("virtio-keyboard", _PCIE, virtio=True),
    ("passthrough", "virtio"): Model("virtio-input-host", _PCIE, virtio=True),
}
"""By type and bus; those on ``ps2`` belong to the machine."""

SERIAL_DRIVERS: Final[dict[str, Model]] = {
    "isa-serial": Model("isa-serial", None),
    "pci-serial": Model("pci-serial", _PCI),
    "usb-serial": Model("usb-serial", None),
    "spapr-vty": Model("spapr-vty", None),
    "sclpconsole": Model("sclpconsole", None),
    "sclplmconsole": Model("sclplmconsole", None),
    "isa-debugcon": Model("isa-debugcon", None),
    "virtio": Model("virtconsole", None),
}
"""By model; those in `SYSTEM_SERIALS` are not among them."""

SYSTEM_SERIALS: Final = ("pl011", "16550a")
"""Ports of the machine itself, which take what ``-serial`` says."""

MODELS: Final[tuple[Model, ...]] = (
    *itertools.chain.from_iterable(
        table.values()
        for table in (
            *(VIRTIO_BLK, VHOST_USER_BLK, VIRTIO_SERIAL, RNGS, BALLOONS, NICS, VIDEOS),
            *(SCSI_CONTROLLERS, USB_CONTROLLERS, PCI_CONTROLLERS, SOUNDS, WATCHDOGS, PANICS),
            SERIAL_DRIVERS,
        )
    ),
    *INPUTS.values(),
)
"""The models of all of these tables."""

CHANNEL_BUSES: Final = {"virtio": "virtserialport"}


def driver_of(model: Model, transport: str) -> str:
    """QEMU's name of a model whose virtio is on a transport: ``pci``, ``mmio`` or ``ccw``."""
    if not model.virtio:
        return model.driver
    variant = model.variant if transport == "pci" else ""
    return f"{model.driver}-{_TRANSPORTS.get(transport, transport)}{variant}"


_TRANSPORTS: Final = {"mmio": "device"}
