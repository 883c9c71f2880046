"""The field for a device's ``<address>``: rows that map attributes to the typed values.

The attributes and their notation are libvirt's (basictypes.rng; virDomainDeviceInfoFormat).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from aiovirt.config import _tree
from aiovirt.config._codecs import any_base
from aiovirt.config._tree import Node
from aiovirt.config._view import Field, View, element
from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.addresses import (
    CcidAddress,
    CcwAddress,
    DeviceAddress,
    DriveAddress,
    IsaAddress,
    MmioAddress,
    OtherAddress,
    PciAddress,
    SpaprVioAddress,
    UnassignedAddress,
    UsbAddress,
    VirtioSerialAddress,
)

__all__ = ["Address", "address"]

Address: TypeAlias = Field[DeviceAddress | None, DeviceAddress | None]

_PCI = {"domain": "0x{:04x}", "bus": "0x{:02x}", "slot": "0x{:02x}", "function": "0x{:x}"}
_KINDS: dict[str, tuple[Callable[..., DeviceAddress], Mapping[str, str]]] = {
    "pci": (PciAddress, {**_PCI, "multifunction": "switch"}),
    "drive": (DriveAddress, dict.fromkeys(("controller", "bus", "target", "unit"), "{}")),
    "virtio-serial": (VirtioSerialAddress, dict.fromkeys(("controller", "bus", "port"), "{}")),
    "ccid": (CcidAddress, dict.fromkeys(("controller", "slot"), "{}")),
    "usb": (UsbAddress, {"bus": "{}", "port": "port"}),
    "isa": (IsaAddress, {"iobase": "0x{:x}", "irq": "0x{:x}"}),
    "ccw": (CcwAddress, {"cssid": "0x{:x}", "ssid": "0x{:x}", "devno": "0x{:04x}"}),
    "spapr-vio": (SpaprVioAddress, {"reg": "0x{:08x}"}),
    "virtio-mmio": (MmioAddress, {}),
    "unassigned": (UnassignedAddress, {}),
}
"""By the type's word: its value, and each attribute with the form in which it is written."""

_WORDS: dict[object, str] = {kind: word for word, (kind, _) in _KINDS.items()}
_OTHERS = ("dimm", "virtio-s390")
"""Types of libvirt's that have no class here."""

_NEEDED = {"virtio-serial": ("controller",), "ccid": ("controller",), "usb": ("bus",)}
"""What an address of a type is not without."""

_TOGETHER = {"ccw": ("cssid", "ssid", "devno")}
"""What an address of a type has whole or not at all."""

_SWITCH = {"on": True, "off": False}
_USB_PORT = re.compile(r"((0x)?[0-9a-fA-F]{1,3}\.){0,3}(0x)?[0-9a-fA-F]{1,3}")


def _port(raw: str) -> str:
    if _USB_PORT.fullmatch(raw) is None:
        raise ValueError
    return raw


_READERS: dict[str, Callable[[str], object]] = {
    "port": _port,
    "switch": lambda raw: _SWITCH[raw],
}
_EXPECTED = {"port": "ports such as 1.2, at most four", "switch": "'on' or 'off'"}


def _write_one(form: str, value: object) -> str:
    if form == "switch":
        return "on" if value else "off"
    return str(value) if form == "port" else form.format(value)


class AddressField(Field[DeviceAddress | None, DeviceAddress | None]):
    """The ``<address>`` of a device as one value."""

    def read(self, view: View) -> DeviceAddress | None:
        """The address, or None when the device has none yet.

        Raises:
            XMLError: A number in it cannot be read or is out of range.
        """
        node = _tree.find(element(view), self.steps)
        if node is None:
            return None
        attributes = {str(name): str(value) for name, value in node.attrib.items()}
        word = attributes.pop("type", "")
        if word not in _KINDS:
            return OtherAddress(word, tuple(attributes.items()))
        kind, forms = _KINDS[word]
        values = {
            name: self._read_one(view, word, name, raw)
            for name, raw in attributes.items()
            if name in forms
        }
        return kind(**values)

    def _read_one(self, view: View, word: str, name: str, raw: str) -> object:
        """One attribute's value, checked alone, so that the error can name it."""
        kind, forms = _KINDS[word]
        form = forms[name]
        try:
            value = _READERS.get(form, any_base)(raw)
            kind(**{name: value})
        except (ValueError, KeyError, ConfigError) as error:
            highest = getattr(kind, "HIGHEST", {}).get(name)
            raise self.error(
                view,
                f"the attribute {name} of a {word} address cannot be {raw!r}",
                expected=_EXPECTED.get(form, f"a number, 0 to {highest}"),
            ) from error
        return value

    def problems(self, view: View) -> Iterator[XMLError]:
        """What is wrong: the type, an attribute, or one that is missing."""
        node = _tree.find(element(view), self.steps)
        if node is None:
            return
        word = str(node.get("type", ""))
        words = (*_KINDS, *_OTHERS)
        if word not in words:
            yield self._no_type(view, word, words)
        together = _TOGETHER.get(word, ())
        needed = together if any(name in node.attrib for name in together) else ()
        for name in (*_NEEDED.get(word, ()), *needed):
            if name not in node.attrib:
                message = f"the attribute {name} of a {word} address is missing"
                yield self.error(view, message, expected="a number")
        yield from super().problems(view)

    def _no_type(self, view: View, word: str, words: Sequence[str]) -> XMLError:
        close = get_close_matches(word, words, n=1)
        return self.error(
            view,
            f"the type of an address cannot be {word!r}" if word else "the address has no type",
            expected=f"one of {', '.join(repr(each) for each in words)}",
            hint=f"Did you mean {close[0]!r}?" if close else None,
        )

    def write(self, view: View, value: DeviceAddress | None) -> None:
        """Write the address; None takes it out, so that the driver assigns one.

        Raises:
            XMLError: It is no address.
        """
        if value is None:
            self.clear(view)
            return
        if self._is(view, value):
            return  # what else the element says about the place still holds
        attributes = self._attributes(view, value)
        try:
            for text in attributes.values():
                _tree.check_text(text)
        except ValueError as error:
            raise self.error(view, f"{self.name} cannot be {value!r}: {error}") from error
        _replace(self.locate(view), attributes)

    def _is(self, view: View, value: DeviceAddress) -> bool:
        try:
            return self.read(view) == value
        except XMLError:
            return False

    def _attributes(self, view: View, value: DeviceAddress) -> dict[str, str]:
        if isinstance(value, OtherAddress):
            return {"type": value.type, **dict(value.values)}
        word = _WORDS.get(type(value))
        if word is None:
            raise self.error(
                view, f"{self.name} cannot be {value!r}", expected="a PciAddress, DriveAddress, …"
            )
        forms = _KINDS[word][1].items()
        given = {name: (form, getattr(value, name)) for name, form in forms}
        texts = {
            name: _write_one(form, one) for name, (form, one) in given.items() if one is not None
        }
        return {"type": word, **texts}


def _replace(node: Node, attributes: Mapping[str, str]) -> None:
    # what stood in the old address (a zPCI id, say) does not hold at the new place
    behind = node.tail
    node.clear()
    node.tail = behind
    for name, text in attributes.items():
        node.set(name, text)


def address(path: str = "address") -> Address:
    """Where the device sits in its guest."""
    return AddressField(path)
