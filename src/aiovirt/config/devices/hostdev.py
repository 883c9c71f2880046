"""Devices of the host that a guest is given: `PciHostdev`, `UsbHostdev` and the like."""

from __future__ import annotations

from typing import ClassVar, Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._forms import DEVICE_NAME, shaped
from aiovirt.config._laws import Always, Fits, Needed, OneOf, Only, SomeOf, With
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Switch,
    Text,
    Uuid,
    file_path,
    flag,
    number,
    on_off,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._values import any_number
from aiovirt.config._view import Law, View
from aiovirt.config.devices.base import VIRTIO_MODELS, BootDevice
from aiovirt.config.devices.interface_source import InterfaceIp
from aiovirt.config.devices.pieces import USB_ID, USB_PLACE, Rom, Teaming
from aiovirt.config.devices.sources import DiskAuth
from aiovirt.config.shared.adapter import PoolAdapter
from aiovirt.config.shared.pci import PciPlace
from aiovirt.config.shared.routes import NetworkRoute
from aiovirt.model.addresses import PciAddress

__all__ = [
    "HOSTDEVS",
    "Hostdev",
    "MdevHostdev",
    "MiscHostdev",
    "NetHostdev",
    "PciHostSource",
    "PciHostdev",
    "ScsiHostSource",
    "ScsiHostdev",
    "ScsiPlace",
    "ScsiServer",
    "StorageHostdev",
    "UsbHostSource",
    "UsbHostdev",
    "UsbPlace",
    "VhostHostdev",
]

_MACHINES = ("pci", "usb", "scsi", "scsi_host", "mdev")
_CONTAINERS = ("storage", "misc", "net")
_STARTUP = ("mandatory", "requisite", "optional")
_USB = 0xFFFF
_WWPN = shaped(r"naa\.[0-9a-fA-F]{16}", "a name such as naa.5001405376e34ea5")


class Hostdev(BootDevice, tag="hostdev", late=True):
    """A device of the host; of which class it is, is said by its type.

    Attributes:
        mode: ``subsystem`` for machines, ``capabilities`` for containers.
        managed: Whether the host takes it from its own driver, and gives it back.
    """

    mode: Text = text("@mode", known=("subsystem", "capabilities"))
    type: Text = text("@type", known=(*_MACHINES, *_CONTAINERS), required=True)
    managed: Switch = yes_no("@managed")
    readonly: Flag = flag("readonly")
    shareable: Flag = flag("shareable")
    rom: One[Rom] = child("rom", Rom)

    _laws_: ClassVar[tuple[Law, ...]] = (
        Fits(_MACHINES, ("mode",), form=OneOf("subsystem")),
        Fits(_CONTAINERS, ("mode",), form=OneOf("capabilities")),
        Needed(_CONTAINERS, ("mode",)),
        Only(_MACHINES, ("managed",)),
    )


class PciHostSource(View, tag="source"):
    """Where the host has the card.

    Attributes:
        write_filtering: Whether Xen lets the guest write to its configuration as it should.
    """

    startup_policy: Text = text("@startupPolicy", known=_STARTUP)
    write_filtering: Switch = yes_no("@writeFiltering")
    address: One[PciPlace] = child("address", PciPlace, required=True)


class PciHostdev(Hostdev, tag="hostdev"):
    """A PCI card, or a function of one; `at` makes the usual one."""

    driver: Text = text("driver/@name", known=("kvm", "vfio", "xen"), required=True)
    source: One[PciHostSource] = child("source", PciHostSource, required=True)
    teaming: One[Teaming] = child("teaming", Teaming)

    @classmethod
    def at(cls, address: PciAddress | str, *, managed: bool = True) -> Self:
        """The card at an address of the host such as ``0000:04:00.0``."""
        source = PciHostSource(address=PciPlace.of(address))
        return cls(mode="subsystem", type="pci", managed=managed, source=source)


class UsbPlace(View, tag="address"):
    """The bus of the host's and the number on it that a USB device has until it is replugged."""

    bus: Number = any_number("@bus", high=0xFFF, form=USB_PLACE, required=True)
    device: Number = any_number("@device", high=0xFFF, form=USB_PLACE, required=True)


class UsbHostSource(View, tag="source"):
    """Which device: what it says that it is, or where it is plugged in.

    Attributes:
        guest_reset: Whether the guest may reset it.
    """

    startup_policy: Text = text("@startupPolicy", known=_STARTUP)
    guest_reset: Text = text("@guestReset", known=("off", "uninitialized", "on"))
    vendor: Number = any_number(
        "vendor/@id", high=_USB, form=USB_ID, write="0x{:04x}", required=True
    )
    product: Number = any_number(
        "product/@id", high=_USB, form=USB_ID, write="0x{:04x}", required=True
    )
    address: One[UsbPlace] = child("address", UsbPlace)

    _laws_ = (
        With(("vendor",), "product"),
        With(("product",), "vendor"),
        SomeOf(("vendor", "address")),
    )


class UsbHostdev(Hostdev, tag="hostdev"):
    """A USB device; `of` makes the usual one."""

    source: One[UsbHostSource] = child("source", UsbHostSource, required=True)

    @classmethod
    def of(cls, vendor: int, product: int) -> Self:
        """The device with these numbers, as ``lsusb`` shows them."""
        source = UsbHostSource(vendor=vendor, product=product)
        return cls(mode="subsystem", type="usb", managed=True, source=source)


class ScsiPlace(View, tag="address"):
    """Where a device is on its adapter."""

    bus: Number = number("@bus", high=99, required=True)
    target: Number = number("@target", required=True)
    unit: Number = number("@unit", required=True)


class ScsiServer(View, tag="host"):
    """A server of an iSCSI target."""

    name: Text = text("@name", required=True)
    port: Number = number("@port", high=65535)


class ScsiHostSource(View, tag="source"):
    """Which device: on an adapter of the host's, or a unit of an iSCSI target."""

    protocol: Text = text("@protocol", known=("adapter", "iscsi"))
    adapter: One[PoolAdapter] = child("adapter", PoolAdapter)
    address: One[ScsiPlace] = child("address", ScsiPlace)
    name: Text = text("@name")
    hosts: Many[ScsiServer] = children("host", ScsiServer)
    auth: One[DiskAuth] = child("auth", DiskAuth)
    initiator: Text = text("initiator/iqn/@name", required=True)

    _laws_ = (
        Only(("adapter",), ("adapter", "address"), by="protocol", default="adapter"),
        Needed(("adapter",), ("adapter", "address"), by="protocol", default="adapter"),
        Only(("iscsi",), ("name", "hosts", "auth", "initiator"), by="protocol", default="adapter"),
        Needed(("iscsi",), ("name", "hosts"), by="protocol"),
    )


class ScsiHostdev(Hostdev, tag="hostdev"):
    """A SCSI device.

    Attributes:
        sgio: Whether the host filters its commands.
        rawio: Whether the hypervisor may send any.
    """

    sgio: Text = text("@sgio", known=("filtered", "unfiltered"))
    rawio: Switch = yes_no("@rawio")
    source: One[ScsiHostSource] = child("source", ScsiHostSource, required=True)


class VhostHostdev(Hostdev, tag="hostdev"):
    """A target of the host's kernel (vhost-scsi), by its name."""

    model: Text = text("@model", known=VIRTIO_MODELS)
    protocol: Text = text("source/@protocol", known=("vhost",), required=True)
    wwpn: Text = text("source/@wwpn", form=_WWPN, required=True)

    _laws_ = (*Hostdev._laws_, Always(("protocol", "wwpn")))


class MdevHostdev(Hostdev, tag="hostdev"):
    """A mediated device: a part of a card, made by its driver.

    Attributes:
        display: Whether what it draws is shown.
        ramfb: Whether it shows something as long as its own driver is not there.
        uuid: The device.
    """

    model: Text = text("@model", known=("vfio-pci", "vfio-ccw", "vfio-ap"), required=True)
    display: Switch = on_off("@display")
    ramfb: Switch = on_off("@ramfb")
    uuid: Uuid = uuid("source/address/@uuid", required=True)

    _laws_ = (*Hostdev._laws_, Always(("uuid",)))


class StorageHostdev(Hostdev, tag="hostdev"):
    """A block device that a container is given."""

    block: PathText = file_path("source/block")

    _laws_ = (*Hostdev._laws_, Always(("block",)))


class MiscHostdev(Hostdev, tag="hostdev"):
    """A character device that a container is given."""

    char: PathText = file_path("source/char")

    _laws_ = (*Hostdev._laws_, Always(("char",)))


class NetHostdev(Hostdev, tag="hostdev"):
    """A network interface of the host that a container is given."""

    interface: Text = text("source/interface", form=DEVICE_NAME)
    ips: Many[InterfaceIp] = children("ip", InterfaceIp)
    routes: Many[NetworkRoute] = children("route", NetworkRoute)

    _laws_ = (*Hostdev._laws_, Always(("interface",)))


HOSTDEVS: dict[str, type[Hostdev]] = {
    "pci": PciHostdev,
    "usb": UsbHostdev,
    "scsi": ScsiHostdev,
    "scsi_host": VhostHostdev,
    "mdev": MdevHostdev,
    "storage": StorageHostdev,
    "misc": MiscHostdev,
    "net": NetHostdev,
}
"""The class of each type."""
