"""The field for a device's ``<address>``: rows that map attributes to the typed values.

The attributes and their notation are libvirt's (basictypes.rng; virDomainDeviceInfoFormat).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
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
    DimmAddress,
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
    "dimm": (DimmAddress, {"slot": "{}", "base": "base"}),
    "virtio-mmio": (MmioAddress, {}),
    "unassigned": (UnassignedAddress, {}),
}
"""By the type's word: its value, and each attribute with the form in which it is written."""

_WORDS: dict[object, str] = {kind: word for word, (kind, _) in _KINDS.items()}
_OTHERS = ("virtio-s390",)
"""Types of libvirt's that have no class here."""

_BELOW = {"zpci": "pci"}
"""Elements in an address, each with the type that has it."""

_NEEDED = {"virtio-serial": ("controller",), "ccid": ("controller",), "usb": ("bus",)}
"""What an address of a type is not without."""

_TOGETHER = {"ccw": ("cssid", "ssid", "devno")}
"""What an address of a type has whole or not at all."""

_REMEMBERED = 4096
"""Addresses whose value is remembered."""

_SWITCH = {"on": True, "off": False}
_USB_PORT = re.compile(r"((0x)?[0-9a-fA-F]{1,3}\.){0,3}(0x)?[0-9a-fA-F]{1,3}")


_BASE = re.compile("(0x)?[0-9a-f]{1,16}")


def _base(raw: str) -> int:
    if _BASE.fullmatch(raw) is None:
        raise ValueError
    return int(raw, 16)


def _port(raw: str) -> str:
    if _USB_PORT.fullmatch(raw) is None:
        raise ValueError
    return raw


_READERS: dict[str, Callable[[str], object]] = {
    "base": _base,
    "port": _port,
    "switch": lambda raw: _SWITCH[raw],
}
_EXPECTED = {
    "base": "a hexadecimal number such as 0x100000000",
    "port": "ports such as 1.2, at most four",
    "switch": "'on' or 'off'",
}


@lru_cache(maxsize=_REMEMBERED)
def _address_of(given: tuple[tuple[str, str], ...]) -> DeviceAddress:
    """The value that some attributes say; remembered, for all places are looked at again and again.

    Raises:
        ValueError: A number cannot be read.
        KeyError: A word is none of those that may stand there.
        ConfigError: A number is out of range.
    """
    attributes = dict(given)
    word = attributes.pop("type", "")
    if word not in _KINDS:
        return OtherAddress(word, tuple(attributes.items()))
    kind, forms = _KINDS[word]
    return kind(
        **{name: _one_of(forms[name], attributes[name]) for name in attributes if name in forms}
    )


def _one_of(form: str, raw: str) -> object:
    return _READERS.get(form, any_base)(raw)


def _is_fine(word: str, name: str, raw: str) -> bool:
    kind, forms = _KINDS[word]
    try:
        kind(**{name: _one_of(forms[name], raw)})
    except (ValueError, KeyError, ConfigError):
        return False
    return True


def _write_one(form: str, value: object) -> str:
    if form == "switch":
        return "on" if value else "off"
    if form == "base":
        return f"0x{value:x}"
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
        given = tuple((str(name), str(value)) for name, value in node.items())
        try:
            return _address_of(given)
        except (ValueError, KeyError, ConfigError) as error:
            raise self._unreadable(view, dict(given)) from error

    def _unreadable(self, view: View, attributes: dict[str, str]) -> XMLError:
        """The error that names the first attribute whose value, seen alone, cannot be."""
        word = attributes.pop("type")
        kind, forms = _KINDS[word]
        name = next(n for n in attributes if n in forms and not _is_fine(word, n, attributes[n]))
        highest = getattr(kind, "HIGHEST", {}).get(name)
        return self.error(
            view,
            f"the attribute {name} of a {word} address cannot be {attributes[name]!r}",
            expected=_EXPECTED.get(forms[name], f"a number, 0 to {highest}"),
        )

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
        for tag, kind in _BELOW.items():
            if word != kind and (below := node.find(tag)) is not None:
                yield _tree.error_at(below, f"it means nothing in an address of type {word!r}")
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
        attributes = self.attributes(view, value)
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

    def attributes(self, view: View, value: DeviceAddress) -> dict[str, str]:
        """The attributes that say the address.

        Raises:
            XMLError: It is no address.
        """
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
