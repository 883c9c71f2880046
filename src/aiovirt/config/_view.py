"""What every typed view is made of: `View`, an element with typed fields, and `Field`, one of them.

A view holds no values.  Reading a field reads the tree, setting it writes the tree, so whatever
the view does not know (elements, attributes, namespaces, comments) stays where it is.  A class
declares its fields once, in the order in which they are written::

    class DiskTarget(View, tag="target"):
        dev: Text = text("@dev", required=True)
        bus: Text = text("@bus", known=BUSES)

The annotations are what type checkers make the constructor's arguments of (PEP 681), and what
``disk.target.bus`` is: ``str | None``.

A view of an element that is not there is false, reads as empty, and creates the element when it
is first written.  This module knows no element by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from typing import ClassVar, Generic, Self, TypeVar, dataclass_transform, overload

from lxml import etree

from aiovirt.config import _tree
from aiovirt.config._tree import Node
from aiovirt.errors import XMLError

__all__ = ["Field", "Law", "Nested", "View", "element", "listed", "problems", "walk"]

Got = TypeVar("Got")
Given = TypeVar("Given")
Item = TypeVar("Item")


class Field(ABC, Generic[Got, Given]):
    """One typed part of a view: reads as `Got`, is set with `Given`.

    Attributes:
        name: Its name in Python.
        steps: The tags from the view's element to the one that carries it.
        attribute: The attribute that carries it, or None when the element's text does.
        secret: Whether it is left out of reprs and of documents without secrets.
        delegated: Whether it is a part's field offered again: shown and checked there.
        keeps_empty: Whether its element says something by merely being there.
        repeats: Whether its element may stand there several times.
        required: Whether that which would carry it is wrong without it.
    """

    name: str = ""
    steps: tuple[str, ...] = ()
    attribute: str | None = None
    secret: bool = False
    delegated: bool = False
    keeps_empty: bool = False
    repeats: bool = False
    required: bool = False

    def __init__(self, path: str) -> None:
        *steps, last = path.split("/")
        if last.startswith("@"):
            self.attribute = _tree.qualified(last[1:])
        elif last != ".":
            steps.append(last)
        self.steps = tuple(_tree.qualified(step) for step in steps)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, view: None, owner: type) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type) -> Got: ...
    def __get__(self, view: View | None, owner: type) -> Self | Got:
        return self if view is None else self.read(view)

    def __set__(self, view: View, value: Given) -> None:
        if self.name not in view._fields_:
            raise AttributeError(f"{type(view).__name__} has no field {self.name!r}")
        self.write(view, value)

    @abstractmethod
    def read(self, view: View) -> Got:
        """What the tree says.

        Raises:
            XMLError: The tree has something here that cannot be read.
        """

    @abstractmethod
    def write(self, view: View, value: Given) -> None:
        """Make the tree say `value`.

        Raises:
            XMLError: The value is not allowed here; the tree is unchanged.
        """

    def problems(self, view: View) -> Iterator[XMLError]:
        """What is wrong with this field in the tree, parts of it left out."""
        try:
            self.read(view)
        except XMLError as error:
            yield error

    @property
    def label(self) -> str:
        """The field in words, for messages."""
        return self.name

    @property
    def expected(self) -> str:
        """What a right value is, in words."""
        return f"<{etree.QName(self.steps[-1]).localname}>" if self.steps else "a value"

    def is_set(self, view: View) -> bool:
        """Whether the tree says anything here, right or wrong."""
        return bool(self.read(view))

    def describe(self, view: View) -> str | None:
        """The field as in a constructor call, or None when there is nothing to show."""
        value = self.read(view)
        return None if value is None else f"{self.name}={value!r}"

    def clear(self, view: View) -> None:
        """Take the field's element or attribute out of the tree, and what that leaves empty.

        Where an element stands several times by mistake, none is left to take its place.
        """
        for node in _tree.find_all(element(view), self.steps):
            if self.attribute is None and self.steps:
                above = node.getparent()
                _tree.remove(node)
                if above is not None and len(self.steps) > 1:
                    self._drop_empty(view, above, self.steps[:-1])
                continue
            if self.attribute is None:
                _tree.set_text(node, "")
            else:
                _tree.drop_attribute(node, self.attribute)
            self._drop_empty(view, node, self.steps)

    def _drop_empty(self, view: View, node: Node, steps: tuple[str, ...]) -> None:
        kept = {field.steps for field in view._fields_.values() if field.keeps_empty}
        while steps and steps not in kept and _tree.is_empty(node):
            above = node.getparent()
            if above is None:
                return
            _tree.remove(node)
            node, steps = above, steps[:-1]
        if self.attribute is None and not steps and view._home_ and _tree.is_empty(node):
            _tree.remove(node)

    def tidy(self, view: View) -> None:
        """Take out the element that only held the field's elements, when none is left in it."""
        holder = _tree.find(element(view), self.steps[:-1])
        if len(self.steps) > 1 and holder is not None:
            self._drop_empty(view, holder, self.steps[:-1])

    def place(self, view: View, node: Node) -> None:
        """Put an element at the end of the field's path, behind those of its kind."""
        order = view._order_ if len(self.steps) == 1 else {}
        _tree.insert(_reach(view, self.steps[:-1]), node, order)

    def error(
        self, view: View, message: str, *, expected: str | None = None, hint: str | None = None
    ) -> XMLError:
        """An error at the place of this field, or where it would be."""
        steps = self.steps
        while (node := element(view)) is None and view._home_ is not None:
            view, above = view._home_
            steps = above + steps
        start = _tree.new_element(view._tag_) if node is None else node
        return _tree.error_below(start, steps, message, expected=expected, hint=hint)

    def locate(self, view: View) -> Node:
        """The element that carries the field, created when it is not there."""
        return _reach(view, self.steps)


class Law(ABC):
    """What must hold between several fields of a view."""

    __slots__ = ()

    @abstractmethod
    def broken(self, view: View) -> Iterator[XMLError]:
        """What is wrong; XMLError is raised when a field of it cannot be read."""


class Nested(Field[Got, Given]):
    """A field that holds elements with views of their own."""

    @abstractmethod
    def parts(self, view: View) -> Iterable[View]:
        """The views of the elements that exist."""


def listed(field: Field[Got, Given], view: View, values: Iterable[Item] | None) -> list[Item]:
    """The values as a list.

    Raises:
        XMLError: It is no list, or one text, which is hardly ever meant as a list of letters.
    """
    if values is None:
        return []
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise field.error(view, f"{field.name} cannot be {values!r}", expected="a list")
    return list(values)


def _reach(view: View, steps: tuple[str, ...]) -> Node:
    node = view._make_()
    order = view._order_
    for tag in steps:
        below = next(node.iterchildren(tag), None)
        if below is None:
            below = _tree.new_element(tag)
            _tree.insert(node, below, order)
        node, order = below, {}
    return node


class _ViewType(type):
    """Makes views without a ``__dict__``: a misspelt field is an error, not a new attribute."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, object], **keywords: object
    ) -> _ViewType:
        namespace.setdefault("__slots__", ())
        return super().__new__(cls, name, bases, namespace, **keywords)


@dataclass_transform(kw_only_default=True, eq_default=False)
class View(metaclass=_ViewType):
    """An element of a configuration, seen through typed fields.

    Views are equal when their elements are, comments, indentation and the order of attributes
    aside.  They pickle and copy with everything in their element.
    """

    __slots__ = ("_home_", "_node_")

    _tag_: ClassVar[str] = ""
    _fields_: ClassVar[dict[str, Field[object, object]]] = {}
    _order_: ClassVar[dict[str, int]] = {}
    _shown_: ClassVar[tuple[str, ...] | None] = None  # the fields in reprs; None is all
    _nested_: ClassVar[tuple[Nested[object, object], ...]] = ()
    _secrets_: ClassVar[tuple[Field[object, object], ...]] = ()
    _laws_: ClassVar[tuple[Law, ...]] = ()  # of its fields among each other
    _singles_: ClassVar[tuple[tuple[str, ...], ...]] = ()
    _late_: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(
        cls, tag: str | None = None, *, late: bool = False, lacks: Collection[str] = ()
    ) -> None:
        """Collect the fields.

        Args:
            tag: The element's name.
            late: Whether the fields are written behind those of subclasses.
            lacks: Fields of the classes above that this element does not have: they read as
                None and cannot be set.
        """
        super().__init_subclass__()
        if tag is not None:
            cls._tag_ = _tree.qualified(tag)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        above = _above(cls.__bases__)
        cls._late_ = frozenset(name for base in cls.__bases__ for name in _late(base))
        early = {name: field for name, field in above.items() if name not in cls._late_}
        trailing = {name: field for name, field in above.items() if name in cls._late_}
        fields = {**early, **own, **trailing}
        cls._fields_ = {name: field for name, field in fields.items() if name not in lacks}
        if late:
            cls._late_ = cls._late_ | own.keys()
        cls._nested_ = tuple(field for field in cls._fields_.values() if isinstance(field, Nested))
        cls._secrets_ = tuple(field for field in cls._fields_.values() if field.secret)
        tags = dict.fromkeys(field.steps[0] for field in cls._fields_.values() if field.steps)
        cls._order_ = {tag: rank for rank, tag in enumerate(tags)}
        cls._singles_ = _singles(cls._fields_.values())

    def __init__(self, **values: object) -> None:
        self._node_: Node | None = _tree.new_element(self._tag_)
        self._home_: tuple[View, tuple[str, ...]] | None = None
        for name, value in values.items():
            if name not in self._fields_:
                raise TypeError(f"{type(self).__name__} has no field {name!r}")
            if value is not None:
                setattr(self, name, value)
        self._complete_()

    @classmethod
    def _wrap_(cls, node: Node) -> Self:
        view = cls.__new__(cls)
        view._node_, view._home_ = node, None
        return view

    @classmethod
    def _within_(cls, home: View, steps: tuple[str, ...]) -> Self:
        view = cls.__new__(cls)
        view._node_, view._home_ = None, (home, steps)
        return view

    @classmethod
    def parse(cls, xml: str | bytes) -> Self:
        """Read it from XML, which may be hostile: no file or network is touched.

        Values are checked when they are read, or all at once by `problems`.

        Raises:
            XMLError: The text is not well-formed XML, breaks a limit, or is another element.
        """
        root = _tree.parse_xml(xml)
        if root.tag != cls._tag_:
            raise _tree.error_at(root, "this is another element", expected=f"<{cls._tag_}>")
        return cls._wrap_(root)

    def to_xml(self, *, secure: bool = False) -> str:
        """The element as XML, indented, with everything in it that aiovirt does not know.

        Args:
            secure: Whether passwords are in it, as with libvirt's ``VIR_DOMAIN_XML_SECURE``.
        """
        view = self.copy()
        if not secure:
            for part in walk(view):
                for field in part._secrets_:
                    field.clear(part)
        return _tree.serialise(view._make_())

    def copy(self) -> Self:
        """An independent copy, secrets and unknown parts included."""
        node = self._find_()
        return self._wrap_(_tree.new_element(self._tag_) if node is None else _tree.clone(node))

    def _find_(self) -> Node | None:
        if self._home_ is None:
            return self._node_
        home, steps = self._home_
        return _tree.find(home._find_(), steps)

    def _make_(self) -> Node:
        if self._home_ is not None:
            return _reach(*self._home_)
        if self._node_ is None:  # pragma: no cover - a view has a home or a node
            raise AssertionError
        return self._node_

    def _complete_(self) -> None:
        """Add what a view made from Python arguments cannot be without."""

    def _rules_(self) -> Iterator[XMLError]:
        """What is wrong between several fields; classes that have such rules say them here."""
        yield from ()

    def __bool__(self) -> bool:
        """Whether the element is there."""
        return self._find_() is not None

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self) or not isinstance(other, View):
            return NotImplemented
        mine, theirs = self._find_(), other._find_()
        if mine is theirs or mine is None or theirs is None:
            return mine is theirs
        return _tree.canonical(mine) == _tree.canonical(theirs)

    __hash__ = None  # type: ignore[assignment] # what it says may change

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.copy()

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.to_xml(secure=True))

    def __repr__(self) -> str:
        """The fields that are set, as a constructor call; never a secret."""
        names = self._fields_ if self._shown_ is None else self._shown_
        shown = (_describe(self._fields_[name], self) for name in names)
        return f"{type(self).__name__}({', '.join(text for text in shown if text)})"


def _describe(field: Field[object, object], view: View) -> str | None:
    if field.secret or field.delegated:
        return None
    try:
        return field.describe(view)
    except XMLError:
        return f"{field.name}=<wrong>"


def _restore(kind: type[View], xml: str) -> View:
    return kind._wrap_(_tree.parse_xml(xml))


def element(view: View) -> Node | None:
    """The lxml element below a view, for what has no field yet; None when it is not there."""
    return view._find_()


def walk(view: View) -> Iterator[View]:
    """The view and all views below it whose elements exist, in the order of their fields."""
    yield view
    for field in view._nested_:
        for part in field.parts(view):
            yield from walk(part)


def problems(view: View) -> Iterator[XMLError]:
    """Everything in the element that is wrong as far as aiovirt knows; unknown parts are not.

    It reads the tree only: no host is asked, no file looked at.
    """
    for part in walk(view):
        node = element(part)
        tags = () if node is None else tuple(child.tag for child in node)
        for field in part._fields_.values():
            # what has no element below this one has nothing wrong, unless it must be there
            if not field.delegated and _may_be_wrong(field, tags):
                yield from field.problems(part)
        yield from _twins(part, tags)
        for law in part._laws_:
            yield from _readable(law.broken(part))
        yield from _readable(part._rules_())


def _above(bases: Iterable[type]) -> dict[str, Field[object, object]]:
    """The fields of the classes above, in the order in which those are named."""
    views = [base for base in bases if issubclass(base, View)]
    return {name: field for base in views for name, field in base._fields_.items()}


def _late(base: type) -> frozenset[str]:
    return base._late_ if issubclass(base, View) else frozenset()


def _singles(fields: Iterable[Field[object, object]]) -> tuple[tuple[str, ...], ...]:
    """The paths of the elements that may stand there once only."""
    several = {field.steps for field in fields if field.repeats}
    starts = (field.steps[:end] for field in fields for end in range(1, len(field.steps) + 1))
    return tuple(dict.fromkeys(steps for steps in starts if steps not in several))


def _may_be_wrong(field: Field[object, object], tags: Collection[object]) -> bool:
    return not field.steps or field.required or field.steps[0] in tags


def _twins(view: View, tags: Collection[object]) -> Iterator[XMLError]:
    node = element(view)
    for steps in view._singles_:
        if steps[0] not in tags:
            continue
        parent = _tree.find(node, steps[:-1])
        for twin in [] if parent is None else list(parent.iterchildren(steps[-1]))[1:]:
            yield _tree.error_at(twin, "the element is there already", expected="only one")


def _readable(found: Iterator[XMLError]) -> Iterator[XMLError]:
    try:
        yield from found
    except XMLError:
        return  # a value that cannot be read: its field has said so
