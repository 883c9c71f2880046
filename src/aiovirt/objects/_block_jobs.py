"""Waiting for a job on a disk: subscribed first, so that its end cannot be missed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError, Closed, InvalidState, RemoteError
from aiovirt.interfaces import Blocks, Definition, Driver, Events, EventStream
from aiovirt.model.blocks import BlockJobInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import (
    BlockJobEvent,
    DomainEvent,
    LifecycleEvent,
    LifecycleKind,
)
from aiovirt.model.flags import flag_set

__all__ = ["BlockJob", "OnBlockProgress"]

OnBlockProgress = Callable[[BlockJobInfo], None]
"""Gets how far a job is, now and then; it must not wait."""

LOOK_S = 0.5
"""Seconds between two looks."""

GIVE_UP_S = 5.0
"""Seconds that a cancelled job has to be given up."""

# libvirt's virConnectDomainEventBlockJobStatus.
COMPLETED, FAILED, CANCELED, READY = range(4)
_ENDS = {FAILED: "failed", CANCELED: "was given up"}


class BlockJob:
    """One job on one disk."""

    def __init__(self, driver: Driver, domain: DomainKey, disk: str) -> None:
        self._driver = driver
        self._domain = domain
        self._disk = disk

    async def run(
        self,
        begin: Callable[[], Awaitable[None]],
        *,
        wait: bool,
        progress: OnBlockProgress | None,
        pivot: bool | None = False,
    ) -> None:
        """Begin the job, and wait for its end if that is wanted.

        Args:
            begin: Begins it.
            wait: Whether to wait.
            progress: Gets how far it is.
            pivot: What a job that is ready does: go over to its copy, end without, or go on.

        Raises:
            RemoteError: It failed, or somebody gave it up.
            InvalidState: The domain has stopped meanwhile.

        Cancellation: the job is given up, unless it was there before.
        """
        if not wait:
            await begin()
            return
        target = await self._target()
        async with self._driver.ability(Events).subscribe() as events:
            # Cancelled before the answer comes, nobody can tell whether it has begun; a job that
            # was there before is somebody else's.
            ours = not await self._may_be_there()
            try:
                await begin()
                ours = True
                async with open_task_group() as tasks:
                    if progress is not None:
                        tasks.start_soon(self._look, progress)
                    status = await self._outcome(events, target)
                    tasks.cancel_scope.cancel()
                if status == READY and pivot is not None:
                    await self._end(pivot=pivot)
            except anyio.get_cancelled_exc_class():
                if ours:
                    await self._give_up()
                raise
        if status in _ENDS:
            raise RemoteError(
                f"the block job of disk {self._disk!r} of domain {self._domain.name!r}"
                f" {_ENDS[status]}"
            )

    async def _target(self) -> str:
        """The disk's target, which events name it by."""
        if "/" not in self._disk:
            return self._disk.partition("[")[0]
        config = await self._driver.ability(Definition).config(self._domain)
        for disk in config.disks:
            if self._disk in {disk.source.file, disk.source.dev}:
                return disk.target.dev or self._disk
        return self._disk

    async def _outcome(self, events: EventStream, target: str) -> int:
        """How the job ended, or that it is ready; by a look where events were lost."""
        async for event in events:
            if not isinstance(event, DomainEvent):
                if await self._info() is None:
                    return COMPLETED
            elif event.domain.uuid == self._domain.uuid:
                status = self._status(event, target)
                if status is not None:
                    return status
        raise Closed("the connection was closed")

    def _status(self, event: DomainEvent, target: str) -> int | None:
        """What one event of the domain says of the job.

        Raises:
            InvalidState: The domain has stopped; libvirt tells nothing of the job then.
        """
        if isinstance(event, LifecycleEvent) and event.kind is LifecycleKind.STOPPED:
            raise InvalidState(
                f"domain {self._domain.name!r} has stopped during the block job of its disk"
                f" {self._disk!r}"
            )
        if isinstance(event, BlockJobEvent) and event.disk in {target, self._disk}:
            return int(event.status)
        return None

    async def _info(self) -> BlockJobInfo | None:
        return await self._driver.ability(Blocks).block_job_info(self._domain, self._disk)

    async def _may_be_there(self) -> bool:
        """Whether there may be a job; why nobody can tell is said by what begins one."""
        with suppress(AiovirtError):
            return await self._info() is not None
        return True

    async def _look(self, progress: OnBlockProgress) -> None:
        """Look until cancelled; one who cannot tell is not asked again."""
        with suppress(AiovirtError):
            while True:
                await anyio.sleep(LOOK_S)
                info = await self._info()
                if info is not None:
                    progress(info)

    async def _end(self, *, pivot: bool) -> None:
        flags = flag_set("DomainBlockJobAbortFlags", 0, pivot=pivot)
        blocks = self._driver.ability(Blocks)
        await blocks.abort_block_job(self._domain, self._disk, flags=flags)

    async def _give_up(self) -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(GIVE_UP_S), suppress(AiovirtError):
            await self._end(pivot=False)
