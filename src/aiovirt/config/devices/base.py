"""What all devices share: `Device`, and the options of a virtio front end."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from aiovirt.config._scalars import Number, Switch, Text, number, on_off, text
from aiovirt.config._view import View
from aiovirt.config.devices._address import Address, address
from aiovirt.errors import ConfigError

__all__ = ["VIRTIO_MODELS", "Device", "VirtioDriver", "absolute"]

VIRTIO_MODELS = ("virtio", "virtio-transitional", "virtio-non-transitional")


def absolute(path: str | PathLike[str]) -> str:
    """The path from the root, taken from the current directory; links are not followed.

    Raises:
        ConfigError: It is empty.
    """
    if not str(path):
        raise ConfigError("the path is empty", field="path")
    return str(Path(path).absolute())


class Device(View, late=True):
    """A device of any kind.

    Attributes:
        boot_order: Its place among the devices to boot from, from 1.
        alias: Its stable name; one that the user gives starts with ``ua-``.
        address: Where it sits in the guest, or None as long as nobody said.
    """

    boot_order: Number = number("boot/@order", low=1)
    alias: Text = text("alias/@name")
    address: Address = address()

    @property
    def kind(self) -> str:
        """The word of its element: ``disk``, ``interface``, …."""
        return str(self._make_().tag)


class VirtioDriver(View, tag="driver"):
    """Options of a virtio device (``<driver>``)."""

    iommu: Switch = on_off("@iommu")
    ats: Switch = on_off("@ats")
    packed: Switch = on_off("@packed")
    page_per_vq: Switch = on_off("@page_per_vq")
