"""What must hold between the fields of a view, as rows: each class is one kind of rule.

A view names its laws in ``_laws_``; `aiovirt.config.problems` holds them against the tree.  Fields
are named as in Python, those of a part with a dot: ``source.network``.  Most laws ask for the
word of another field, ``type`` unless said otherwise; of a word that is not known they say
nothing, since a newer libvirt may know it.  No element is known here by name.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass

from aiovirt.config._forms import Form
from aiovirt.config._scalars import Scalar
from aiovirt.config._view import Field, Law, View
from aiovirt.errors import XMLError

__all__ = [
    "Always",
    "Apart",
    "Fits",
    "Needed",
    "Never",
    "OneOf",
    "Only",
    "Single",
    "SomeOf",
    "With",
]

AnyField = Field[object, object]


def _at(view: View, path: str) -> tuple[View, AnyField]:
    if "." not in path:
        return view, type(view)._fields_[path]
    *parts, last = path.split(".")
    for part in parts:
        view = getattr(view, part)
    return view, type(view)._fields_[last]


def _is_set(view: View, path: str) -> bool:
    part, field = _at(view, path)
    return field.is_set(part)


def _raw(view: View, path: str) -> str | None:
    part, field = _at(view, path)
    return field.raw(part) if isinstance(field, Scalar) else None


def _some(words: Sequence[str]) -> str:
    return " or ".join(repr(word) for word in words)


def _missing(view: View, path: str, why: str) -> XMLError:
    part, field = _at(view, path)
    return field.error(part, f"{field.label} is missing{why}", expected=field.expected)


@dataclass(frozen=True, slots=True)
class _ForWords(Law):
    """A law for some words of another field.

    Attributes:
        words: The words.
        fields: What it is about.
        by: The other field.
        default: What that says when it is not there.
    """

    words: tuple[str, ...]
    fields: tuple[str, ...]
    by: str = "type"
    default: str | None = None

    def broken(self, view: View) -> Iterator[XMLError]:
        """What is wrong, unless the word is not known."""
        part, field = _at(view, self.by)
        said, known = (field.raw(part), field.known) if isinstance(field, Scalar) else (None, ())
        word = said or self.default
        if word is not None and (word in known or not known):
            yield from self._broken(view, word)

    @abstractmethod
    def _broken(self, view: View, word: str) -> Iterator[XMLError]: ...


@dataclass(frozen=True, slots=True)
class Only(_ForWords):
    """The fields are for these words only."""

    def _broken(self, view: View, word: str) -> Iterator[XMLError]:
        if word in self.words:
            return
        for path in self.fields:
            if _is_set(view, path):
                part, field = _at(view, path)
                yield field.error(
                    part,
                    f"{field.label} means nothing where {self.by} is {word!r}",
                    expected=f"{self.by} {_some(self.words)} with it",
                )


@dataclass(frozen=True, slots=True)
class Needed(_ForWords):
    """With these words the fields are needed.

    Attributes:
        beside: The field beside which they are, or None where they are needed in any case.
    """

    beside: str | None = None

    def _broken(self, view: View, word: str) -> Iterator[XMLError]:
        if word not in self.words or (self.beside and not _is_set(view, self.beside)):
            return
        for path in self.fields:
            if not _is_set(view, path):
                yield _missing(view, path, f", which {self.by} {word!r} needs")


@dataclass(frozen=True, slots=True)
class Fits(_ForWords):
    """With these words the fields have a form of their own."""

    form: Form = Form(lambda _: True, "")  # noqa: RUF009 - it is frozen

    def _broken(self, view: View, word: str) -> Iterator[XMLError]:
        for path in self.fields if word in self.words else ():
            raw = _raw(view, path)
            if raw is not None and not self.form.accepts(raw):
                part, field = _at(view, path)
                yield field.error(
                    part,
                    f"{field.label} cannot be {raw!r} where {self.by} is {word!r}",
                    expected=self.form.expected,
                )


@dataclass(frozen=True, slots=True)
class Single(_ForWords):
    """With these words the lists hold one element at most."""

    def _broken(self, view: View, word: str) -> Iterator[XMLError]:
        for path in self.fields if word in self.words else ():
            part, field = _at(view, path)
            found = field.read(part)
            if isinstance(found, Sized) and len(found) > 1:
                yield field.error(
                    part, f"{len(found)} {field.label} where {self.by} is {word!r}", expected="one"
                )


@dataclass(frozen=True, slots=True)
class Apart(Law):
    """None of the one fields stands beside any of the others."""

    one: tuple[str, ...]
    others: tuple[str, ...]

    def broken(self, view: View) -> Iterator[XMLError]:
        """One problem for each of the others that is there."""
        first = next((path for path in self.one if _is_set(view, path)), None)
        if first is None:
            return
        for path in self.others:
            if _is_set(view, path):
                part, field = _at(view, path)
                yield field.error(
                    part, f"{field.label} stands beside {first}", expected="one of the two"
                )


@dataclass(frozen=True, slots=True)
class With(Law):
    """The fields say nothing without another one."""

    fields: tuple[str, ...]
    need: str

    def broken(self, view: View) -> Iterator[XMLError]:
        """One problem when the other one is missing."""
        given = next((path for path in self.fields if _is_set(view, path)), None)
        if given is not None and not _is_set(view, self.need):
            yield _missing(view, self.need, f", which {given} needs")


@dataclass(frozen=True, slots=True)
class Never(Law):
    """The fields are another element's, which is seen through the same class."""

    fields: tuple[str, ...]

    def broken(self, view: View) -> Iterator[XMLError]:
        """One problem for each that is there."""
        for path in self.fields:
            if _is_set(view, path):
                part, field = _at(view, path)
                yield field.error(part, f"{field.label} means nothing here", expected="none")


@dataclass(frozen=True, slots=True)
class Always(Law):
    """The element is not without these fields."""

    fields: tuple[str, ...]

    def broken(self, view: View) -> Iterator[XMLError]:
        """One problem for each that is missing."""
        yield from (_missing(view, path, "") for path in self.fields if not _is_set(view, path))


@dataclass(frozen=True, slots=True)
class SomeOf(Law):
    """The element has one of these fields at least."""

    fields: tuple[str, ...]

    def broken(self, view: View) -> Iterator[XMLError]:
        """A problem when it has none."""
        if not any(_is_set(view, path) for path in self.fields):
            yield _missing(view, self.fields[0], "")


def OneOf(*words: str) -> Form:  # noqa: N802 - reads as the laws do
    """The form of a field that has one of these words."""
    return Form(lambda raw: raw in words, f"one of {', '.join(map(repr, words))}")
