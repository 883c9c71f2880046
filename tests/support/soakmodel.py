"""What a guest must be after each operation of the soak, told without the code that is tested.

An operation is a row: what the model says of its outcome, and what the guest is afterwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiovirt.config import Disk
from aiovirt.errors import AiovirtError, AlreadyExists, InvalidState, NotFound
from aiovirt.model.domain import DomainState
from aiovirt.objects import Domain

__all__ = ["START", "Guest", "Operation", "choose"]

OFF, RUNNING, PAUSED = DomainState.SHUTOFF, DomainState.RUNNING, DomainState.PAUSED
NAMES = ("s1", "s2", "s3")


@dataclass
class Guest:
    """A domain, and what the model holds of it.

    Attributes:
        vm: The handle.
        spare: The image that is plugged in and pulled out.
        state: What it does.
        plugged: Whether the spare image is in the running machine.
        snapshots: What each snapshot holds by name: the state, and whether it is plugged.
        saved: As a snapshot, what its saved memory holds, or None.
        story: What was done to it last.
    """

    vm: Domain
    spare: Path
    state: DomainState = OFF
    plugged: bool = False
    snapshots: dict[str, tuple[DomainState, bool]] = field(default_factory=dict)
    saved: tuple[DomainState, bool] | None = None
    story: deque[str] = field(default_factory=lambda: deque(maxlen=6))

    @property
    def runs(self) -> bool:
        """Whether there is a machine."""
        return self.state is not OFF

    def stop(self) -> None:
        """The machine is gone."""
        self.state = OFF
        self.plugged = False


Verdict = type[AiovirtError] | None
"""The error that there must be, or None when it must go well."""


@dataclass(frozen=True)
class Operation:
    """One thing that users do.

    Attributes:
        name: What it is called in the report.
        weight: How often it is chosen, beside the others.
        verdict: What must come of it, from the guest as it is.
        run: Does it.
        after: What the model makes of it when it went well.
        when_saved: Whether it is done to one whose memory is saved, too: what becomes of that
            memory is the user's to know.
    """

    name: str
    weight: int
    verdict: Callable[[Guest, str], Verdict]
    run: Callable[[Guest, str], Awaitable[object]]
    after: Callable[[Guest, str], object]
    when_saved: bool = True


def choose(guest: Guest, chance: Random, without: Container[str] = ()) -> tuple[Operation, str]:
    """An operation, and the name of the snapshot that it is about if it is about one."""
    fit = [
        each
        for each in OPERATIONS
        if each.name not in without and (each.when_saved or guest.saved is None)
    ]
    return chance.choices(fit, [each.weight for each in fit])[0], chance.choice(NAMES)


def _needs_machine(guest: Guest, _name: str) -> Verdict:
    return None if guest.runs else InvalidState


def _start(guest: Guest, _name: str) -> Verdict:
    return InvalidState if guest.runs else None


def _started(guest: Guest, _name: str) -> None:
    guest.state, guest.plugged = guest.saved or (RUNNING, False)
    guest.saved = None


def _set(state: DomainState) -> Callable[[Guest, str], None]:
    def after(guest: Guest, _name: str) -> None:
        guest.state = state

    return after


def _disk(guest: Guest) -> Disk:
    return Disk.file(str(guest.spare), target="vdb", bus="virtio")


def _attach(guest: Guest, _name: str) -> Verdict:
    if not guest.runs:
        return InvalidState
    return AlreadyExists if guest.plugged else None


def _attached(guest: Guest, _name: str) -> None:
    guest.plugged = True


def _snapshot(guest: Guest, name: str) -> Verdict:
    return AlreadyExists if name in guest.snapshots else None


def _needs_snapshot(guest: Guest, name: str) -> Verdict:
    return None if name in guest.snapshots else NotFound


def _taken(guest: Guest, name: str) -> None:
    guest.snapshots[name] = guest.state, guest.plugged


async def _revert(guest: Guest, name: str) -> None:
    await (await guest.vm.snapshots.get(name)).revert(force=True)


def _reverted(guest: Guest, name: str) -> None:
    guest.state, guest.plugged = guest.snapshots[name]


async def _delete(guest: Guest, name: str) -> None:
    await (await guest.vm.snapshots.get(name)).delete()


def _saved(guest: Guest, _name: str) -> None:
    guest.saved = guest.state, guest.plugged
    guest.stop()


def _nothing(_guest: Guest, _name: str) -> None:
    pass


def _always(_guest: Guest, _name: str) -> Verdict:
    return None


START = Operation("start", 30, _start, lambda guest, _: guest.vm.start(), _started)
OPERATIONS = (
    START,
    Operation(
        "destroy", 5, _needs_machine, lambda guest, _: guest.vm.destroy(), lambda g, _: g.stop()
    ),
    Operation("suspend", 6, _needs_machine, lambda guest, _: guest.vm.suspend(), _set(PAUSED)),
    Operation("resume", 8, _needs_machine, lambda guest, _: guest.vm.resume(), _set(RUNNING)),
    Operation("reset", 3, _needs_machine, lambda guest, _: guest.vm.reset(), _nothing),
    Operation("save", 2, _needs_machine, lambda guest, _: guest.vm.managed_save(), _saved),
    Operation(
        "attach", 6, _attach, lambda guest, _: guest.vm.attach(_disk(guest), live=True), _attached
    ),
    Operation(
        "snapshot",
        6,
        _snapshot,
        lambda guest, name: guest.vm.snapshots.create(
            f"<domainsnapshot><name>{name}</name></domainsnapshot>"
        ),
        _taken,
        when_saved=False,
    ),
    Operation("revert", 3, _needs_snapshot, _revert, _reverted, when_saved=False),
    Operation(
        "delete snapshot",
        4,
        _needs_snapshot,
        _delete,
        lambda guest, name: guest.snapshots.pop(name),
        when_saved=False,
    ),
    Operation(
        "title",
        4,
        _always,
        lambda guest, name: guest.vm.set_title(name, config=True),
        _nothing,
    ),
    Operation("statistics", 12, _always, lambda guest, _: guest.vm.stats(), _nothing),
    Operation("document", 8, _always, lambda guest, _: guest.vm.xml(), _nothing),
    Operation("screenshot", 4, _needs_machine, lambda guest, _: guest.vm.screenshot(), _nothing),
)
