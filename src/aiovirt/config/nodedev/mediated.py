"""Mediated devices, and the channel devices and adjunct processors of IBM Z, which have them."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, One, child, children, variants
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import UINT8, either, shaped
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Number, Text, Uuid, number, text, uuid
from aiovirt.config._values import any_number
from aiovirt.config._view import View
from aiovirt.config.nodedev.base import NodeCapability, SubCapability, in_order
from aiovirt.errors import XMLError

__all__ = [
    "ApCardCapability",
    "ApMatrixCapability",
    "ApQueueCapability",
    "CcwCapability",
    "ChannelDevice",
    "CssCapability",
    "MdevAttribute",
    "MdevCapability",
    "MdevType",
    "MdevTypes",
]

_CSSID = either(
    shaped("0x([0-9a-eA-E][0-9a-fA-F]?|[fF][0-9a-eA-E]?)", "0x0 to 0xfe"),
    shaped("[0-9]{1,3}", "0 to 254"),
)
_SSID = shaped("(0x)?[0-3]", "0 to 3")
_DEVNO = either(shaped("0x[0-9a-fA-F]{1,4}", "0x0 to 0xffff"), shaped("[0-9]{1,5}", "0 to 65535"))
_AP_DOMAIN = either(shaped("0x[0-9a-fA-F]{1,4}", "0x0 to 0xffff"), UINT8)
_MAX_CSSID = 254


class MdevType(View, tag="type"):
    """A type of mediated device that a device can be divided into."""

    id: Text = text("@id", required=True)
    name: Text = text("name")
    device_api: Text = text("deviceAPI", known=("vfio-pci", "vfio-ccw", "vfio-ap"), required=True)
    available_instances: Number = number("availableInstances", required=True)


class MdevTypes(SubCapability):
    """What mediated devices it can be divided into."""

    _word_ = "mdev_types"

    types: Many[MdevType] = children("type", MdevType)

    _laws_ = (Always(("types",)),)


class MdevAttribute(View, tag="attr"):
    """A setting of a mediated device, which its driver knows."""

    name: Text = text("@name", required=True)
    value: Text = text("@value", required=True)


class MdevCapability(NodeCapability):
    """A mediated device.

    Attributes:
        type_id: Its type, one of the parent's.
        parent_address: Where the parent sits, in the parent's own notation.
    """

    _word_ = "mdev"

    type_id: Text = text("type/@id")
    iommu_group: Number = number("iommuGroup/@number", required=True)
    uuid: Uuid = uuid("uuid")
    parent_address: Text = text("parent_addr")
    attributes: Many[MdevAttribute] = children("attr", MdevAttribute)

    _laws_ = (Always(("type_id",)),)


class ChannelDevice(View, tag="channel_dev_addr"):
    """The place of a channel device."""

    cssid: Number = any_number("cssid", high=_MAX_CSSID, form=_CSSID, write="0x{:x}", required=True)
    ssid: Number = any_number("ssid", high=3, form=_SSID, write="0x{:x}", required=True)
    devno: Number = any_number(
        "devno", high=MAX_UINT16, form=_DEVNO, write="0x{:04x}", required=True
    )


class _Channel(NodeCapability):
    cssid: Number = any_number("cssid", high=_MAX_CSSID, form=_CSSID, write="0x{:x}", required=True)
    ssid: Number = any_number("ssid", high=3, form=_SSID, write="0x{:x}", required=True)
    devno: Number = any_number(
        "devno", high=MAX_UINT16, form=_DEVNO, write="0x{:04x}", required=True
    )


class CcwCapability(_Channel):
    """A channel device."""

    _word_ = "ccw"


class CssCapability(_Channel):
    """A subchannel, and the device at it."""

    _word_ = "css"

    channel_device: One[ChannelDevice] = child("channel_dev_addr", ChannelDevice)
    capabilities: Many[SubCapability] = variants(
        "capability", SubCapability, {"mdev_types": MdevTypes}
    )

    def _rules_(self) -> Iterator[XMLError]:
        """It can only be divided."""
        yield from in_order(list(self.capabilities), ("mdev_types",))


class ApCardCapability(NodeCapability):
    """An adjunct processor (a crypto card)."""

    _word_ = "ap_card"

    adapter: Number = any_number(
        "ap-adapter", high=0xFF, form=UINT8, write="0x{:02x}", required=True
    )


class ApQueueCapability(ApCardCapability):
    """A queue of an adjunct processor."""

    _word_ = "ap_queue"

    domain: Number = any_number(
        "ap-domain", high=MAX_UINT16, form=_AP_DOMAIN, write="0x{:04x}", required=True
    )


class ApMatrixCapability(NodeCapability):
    """The matrix of queues that guests are given."""

    _word_ = "ap_matrix"

    capabilities: Many[SubCapability] = variants(
        "capability", SubCapability, {"mdev_types": MdevTypes}
    )

    def _rules_(self) -> Iterator[XMLError]:
        """It can only be divided."""
        yield from in_order(list(self.capabilities), ("mdev_types",))
