"""Envelopes of SOAP that come in pieces: well-formed, without a document type, and bounded.

What is not so gives a `ProtocolError`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from lxml import etree
from lxml.etree import _Element as Element

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.protocols.vsphere.fragments import OPTIONS, Fragments

__all__ = ["LONGEST", "NAMESPACE", "SOAP", "Document", "unreadable"]

NAMESPACE: Final = "urn:vim25"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"

LONGEST: Final = 512 * 1024 * 1024
"""Bytes of an envelope at most."""

PIECE: Final = 64 * 1024
"""Bytes that are parsed at once: what is parsed is still in the processor's cache when it is read,
and no more than that is there as elements besides what is not whole yet."""

LONGEST_TEXT: Final = 10_000_000
"""Bytes of one text at most: libxml2's own bound (XML_MAX_TEXT_LENGTH)."""

DEEPEST: Final = 256
"""Elements within each other at most: libxml2's own bound (xmlParserMaxDepth)."""

TRIES: Final = 4
"""How many pieces are looked at for where an item ends, from which on they can be cut out."""

_ENVELOPE: Final = f"{{{SOAP}}}Envelope"
_BODY: Final = f"{{{SOAP}}}Body"
_RESOURCE_LIMIT: Final = 114  # libxml2's XML_ERR_RESOURCE_LIMIT


@contextmanager
def unreadable(what: str) -> Iterator[None]:
    """Say of what cannot be read that the peer does not keep to the protocol."""
    try:
        yield
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ProtocolError(f"{what}: {error}") from error


class Document:
    """One envelope, fed in pieces.

    Elements of the path `items` are given to `take` as they end, and then forgotten.

    Args:
        what: What it is, for errors: ``the answer to Login``.
        items: The names of the elements below the envelope's body that lead to the items.
        take: What is called with each item.
        limit: Bytes of the whole.
    """

    def __init__(
        self,
        what: str,
        items: Sequence[str] = (),
        take: Callable[[Element], None] | None = None,
        *,
        limit: int = LONGEST,
    ) -> None:
        self._what = what
        self._path = [f"{{{NAMESPACE}}}{name}" for name in reversed(items)]
        self._take = take
        self._limit = limit
        self._size = 0
        self._last: Element | None = None
        self._home: Element | None = None
        self._parser = etree.XMLPullParser(
            events=("end",) if items else (),
            tag=self._path[:1],
            **OPTIONS,
        )
        self._fragments: Fragments | None = None
        self._tries = TRIES if items else 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ProtocolError: They are not such an envelope.
            LimitExceeded: It is longer than the limit, or than libxml2's.
        """
        self._size += len(data)
        if self._size > self._limit:
            raise LimitExceeded(
                f"{self._what} is longer than {self._limit} bytes", limit=self._limit
            )
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            if self._tries and self._last is not None:
                piece = self._take_up(self._last, piece)
            self._parse(piece if self._fragments is None else self._cut(self._fragments, piece))

    def _parse(self, piece: bytes) -> int:
        """Give bytes to the parser; how many items ended in them."""
        with self._well_formed():
            self._parser.feed(piece)
        with unreadable(self._what):
            items = [
                element
                for _event, element in self._parser.read_events()
                if isinstance(element, Element) and self._is_item(element)
            ]
            for element in items:
                self._hand_over(element)
        return len(items)

    def _take_up(self, item: Element, piece: bytes) -> bytes:
        """Let items be read as fragments from the end of the next one on; what is behind that."""
        self._tries -= 1
        found = None if self._home is None else Fragments.beside(item, self._home, NAMESPACE)
        end = -1 if found is None else piece.find(found.end)
        if found is None or end < 0:
            return piece
        end += len(found.end)
        if self._parse(piece[:end]) == 1:  # so that was the end of an item, and of no part of one
            self._fragments, self._tries = found, 0
        return piece[end:]

    def _cut(self, fragments: Fragments, piece: bytes) -> bytes:
        """Take the items of a piece; what the parser is to go on with, if they have ended."""
        items = fragments.cut(piece)
        with unreadable(self._what):
            for item in items or ():
                if self._take is not None:
                    self._take(item)
        if items is not None and not fragments.over:
            return b""
        self._fragments = None
        return fragments.rest

    def close(self) -> Element:
        """The first element of the body, now that the bytes have ended.

        Raises:
            ProtocolError: They ended within the envelope, or were none.
        """
        if self._fragments is not None:
            self._parse(self._fragments.rest)
        with self._well_formed():
            root = self._parser.close()
        if root.tag != _ENVELOPE:
            raise ProtocolError(f"{self._what} is no envelope of SOAP 1.1 but <{root.tag}>")
        self._refuse_doctype(root)
        if self._last is not None:
            _remove(self._last)
        body = root.find(_BODY)
        first = None if body is None else next(iter(body), None)
        if first is None:
            raise ProtocolError(f"{self._what} has an empty body")
        return first

    @contextmanager
    def _well_formed(self) -> Iterator[None]:
        try:
            yield
        except etree.XMLSyntaxError as error:
            if getattr(error, "code", None) == _RESOURCE_LIMIT:
                limit = DEEPEST if "depth" in str(error) else LONGEST_TEXT
                raise LimitExceeded(f"{self._what}: {error}", limit=limit) from error
            raise ProtocolError(f"{self._what} is no XML: {error}") from error

    def _refuse_doctype(self, element: Element) -> None:
        # SOAP 1.1, section 3: there must be none.  With it go entities and their expansion.
        if element.getroottree().docinfo.internalDTD is not None:
            raise ProtocolError(f"{self._what} has a document type, which SOAP forbids")

    def _is_item(self, element: Element) -> bool:
        """Whether an element of an item's name is at an item's place; its parent is remembered."""
        home = element.getparent()
        if home is self._home:
            return True
        place = home
        for tag in self._path[1:]:
            if place is None or place.tag != tag:
                return False
            place = place.getparent()
        if home is None or place is None or place.tag != _BODY:
            return False
        self._refuse_doctype(home)
        self._home = home
        return True

    def _hand_over(self, element: Element) -> None:
        if self._take is not None:
            self._take(element)
        # The parser still stands behind this element, so it stays until the next has come: to
        # remove the last node of an open element would take the ground from it.
        if self._last is not None:
            _remove(self._last)
        self._last = element


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
