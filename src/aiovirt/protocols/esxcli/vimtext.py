"""The text in which ``vim-cmd`` prints objects of the vSphere API.

    (vim.vm.GuestInfo) {
       toolsStatus = "toolsOk",
       net = (vim.vm.GuestInfo.NicInfo) [
          (vim.vm.GuestInfo.NicInfo) { … }
       ],
       guestId = <unset>
    }

One value stands on a line; indentation means nothing, and is now and then wrong.  Texts are not
escaped: a quotation mark or a line break in one stands there as it is.  So a text ends at the
first quotation mark that ends its line and is followed by a line that can only be the next value
or the end of what the text is in.  Where a text itself looks like that, nobody can tell; of fields
of one name the first counts, so that texts behind it change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from aiovirt.errors import ProtocolError

__all__ = ["VimObject", "VimReference", "VimValue", "find_vim", "parse_vim"]

MAX_DEPTH = 64
"""How many objects and lists may be in each other."""

_FIELD = re.compile(r"\s*(\w+) = (.*)", re.DOTALL)
_TYPED = re.compile(r"\(([\w.]+)\) ?(null|\{\}|\[\]|\{|\[)")
_REFERENCE = re.compile(r"'([\w.]+):([^']*)'")
_NUMBER = re.compile(r"-?[0-9]+")
_IN_OBJECT = re.compile(r"\s*(?:\w+ = .*|\},?\s*)", re.DOTALL)
_IN_LIST = re.compile(r"\s*(?:[\"'(<\w-].*|\],?\s*)", re.DOTALL)
_CLOSING = re.compile(r"\s*[\]}],?\s*")


@dataclass(frozen=True, slots=True)
class VimReference:
    """A managed object: its kind, such as ``vim.VirtualMachine``, and its name on the host."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class VimObject:
    """A data object: its type, such as ``vim.vm.GuestInfo``, and its fields in their order."""

    kind: str
    fields: tuple[tuple[str, VimValue], ...]

    def get(self, path: str) -> VimValue:
        """What is at a path, such as ``runtime.powerState``; None where there is nothing."""
        found: VimValue = self
        for name in path.split("."):
            if not isinstance(found, VimObject):
                return None
            found = next((value for key, value in found.fields if key == name), None)
        return found

    def text(self, path: str) -> str | None:
        """The text at a path, or None."""
        found = self.get(path)
        return found if isinstance(found, str) else None

    def number(self, path: str) -> int | None:
        """The number at a path, or None."""
        found = self.get(path)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def reference(self, path: str) -> VimReference | None:
        """The reference at a path, or None."""
        found = self.get(path)
        return found if isinstance(found, VimReference) else None

    def items(self, path: str) -> tuple[VimValue, ...]:
        """The list at a path; empty where there is none."""
        found = self.get(path)
        return found if isinstance(found, tuple) else ()

    def objects(self, path: str) -> list[VimObject]:
        """The objects in the list at a path."""
        return [each for each in self.items(path) if isinstance(each, VimObject)]


VimValue: TypeAlias = (
    "VimObject | VimReference | tuple[VimValue, ...] | str | int | float | bool | None"
)
"""A value; what is not set is None, and a list is a tuple."""


def parse_vim(text: str) -> VimValue:
    """Read what ``vim-cmd`` printed; what stands before the first object or list is left out.

    Raises:
        ProtocolError: There is no object or list, or it is not written as above.
    """
    found = find_vim(text)
    if not found:
        raise ProtocolError(f"vim-cmd printed no object: {_shown(text)}")
    return found[0]


def find_vim(text: str) -> tuple[VimValue, ...]:
    """Read all objects and lists that stand in a text, one behind the other.

    Raises:
        ProtocolError: One of them is not written as it should be.
    """
    lines = _Lines(text)
    found: list[VimValue] = []
    while (line := lines.next()) is not None:
        if _TYPED.match(line):
            found.append(_read(lines, line))
    return tuple(found)


def _shown(text: str) -> str:
    """The beginning of a text, for messages."""
    return repr(text[:80])


class _Lines:
    """Lines, one after the other."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._at = 0

    def next(self) -> str | None:
        """The next line, or None at the end."""
        line = self.peek()
        self._at += 1
        return line

    def peek(self) -> str | None:
        """The next line, which stays the next."""
        return self._lines[self._at].rstrip("\r") if self._at < len(self._lines) else None


@dataclass(slots=True)
class _Open:
    """An object or a list that is not closed yet; a list has no names."""

    kind: str
    closing: str
    names: list[str]
    values: list[VimValue]

    @property
    def is_object(self) -> bool:
        return self.closing == "}"

    def is_closed_by(self, line: str) -> bool:
        return line.strip().removesuffix(",").rstrip() == self.closing

    def close(self) -> VimValue:
        if self.is_object:
            return VimObject(self.kind, tuple(zip(self.names, self.values, strict=True)))
        return tuple(self.values)


def _read(lines: _Lines, first: str) -> VimValue:
    """The value whose first line was taken."""
    value = _begin(first.strip())
    if not isinstance(value, _Open):
        return value
    stack = [value]
    closed: VimValue = None
    while stack:
        line = lines.next()
        if line is None:
            raise ProtocolError(f"vim-cmd stopped amid a {stack[-1].kind}")
        if not stack[-1].is_closed_by(line):
            _take(stack, line, lines)
            continue
        closed = stack.pop().close()
        if stack:
            stack[-1].values.append(closed)
    return closed


def _take(stack: list[_Open], line: str, lines: _Lines) -> None:
    """Read one line into what is open."""
    top = stack[-1]
    text = line.lstrip()
    if not text:
        return
    if top.is_object:
        text = _name(top, line)
    value = _string(text, lines, top) if text.startswith('"') else _begin(text)
    if isinstance(value, _Open):
        _push(stack, value)
    else:
        top.values.append(value)


def _push(stack: list[_Open], value: _Open) -> None:
    if len(stack) == MAX_DEPTH:
        raise ProtocolError(f"vim-cmd printed more than {MAX_DEPTH} objects in each other")
    stack.append(value)


def _name(top: _Open, line: str) -> str:
    """Take a field's name; what follows it."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise ProtocolError(f"vim-cmd printed {_shown(line.strip())} in a {top.kind}")
    top.names.append(match[1])
    return match[2].lstrip()


def _begin(text: str) -> VimValue | _Open:
    """A value that begins and perhaps ends on a line, and is no text."""
    text = text.rstrip().removesuffix(",").rstrip()
    typed = _TYPED.fullmatch(text)
    if typed is None:
        return _plain(text)
    kind, mark = typed.groups()
    if mark == "null":
        return None
    if mark in _EMPTY:
        return _Open(kind, _EMPTY[mark], [], []).close()
    return _Open(kind, {"{": "}", "[": "]"}[mark], [], [])


_EMPTY = {"{}": "}", "[]": "]"}
_WORDS: dict[str, VimValue] = {"<unset>": None, "null": None, "true": True, "false": False}


def _plain(text: str) -> VimValue:
    """A number, a reference, or a word."""
    if text in _WORDS:
        return _WORDS[text]
    reference = _REFERENCE.fullmatch(text)
    if reference is not None:
        return VimReference(reference[1], reference[2])
    if _NUMBER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _string(text: str, lines: _Lines, top: _Open) -> str:
    """A text, which may go on for lines."""
    follows = _IN_OBJECT if top.is_object else _IN_LIST
    parts = [text[1:]]
    for end in _ends(parts, lines):
        following = lines.peek()
        fits = _CLOSING if end == '"' else follows
        if following is not None and fits.fullmatch(following):
            return "\n".join(parts)
    raise ProtocolError(f"vim-cmd printed a text without an end in a {top.kind}")


def _ends(parts: list[str], lines: _Lines) -> Iterator[str]:
    """Let the last part end where it can: yields how; goes on with the next line otherwise."""
    while True:
        whole = parts[-1]
        bare = whole.rstrip(" ")
        for end in ('",', '"'):
            if bare.endswith(end):
                parts[-1] = bare.removesuffix(end)
                yield end
                parts[-1] = whole
                break
        line = lines.next()
        if line is None:
            return
        parts.append(line)
