"""Devices out of the options of ``attach-disk`` and ``attach-interface``, in virsh's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from xml.etree import ElementTree as ET

from aiovirt.cli.failures import UsageError

__all__ = ["add", "address", "device_text", "pci_address", "rates"]


def add(parent: ET.Element, name: str, text: str | None = None, /, **values: str | None) -> None:
    """Add an element with those attributes that have a value; none, when nothing has one."""
    known = {key: value for key, value in values.items() if value is not None}
    if known or text is not None:
        ET.SubElement(parent, name, known).text = text


def device_text(device: ET.Element) -> str:
    """The device as a document, laid out for people."""
    ET.indent(device)
    return ET.tostring(device, encoding="unicode")


# --- addresses ----------------------------------------------------------------------------------


def pci_address(parts: Sequence[int]) -> dict[str, str]:
    """The attributes of a PCI address: domain, bus, slot, function."""
    domain, bus, slot, function = parts
    return {
        "type": "pci",
        "domain": f"{domain:#06x}",
        "bus": f"{bus:#04x}",
        "slot": f"{slot:#04x}",
        "function": f"{function:#x}",
    }


def _drive(parts: Sequence[int]) -> dict[str, str]:
    controller, bus, unit = map(str, parts)
    return {"type": "drive", "controller": controller, "bus": bus, "unit": unit}


def _usb(parts: Sequence[int]) -> dict[str, str]:
    bus, port = map(str, parts)
    return {"type": "usb", "bus": bus, "port": port}


def _ccw(parts: Sequence[int]) -> dict[str, str]:
    cssid, ssid, devno = parts
    return {"type": "ccw", "cssid": f"{cssid:#x}", "ssid": f"{ssid:#x}", "devno": f"{devno:#06x}"}


_KINDS: Mapping[str, tuple[int, int, Callable[[Sequence[int]], dict[str, str]]]] = {
    "pci": (16, 4, pci_address),
    "usb": (10, 2, _usb),
    "ccw": (16, 3, _ccw),
    "scsi": (10, 3, _drive),
    "sata": (10, 3, _drive),
    "ide": (10, 3, _drive),
}
"""Kind of an address to the base of its numbers, how many there are, and what they mean."""


def address(text: str, *, multifunction: bool) -> dict[str, str]:
    """The attributes of an address as virsh takes it, such as ``pci:0000.00.07.0``.

    Raises:
        UsageError: It is none.
    """
    kind, _, rest = text.partition(":")
    base, count, make = _KINDS.get(kind, (10, 0, _drive))
    try:
        parts = [int(word, base) for word in rest.split(".")]
    except ValueError:
        parts = []
    if not count or len(parts) != count:
        raise UsageError(
            f"--address {text}: that is no address",
            hint="pci:0000.00.07.0, usb:1.2, scsi:0.0.1, sata:0.0.1, ide:0.0.1 or ccw:fe.0.1",
        )
    more = {"multifunction": "on"} if multifunction and kind == "pci" else {}
    return {**make(parts), **more}


# --- rates --------------------------------------------------------------------------------------

_RATES = ("average", "peak", "burst", "floor")


def rates(option: str, text: str | None) -> dict[str, str]:
    """The attributes of ``AVERAGE[,PEAK[,BURST[,FLOOR]]]``, in KiB a second and KiB.

    Raises:
        UsageError: It is something else.
    """
    if text is None:
        return {}
    known = _RATES if option == "--inbound" else _RATES[:-1]
    words = text.split(",")
    if len(words) > len(known) or not all(word.isdecimal() or not word for word in words):
        raise UsageError(f"{option} {text}: say {'[,'.join(known)}{']' * (len(known) - 1)}")
    return {name: word for name, word in zip(known, words, strict=False) if word}
