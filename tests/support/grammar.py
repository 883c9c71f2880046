"""Our views held against libvirt's own test data: every domain, snapshot, checkpoint and backup.

Of each document is asked: does reading and writing change more than white space; can every field
that has a value be read, and written back as it was; is what is made anew from fields alone the
same; which elements and attributes does no field know.  Run as a program it prints every
difference, and fails when there is one.  The data have another licence than this project: they
are fetched when they are needed, never kept here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from libvirtdata import fetch
from lxml import etree
from rngpaths import OTHERS, Cursor

from aiovirt.config import (
    BackupConfig,
    CheckpointConfig,
    Document,
    DomainConfig,
    Metadata,
    SnapshotConfig,
    View,
    _tree,
    element,
)
from aiovirt.config._children import Child, Children, Via
from aiovirt.config._view import Field, walk
from aiovirt.config.devices._address import AddressField
from aiovirt.errors import XMLError

__all__ = ["Difference", "differences", "documents"]

AnyField = Field[Any, Any]
Node = Any

KINDS: dict[str, type[Document]] = {
    kind._tag_: kind for kind in (DomainConfig, SnapshotConfig, CheckpointConfig, BackupConfig)
}
GRAMMARS = Path("/usr/share/libvirt/schemas")

Content: TypeAlias = tuple[str, tuple[tuple[str, str], ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it should be.

    Attributes:
        what: ``written``, ``read``, ``field``, ``made`` or ``unknown``.
        where: The place in the document.
    """

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where}"


def documents(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files with documents that we have a whole view of, each with its root's tag."""
    for path in sorted(folder.rglob("*.xml")):
        try:
            root = etree.parse(str(path), etree.XMLParser(resolve_entities=False)).getroot()
        except etree.XMLSyntaxError:
            continue  # libvirt has some of those too, to be refused
        if root.tag in KINDS:
            yield path, str(root.tag)


def _text(raw: str | None) -> tuple[str, ...]:
    return (raw,) if raw and not raw.isspace() else ()


def content(node: Node, *, ordered: bool = True) -> Content:
    """An element without the white space around elements.

    Args:
        node: The element.
        ordered: Whether comments count, and the order of elements of unlike tags.
    """
    parts: list[Any] = [*_text(node.text)]
    for each in node:
        if isinstance(each.tag, str):
            parts.append(content(each, ordered=ordered))
        elif ordered:
            parts.append(str(each))
        parts.extend(_text(each.tail))
    if not ordered:
        parts.sort(key=lambda part: part[0] if isinstance(part, tuple) else "")
    return node.tag, tuple(sorted(node.attrib.items())), tuple(parts)


def _apart(one: Content, two: Content, path: str = "") -> str:
    """Where two elements begin to differ."""
    here = f"{path}/{etree.QName(one[0]).localname}"
    if one[:2] != two[:2]:
        return f"{here} {dict(one[1])} is {two[0]} {dict(two[1])}"
    for mine, theirs in zip(one[2], two[2], strict=False):
        if mine != theirs:
            both = isinstance(mine, tuple) and isinstance(theirs, tuple)
            return _apart(mine, theirs, here) if both else f"{here}: {mine!r} is {theirs!r}"
    return f"{here}: {one[2][len(two[2]) :]} is {two[2][len(one[2]) :]}"


def _plain(view: View) -> Iterator[AnyField]:
    for each in type(view)._fields_.values():
        if not isinstance(each, Via | Child | Children):
            yield each


def _drop(view: View, field: AnyField) -> None:
    """Take out elements that were there for a field, and say nothing without it."""
    for end in range(len(field.steps), 0, -1):
        node = _tree.find(element(view), field.steps[:end])
        kept = {each.steps for each in type(view)._fields_.values() if each.keeps_empty}
        if node is not None and _tree.is_empty(node) and field.steps[:end] not in kept:
            _tree.remove(node)


def _fields(view: Document) -> Iterator[Difference]:
    """Write each value back where it was read."""
    for part in walk(view):
        for each in _plain(part):
            name = f"{type(part).__name__}.{each.name}"
            try:
                yield from (Difference("field", f"{name}: {it}") for it in _again(part, each))
            except XMLError as error:
                yield Difference("read", f"{name}: {error}")


def _again(part: View, field: AnyField) -> Iterator[str]:
    value = field.read(part)
    if not field.is_set(part):
        _drop(part, field)
        return
    field.write(part, value)
    if isinstance(field, AddressField):  # which leaves alone what is said already
        for key, raw in field.attributes(part, value).items():
            field.locate(part).set(key, raw)
    if field.read(part) != value:
        yield f"{value!r} is {field.read(part)!r}"


def made(view: View) -> View:
    """The same from the values of its fields alone."""
    if isinstance(view, Metadata):
        return view.copy()  # it has no fields: what is in it is other programs'
    fresh = type(view)._wrap_(_tree.new_element(view._tag_))
    for each in type(view)._fields_.values():
        if isinstance(each, Children):
            each.write(fresh, [made(part) for part in each.parts(view)])
        elif isinstance(each, Child):
            for part in each.parts(view):
                each.write(fresh, made(part))
        elif not isinstance(each, Via) and each.is_set(view):
            each.write(fresh, each.read(view))
    return fresh


def _unknown(node: Node, cursors: tuple[Cursor, ...], path: str) -> Iterator[str]:
    """The paths of what no field knows."""
    for name in node.attrib:
        if not any(cursor.has_attribute(name) for cursor in cursors):
            yield f"{path}/@{name}"
    for each in node.iterchildren(etree.Element):
        below = tuple(dict.fromkeys(at for cursor in cursors for at in cursor.below(each.tag)))
        here = f"{path}/{etree.QName(each).localname}"
        if any(cursor.kind is Metadata for cursor in below):
            continue
        if below:
            yield from _unknown(each, below, here)
        elif not here.endswith(tuple(OTHERS)):
            yield here


def _node(view: View) -> Node:
    found = element(view)
    assert found is not None
    return found


def differences(xml: bytes, kind: type[Document]) -> Iterator[Difference]:
    """All that is not as it should be with one document."""
    view = kind.parse(xml)
    original = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, strip_cdata=False))
    written = view.to_xml(secure=True)
    again = etree.fromstring(written.encode())
    if content(original) != content(again):
        yield Difference("written", _apart(content(original), content(again)))
    if kind.parse(written).to_xml(secure=True) != written:
        yield Difference("written", "a second time it is another text")
    unknown = list(_unknown(_node(view), (Cursor(kind),), kind._tag_))
    yield from (Difference("unknown", path) for path in unknown)
    wrong = list(_fields(view))
    yield from wrong
    if wrong or unknown:
        return
    for other in list(_node(view).iterchildren(*OTHERS)):
        _tree.remove(other)
    one, two = content(_node(view), ordered=False), content(_node(made(view)), ordered=False)
    if one != two:
        yield Difference("made", _apart(one, two))


def main() -> int:
    """Ask of all documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="where the data are, or are to be kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = arguments.data or Path(scratch, "data")
        data.mkdir(parents=True, exist_ok=True)
        tests = fetch(data)
        return _report(tests, documents(tests))


def _report(folder: Path, found: Iterable[tuple[Path, str]]) -> int:
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    schemas = {tag: etree.RelaxNG(etree.parse(str(GRAMMARS / f"{tag}.rng"))) for tag in KINDS}
    for path, tag in found:
        kinds[tag] += 1
        xml = path.read_bytes()
        refused = not schemas[tag].validate(etree.fromstring(xml))
        for difference in differences(xml, KINDS[tag]):
            if refused and difference.what != "written":
                counts["refused by libvirt's grammar"] += 1
                sys.stdout.write(f"(refused) {path.relative_to(folder)}: {difference}\n")
                continue
            counts[difference.what] += 1
            sys.stdout.write(f"{path.relative_to(folder)}: {difference}\n")
    sys.stdout.write(f"documents: {dict(kinds)}; differences: {dict(counts)}\n")
    return 1 if set(counts) - {"refused by libvirt's grammar"} else 0


if __name__ == "__main__":
    sys.exit(main())
