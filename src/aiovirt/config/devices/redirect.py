"""USB devices of who looks at the guest, and which of them may be handed in."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Switch, Text, text, yes_no
from aiovirt.config._view import View
from aiovirt.config.devices.base import BootDevice, Device
from aiovirt.config.devices.chardev import CharacterEnd

__all__ = ["Redirdev", "Redirfilter", "UsbRule"]

_CLASS = shaped("(0x)?[0-9a-fA-F]{1,2}|-1", "a class of USB's such as 0x08, or -1 for any")
_ID = shaped("(0x)?[0-9a-fA-F]{1,4}|-1", "a number of USB's such as 0x1234, or -1 for any")
_VERSION = shaped("[0-9]{1,2}.[0-9]{1,2}|-1", "a version such as 1.10, or -1 for any")


class Redirdev(CharacterEnd, BootDevice, tag="redirdev", lacks=("acpi_index",)):
    """A port that a USB device from elsewhere is handed in by."""

    bus: Text = text("@bus", known=("usb",), required=True)

    _laws_ = (Always(("type",)),)


class UsbRule(View, tag="usbdev"):
    """Whether devices that are so may be handed in."""

    allow: Switch = yes_no("@allow", required=True)
    usb_class: Text = text("@class", form=_CLASS)
    vendor: Text = text("@vendor", form=_ID)
    product: Text = text("@product", form=_ID)
    version: Text = text("@version", form=_VERSION)


class Redirfilter(Device, tag="redirfilter", lacks=tuple(Device._fields_)):
    """What may be handed in: the first rule that fits counts."""

    rules: Many[UsbRule] = children("usbdev", UsbRule)
