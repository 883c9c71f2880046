"""Moving a domain between two hosts, phase by phase, as libvirt's own client does it.

Whatever fails or is cancelled before the domain runs at the destination leaves it running at the
source: the destination throws away what it has, and the source takes the domain back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

import anyio
import anyio.lowlevel

from aiovirt._tasks import open_task_group
from aiovirt.drivers.common.phases import MigrateFlags
from aiovirt.errors import AiovirtError, ConnectionLost, Unresponsive
from aiovirt.interfaces import Definition, Driver, Jobs
from aiovirt.model.domain import DomainKey, DomainState
from aiovirt.model.flags import flag_set
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared

__all__ = ["Move", "Phases", "see_through"]

T = TypeVar("T")

PATIENCE_S = 60.0
"""Seconds that a host has for what it was asked before the cancellation, or for cleaning up."""

RETRY_S = 0.2
"""Seconds between two tries to give a job up: one that is only beginning cannot be yet."""


class Phases(Protocol):
    """The phases, as the two hosts know them."""

    async def begin(self, flags: MigrateFlags) -> MigrationBegun:
        """At the source."""
        raise NotImplementedError

    async def prepare(self, begun: MigrationBegun, flags: MigrateFlags) -> MigrationPrepared:
        """At the destination."""
        raise NotImplementedError

    async def perform(self, prepared: MigrationPrepared, flags: MigrateFlags) -> bytes:
        """At the source."""
        raise NotImplementedError

    async def finish(
        self, prepared: MigrationPrepared, cookie: bytes, flags: MigrateFlags, *, cancelled: bool
    ) -> MigrationFinished:
        """At the destination."""
        raise NotImplementedError

    async def confirm(self, cookie: bytes, flags: MigrateFlags, *, cancelled: bool) -> None:
        """At the source."""
        raise NotImplementedError


async def see_through(
    work: Callable[[], Awaitable[T]], *, hurry: Callable[[], Awaitable[None]] | None = None
) -> T:
    """Wait for what a host was asked, even when cancelled meanwhile; then at most `PATIENCE_S`.

    Args:
        work: The call.
        hurry: What makes it end sooner; tried again and again after a cancellation.

    Raises:
        Unresponsive: It did not end in time after a cancellation.

    Cancellation: takes effect at the caller's next checkpoint, if the work ends well.
    """
    done = anyio.Event()
    results: list[T] = []
    problem: AiovirtError | None = None
    async with open_task_group() as tasks:
        scope = anyio.CancelScope(shield=True)
        tasks.start_soon(_hasten, scope, done, hurry)
        with scope:
            try:
                results.append(await work())
            except AiovirtError as error:
                problem = error
        done.set()
        tasks.cancel_scope.cancel()
    if results:
        return results[0]
    await anyio.lowlevel.checkpoint()  # a cancellation is no error of the host
    raise problem or Unresponsive(f"the host did not end its work within {PATIENCE_S:g} s")


async def _hasten(
    scope: anyio.CancelScope, done: anyio.Event, hurry: Callable[[], Awaitable[None]] | None
) -> None:
    """Once this task is cancelled, bound the work, and hurry it."""
    try:
        await anyio.sleep_forever()
    finally:
        if not done.is_set():
            scope.deadline = anyio.current_time() + PATIENCE_S
            if hurry is not None:
                await _hurry(done, hurry)


async def _hurry(done: anyio.Event, hurry: Callable[[], Awaitable[None]]) -> None:
    """Hurry the work again and again, whatever comes of it."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(PATIENCE_S):
        while not done.is_set():
            with suppress(AiovirtError):
                await hurry()
            with anyio.move_on_after(RETRY_S):
                await done.wait()


@dataclass(slots=True)
class Move:
    """One migration that a client drives.

    Attributes:
        source: The host that the domain leaves.
        domain: Which domain.
        phases: How the hosts are asked.
        flags: libvirt's.
        protect: Whether the source forbids other changes meanwhile, and must be told of the end.
        offline: Whether only the definition moves.
        tidying_s: Seconds that a host has for cleaning up; one that is lost takes all of them.
    """

    source: Driver
    domain: DomainKey
    phases: Phases
    flags: MigrateFlags
    protect: bool
    offline: bool
    tidying_s: float = PATIENCE_S

    async def run(self) -> MigrationFinished:
        """Move it; the domain as the destination has it.

        Raises:
            ConnectionLost: The destination was lost at the end: `maybe_done` says whether it may
                run there. It stands still at the source then.
            AiovirtError: It could not be moved, and runs at the source as before.

        Cancellation: it runs at the source as before.
        """
        begun = await see_through(lambda: self.phases.begin(self._source_flags))
        try:
            await anyio.lowlevel.checkpoint()
            self.flags = await self._with_pause()
            prepared = await see_through(
                lambda: self.phases.prepare(begun, self._destination_flags)
            )
        except BaseException:
            await self._take_back()
            raise
        return await self._finish(prepared, await self._perform(prepared))

    async def _perform(self, prepared: MigrationPrepared) -> bytes:
        """Move the data; after a failure neither host keeps anything of it."""
        asked = performed = False
        try:
            await anyio.lowlevel.checkpoint()
            if self.offline:
                return b""
            asked = True
            cookie = await see_through(
                lambda: self.phases.perform(prepared, self._source_flags), hurry=self._abort
            )
            performed = True
            await anyio.lowlevel.checkpoint()
        except BaseException:
            await self._clean(
                lambda: self.phases.finish(prepared, b"", self._destination_flags, cancelled=True)
            )
            if performed or not asked:  # one that could not perform has taken it back
                await self._take_back()
            raise
        return cookie

    async def _finish(self, prepared: MigrationPrepared, cookie: bytes) -> MigrationFinished:
        """Let it run at the destination, and tell the source.

        Raises:
            ConnectionLost: Nobody knows whether it runs there, so it must not run here.
        """
        try:
            finished = await see_through(
                lambda: self.phases.finish(
                    prepared, cookie, self._destination_flags, cancelled=False
                )
            )
        except (ConnectionLost, Unresponsive) as error:
            if getattr(error, "maybe_done", True):
                raise ConnectionLost(
                    f"whether domain {self.domain.name!r} runs at the destination is not known,"
                    f" and it stands still at the source: {error}",
                    maybe_done=True,
                    hint="resume it at the source only if it does not run at the destination",
                ) from error
            await self._take_back()
            raise
        except BaseException:
            await self._take_back()
            raise
        # It runs at the destination: nothing can be done about an error here.
        await self._clean(
            lambda: self.phases.confirm(finished.cookie, self._source_flags, cancelled=False)
        )
        return finished

    async def _take_back(self) -> None:
        """Let the source have the domain as before."""
        await self._clean(lambda: self.phases.confirm(b"", self._source_flags, cancelled=True))

    async def _abort(self) -> None:
        await self.source.ability(Jobs).abort_job(self.domain)

    async def _with_pause(self) -> MigrateFlags:
        """The flags, which say whether the domain stands still."""
        record = await self.source.ability(Definition).record(self.domain)
        paused = record.state is DomainState.PAUSED
        added: MigrateFlags = flag_set("DomainMigrateFlags", self.flags, paused=paused)
        return added

    @property
    def _source_flags(self) -> MigrateFlags:
        flags: MigrateFlags = flag_set(
            "DomainMigrateFlags", self.flags, change_protection=self.protect
        )
        return flags

    @property
    def _destination_flags(self) -> MigrateFlags:
        only_source = flag_set("DomainMigrateFlags", 0, abort_on_error=True, auto_converge=True)
        flags: MigrateFlags = self.flags & ~only_source
        return flags

    async def _clean(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do what a cancellation does not stop, but `tidying_s` does; its errors do not matter."""
        bound = anyio.move_on_after(self.tidying_s)
        with anyio.CancelScope(shield=True), bound, suppress(AiovirtError):
            await work()
