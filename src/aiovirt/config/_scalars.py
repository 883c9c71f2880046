"""Fields that hold one plain value: text, numbers, switches, sizes, UUIDs; and lists of words.

A path says where the value is, seen from the view's element: ``@bus`` is an attribute,
``boot/@order`` an attribute of a child, ``name`` a child's text, ``.`` the element's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from os import PathLike
from typing import TypeAlias, TypeVar
from uuid import UUID

from aiovirt.config import _codecs, _tree
from aiovirt.config._codecs import MAX_UINT32, Codec
from aiovirt.config._forms import ABSOLUTE_PATH, UNICAST_MAC, UUID_FORM, Form
from aiovirt.config._tree import Node
from aiovirt.config._view import Field, View, element, listed
from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import Bytes, unit_factor

__all__ = [
    "Flag",
    "Mac",
    "Number",
    "PathText",
    "Scalar",
    "Size",
    "Switch",
    "Text",
    "Uuid",
    "Words",
    "file_path",
    "flag",
    "mac",
    "number",
    "on_off",
    "size",
    "switch",
    "text",
    "uuid",
    "words",
    "yes_no",
]

Got = TypeVar("Got")
Given = TypeVar("Given")

Text: TypeAlias = Field[str | None, str | None]
PathText: TypeAlias = Field[str | None, str | PathLike[str] | None]
Number: TypeAlias = Field[int | None, int | None]
Switch: TypeAlias = Field[bool | None, bool | None]
Flag: TypeAlias = Field[bool, bool | None]
Size: TypeAlias = Field[Bytes | None, Bytes | str | None]
Uuid: TypeAlias = Field[UUID | None, UUID | str | None]
Mac: TypeAlias = Field[MacAddress | None, MacAddress | str | None]
Words: TypeAlias = Field[tuple[str, ...], Iterable[str] | None]


class Scalar(Field[Got | None, Given | None]):
    """A value in one attribute or one element's text.

    Args:
        path: Where it is.
        codec: How it is read and written.
        known: The words that are allowed, or none when any value is.
        form: What the text must look like, or None.
        required: Whether the element that would carry it is wrong without it, when that is there.
        secret: Whether it is a password.
    """

    def __init__(
        self,
        path: str,
        codec: Codec[Got, Given],
        *,
        known: Sequence[str] = (),
        form: Form | None = None,
        required: bool = False,
        secret: bool = False,
    ) -> None:
        super().__init__(path)
        self.codec = codec
        self.known = tuple(known)
        self.form = form
        self.required = required
        self.secret = secret

    def raw(self, view: View) -> str | None:
        """The text in the tree, or None when there is none."""
        node = view._find_()
        for tag in self.steps:  # as `_tree.find`, without the call: nothing is done more often
            if node is None:
                return None
            node = next(node.iterchildren(tag), None)
        if node is None:
            return None
        if self.attribute is not None:
            return node.get(self.attribute)
        # an element that is there for its attributes says nothing by an empty text
        return _tree.text_of(node) or (None if not self.steps else "")

    def read(self, view: View) -> Got | None:
        """The value in the tree, or None when there is none.

        Raises:
            XMLError: The text in the tree is no such value.
        """
        raw = self.raw(view)
        if raw is None:
            return None
        try:
            return self.decode(raw)
        except (ValueError, ConfigError) as error:
            raise self.wrong(view, raw, error) from error

    def write(self, view: View, value: Given | None) -> None:
        """Write the value; None takes it out.

        Raises:
            XMLError: The value is not allowed; the tree is unchanged.
        """
        if value is None:
            self.clear(view)
            return
        try:
            self.put(view, self.encode(value))
        except (ValueError, TypeError, ConfigError) as error:
            raise self.wrong(view, value, error) from error

    def decode(self, raw: str) -> Got:
        """The value that `raw` stands for; unknown words pass, a newer libvirt may know them."""
        return self.codec.read(raw)

    def encode(self, value: Given) -> str:
        """The text for `value`, checked against the known words and the form."""
        raw = self.codec.write(value)
        if not self.allows(raw):
            raise ValueError
        return raw

    def allows(self, raw: str) -> bool:
        """Whether the text is one of the known words and has the form."""
        known = not self.known or raw in self.known
        return known and (self.form is None or self.form.accepts(raw))

    def is_set(self, view: View) -> bool:
        """Whether the tree has a text here."""
        return self.raw(view) is not None

    def put(self, view: View, raw: str) -> None:
        """Write the text.

        Raises:
            ValueError: It has characters that XML cannot carry.
        """
        _tree.check_text(raw)
        node = self.locate(view)
        if self.attribute is None:
            _tree.set_text(node, raw)
        else:
            node.set(self.attribute, raw)

    def wrong(self, view: View, value: object, cause: Exception | None = None) -> XMLError:
        """The error for a value that is not allowed here."""
        close = get_close_matches(str(value), self.known, n=1) if self.known else []
        shown = "the value" if self.secret else repr(value)
        detail = f": {cause}" if cause and not self.secret and str(cause) else ""
        return self.error(
            view,
            f"{self.label} cannot be {shown}{detail}",
            expected=self.expected,
            hint=f"Did you mean {close[0]!r}?" if close else getattr(cause, "hint", None),
        )

    @property
    def expected(self) -> str:
        """What a right value is, in words."""
        if self.known:
            return f"one of {', '.join(repr(word) for word in self.known)}"
        return self.codec.expected if self.form is None else self.form.expected

    @property
    def label(self) -> str:
        """The field in words, for messages."""
        if self.attribute is None and not self.steps:
            return f"{self.name} (the element's text)"
        if self.attribute is None or self.attribute == self.name:
            return self.name
        return f"{self.name} (attribute {self.attribute})"

    def problems(self, view: View) -> Iterator[XMLError]:
        """What is wrong: missing, not readable, or a word that is not known."""
        raw = self.raw(view)
        if raw is None:
            if self.required and self._carried(view):
                yield self.error(view, f"{self.label} is missing", expected=self.expected)
            return
        try:
            self.read(view)
        except XMLError as error:
            yield error
        else:
            if not self.allows(raw):
                yield self.wrong(view, raw)

    def _carried(self, view: View) -> bool:
        """Whether that is there in which the attribute, or the element, must be."""
        steps = self.steps if self.attribute is not None else self.steps[:-1]
        return _tree.find(element(view), steps) is not None


class SizeScalar(Scalar[Bytes, Bytes | str]):
    """An amount with its unit beside it, ``<memory unit="MiB">512</memory>``.

    It is written in the unit `written`, rounded up, which is what libvirt does; where no unit
    stands beside it, it is in `unit`.  A bare int is
    refused: nobody can see whether it counts bytes or KiB.
    """

    def __init__(
        self,
        path: str,
        *,
        unit: str = "KiB",
        unit_attribute: str | None = "unit",
        repeats: bool = False,
        required: bool = False,
        most: int = _codecs.MAX_SIZE,
        written: str | None = None,
    ) -> None:
        super().__init__(path, _codecs.size_up_to(most), required=required)
        self.unit = unit
        self.written = written or unit
        self.unit_attribute = unit_attribute
        self.repeats = repeats

    def decode(self, raw: str) -> Bytes:
        """The amount of ``512 MiB``."""
        count, _, unit = raw.rpartition(" ")
        return self.codec.read(f"{_codecs.whole(count)} {unit}")

    def raw(self, view: View) -> str | None:
        """The number and its unit, libvirt's default one when none is written."""
        count = super().raw(view)
        node = _tree.find(element(view), self.steps)
        if count is None or node is None:
            return None
        unit = node.get(self.unit_attribute) if self.unit_attribute else None
        return f"{count} {unit or self.unit}"

    def encode(self, value: Bytes | str) -> str:
        """The number of units, rounded up."""
        amount = self.codec.read(value) if isinstance(value, str) else value
        if not isinstance(amount, Bytes):
            raise TypeError("the number has no unit")
        factor = unit_factor(self.written)
        count = int(amount.round_up(factor)) // factor
        self.decode(f"{count} {self.written}")  # what is written can be read
        return str(count)

    def put(self, view: View, raw: str) -> None:
        """Write the number and its unit."""
        super().put(view, raw)
        if self.unit_attribute is not None:
            self.locate(view).set(self.unit_attribute, self.written)

    def clear(self, view: View) -> None:
        """Take the number and its unit out."""
        for node in _tree.find_all(element(view), self.steps):
            if self.unit_attribute is not None:
                _tree.drop_attribute(node, self.unit_attribute)
        super().clear(view)


class Presence(Field[bool, bool | None]):
    """An empty element whose being there says yes: ``<readonly/>``."""

    keeps_empty = True

    def read(self, view: View) -> bool:
        """Whether the element is there."""
        return _tree.find(element(view), self.steps) is not None

    def write(self, view: View, value: bool | None) -> None:  # noqa: FBT001 - it is the value
        """Create the element or remove it.

        Raises:
            XMLError: The value is neither True nor False nor None.
        """
        if value is not None and not isinstance(value, bool):
            raise self.error(view, f"{self.name} cannot be {value!r}", expected="True or False")
        if value:
            self.locate(view)
        else:
            self.clear(view)

    def describe(self, view: View) -> str | None:
        """Shown when it is set."""
        return f"{self.name}=True" if self.read(view) else None


class SwitchElement(Scalar[bool, bool]):
    """An element with ``state="on"`` or ``"off"``; without a state it says on."""

    def __init__(self, path: str, *, required: bool = False) -> None:
        super().__init__(f"{path}/@state", _codecs.ON_OFF, required=required)

    def raw(self, view: View) -> str | None:
        """The state, ``on`` for an element without one, None without an element."""
        node = _tree.find(element(view), self.steps)
        return None if node is None else node.get("state", "on")

    def problems(self, view: View) -> Iterator[XMLError]:
        """What is wrong with the state, and that one is missing where there must be one."""
        node = _tree.find(element(view), self.steps)
        if self.required and node is not None and node.get("state") is None:
            yield self.error(view, f"{self.label} is missing", expected=self.expected)
        yield from super().problems(view)


class WordList(Field[tuple[str, ...], Iterable[str] | None]):
    """One word in each of several like elements: ``<boot dev="cdrom"/><boot dev="hd"/>``."""

    repeats = True

    def __init__(self, path: str, *, known: Sequence[str] = (), form: Form | None = None) -> None:
        super().__init__(path)
        # one word is checked as a scalar of the single element would be
        self.one: Scalar[str, str] = Scalar(
            f"@{self.attribute}" if self.attribute else ".",
            _codecs.TEXT,
            known=known,
            form=form,
            required=True,
        )

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self.one.name = name

    def _nodes(self, view: View) -> list[Node]:
        parent = _tree.find(element(view), self.steps[:-1])
        return [] if parent is None else list(parent.iterchildren(self.steps[-1]))

    def read(self, view: View) -> tuple[str, ...]:
        """The words in their order; elements that lack one are left out."""
        views = (View._wrap_(node) for node in self._nodes(view))
        return tuple(word for each in views if (word := self.one.read(each)) is not None)

    def write(self, view: View, value: Iterable[str] | None) -> None:
        """Make these the words, in this order.

        Raises:
            XMLError: A word is not known; the tree is unchanged.
        """
        given = listed(self, view, value)
        for word in given:
            try:
                _tree.check_text(self.one.encode(word))
            except (ValueError, TypeError) as error:
                raise self.one.wrong(view, word, error) from error
        nodes = self._nodes(view)
        for node in nodes[len(given) :]:
            _tree.remove(node)
        self.tidy(view)
        while len(nodes) < len(given):
            nodes.append(self.add(view))
        for node, word in zip(nodes, given, strict=False):
            self.one.write(View._wrap_(node), word)

    def add(self, view: View) -> Node:
        """Add one more element, still without its word."""
        node = _tree.new_element(self.steps[-1])
        self.place(view, node)
        return node

    def problems(self, view: View) -> Iterator[XMLError]:
        """The words that are not known."""
        for node in self._nodes(view):
            yield from self.one.problems(View._wrap_(node))

    def describe(self, view: View) -> str | None:
        """Shown when there is a word."""
        found = self.read(view)
        return f"{self.name}={list(found)!r}" if found else None


def text(
    path: str,
    *,
    known: Sequence[str] = (),
    form: Form | None = None,
    required: bool = False,
    secret: bool = False,
) -> Text:
    """Text; words and form are checked when it is set and by `problems`, not when it is read."""
    return Scalar(path, _codecs.TEXT, known=known, form=form, required=required, secret=secret)


def file_path(path: str, *, form: Form = ABSOLUTE_PATH, required: bool = False) -> PathText:
    """A path of the host; one that is set and is not of the form is taken from here."""
    return Scalar(path, _codecs.path_of(form), form=form, required=required)


def number(path: str, *, low: int = 0, high: int = MAX_UINT32, required: bool = False) -> Number:
    """A whole number; libvirt's are 32 bits wide unless said otherwise."""
    return Scalar(path, _codecs.decimal(low, high), required=required)


def yes_no(path: str, *, required: bool = False) -> Switch:
    """A bool written as ``yes`` or ``no``; None when nothing is said."""
    return Scalar(path, _codecs.YES_NO, required=required)


def on_off(path: str, *, required: bool = False) -> Switch:
    """A bool written as ``on`` or ``off``; None when nothing is said."""
    return Scalar(path, _codecs.ON_OFF, required=required)


def switch(path: str, *, required: bool = False) -> Switch:
    """An element with a state: on, off, or not there (None)."""
    return SwitchElement(path, required=required)


def flag(path: str) -> Flag:
    """An element that says yes by being there."""
    return Presence(path)


def size(
    path: str,
    *,
    unit: str = "KiB",
    unit_attribute: str | None = "unit",
    repeats: bool = False,
    required: bool = False,
    most: int = _codecs.MAX_SIZE,
    written: str | None = None,
) -> Size:
    """An amount of memory or storage; of several elements the first counts.

    It is written in the unit `written`, by default `unit`, which is meant where none is said.
    """
    return SizeScalar(
        path,
        unit=unit,
        unit_attribute=unit_attribute,
        repeats=repeats,
        required=required,
        most=most,
        written=written,
    )


def uuid(path: str, *, required: bool = False) -> Uuid:
    """A UUID."""
    return Scalar(path, _codecs.UUID_TEXT, form=UUID_FORM, required=required)


def mac(path: str, *, form: Form = UNICAST_MAC, required: bool = True) -> Mac:
    """A MAC address; by its usual form of one card, not of a group."""
    return Scalar(path, _codecs.MAC, form=form, required=required)


def words(path: str, *, known: Sequence[str] = (), form: Form | None = None) -> Words:
    """A list of words, one in each of several like elements."""
    return WordList(path, known=known, form=form)
