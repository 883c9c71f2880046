"""What all devices share: `Device`, and the options of a virtio front end."""

from __future__ import annotations

from aiovirt.config._forms import ALIAS
from aiovirt.config._scalars import Number, Switch, Text, number, on_off, text
from aiovirt.config._view import View
from aiovirt.config.devices._address import Address, address

__all__ = ["VIRTIO_MODELS", "BootDevice", "Device", "OtherDevice", "VirtioDriver"]

VIRTIO_MODELS = ("virtio", "virtio-transitional", "virtio-non-transitional")


class Device(View, late=True):
    """A device of any kind.

    Attributes:
        alias: Its stable name; one that the user gives starts with ``ua-``.
        address: Where it sits in the guest, or None as long as nobody said.
    """

    alias: Text = text("alias/@name", form=ALIAS, required=True)
    address: Address = address()

    @property
    def kind(self) -> str:
        """The word of its element: ``disk``, ``interface``, …."""
        return str(self._make_().tag)


class BootDevice(Device, late=True):
    """A device that a guest can be booted from.

    Attributes:
        boot_order: Its place among the devices to boot from, from 1.
    """

    boot_order: Number = number("boot/@order", low=1, required=True)


class OtherDevice(BootDevice):
    """A device of a kind that has no fields of its own here."""


class VirtioDriver(View, tag="driver"):
    """Options of a virtio device (``<driver>``)."""

    iommu: Switch = on_off("@iommu")
    ats: Switch = on_off("@ats")
    packed: Switch = on_off("@packed")
    page_per_vq: Switch = on_off("@page_per_vq")
