"""Writing documents that a host says of itself, from their parts: capabilities and the like.

Knows no element by name, but the forms that libvirt's capabilities share.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from lxml import etree

from aiovirt.config._quoting import with_single_quotes

__all__ = ["Element", "choices", "make", "supported", "to_text"]

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for its element type


def make(tag: str, *parts: Element | str | None, **attributes: object) -> Element:
    """An element with attributes, and with parts that are elements, text, or left out (None).

    Attributes that are None are left out; a trailing underscore is dropped from their names.
    """
    element = etree.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name.rstrip("_"), str(value))
    for part in parts:
        if isinstance(part, str):
            element.text = (element.text or "") + part
        elif part is not None:
            element.append(part)
    return element


def supported(tag: str, *parts: Element | None, yes: bool = True, **attributes: object) -> Element:
    """An element with libvirt's ``supported`` attribute; without its parts when it is not."""
    kept = parts if yes else ()
    return make(tag, *kept, **attributes, supported="yes" if yes else "no")


def choices(name: str, values: Iterable[object]) -> Element:
    """An ``<enum>`` of domain capabilities."""
    return make("enum", *(make("value", str(value)) for value in values), name=name)


def to_text(element: Element) -> str:
    """The document, indented by two spaces a level and quoted as libvirt does."""
    etree.indent(element, space="  ")
    return with_single_quotes(etree.tostring(element, encoding="unicode")) + "\n"
