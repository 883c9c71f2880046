"""Items of a long envelope that follow one another, parsed by themselves.

libxml2 is twice as quick with what it has as a whole as with what comes in pieces.  So whole items
are cut out of the bytes, and the envelope's own parser gets only what is around them.  What is cut
at a wrong place, within a comment, or where an item holds an element of its own name, is no XML:
then the envelope's parser goes on, which has missed nothing but items that were whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self, TypedDict
from xml.sax.saxutils import quoteattr

from lxml import etree
from lxml.etree import _Element as Element

__all__ = ["OPTIONS", "Fragments"]


class Options(TypedDict):
    """How a parser is made."""

    resolve_entities: bool
    no_network: bool
    load_dtd: bool
    remove_comments: bool
    remove_pis: bool
    collect_ids: bool


OPTIONS: Final = Options(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)
"""Of every parser of what a server sends."""

LONGEST_ITEM: Final = 1024 * 1024
"""Bytes that are kept at most while the end of an item has not come."""

_UTF_8: Final = {None, "ASCII", "UTF-8"}


class Fragments:
    """The items of one element of an envelope; their names come without a namespace.

    Args:
        item: One of them, as the envelope's parser has read it.
        home: The element that they are in.

    Attributes:
        end: What an item ends with.
    """

    def __init__(self, item: Element, home: Element) -> None:
        name = etree.QName(item).localname
        spaces = [f" xmlns:{key}={quoteattr(uri)}" for key, uri in home.nsmap.items() if key]
        prefix = f"{home.prefix}:" if home.prefix else ""
        self.end = f"</{name}>".encode()
        self._name = name
        self._home_end = f"</{prefix}{etree.QName(home).localname}".encode()
        self._begin = f"<_{''.join(spaces)}>".encode()
        self._parser = etree.XMLParser(**OPTIONS)
        self._waiting = bytearray()

    @classmethod
    def beside(cls, item: Element, home: Element, namespace: str) -> Self | None:
        """Those that follow an item; None where they cannot be found by their bytes."""
        encoding = home.getroottree().docinfo.encoding
        plain = home.nsmap.get(None) == namespace and item.prefix is None
        return cls(item, home) if plain and (encoding or "UTF-8").upper() in _UTF_8 else None

    def cut(self, data: bytes) -> Sequence[Element] | None:
        """Take the next bytes, and return the items that ended in them.

        None says that they are not just items, or the last of them: `rest` then goes to the parser
        of the envelope, which takes over.
        """
        self._waiting += data
        end = self._waiting.rfind(self.end) + len(self.end)
        found: Sequence[Element] = ()
        if end >= len(self.end):
            whole = self._parsed(bytes(self._waiting[:end]))
            if whole is None:
                return None
            found = whole
            del self._waiting[:end]
        return found

    @property
    def over(self) -> bool:
        """Whether the items have ended, or one is so long that it is not waited for."""
        return self._home_end in self._waiting or len(self._waiting) > LONGEST_ITEM

    @property
    def rest(self) -> bytes:
        """What has come and belongs to no item that was given."""
        return bytes(self._waiting)

    def _parsed(self, text: bytes) -> Sequence[Element] | None:
        try:
            root = etree.fromstring(b"%b%b</_>" % (self._begin, text), self._parser)
        except etree.XMLSyntaxError:
            return None
        items = list(root)
        return items if all(item.tag == self._name for item in items) else None
