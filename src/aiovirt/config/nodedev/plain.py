"""The host itself, its USB devices, network interfaces, graphics and vDPA devices."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, One, child, variants
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import ANY_MAC, shaped
from aiovirt.config._laws import Always
from aiovirt.config._scalars import (
    Mac,
    Number,
    Text,
    Uuid,
    Words,
    mac,
    number,
    text,
    uuid,
    words,
)
from aiovirt.config._values import hexadecimal
from aiovirt.config._view import View
from aiovirt.config.hostinterface import LINK_STATES
from aiovirt.config.nodedev.base import DEVICE_PATH, NodeCapability, SubCapability, in_order
from aiovirt.errors import XMLError

__all__ = [
    "DrmCapability",
    "NetCapability",
    "SystemCapability",
    "SystemFirmware",
    "SystemHardware",
    "UsbCapability",
    "UsbDeviceCapability",
    "VdpaCapability",
]

_FEATURE = shaped(r"[a-zA-Z\-_]+", "letters, - and _ only")


class SystemHardware(View, tag="hardware"):
    """Who made the host."""

    vendor: Text = text("vendor")
    version: Text = text("version")
    serial: Text = text("serial")
    uuid: Uuid = uuid("uuid", required=True)


class SystemFirmware(View, tag="firmware"):
    """The host's firmware."""

    vendor: Text = text("vendor")
    version: Text = text("version")
    release_date: Text = text("release_date")


class SystemCapability(NodeCapability):
    """The host itself."""

    _word_ = "system"

    product: Text = text("product")
    hardware: One[SystemHardware] = child("hardware", SystemHardware, required=True)
    firmware: One[SystemFirmware] = child("firmware", SystemFirmware, required=True)


class UsbDeviceCapability(NodeCapability):
    """A USB device."""

    _word_ = "usb_device"

    bus: Number = number("bus", required=True)
    device: Number = number("device", required=True)
    product_id: Number = hexadecimal("product/@id", digits=4, high=0xFFFF)
    product: Text = text("product")
    vendor_id: Number = hexadecimal("vendor/@id", digits=4, high=0xFFFF)
    vendor: Text = text("vendor")

    _laws_ = (Always(("product_id", "vendor_id")),)


class UsbCapability(NodeCapability):
    """An interface of a USB device: something that it can do.

    Attributes:
        interface: Its number.
    """

    _word_ = "usb"

    interface: Number = number("number", high=MAX_UINT64, required=True)
    class_code: Number = number("class", high=MAX_UINT64, required=True)
    subclass: Number = number("subclass", high=MAX_UINT64, required=True)
    protocol: Number = number("protocol", high=MAX_UINT64, required=True)
    description: Text = text("description")


class NetCapability(NodeCapability):
    """A network interface.

    Attributes:
        link_speed: In Mbit/s.
        features: What the card does itself, such as ``tso``.
        capabilities: ``80203`` (Ethernet) or ``80211`` (wireless).
    """

    _word_ = "net"

    interface: Text = text("interface", required=True)
    address: Mac = mac("address", form=ANY_MAC, required=False)
    link_speed: Number = number("link/@speed")
    link_state: Text = text("link/@state", known=LINK_STATES)
    features: Words = words("feature/@name", form=_FEATURE)
    capabilities: Many[SubCapability] = variants("capability", SubCapability, {})

    def _rules_(self) -> Iterator[XMLError]:
        """It is Ethernet or wireless."""
        yield from in_order(list(self.capabilities), ("80203", "80211"), several=True)


class DrmCapability(NodeCapability):
    """A node of a graphics card."""

    _word_ = "drm"

    node_type: Text = text("type", known=("primary", "control", "render"), required=True)


class VdpaCapability(NodeCapability):
    """A vDPA device."""

    _word_ = "vdpa"

    chardev: Text = text("chardev", form=DEVICE_PATH, required=True)
