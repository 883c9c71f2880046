"""From a type to the lines of Python that read or write it.

Fields of fixed size that follow each other are read by one call of `struct`; structs within
structs are read in place.  A reader never allocates for a length that the bytes cannot hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from aiovirt.protocols.xdr.types import Chars, Max, Scalar, Size, Struct

__all__ = ["Custom", "Form", "Source", "form_of", "least_size", "struct_fields"]

WORD = 4


class Custom:
    """A marker that reads and writes its values itself; a protocol may derive its own."""

    __slots__ = ()

    least: int = WORD
    """How many bytes the smallest value takes."""

    def decode(self, data: bytes, pos: int, size: int) -> tuple[Any, int]:
        """Return the value at `pos` of `data` and where the next begins; `size` is its length."""
        raise NotImplementedError

    def encode(self, value: Any, out: bytearray) -> None:  # noqa: ANN401 - whatever it is for
        """Append the value."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Form:
    """A type taken apart: Python's part, its marker, and whether it may be absent."""

    type: Any
    marker: Scalar | Max | Size | Chars | Custom | None
    optional: bool = False


_MARKERS = (Scalar, Max, Size, Chars, Custom)


def form_of(hint: Any) -> Form:  # noqa: ANN401 - type hints have no type of their own
    """Take a field's annotation apart."""
    if get_origin(hint) in {Union, UnionType}:
        (inner,) = (arg for arg in get_args(hint) if arg is not NoneType)
        form = form_of(inner)
        return Form(form.type, form.marker, optional=True)
    if get_origin(hint) is Annotated:
        base, *markers = get_args(hint)
        (marker,) = (m for m in markers if isinstance(m, _MARKERS))
        form = form_of(base)
        return Form(form.type, marker, form.optional)
    return Form(hint, None)


def struct_fields(kind: type[Struct]) -> list[tuple[str, Form]]:
    """The fields of a struct, in the order in which they are sent."""
    hints = get_type_hints(kind, include_extras=True)
    return [(name, form_of(hints[name])) for name in kind.__struct_fields__]


def least_size(form: Form) -> int:
    """How many bytes the smallest value of this form takes."""
    marker = form.marker
    if form.optional or isinstance(marker, Max):
        return WORD
    if isinstance(marker, Scalar):
        return struct.calcsize(f">{marker.format}")
    if isinstance(marker, Size):
        return -(-marker.length // WORD) * WORD
    if isinstance(marker, Chars):
        return marker.length * WORD if marker.fixed else WORD
    if isinstance(marker, Custom):
        return marker.least
    return sum(least_size(inner) for _, inner in struct_fields(form.type))


@dataclass(slots=True)
class Source:
    """Lines of Python being written, and the objects that they name."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    depth: int = 1
    _count: int = 0

    def add(self, *lines: str) -> None:
        """Append lines at the present depth."""
        self.lines += ["    " * self.depth + line for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Append a head, and what is added inside the ``with`` one deeper."""
        self.add(head)
        self.depth += 1
        yield
        self.depth -= 1

    def name(self) -> str:
        """A name for a local variable, used nowhere else."""
        self._count += 1
        return f"v{self._count}"

    def constant(self, value: object) -> str:
        """A name for an object."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name


Fields = Sequence[tuple[str, Form]]
