"""Which elements, attributes and texts libvirt's grammar has that no field of a view knows.

Walks a grammar (RELAX NG, with all that it includes) and the views side by side.  What stands in
the grammar is data here: no element is known by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from aiovirt.config import View
from aiovirt.config._children import Child, Children, Variants, Via
from aiovirt.config._scalars import SizeScalar, WordList
from aiovirt.config._view import Field
from aiovirt.config.devices._address import AddressField

__all__ = ["OTHERS", "Cursor", "Grammar", "unknown"]

RNG = "{http://relaxng.org/ns/structure/1.0}"
_LEAVES = {f"{RNG}{word}" for word in ("text", "data", "value", "list")}
_NEVER = f"{RNG}notAllowed"

Node = Any
"""An lxml element of a grammar."""

AnyField = Field[Any, Any]

OTHERS = {
    "metadata/*": "elements of other programs, which `Metadata` keeps whole",
    "cookie": "libvirt's own notes for moving a guest, which are nobody else's",
}
"""How a path ends that has no field, and why."""


@dataclass
class Parts:
    """What an element may have."""

    attributes: set[str] = field(default_factory=set)
    elements: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    text: bool = False


class Grammar:
    """A grammar with all that it includes; one that stands within it has names of its own."""

    def __init__(self, path: Path, root: Node = None) -> None:
        self.defines: dict[str, list[Node]] = defaultdict(list)
        self.starts: list[Node] = []
        self.inner: dict[Node, Grammar] = {}
        self.owners: dict[Node, Grammar] = {}
        self.folder = path.parent
        self._read(etree.parse(str(path)).getroot() if root is None else root, set())

    def _read(self, root: Node, seen: set[str]) -> None:
        for each in root.iterchildren(f"{RNG}include"):
            name = str(each.get("href"))
            if name not in seen:
                seen.add(name)
                self._read(etree.parse(str(self.folder / name)).getroot(), seen)
        for each in root.iterchildren(f"{RNG}define"):
            self.defines[str(each.get("name"))].append(each)
        self.starts = list(root.iterchildren(f"{RNG}start")) or self.starts

    def root(self, tag: str) -> list[Node]:
        """The patterns of the document's element."""
        parts = Parts()
        for start in self.starts:
            self._gather(start, parts, frozenset())
        return parts.elements[tag]

    def parts(self, elements: Iterable[Node]) -> Parts:
        """What stands in an element that any of these patterns describes."""
        parts = Parts()
        for element in elements:
            for each in element.iterchildren(etree.Element):
                self.owners.get(element, self)._gather(each, parts, frozenset())
                self.owners.update(self.owners.get(element, self).owners)
        return parts

    def _gather(self, node: Node, parts: Parts, refs: frozenset[str]) -> None:
        """Collect what a pattern allows of the element that it stands in."""
        if node.tag == f"{RNG}element":
            # what is never allowed is another program's, such as libvirt's own private data
            if not any(True for _ in node.iterchildren(_NEVER)):
                self.owners.setdefault(node, self)
                for name in _names(node):
                    parts.elements[name].append(node)
        elif node.tag == f"{RNG}grammar":
            inner = self.inner.setdefault(node, Grammar(self.folder / "inner", node))
            for start in inner.starts:
                inner._gather(start, parts, frozenset())
            self.owners.update(inner.owners)
        elif node.tag == f"{RNG}attribute":
            parts.attributes.update(_names(node))
        elif node.tag in _LEAVES:
            parts.text = True
        else:
            name = str(node.get("name")) if node.tag == f"{RNG}ref" else ""
            below = self.defines[name] if name else list(node.iterchildren(etree.Element))
            for each in below if name not in refs else ():
                self._gather(each, parts, refs | {name} if name else refs)


def _names(node: Node) -> Iterator[str]:
    """The names that an element or attribute may have, as lxml has them; '*' is any."""
    if node.get("name"):
        yield _qualified(node, node.get("name"))
        return
    for each in node.iterchildren(f"{RNG}name", f"{RNG}choice"):
        yield from (_qualified(node, name.text) for name in each.iter(f"{RNG}name"))
    if any(True for _ in node.iterchildren(f"{RNG}anyName", f"{RNG}nsName")):
        yield "*"


def _qualified(node: Node, name: str) -> str:
    around = (node, *node.iterancestors()) if node.tag == f"{RNG}element" else (node,)
    namespace = next((each.get("ns") for each in around if each.get("ns")), None)
    return f"{{{namespace}}}{name}" if namespace else name


class Cursor(NamedTuple):
    """A place in a view: its class, and the tags from its element to here."""

    kind: type[View]
    steps: tuple[str, ...] = ()

    def fields(self) -> Iterator[AnyField]:
        """The fields at this place or below it."""
        for each in self.kind._fields_.values():
            if not isinstance(each, Via) and each.steps[: len(self.steps)] == self.steps:
                yield each

    def here(self) -> list[AnyField]:
        """The fields whose element this is."""
        return [each for each in self.fields() if each.steps == self.steps]

    def below(self, tag: str) -> Iterator[Cursor]:
        """The places that an element of this tag is seen as."""
        deeper = Cursor(self.kind, (*self.steps, tag))
        held = [each for each in deeper.here() if isinstance(each, Child | Children)]
        for each in held:
            several = each.variants.values() if isinstance(each, Variants) else ()
            yield from (Cursor(kind) for kind in dict.fromkeys((each.kind, *several)))
        if len(list(deeper.fields())) > len(held):
            yield deeper

    def has_attribute(self, name: str) -> bool:
        """Whether a field knows the attribute of this element."""
        return any(
            isinstance(each, AddressField)  # which has a table of its own
            or name
            in {
                each.attribute,
                each.unit_attribute if isinstance(each, SizeScalar) else None,
                each.one.attribute if isinstance(each, WordList) else None,
            }
            for each in self.here()
        )

    def has_text(self) -> bool:
        """Whether a field knows the text of this element."""
        return any(
            each.attribute is None and not isinstance(each, Child | Children)
            for each in self.here()
        )


class _Walk:
    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.found: dict[str, None] = {}
        self.seen: set[tuple[frozenset[Node], frozenset[Cursor]]] = set()

    def at(self, elements: list[Node], cursors: tuple[Cursor, ...], path: str) -> None:
        key = (frozenset(elements), frozenset(cursors))
        if key in self.seen:
            return
        self.seen.add(key)
        parts = self.grammar.parts(elements)
        if parts.text and not any(cursor.has_text() for cursor in cursors):
            self.found[f"{path}/."] = None
        for name in sorted(parts.attributes):
            if not any(cursor.has_attribute(name) for cursor in cursors):
                self.found[f"{path}/@{name}"] = None
        for tag, below in sorted(parts.elements.items()):
            places = tuple(dict.fromkeys(at for cursor in cursors for at in cursor.below(tag)))
            if places:
                self.at(below, places, f"{path}/{tag}")
            else:
                self.found[f"{path}/{tag}"] = None


def unknown(grammar: Grammar, kind: type[View]) -> list[str]:
    """The paths without a field: ``a/b`` an element, ``a/@b`` an attribute, ``a/.`` a text."""
    walk = _Walk(grammar)
    walk.at(grammar.root(kind._tag_), (Cursor(kind),), kind._tag_)
    return list(walk.found)
