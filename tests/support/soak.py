"""Runs many guests for minutes, with random operations from many tasks, and looks for what stays.

All of them run at once when the operations begin.

    python tests/support/soak.py --guests 150 --minutes 10 --tasks 20

Each operation is held against the model in `soakmodel`: an error that the model did not expect, a
success where it expected an error, and a guest that is not what it must be are complaints. Some
operations are cancelled in the middle; then the guest is looked at. At the end everything must be
as before the first guest: descriptors, tasks, processes; memory must
not have grown in the second half.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import anyio
import anyio.lowlevel
from guests import bare_config, qemus_of
from labsamples import disk
from leaks import children, descriptors
from soakmodel import START, Guest, Operation, choose

import aiovirt
from aiovirt.config import Disk, Video
from aiovirt.errors import AiovirtError, InvalidState
from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection

CANCELLED = 0.05
"""The part of the operations that are given up in the middle."""

LOOKS_AT_ALL = 0.05
"""How often a task looks at all guests after it has done something to one."""

SAMPLE_S = 15.0
GROWTH = 1.15
"""How much more memory may be taken at the end than in the middle."""

SENT = ("destroy", "suspend", "resume")
"""Operations of a word to QEMU that cannot be taken back when who said it gives up."""

MOST_COMPLAINTS = 20


@dataclass
class Soak:
    """The guests, and what was seen.

    Attributes:
        host: Where they run.
        guests: They.
        chance: Chooses what is done; the same seed chooses the same.
        without: Operations that are left out.
        done: How often each operation went well, was refused as it had to be, was cancelled.
        complaints: What must not be.
        memory: Kibibytes that this process takes, sampled.
    """

    host: Connection
    guests: list[Guest]
    chance: Random
    without: Sequence[str] = ()
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    most_running: int = 0

    def __post_init__(self) -> None:
        self._locks = [anyio.Lock() for _ in self.guests]

    async def run(self, seconds: float, tasks: int) -> None:
        """Work on them for so long, from so many tasks."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as group:
                for _ in range(tasks):
                    group.start_soon(self._work)
                group.start_soon(self._sample)

    async def start_all(self, tasks: int) -> None:
        """Have all of them run at once."""
        limit = anyio.CapacityLimiter(tasks)

        async def start(guest: Guest) -> None:
            async with limit:
                await self._whole(guest, START, "")

        async with anyio.create_task_group() as group:
            for guest in self.guests:
                group.start_soon(start, guest)
        self._count_running()

    def _count_running(self) -> int:
        running = sum(guest.runs for guest in self.guests)
        self.most_running = max(self.most_running, running)
        return running

    async def _work(self) -> None:
        while True:
            number = self.chance.randrange(len(self.guests))
            with anyio.CancelScope(shield=True):
                async with self._locks[number]:
                    await self._one(self.guests[number])
                if self.chance.random() < LOOKS_AT_ALL:
                    await self._all()
            await anyio.lowlevel.checkpoint()

    async def _all(self) -> None:
        """Look at all guests while others work on them."""
        seen = await self.host.stats()
        if len(seen) != len(self.guests):
            self.complaints.append(f"statistics tell of {len(seen)} guests")
        self.done["statistics of all", "well"] += 1

    async def _one(self, guest: Guest) -> None:
        operation, name = choose(guest, self.chance, self.without)
        if self.chance.random() < CANCELLED:
            await self._cancelled(guest, operation, name)
        else:
            await self._whole(guest, operation, name)

    async def _whole(self, guest: Guest, operation: Operation, name: str) -> None:
        """Carry it out to its end."""
        verdict = operation.verdict(guest, name)
        guest.story.append(operation.name)
        try:
            await operation.run(guest, name)
        except AiovirtError as error:
            if verdict is not None and isinstance(error, verdict):
                self.done[operation.name, "refused"] += 1
            else:
                self._complain(guest, operation, f"{type(error).__name__}: {error}")
                await self._take(guest)
            return
        if verdict is not None:
            self._complain(guest, operation, f"it went well, and must be {verdict.__name__}")
        operation.after(guest, name)
        self.done[operation.name, "well"] += 1
        await self._compare(guest, operation)

    async def _cancelled(self, guest: Guest, operation: Operation, name: str) -> None:
        """Give it up after a moment: it has happened or it has not."""
        guest.story.append(f"{operation.name} given up")
        with anyio.move_on_after(self.chance.uniform(0, 0.2)):
            try:
                await operation.run(guest, name)
            except AiovirtError as error:
                if operation.verdict(guest, name) is None:
                    self._complain(guest, operation, f"cancelled: {type(error).__name__}: {error}")
        self.done[operation.name, "cancelled"] += 1
        if operation.name in SENT:  # it may come true a moment later: so see to it that it does
            with suppress(InvalidState):
                await operation.run(guest, name)
        await self._take(guest)

    async def _compare(self, guest: Guest, operation: Operation) -> None:
        found = await self._look(guest)
        for what, is_so, must in zip(
            ("state", "plugged", "snapshots", "saved"), found, _held(guest), strict=True
        ):
            if is_so != must:
                self._complain(guest, operation, f"{what}: {is_so}, not {must}")
        await self._take(guest)

    async def _take(self, guest: Guest) -> None:
        """Take what is there for true; a snapshot that is new is of what the guest is."""
        before = guest.state, guest.plugged
        state, plugged, names, saved = await self._look(guest)
        guest.state, guest.plugged = state, plugged
        guest.snapshots = {name: guest.snapshots.get(name, (state, plugged)) for name in names}
        guest.saved = (guest.saved or before) if saved else None

    async def _look(self, guest: Guest) -> tuple[DomainState, bool, frozenset[str], bool]:
        vm = guest.vm
        state = (await vm.state()).state
        targets = {each.target.dev for each in (await vm.config()).disks}
        names = frozenset(each.name for each in await vm.snapshots.list())
        return state, "vdb" in targets, names, await vm.has_managed_save()

    def _complain(self, guest: Guest, operation: Operation, what: str) -> None:
        story = ", ".join(guest.story)
        self.complaints.append(f"{guest.vm.name}, {operation.name}: {what} (after {story})")
        say(self.complaints[-1])

    async def _sample(self) -> None:
        while True:
            running = self._count_running()
            self.memory.append(_resident_kib())
            count = sum(self.done.values())
            say(f"{count} operations, {running} guests run, {self.memory[-1]} KiB")
            await anyio.sleep(SAMPLE_S)


def say(line: str) -> None:
    """Tell who runs it, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _held(guest: Guest) -> tuple[DomainState, bool, frozenset[str], bool]:
    return guest.state, guest.plugged, frozenset(guest.snapshots), guest.saved is not None


def _resident_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


async def prepare(host: Connection, folder: Path, count: int) -> list[Guest]:
    """Define the guests, each with an image of its own, and one to be plugged."""
    empty = disk(folder / "empty.qcow2", size="1M")
    guests = []
    for number in range(count):
        own, spare = (folder / f"{number}-{what}.qcow2" for what in ("own", "spare"))
        shutil.copyfile(empty, own)
        shutil.copyfile(empty, spare)
        config = bare_config(f"guest{number}")
        config.os.machine = "q35" if number % 2 else "pc"
        config.videos.append(Video("vga"))
        config.disks.append(Disk.file(own, target="vda", format="qcow2"))
        guests.append(Guest(await host.domains.define(config), spare))
    return guests


async def soak(root: Path, folder: Path, wanted: argparse.Namespace) -> list[str]:
    """Run it all; the complaints."""
    tasks = len(anyio.get_running_tasks())
    async with aiovirt.open(f"qemu:///embed?root={root}") as host:
        guests = await prepare(host, folder, wanted.guests)
        chance = Random(wanted.seed)  # noqa: S311 - made to be repeated
        work = Soak(host, guests, chance, wanted.without)
        await work.start_all(wanted.tasks)
        await work.run(wanted.minutes * 60, wanted.tasks)
        for guest in guests:
            if guest.runs:
                await guest.vm.destroy()
            await guest.vm.undefine(managed_save=True, snapshots_metadata=True)
    report(work)
    left = len(anyio.get_running_tasks()) - tasks
    return work.complaints + ([f"{left} tasks are left"] if left else []) + grown(work.memory)


def grown(samples: list[int]) -> list[str]:
    """Whether memory grew in the second half, when nothing new comes any more."""
    middle = samples[len(samples) // 2]
    if samples[-1] <= middle * GROWTH:
        return []
    return [f"memory grew from {middle} to {samples[-1]} KiB in the second half"]


def report(work: Soak) -> None:
    """Print how often each operation came to what."""
    for (name, outcome), count in sorted(work.done.items()):
        say(f"{count:7} {name}: {outcome}")
    say(f"{sum(work.done.values())} operations, {work.most_running} guests at once at most")


def main() -> int:
    """Soak, and say what must not be; 1 when there is anything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--guests", type=int, default=150)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=(), help="operations to leave out")
    wanted = parser.parse_args()
    before, had = descriptors(), children()
    with tempfile.TemporaryDirectory(prefix="aiovirt-soak-") as name:
        root, folder = Path(name) / "root", Path(name) / "images"
        folder.mkdir()
        try:
            complaints = anyio.run(soak, root, folder, wanted)
        finally:
            left = qemus_of(root)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        complaints += [f"QEMU {pid} is left" for pid in left]
        complaints += [str(each) for each in root.glob("run/*/*")]
    after = descriptors()
    complaints += [f"descriptor {n} ({after[n]})" for n in after if before.get(n) != after[n]]
    complaints += [f"child {pid} is left" for pid in children() - had]
    say("\n".join(complaints[:MOST_COMPLAINTS]))
    say(f"{len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
