"""libvirt's words for logging, as its configuration files and virt-admin have them.

``LEVEL:NAME`` is a filter: records of parts whose name has NAME in it are logged from LEVEL on;
the first that fits counts.  ``LEVEL:KIND`` or ``LEVEL:KIND:WHERE`` is an output.  Levels are 1 to
4: debug, info, warning, error.  Source: libvirt's page on logging.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiovirt.errors import ConfigError

__all__ = ["LEVELS", "Filter", "Output", "read_filters", "read_outputs", "words_of"]

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)

KINDS = {"stderr": False, "journald": False, "syslog": True, "file": True}
"""The kinds of outputs, and whether they take a place: a name or a path."""

MOST = 64
"""How many filters, and how many outputs, there may be."""


@dataclass(frozen=True, slots=True)
class Filter:
    """From which level on records of some parts are logged."""

    level: int
    name: str

    def __str__(self) -> str:
        return f"{LEVELS.index(self.level) + 1}:{self.name}"


@dataclass(frozen=True, slots=True)
class Output:
    """Where records of a level and above go."""

    level: int
    kind: str
    where: str = ""

    def __str__(self) -> str:
        start = f"{LEVELS.index(self.level) + 1}:{self.kind}"
        return f"{start}:{self.where}" if self.where else start


def read_filters(text: str) -> tuple[Filter, ...]:
    """Read filters, separated by blanks.

    Raises:
        ConfigError: One of them is none.
    """
    return tuple(_filter(word) for word in _words(text, "log filters"))


def read_outputs(text: str) -> tuple[Output, ...]:
    """Read outputs, separated by blanks.

    Raises:
        ConfigError: One of them is none.
    """
    return tuple(_output(word) for word in _words(text, "log outputs"))


def words_of(parts: Sequence[Filter | Output]) -> str:
    """Write filters or outputs as they are read."""
    return " ".join(map(str, parts))


def _words(text: str, what: str) -> list[str]:
    words = text.split()
    if len(words) > MOST:
        raise ConfigError(f"there are {len(words)} {what}, and {MOST} at most", field=what)
    return words


def _filter(word: str) -> Filter:
    level, _, name = word.partition(":")
    name = name.removeprefix("+")  # libvirt once wrote where a record was made with such a sign
    if not name:
        raise ConfigError(
            f"{word!r} is no log filter", field="filters", hint="such as 1:qemu: LEVEL:NAME"
        )
    return Filter(_level(level, word), name)


def _output(word: str) -> Output:
    level, _, rest = word.partition(":")
    kind, _, where = rest.partition(":")
    if kind not in KINDS or bool(where) is not KINDS[kind]:
        raise ConfigError(
            f"{word!r} is no log output",
            field="outputs",
            hint="one of LEVEL:stderr, LEVEL:journald, LEVEL:syslog:NAME, LEVEL:file:PATH",
        )
    if kind == "file" and not Path(where).is_absolute():
        raise ConfigError(f"{word!r}: the path of a log begins with /", field="outputs")
    return Output(_level(level, word), kind, where)


def _level(text: str, word: str) -> int:
    if text not in {"1", "2", "3", "4"}:
        raise ConfigError(
            f"{word!r}: {text!r} is no level of the log",
            field="level",
            hint="1 is debug, 2 info, 3 warning, 4 error",
        )
    return LEVELS[int(text) - 1]
