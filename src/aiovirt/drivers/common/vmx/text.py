"""`Vmx`: the text of a ``.vmx`` file, read, changed and written with all that nobody asked about.

A file is a list of lines ``key = "value"`` between comments.  Keys are looked up without regard to
case, as VMware does; of a key that stands twice the first counts.  Lines that are not changed stay
as they are, to the byte.  What the keys mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn, Self

from aiovirt.drivers.common.vmx.escapes import escape, unescape
from aiovirt.errors import ConfigError

__all__ = ["MAX_VMX_BYTES", "Vmx"]

MAX_VMX_BYTES = 10 * 1024 * 1024
"""The longest file that is read: libvirt's limit of a configuration file (virconf.c)."""

ENCODING = ".encoding"
_DEFAULT = "utf-8"
_BOM = "\ufeff"

_ASSIGNMENT = re.compile(
    r"""[ \t]*(?P<key>[A-Za-z.][^\s=\#"']*)[ \t]*=[ \t]*
    (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>[^\s"'\#]+) )
    [ \t]*(?:\#.*)?""",
    re.VERBOSE,
)
_NOTHING = re.compile(r"[ \t\f\v]*(?:#.*)?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_DECLARED = re.compile(rb"""(?mi)^[ \t]*\.encoding[ \t]*=[ \t]*["']?([A-Za-z0-9_.:\-]{1,40})""")
_ENCODINGS = re.compile(
    r"utf-?8|(us-?)?ascii|(windows|cp|ibm)-?\d{3,5}|iso-?8859-?\d{1,2}|latin-?1|koi8-[rtu]"
    r"|gbk|gb-?2312|gb-?18030|big-?5(-?hkscs)?|shift[-_]?jis|euc[-_]?(jp|kr)|mac-?\w{5,10}",
    re.IGNORECASE,
)
"""What VMware's programs write here: the code pages of the systems that they run on."""


@dataclass(slots=True)
class _Line:
    """A line with its end; the key and the value, still escaped, where it has them."""

    raw: str
    key: str | None = None
    value: str = ""


class Vmx:
    """A ``.vmx`` file: a mapping of keys to texts that keeps everything else.

    Iterating gives the keys as they are written, each once.
    """

    def __init__(self, lines: Iterable[_Line] = (), end: str = "\n") -> None:
        self._lines: list[_Line] = []
        self._places: dict[str, int] = {}
        self._end = end
        for line in lines:
            self._add(line)

    @classmethod
    def parse(cls, data: str | bytes) -> Self:
        """Read a file; bytes are in the encoding that their ``.encoding`` says, else in UTF-8.

        Text that holds bytes, by Python's ``surrogateescape``, is read as those bytes.

        Raises:
            ConfigError: It is no such file: the message says which line.
        """
        if len(data) > MAX_VMX_BYTES:
            raise ConfigError(f"the file is longer than {MAX_VMX_BYTES} bytes")
        text = _text_of(data)
        lines = _LINE.finditer(text.removeprefix(_BOM))
        end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
        return cls((_read(found[0], number) for number, found in enumerate(lines, 1)), end)

    def copy(self) -> Self:
        """An independent copy."""
        return type(self)((replace(line) for line in self._lines), self._end)

    def _add(self, line: _Line) -> None:
        if line.key is not None:
            self._places.setdefault(line.key.lower(), len(self._lines))
        self._lines.append(line)

    def __contains__(self, key: str) -> bool:
        return key.lower() in self._places

    def __iter__(self) -> Iterator[str]:
        """The keys as they are written; the file may change meanwhile."""
        return iter([self._lines[place].key or "" for place in self._places.values()])

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        """Whether the same keys have the same values, whatever stands between them."""
        if not isinstance(other, Vmx):
            return NotImplemented
        return self._values() == other._values()

    __hash__ = None  # type: ignore[assignment] # what it says may change

    def _values(self) -> dict[str, str]:
        return {key: self._lines[place].value for key, place in self._places.items()}

    def get(self, key: str) -> str | None:
        """The text of a key, None where it is not there.

        Raises:
            ConfigError: The text has an escape in it that means nothing.
        """
        place = self._places.get(key.lower())
        if place is None:
            return None
        try:
            return unescape(self._lines[place].value)
        except ValueError as error:
            self.refuse(key, f"the value cannot be read: {error}", cause=error)

    def set(self, key: str, text: str) -> None:
        """Give a key its text, at its old place or, when it is new, at the end."""
        value = escape(text)
        line = _Line(f'{key} = "{value}"{self._end}', key, value)
        place = self._places.get(key.lower())
        if place is None:
            self._end_last()
            self._add(line)
            return
        old = self._lines[place]
        line.key = old.key
        line.raw = f'{old.key} = "{value}"{self._end}'
        self._lines[place] = line

    def _end_last(self) -> None:
        if self._lines and not self._lines[-1].raw.endswith("\n"):
            self._lines[-1].raw += self._end

    def discard(self, key: str) -> None:
        """Take a key out, however often it stands there; one that is not there is no error."""
        if key in self:
            lower = key.lower()
            lines = [each for each in self._lines if (each.key or "").lower() != lower]
            self._lines, self._places = [], {}
            for line in lines:
                self._add(line)

    def refuse(
        self, key: str, message: str, *, hint: str | None = None, cause: Exception | None = None
    ) -> NoReturn:
        """Say what is wrong with a key, and where it stands.

        Raises:
            ConfigError: Always.
        """
        place = self._places.get(key.lower())
        if place is None:
            raise ConfigError(f"{key}: {message}", field=key, hint=hint) from cause
        written = self._lines[place].key
        message = f"line {place + 1}, {written}: {message}"
        raise ConfigError(message, field=written, hint=hint) from cause

    def to_text(self) -> str:
        """The file as text."""
        return "".join(line.raw for line in self._lines)

    def to_bytes(self) -> bytes:
        """The file in its encoding; in UTF-8, which it then says, when that cannot carry all."""
        place = self._places.get(ENCODING)
        name = _DEFAULT if place is None else self._lines[place].value
        try:
            return self.to_text().encode(name)
        except (UnicodeError, LookupError):
            twin = self.copy()
            twin.set(ENCODING, "UTF-8")
            return twin.to_text().encode(_DEFAULT)


def _read(raw: str, number: int) -> _Line:
    line = raw.removesuffix("\n").removesuffix("\r")
    found = _ASSIGNMENT.fullmatch(line)
    if found is not None:
        return _Line(raw, found["key"], found[found.lastgroup or "bare"])
    if _NOTHING.fullmatch(line) is not None:
        return _Line(raw)
    raise ConfigError(
        f"line {number}: {line.strip()[:80]!r} is no setting",
        field=f"line {number}",
        hint='Write it as: key = "value", all on one line, with |22 for a quote in the value.',
    )


def _text_of(data: str | bytes) -> str:
    if isinstance(data, bytes):
        return _decode(data)
    try:
        raw = data.encode(_DEFAULT, "surrogateescape")
    except UnicodeEncodeError as error:
        raise ConfigError("the file has characters that no encoding has") from error
    return data if raw == data.encode(_DEFAULT, "replace") else _decode(raw)


def _decode(data: bytes) -> str:
    found = _DECLARED.search(data)
    name = _DEFAULT if found is None else found[1].decode("ascii")
    try:
        return data.decode(name if _ENCODINGS.fullmatch(name) else "no encoding")
    except LookupError as error:
        number = _line_at(data, 0 if found is None else found.start())
        message = f"line {number}, {ENCODING}: the encoding {name!r} is not known"
        raise ConfigError(message, field=ENCODING) from error
    except UnicodeDecodeError as error:
        number = _line_at(data, error.start)
        raise ConfigError(
            f"line {number}: this is not in the encoding {name}",
            field=f"line {number}",
            hint='Say in the first line how the file is encoded: .encoding = "windows-1252".',
        ) from error


def _line_at(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
