"""Where a PCI device of the host sits, in documents that are no domains."""

from __future__ import annotations

from typing import Self

from aiovirt.config._codecs import MAX_UINT32
from aiovirt.config._forms import either, shaped
from aiovirt.config._scalars import Number, Switch, on_off
from aiovirt.config._values import any_number
from aiovirt.config._view import View
from aiovirt.model.addresses import PciAddress

__all__ = ["PciPlace", "pci_address"]

_DOMAIN = shaped("(0x)?[0-9a-fA-F]{1,8}", "a PCI domain such as 0x0000")
_BUS = either(shaped("0x[0-9a-fA-F]{1,2}", "a bus such as 0x04"), shaped("[0-9]{1,3}", "0 to 255"))
_SLOT = shaped("(0x)?[01]?[0-9a-fA-F]|[0-9]{2}", "a slot, 0x00 to 0x1f")
_FUNCTION = shaped("(0x)?[0-7]", "a function, 0x0 to 0x7")


def pci_address(
    domain: int | None, bus: int | None, slot: int | None, function: int | None
) -> PciAddress:
    """The address of these parts; what is not said is 0, as libvirt has it."""
    return PciAddress(domain or 0, bus or 0, slot or 0, function or 0)


class PciPlace(View, tag="address"):
    """A place on a PCI bus of the host."""

    domain: Number = any_number("@domain", high=MAX_UINT32, form=_DOMAIN, write="0x{:04x}")
    bus: Number = any_number("@bus", high=0xFF, form=_BUS, write="0x{:02x}")
    slot: Number = any_number("@slot", high=0x1F, form=_SLOT, write="0x{:02x}")
    function: Number = any_number("@function", high=7, form=_FUNCTION, write="0x{:x}")
    multifunction: Switch = on_off("@multifunction")

    @classmethod
    def of(cls, address: PciAddress | str) -> Self:
        """The place of an address such as ``0000:04:00.0``."""
        at = PciAddress.parse(address) if isinstance(address, str) else address
        return cls(domain=at.domain, bus=at.bus, slot=at.slot, function=at.function)

    @property
    def value(self) -> PciAddress:
        """The place as one value."""
        return pci_address(self.domain, self.bus, self.slot, self.function)
