"""Fields that hold elements: one child, a list of like children, and a field of another view."""

from __future__ import annotations

import copy
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableSequence,
    Sequence,
)
from itertools import chain
from typing import Generic, TypeAlias, TypeVar, overload

from lxml import etree

from aiovirt.config import _tree
from aiovirt.config._tree import Node
from aiovirt.config._view import Field, Nested, View, element, listed
from aiovirt.errors import XMLError

__all__ = ["Many", "One", "ViewList", "chained", "child", "children", "variants", "via"]

V = TypeVar("V", bound=View)
Got = TypeVar("Got")
Given = TypeVar("Given")


class ViewList(MutableSequence[V], Generic[V]):
    """The like children of an element: a list that is the tree.

    A view that is put in stays a view of what is now in the tree.  Only when its element already
    sits in a tree (this or another) a copy is put in.
    """

    __slots__ = ("_field", "_view")

    def __init__(self, view: View, field: Children[V]) -> None:
        self._view = view
        self._field = field

    def _nodes(self) -> list[Node]:
        return self._field.nodes(self._view)

    def __len__(self) -> int:
        return len(self._nodes())

    def __iter__(self) -> Iterator[V]:
        return iter([self._field.view_of(node) for node in self._nodes()])

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return list(self)[index]
        return self._field.view_of(self._nodes()[index])

    @overload
    def __setitem__(self, index: int, value: V) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, index: int | slice, value: V | Iterable[V]) -> None:
        """Replace a child, or by a slice several; new ones stand where the old ones stood."""
        wanted: list[object] = list(self)
        if isinstance(index, slice):
            wanted[index] = value if isinstance(value, Iterable) else [value]
        else:
            wanted[index] = value
        self.assign(wanted)

    def __delitem__(self, index: int | slice) -> None:
        nodes = self._nodes()
        for node in nodes[index] if isinstance(index, slice) else [nodes[index]]:
            _tree.remove(node)
        self._field.tidy(self._view)

    def insert(self, index: int, value: V) -> None:
        """Put a view before the one at `index`.

        Raises:
            XMLError: It is a view of another kind of element.
        """
        node = _detached(self._field.fitting(self._view, value))
        nodes = self._nodes()
        if index < 0:
            index = max(0, index + len(nodes))
        if index < len(nodes):
            parent = nodes[index].getparent()
            if parent is not None:
                parent.insert(parent.index(nodes[index]), node)
        else:
            self._field.place(self._view, node)

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """The place of this very element, else of the first equal one.

        Raises:
            ValueError: There is none.
        """
        views = list(self)
        places = range(*slice(start, stop).indices(len(views)))
        wanted = element(value) if isinstance(value, View) else None
        same = (place for place in places if element(views[place]) is wanted)
        equal = (place for place in places if views[place] == value)
        found = next(chain(same, equal), None)
        if found is None:
            raise ValueError(f"{value!r} is not in the list")
        return found

    def assign(self, wanted: Sequence[object]) -> None:
        """Make these the children: the first stands where the first stood, and so on.

        A view that is given twice is copied for its second place.

        Raises:
            XMLError: One is a view of another kind; the tree is unchanged.
        """
        old = self._nodes()
        views = [self._field.fitting(self._view, each) for each in wanted]
        free = list(old)
        new: list[Node] = []
        for view in views:
            node = element(view)
            if node is not None and node in free:
                free.remove(node)
            else:
                node = _detached(view, new)
            new.append(node)
        places = [_tree.new_element("place") for _ in old]
        for node, place in zip(old, places, strict=True):
            _tree.swap(node, place)
        for node, place in zip(new, places, strict=False):
            _tree.swap(place, node)
        for place in places[len(new) :]:
            _tree.remove(place)
        for node in new[len(places) :]:
            self._field.place(self._view, node)
        self._field.tidy(self._view)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ViewList | list | tuple):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment] # what it says may change

    def __repr__(self) -> str:
        return repr(list(self))


class _Kinded(Nested[Got, Given], Generic[V, Got, Given]):
    """A field that holds elements seen as `kind`."""

    def __init__(self, path: str, kind: type[V] | None) -> None:
        super().__init__(path)
        self._kind = kind

    @property
    def kind(self) -> type[V]:
        """The class of the views."""
        if self._kind is None:  # pragma: no cover - a field without one says it by itself
            raise AssertionError
        return self._kind

    def fitting(self, view: View, value: object) -> V:
        """The value, when it is a view of the right kind.

        Raises:
            XMLError: It is not.
        """
        if isinstance(value, self.kind):
            return value
        raise self.error(
            view,
            f"{self.name} cannot hold {type(value).__name__}",
            expected=self.kind.__name__,
        )


class Children(_Kinded[V, ViewList[V], Iterable[V] | None]):
    """All children of one tag, each seen as `kind`."""

    repeats = True

    def nodes(self, view: View) -> list[Node]:
        """The elements, in the order of the tree."""
        parent = _tree.find(element(view), self.steps[:-1])
        return [] if parent is None else list(parent.iterchildren(self.steps[-1]))

    def view_of(self, node: Node) -> V:
        """The element as a view."""
        return self.kind._wrap_(node)

    def read(self, view: View) -> ViewList[V]:
        """The live list."""
        return ViewList(view, self)

    def write(self, view: View, value: Iterable[V] | None) -> None:
        """Make these the children.

        Raises:
            XMLError: One is of another kind; the tree is unchanged.
        """
        ViewList(view, self).assign(listed(self, view, value))

    def parts(self, view: View) -> Iterable[View]:
        """The views in the list."""
        return self.read(view)

    def describe(self, view: View) -> str | None:
        """Shown when there are any."""
        found = list(self.read(view))
        return f"{self.name}={found!r}" if found else None


class Variants(Children[V]):
    """Children of one tag whose attribute ``type`` says of which class each is.

    Args:
        path: Where they are.
        kind: The class of those whose word is not in the table.
        variants: The class for each word.
    """

    def __init__(self, path: str, kind: type[V], variants: Mapping[str, type[V]]) -> None:
        super().__init__(path, kind)
        self.variants = variants

    def view_of(self, node: Node) -> V:
        """The element as a view of its own class."""
        return self._class_of(node)._wrap_(node)

    def problems(self, view: View) -> Iterator[XMLError]:
        """The elements and attributes that are those of another class."""
        every = {path for kind in self.variants.values() for path in _paths(kind)}
        for node in self.nodes(view):
            kind = self._class_of(node)
            foreign = every - _paths(kind) if kind is not self.kind else set()
            for path, place in _places(node) if foreign else ():
                if path in foreign:
                    yield _tree.error_at(
                        place, f"{path[-1]} means nothing where type is {node.get('type')!r}"
                    )

    def _class_of(self, node: Node) -> type[V]:
        return self.variants.get(node.get("type", ""), self.kind)


_KNOWN: dict[type[View], frozenset[tuple[str, ...]]] = {}


def _paths(kind: type[View]) -> frozenset[tuple[str, ...]]:
    """The paths of what a class has fields for: tags, and at the end perhaps an attribute."""
    if kind not in _KNOWN:
        _KNOWN[kind] = frozenset()  # a chain of like elements is known by its first
        _KNOWN[kind] = frozenset(_paths_of(kind))
    return _KNOWN[kind]


def _paths_of(kind: type[View]) -> Iterator[tuple[str, ...]]:
    for field in kind._fields_.values():
        yield from (field.steps[:end] for end in range(1, len(field.steps) + 1))
        if field.attribute is not None:
            yield (*field.steps, f"@{field.attribute}")
        if isinstance(field, _Kinded):
            yield from ((*field.steps, *path) for path in _paths(field.kind))


def _places(node: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Each element and attribute below, with its path as `_paths` has it."""
    yield from (((f"@{name!s}",), node) for name in node.attrib)
    for child_node in node.iterchildren(etree.Element):
        yield (child_node.tag,), child_node
        yield from (((child_node.tag, *path), place) for path, place in _places(child_node))


class Child(_Kinded[V, V, V | None]):
    """One child; its view is there even when the element is not, and creates it when written."""

    def __init__(
        self, path: str, kind: type[V] | None, *, required: bool = False, secret: bool = False
    ) -> None:
        super().__init__(path, kind)
        self.required = required
        self.secret = secret

    def problems(self, view: View) -> Iterator[XMLError]:
        """That the element is missing, when it must be there."""
        if self.required and not self.is_set(view):
            yield self.error(view, f"{self.name} is missing", expected=self.expected)

    def read(self, view: View) -> V:
        """The live view, false when there is no such element."""
        return self.kind._within_(view, self.steps)

    def write(self, view: View, value: V | None) -> None:
        """Put the view's element in the place of the old one; None takes the element out.

        Raises:
            XMLError: It is a view of another kind; the tree is unchanged.
        """
        given = None if value is None else self.fitting(view, value)
        if not given:
            self.clear(view)
            return
        new = _detached(given)
        old = _tree.find(element(view), self.steps)
        if old is None:
            self.place(view, new)
        else:
            _tree.swap(old, new)

    def parts(self, view: View) -> Iterable[View]:
        """The view, when the element is there."""
        node = _tree.find(element(view), self.steps)
        return () if node is None else (self.kind._wrap_(node),)

    def describe(self, view: View) -> str | None:
        """Shown when it is there."""
        part = self.read(view)
        return f"{self.name}={part!r}" if part else None


class Chained(Child[V]):
    """A child whose class is not yet made where it is named: a chain of like elements."""

    def __init__(self, path: str, kind: Callable[[], type[V]]) -> None:
        super().__init__(path, None)
        self._later = kind

    @property
    def kind(self) -> type[V]:
        """The class of the views."""
        return self._later()


class Via(Field[Got, Given]):
    """A field of a child, offered on the parent as well: ``domain.disks``."""

    delegated = True

    def __init__(self, child_name: str, field: Field[Got, Given]) -> None:
        super().__init__(".")
        self.child_name = child_name
        self.field = copy.copy(field)  # goes by the name it has here

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self.field.name = name

    def _home(self, view: View) -> View:
        home: View = getattr(view, self.child_name)
        return home

    def read(self, view: View) -> Got:
        """What the child's field says."""
        return self.field.read(self._home(view))

    def write(self, view: View, value: Given) -> None:
        """Set the child's field, creating the child."""
        self.field.write(self._home(view), value)


def _detached(view: View, taken: Collection[Node] = ()) -> Node:
    """The view's element, or a copy when that sits in a tree or is among those `taken`."""
    node = element(view)
    if node is None or node.getparent() is not None or node in taken:
        return view.copy()._make_()
    return node


One: TypeAlias = Field[V, V | None]
Many: TypeAlias = Field[ViewList[V], Iterable[V] | None]


def child(path: str, kind: type[V], *, required: bool = False, secret: bool = False) -> One[V]:
    """One child element seen as `kind`."""
    return Child(path, kind, required=required, secret=secret)


def chained(path: str, kind: Callable[[], type[V]]) -> One[V]:
    """One child element of a class that is made later, such as the one that holds the field."""
    return Chained(path, kind)


def children(path: str, kind: type[V]) -> Many[V]:
    """All child elements of a tag, seen as `kind`."""
    return Children(path, kind)


def variants(path: str, kind: type[V], table: Mapping[str, type[V]]) -> Many[V]:
    """All child elements of a tag, each seen as the class that its ``type`` says."""
    return Variants(path, kind, table)


def via(child_name: str, field: Field[Got, Given]) -> Field[Got, Given]:
    """The field of the child `child_name`, offered on its parent as well."""
    return Via(child_name, field)
