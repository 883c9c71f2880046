"""What a fake peer can do wrong on purpose, as values: the script of a test.

They know no protocol; a fake applies them to its next answer.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

import anyio

__all__ = ["Cut", "Fault", "Flood", "Garbage", "Hold", "Refuse", "Script", "Silent", "WrongId"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Answer only when `until` is set."""

    until: anyio.Event = field(default_factory=anyio.Event)
    reached: anyio.Event = field(default_factory=anyio.Event)
    """Set when the command has come."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Never answer."""

    reached: anyio.Event = field(default_factory=anyio.Event)
    """Set when the command has come."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Send these bytes instead of the answer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """Send this many bytes of the answer, and end the connection."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class WrongId:
    """Answer with another id."""

    id: int | str | None = "nobody"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an error."""

    error_class: str = "GenericError"
    description: str = "refused by the script"


@dataclass(frozen=True, slots=True)
class Flood:
    """Send this many events, named ``FLOOD`` and numbered from 0, before the answer."""

    count: int


Fault = Hold | Silent | Garbage | Cut | WrongId | Refuse | Flood


class Script:
    """Which faults await which commands; each fault happens once, in the order given."""

    def __init__(self) -> None:
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, command: str, fault: Fault) -> None:
        """Let `fault` happen at the next `command` for which none is due."""
        self._faults[command].append(fault)

    def take(self, command: str) -> Fault | None:
        """Return the fault that is due at `command`, and forget it."""
        due = self._faults[command]
        return due.popleft() if due else None
