"""Block jobs of domains of the host in memory: they take a few steps, and tell how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import Disk
from aiovirt.drivers.test.domains import chains
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.blockjob import BlockJob, progress
from aiovirt.drivers.test.domains.devicetree import parsed
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import Busy, CallerError, InvalidState
from aiovirt.interfaces import Blocks, immediate
from aiovirt.model.blocks import BlockJobInfo, BlockJobKind
from aiovirt.model.constants import (
    ConnectDomainEventBlockJobStatus,
    DomainBlockJobType,
    ErrorNumber,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import BlockJobEvent
from aiovirt.model.params import TypedParams, plain

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainBlockCommitFlags,
        DomainBlockCopyFlags,
        DomainBlockJobAbortFlags,
        DomainBlockJobInfoFlags,
        DomainBlockJobSetSpeedFlags,
        DomainBlockPullFlags,
        DomainBlockRebaseFlags,
    )

__all__ = ["TestBlockJobs"]

_Status = ConnectDomainEventBlockJobStatus

_NO_SETTINGS: TypedParams = {}

_ASYNC, _PIVOT = 0x1, 0x2
_COPY_SHALLOW, _COPY_REUSE = 0x1, 0x2
_REBASE_COPY, _REBASE_RAW, _REBASE_DEV = 0x8, 0x4, 0x20
_COMMIT_SHALLOW, _COMMIT_ACTIVE = 0x1, 0x4
_KEEPS_ON: Final = frozenset({BlockJobKind.COPY, BlockJobKind.ACTIVE_COMMIT})
"""Jobs that follow the disk when all is done, until they are told to end."""


class TestBlockJobs(DomainAbility, Blocks):
    """The part of `Blocks` that is about jobs."""

    __test__ = False

    async def block_pull(
        self,
        domain: DomainKey,
        disk: str,
        *,
        bandwidth: int = 0,
        flags: DomainBlockPullFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_pull`."""
        del flags
        machine, found = self._disk(domain, disk)
        job = self._job(found, BlockJobKind.PULL, bandwidth)
        self._begin(machine, found, job)

    async def block_rebase(
        self,
        domain: DomainKey,
        disk: str,
        base: str | None = None,
        *,
        bandwidth: int = 0,
        flags: DomainBlockRebaseFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_rebase`."""
        if flags & _REBASE_COPY:
            if not base:
                raise CallerError("it must be said where the copy goes")
            copy = Disk(type="block" if flags & _REBASE_DEV else "file")
            copy.source.dev, copy.source.file = (
                (base, None) if flags & _REBASE_DEV else (None, base)
            )
            copy.driver.type = "raw" if flags & _REBASE_RAW else "qcow2"
            self._copy(domain, disk, copy, bandwidth, shallow=bool(flags & _COPY_SHALLOW))
            return
        machine, found = self._disk(domain, disk)
        job = self._job(found, BlockJobKind.PULL, bandwidth)
        job.base = None if base is None else chains.member(self._images, _path(found), base)
        self._begin(machine, found, job)

    async def block_copy(
        self,
        domain: DomainKey,
        disk: str,
        destination: Disk | str,
        *,
        settings: TypedParams = _NO_SETTINGS,
        flags: DomainBlockCopyFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_copy`."""
        machine = self.get(domain)
        copy = parsed(machine.running().config, destination)
        if not isinstance(copy, Disk):
            raise CallerError(f"a disk is copied to a disk, not to a {copy.kind}")
        bandwidth = plain(settings.get("bandwidth", 0))
        speed = bandwidth if isinstance(bandwidth, int) else 0
        self._copy(domain, disk, copy, speed, shallow=bool(flags & _COPY_SHALLOW))

    def _copy(
        self, domain: DomainKey, disk: str, copy: Disk, bandwidth: int, *, shallow: bool
    ) -> None:
        machine, found = self._disk(domain, disk)
        path = source_of(copy)
        if path is None:
            raise CallerError("it must be said where the copy goes")
        job = self._job(found, BlockJobKind.COPY, bandwidth)
        job.destination = copy
        backing = self._images.at(_path(found)).backing if shallow else None
        self._images.copy(path, _path(found), backing=backing)
        self._begin(machine, found, job)

    async def block_commit(
        self,
        domain: DomainKey,
        disk: str,
        *,
        base: str | None = None,
        top: str | None = None,
        bandwidth: int = 0,
        flags: DomainBlockCommitFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_commit`."""
        machine, found = self._disk(domain, disk)
        active = _path(found)
        upper = active if top is None else chains.member(self._images, active, top)
        below = [image.path for image in self._images.chain(upper)][1:]
        if not below:
            raise CallerError(f"there is no image below {upper}: nothing can be committed")
        if upper == active and not flags & _COMMIT_ACTIVE:
            raise CallerError("committing the image in use needs the flag ACTIVE")
        usual = below[0] if flags & _COMMIT_SHALLOW else below[-1]
        kind = BlockJobKind.ACTIVE_COMMIT if upper == active else BlockJobKind.COMMIT
        job = self._job(found, kind, bandwidth)
        job.top = upper
        job.base = usual if base is None else chains.member(self._images, active, base)
        if job.base not in below:
            raise CallerError(f"{job.base} is not below {upper}")
        self._begin(machine, found, job)

    @immediate
    async def block_job_info(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobInfoFlags | Literal[0] = 0
    ) -> BlockJobInfo | None:
        """See `Blocks.block_job_info`."""
        del flags
        machine, found = self._disk(domain, disk)
        job = machine.running().jobs.get(found.target.dev or "")
        if job is None:
            return None
        return BlockJobInfo(job.kind, job.bandwidth, job.current, job.end)

    async def set_block_job_speed(
        self,
        domain: DomainKey,
        disk: str,
        bandwidth: int,
        *,
        flags: DomainBlockJobSetSpeedFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.set_block_job_speed`."""
        del flags
        self._job_of(domain, disk)[2].bandwidth = bandwidth

    async def abort_block_job(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobAbortFlags | Literal[0] = 0
    ) -> None:
        """See `Blocks.abort_block_job`."""
        machine, found, job = self._job_of(domain, disk)
        if flags & _PIVOT and not job.ready:
            error = InvalidState(f"the job of disk {disk!r} is not ready to go over yet")
            raise numbered(error, ErrorNumber.ERR_BLOCK_COPY_ACTIVE)
        if job.ready:
            if flags & _PIVOT:
                chains.pivot(self._images, machine, found, job)
            self._end(machine, found, job, _Status.COMPLETED)
            return
        job.aborted.set()
        if not flags & _ASYNC:
            await job.ended.wait()

    # --- how jobs go on -------------------------------------------------------------------------

    @property
    def _images(self) -> Images:
        return self.world.room(Images)

    def _disk(self, domain: DomainKey, disk: str) -> tuple[Machine, Disk]:
        machine = self.get(domain)
        return machine, disk_of(machine.running().config, disk)

    def _job_of(self, domain: DomainKey, disk: str) -> tuple[Machine, Disk, BlockJob]:
        machine, found = self._disk(domain, disk)
        job = machine.running().jobs.get(found.target.dev or "")
        if job is None:
            raise InvalidState(f"disk {disk!r} of domain {domain.name!r} has no job")
        return machine, found, job

    def _job(self, disk: Disk, kind: BlockJobKind, bandwidth: int) -> BlockJob:
        return BlockJob(kind, self._images.at(_path(disk)).capacity, bandwidth=bandwidth)

    def _begin(self, machine: Machine, disk: Disk, job: BlockJob) -> None:
        live, dev = machine.running(), disk.target.dev or ""
        if dev in live.jobs:
            raise Busy(f"disk {dev!r} of domain {machine.name!r} has a job already")
        live.jobs[dev] = job
        chains.show_mirror(disk, job)
        self.world.tasks.start_soon(self._run, machine, dev, job)

    async def _run(self, machine: Machine, dev: str, job: BlockJob) -> None:
        """Go on with a job until it is over, or until it waits for the word."""
        finished = await progress(job)
        live = machine.live
        if live is None or live.jobs.get(dev) is not job:
            job.ended.set()
            return
        disk = disk_of(live.config, dev)
        if not finished:
            self._end(machine, disk, job, _Status.CANCELED)
        elif job.kind in _KEEPS_ON:
            job.ready = True
            chains.show_mirror(disk, job)
            self._tell(machine, disk, job, _Status.READY)
        else:
            chains.merge(self._images, disk, job)
            self._end(machine, disk, job, _Status.COMPLETED)

    def _end(self, machine: Machine, disk: Disk, job: BlockJob, status: _Status) -> None:
        machine.running().jobs.pop(disk.target.dev or "", None)
        chains.hide_mirror(disk)
        job.ended.set()
        self._tell(machine, disk, job, status)

    def _tell(self, machine: Machine, disk: Disk, job: BlockJob, status: _Status) -> None:
        self.world.publish(
            BlockJobEvent(
                time=self.world.now(),
                domain=machine.key,
                disk=disk.target.dev or "",
                type=DomainBlockJobType(job.kind),
                status=status,
                path=source_of(disk),
            )
        )


def _path(disk: Disk) -> str:
    path = source_of(disk)
    if path is None:
        raise InvalidState(f"disk {disk.target.dev!r} is empty")
    return path
