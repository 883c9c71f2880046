"""What all devices share: `Device`, and the options of a virtio front end."""

from __future__ import annotations

from aiovirt.config._codecs import MAX_UINT16, MAX_UINT32
from aiovirt.config._forms import ALIAS, shaped
from aiovirt.config._scalars import Number, Switch, Text, number, on_off, text
from aiovirt.config._values import any_number
from aiovirt.config._view import View
from aiovirt.config.devices._address import Address, address

__all__ = ["VIRTIO_MODELS", "BootDevice", "Device", "OtherDevice", "VirtioDriver"]

_UID = shaped("(0x)?[0-9a-fA-F]{1,4}|[0-9]{1,5}", "a number, 0 to 0xffff")
_FID = shaped("(0x)?[0-9a-fA-F]{1,8}|[0-9]{1,10}", "a number, 0 to 0xffffffff")

_LOADPARM = shaped(r"[a-zA-Z0-9.\s]{1,8}", "up to 8 letters, digits, dots and spaces")

VIRTIO_MODELS = ("virtio", "virtio-transitional", "virtio-non-transitional")


class Device(View, late=True):
    """A device of any kind.

    Attributes:
        alias: Its stable name; one that the user gives starts with ``ua-``.
        acpi_index: Its number in names that guests give by their ACPI tables (``eno1``).
        address: Where it sits in the guest, or None as long as nobody said.
        zpci_uid: Its user-defined number on PCI of S/390.
        zpci_fid: Its function's number there.
    """

    alias: Text = text("alias/@name", form=ALIAS, required=True)
    acpi_index: Number = number("acpi/@index")
    address: Address = address()
    zpci_uid: Number = any_number("address/zpci/@uid", high=MAX_UINT16, form=_UID, write="0x{:04x}")
    zpci_fid: Number = any_number("address/zpci/@fid", high=MAX_UINT32, form=_FID, write="0x{:08x}")

    @property
    def kind(self) -> str:
        """The word of its element: ``disk``, ``interface``, …."""
        return str(self._make_().tag)


class BootDevice(Device, late=True):
    """A device that a guest can be booted from.

    Attributes:
        boot_order: Its place among the devices to boot from, from 1.
        loadparm: What its boot loader is told, on S/390.
    """

    boot_order: Number = number("boot/@order", low=1, required=True)
    loadparm: Text = text("boot/@loadparm", form=_LOADPARM)


class OtherDevice(BootDevice):
    """A device of a kind that has no fields of its own here."""


class VirtioDriver(View, tag="driver"):
    """Options of a virtio device (``<driver>``)."""

    iommu: Switch = on_off("@iommu")
    ats: Switch = on_off("@ats")
    packed: Switch = on_off("@packed")
    page_per_vq: Switch = on_off("@page_per_vq")
