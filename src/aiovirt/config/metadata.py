"""``<metadata>``: what other programs keep beside a domain, each in a namespace of its own."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from lxml import etree

from aiovirt.config import _tree
from aiovirt.config._quoting import with_single_quotes
from aiovirt.config._tree import Node
from aiovirt.config._view import View, element
from aiovirt.errors import XMLError

__all__ = ["Metadata"]


class Metadata(View, tag="metadata"):
    """One element for each namespace, as libvirt keeps it (virDomainSetMetadata).

    The URI of the namespace is the key; what is in the element is its owner's matter.
    """

    def uris(self) -> Iterator[str]:
        """The namespaces that have an element."""
        for node in self._entries():
            yield _uri_of(node)

    def get(self, uri: str) -> str | None:
        """The element of this namespace as XML, or None."""
        node = self._entry(uri)
        if node is None:
            return None
        alone = copy.deepcopy(node)
        alone.tail = None
        etree.cleanup_namespaces(alone)
        return with_single_quotes(etree.tostring(alone, encoding="unicode"))

    def bare(self, uri: str) -> str | None:
        """The element as libvirt tells it: without its namespace, which who asks has named."""
        node = self._entry(uri)
        if node is None:
            return None
        alone = copy.deepcopy(node)
        alone.tail = None
        for each in alone.iter(f"{{{uri}}}*"):
            each.tag = etree.QName(each).localname
        etree.cleanup_namespaces(alone)
        return with_single_quotes(etree.tostring(alone, encoding="unicode"))

    def set(self, uri: str, xml: str, *, prefix: str) -> None:
        """Keep `xml`, in place of what this namespace had.

        Args:
            uri: The namespace.
            xml: One element; where it names no namespace it is put into this one.
            prefix: The prefix that stands for the namespace.

        Raises:
            XMLError: It is not well-formed, or of another namespace.
        """
        root = _tree.parse_xml(xml)
        if not uri or _uri_of(root) not in {"", uri}:
            raise XMLError(
                f"the element is in the namespace {_uri_of(root)!r}",
                element="metadata",
                expected=f"one in {uri!r}" if uri else "a namespace",
            )
        new = _adopt(root, uri, prefix)
        old = self._entry(uri)
        if old is None:
            self._make_().append(new)
        else:
            _tree.swap(old, new)

    def remove(self, uri: str) -> bool:
        """Drop the element of this namespace; tells whether there was one."""
        node = self._entry(uri)
        if node is None:
            return False
        _tree.remove(node)
        return True

    def _entries(self) -> Iterator[Node]:
        node = element(self)
        if node is not None:
            yield from node.iterchildren(etree.Element)

    def _entry(self, uri: str) -> Node | None:
        return next((node for node in self._entries() if _uri_of(node) == uri), None)


def _uri_of(node: Node) -> str:
    return etree.QName(node).namespace or ""


def _no_prefix(uri: str, prefix: str) -> XMLError:
    return XMLError(f"{prefix!r} cannot stand for the namespace {uri!r}", element="metadata")


def _adopt(root: Node, uri: str, prefix: str) -> Node:
    """The element in the namespace, under the prefix; the children are taken over.

    Raises:
        XMLError: The namespace or the prefix is none that XML allows.
    """
    try:
        new = etree.Element(f"{{{uri}}}{etree.QName(root).localname}", nsmap={prefix: uri})
        again = _tree.parse_xml(etree.tostring(new))
    except (ValueError, XMLError) as error:
        raise _no_prefix(uri, prefix) from error
    if _uri_of(again) != uri:
        raise _no_prefix(uri, prefix)
    new.text = root.text
    for name, value in root.attrib.items():
        new.set(name, value)
    new.extend(list(root))
    for node in new.iter(etree.Element):
        if not _uri_of(node):
            node.tag = f"{{{uri}}}{node.tag}"
    return new
