"""What domains there must be after a daemon was killed, told from what its clients were told.

The model knows of no daemon: it reads the lines that clients write before and after each call. A
call that had an answer has happened, or has not, as the answer says; the one that had none may
have happened or not, but not by halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Found", "Guest", "Model"]

AFTER = {
    "define": "defined",
    "start": "running",
    "destroy": "defined",
    "undefine": "absent",
    "create": "transient",
    "end": "absent",
}
"""What a domain is after a call; a transient one is created, and ends by `destroy`."""


@dataclass(frozen=True)
class Found:
    """A domain as a daemon shows it."""

    state: str
    snapshots: frozenset[str] = frozenset()


@dataclass
class Guest:
    """What is known of one name, and the call that has no answer yet."""

    state: str = "absent"
    snapshots: frozenset[str] = frozenset()
    doing: str = ""
    about: str = ""

    @property
    def next(self) -> Found:
        """What it is once the call has happened."""
        if self.doing == "snapshot":
            return Found(self.state, self.snapshots | {self.about})
        if self.doing == "snapshot-delete":
            return Found(self.state, self.snapshots - {self.about})
        after = AFTER[self.doing]
        return Found(after, frozenset() if after == "absent" else self.snapshots)

    @property
    def allowed(self) -> list[Found]:
        """What it may be."""
        now = Found(self.state, self.snapshots)
        return [now, self.next] if self.doing else [now]

    def become(self, found: Found) -> None:
        """Take what is there for true: there is no call under way."""
        self.state, self.snapshots = found.state, found.snapshots
        self.doing = self.about = ""


@dataclass
class Model:
    """All names."""

    guests: dict[str, Guest] = field(default_factory=dict)

    def read(self, lines: Iterable[Mapping[str, str]]) -> None:
        """Take what clients wrote: the name, the call, and "begin", "done" or "failed"."""
        for line in lines:
            guest = self.guests.setdefault(line["name"], Guest())
            if line["phase"] == "begin":
                guest.doing, guest.about = line["call"], line.get("about", "")
                continue
            guest.become(guest.next if line["phase"] == "done" else guest.allowed[0])

    def complaints(self, found: Mapping[str, Found]) -> list[str]:
        """Compare with what a daemon shows; say what is lost, too much or not as told."""
        nothing = Found("absent")
        return [
            f"{name} is {found.get(name, nothing)}, not one of {guest.allowed} ({guest.doing})"
            for name, guest in self.guests.items()
            if found.get(name, nothing) not in guest.allowed
        ] + [f"{name} is from nowhere" for name in found.keys() - self.guests.keys()]

    def settle(self, found: Mapping[str, Found]) -> None:
        """Go on from what a daemon shows."""
        for name, guest in self.guests.items():
            guest.become(found.get(name, Found("absent")))
