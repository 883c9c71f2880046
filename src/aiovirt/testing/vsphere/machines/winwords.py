"""How Windows reads command lines: `cmd.exe` its own, and programs of C their arguments.

Written from Microsoft's documentation ("Parsing C command-line arguments", ``cmd /?``) for the
simulated guest, and apart from what writes such lines.  It knows no guest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Command", "arguments_of", "batch_arguments", "commands_of", "expanded"]

_BLANK: Final = " \t"
_DELIMITERS: Final = " \t,;="
_PART: Final = re.compile(r'(?P<slashes>\\*)"|(?P<blank>[ \t]+)|\\+|[^\\" \t]+')
_MARK: Final = re.compile(r"(?P<handle>(?:(?<=[\s,;=])|^)[012])?(?P<mark>>&[12]|>>|>|<)")
_STOP: Final = re.compile(r"&&|\|\||[&|]")


@dataclass(slots=True)
class Command:
    """One command of a line.

    Attributes:
        path: What is run, without quotes.
        rest: All behind it, as the program gets it.
        streams: Where streams lead: ``<``, ``1>``, ``2>>``, ``2>&1`` and the like, and to what.
        after: What stood before it: nothing, ``&``, ``&&``, ``||`` or ``|``.
    """

    path: str = ""
    rest: str = ""
    streams: dict[str, str] = field(default_factory=dict)
    after: str = ""


def expanded(line: str, environment: Mapping[str, str]) -> str:
    """A line with the values of its variables; what is none stays as it is, as at a prompt."""
    known = {name.lower(): value for name, value in environment.items()}
    made, rest = "", line
    while "%" in rest:
        before, _, rest = rest.partition("%")
        name, ends, behind = rest.partition("%")
        if ends and name.lower() in known:
            made, rest = made + before + known[name.lower()], behind
        else:
            made += f"{before}%"
    return made + rest


# --- lines of cmd.exe -----------------------------------------------------------------------------


@dataclass(slots=True)
class _Scan:
    """A line that is read: each character, and whether it means itself."""

    text: str
    plain: list[bool]


def _scanned(line: str) -> _Scan:
    """A line without its carets; what is quoted or stood behind a caret means itself."""
    text, plain, quoted, escaped = "", list[bool](), False, False
    for letter in line:
        if escaped or quoted:
            plain.append(True)
        elif letter == "^":
            escaped = True
            continue
        else:
            plain.append(letter == '"')
        if letter == '"' and not escaped:
            quoted = not quoted
        text, escaped = text + letter, False
    return _Scan(text, plain)


def commands_of(line: str) -> Iterator[Command]:
    """The commands of a line, whose variables have their values already."""
    scan, after = _scanned(line), ""
    # What means itself is hidden, so that expressions find nothing but what does not.
    shown = "".join(
        "x" if own else letter for letter, own in zip(scan.text, scan.plain, strict=True)
    )
    begin = 0
    for stop in _STOP.finditer(shown):
        if shown[: stop.start()].endswith(">"):
            continue  # of ">&1"
        yield _command(scan.text[begin : stop.start()], shown[begin : stop.start()], after)
        after, begin = stop[0], stop.end()
    yield _command(scan.text[begin:], shown[begin:], after)


def _command(text: str, shown: str, after: str) -> Command:
    made, words, begin = Command(after=after), "", 0
    for mark in _MARK.finditer(shown):
        if mark.start() < begin:
            continue
        words += text[begin : mark.start()]
        begin = mark.end()
        name = (mark["handle"] or ("" if mark["mark"] == "<" else "1")) + mark["mark"]
        made.streams[name] = ""
        if "&" not in name:
            begin += len(text[begin:]) - len(text[begin:].lstrip(_BLANK))
            made.streams[name], begin = _word(text, begin)
    words = (words + text[begin:]).lstrip(_DELIMITERS)
    made.path, end = _word(words, 0)
    made.rest = words[end:]
    return made


def _word(text: str, begin: int) -> tuple[str, int]:
    """A word without its quotes, and where it ends."""
    word, quoted = "", False
    for place in range(begin, len(text)):
        letter = text[place]
        if letter == '"':
            quoted = not quoted
        elif letter in _DELIMITERS and not quoted:
            return word, place
        else:
            word += letter
    return word, len(text)


# --- arguments ------------------------------------------------------------------------------------


def arguments_of(rest: str) -> list[str]:
    """The arguments of a program of C.

    Before a quote two backslashes are one, and an odd one makes the quote a letter; elsewhere they
    are themselves.
    """
    words, quoted = list[str](), False
    word: str | None = None
    for part in _PART.finditer(rest):
        if part["slashes"] is not None:
            half, odd = divmod(len(part["slashes"]), 2)
            word = (word or "") + "\\" * half + '"' * odd
            quoted ^= not odd
        elif quoted or part["blank"] is None:
            word = (word or "") + part[0]
        elif word is not None:
            words.append(word)
            word = None
    return words if word is None else [*words, word]


def batch_arguments(rest: str) -> list[str]:
    """The arguments of a batch file, as its ``%~1``, ``%~2`` and so on."""
    words, place = list[str](), 0
    while place < len(rest):
        if rest[place] in _DELIMITERS:
            place += 1
            continue
        begin = place
        _, place = _word(rest, place)
        words.append(rest[begin:place].removeprefix('"').removesuffix('"'))
    return words
