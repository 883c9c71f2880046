"""Long work on disks: filling, merging and copying images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import anyio

from aiovirt.config import Disk, DiskSource
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.bitmaps import carry_bitmaps
from aiovirt.drivers.qemu.engine.blockjobs import JobName, live_links, top_of
from aiovirt.drivers.qemu.engine.chains import link_named
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.imagework import (
    COMMIT_FLAGS,
    COPY_FLAGS,
    REUSE,
    SHALLOW,
    begin_commit,
    begin_copy,
    begin_job,
    check_no_job,
    commit_of,
    copy_of,
    pull_arguments,
)
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import Blocks, refuse_flags
from aiovirt.model.blocks import BlockJobInfo
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams, plain
from aiovirt.protocols.qmp.commands import BlockJob, QueryBlockJobs

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

__all__ = ["BlockJobs"]

NO_SETTINGS: TypedParams = {}
_COPY_RAW, _COPY, _RELATIVE, _COPY_DEV = 0x4, 0x8, 0x10, 0x20
"""Of `DomainBlockRebaseFlags`."""
_ASYNC, _PIVOT = 0x1, 0x2
_END_BOUND_S: Final = 30.0
"""How long a job may take to end once it was told to."""


class BlockJobs(QemuAbility, Blocks):
    """One job a disk, each by QEMU."""

    async def block_pull(
        self,
        domain: DomainKey,
        disk: str,
        *,
        bandwidth: int = 0,
        flags: DomainBlockPullFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_pull`."""
        del flags  # of the unit of the bandwidth
        await self._pull(domain, disk, None, bandwidth)

    async def _pull(
        self,
        domain: DomainKey,
        disk: str,
        base: str | None,
        bandwidth: int,
        *,
        relative: bool = False,
    ) -> None:
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            live = managed.running()
            found = find_disk(live.config, disk)
            await check_no_job(managed, found)
            top = await top_of(managed.monitor(), live.config, found)
            links = live_links(live.config, found)
            arguments = pull_arguments(found, links, base, relative=relative)
            left = links[1 : link_named(found, links, base) if base else None]
            await carry_bitmaps(managed.monitor(), left, top.node, below=True)
            name = JobName("pull", found.target.dev or "")
            await begin_job(
                managed, name, "block-stream", {"device": top.node, **arguments}, bandwidth
            )

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
        if not flags & _COPY:
            relative = bool(flags & _RELATIVE)
            await self._pull(domain, disk, base, bandwidth, relative=relative)
            return
        if base is None:
            raise CallerError("a copy needs a place to go to")
        kind = "raw" if flags & _COPY_RAW else None
        destination = Disk.file(base, target="vda")
        destination.driver.type = kind
        if flags & _COPY_DEV:
            destination.type, destination.source = "block", DiskSource(dev=base)
        how: Any = flags & (SHALLOW | REUSE)
        await self.block_copy(
            domain, disk, destination, settings={"bandwidth": bandwidth}, flags=how
        )

    async def block_copy(
        self,
        domain: DomainKey,
        disk: str,
        destination: Disk | str,
        *,
        settings: TypedParams = NO_SETTINGS,
        flags: DomainBlockCopyFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_copy`."""
        refuse_flags(self.driver_name, "block_copy", flags, COPY_FLAGS)
        managed = self._registry.get(domain)
        given = _given(settings)
        async with self._engine.works.work(), managed.changes:
            live = managed.running()
            found = find_disk(live.config, disk)
            await check_no_job(managed, found)
            copy = await copy_of(managed, found, destination, flags)
            await begin_copy(self._engine, managed, found, copy, given)

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
        refuse_flags(self.driver_name, "block_commit", flags, COMMIT_FLAGS)
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            live = managed.running()
            found = find_disk(live.config, disk)
            await check_no_job(managed, found)
            links = live_links(live.config, found)
            wanted = commit_of(found, links, base, top, flags)
            await begin_commit(self._engine, managed, found, wanted, bandwidth)

    # --- jobs under way -------------------------------------------------------------------------

    async def _job(self, managed: ManagedDomain, disk: str) -> tuple[JobName, BlockJob] | None:
        """The job of a disk."""
        target = find_disk(managed.running().config, disk).target.dev
        for job in await managed.monitor().call(QueryBlockJobs()):
            name = JobName.of(job.device)
            if name is not None and name.disk == target:
                return name, job
        return None

    async def block_job_info(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobInfoFlags | Literal[0] = 0
    ) -> BlockJobInfo | None:
        """See `Blocks.block_job_info`."""
        del flags  # of the unit of the bandwidth
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            found = await self._job(managed, disk)
        if found is None:
            return None
        name, job = found
        return BlockJobInfo(name.kind, job.speed, *_progress(job))

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
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            name, _ = await self._needed(managed, disk)
            arguments = {"device": str(name), "speed": bandwidth}
            await managed.monitor().execute("block-job-set-speed", arguments)

    async def _needed(self, managed: ManagedDomain, disk: str) -> tuple[JobName, BlockJob]:
        found = await self._job(managed, disk)
        if found is None:
            raise InvalidState(f"the disk {disk} of domain {managed.name!r} has no job")
        return found

    async def abort_block_job(
        self, domain: DomainKey, disk: str, *, flags: DomainBlockJobAbortFlags | Literal[0] = 0
    ) -> None:
        """See `Blocks.abort_block_job`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            live = managed.running()
            name, job = await self._needed(managed, disk)
            ended = live.job_ends.setdefault(str(name), anyio.Event())
            if flags & _PIVOT:
                if not job.ready:
                    raise InvalidState(f"the job of disk {disk} is not ready yet")
                if name.word == "copy":
                    disk_there = find_disk(live.config, name.disk)
                    links = live_links(live.config, disk_there)
                    await carry_bitmaps(managed.monitor(), links, format_node(name.number))
                await managed.monitor().execute("job-complete", {"id": str(name)})
            else:
                await managed.monitor().execute("block-job-cancel", {"device": str(name)})
            if flags & _ASYNC:
                return
            with anyio.move_on_after(_END_BOUND_S):
                await ended.wait()
                return
        raise InvalidState(f"the job of disk {disk} did not end within {_END_BOUND_S:g} s")


def _progress(job: BlockJob) -> tuple[int, int]:
    """How far a job is: clients take it for done when both numbers are the same."""
    done, end = job.offset, job.len_
    if not done and not end:
        return (1, 1) if job.ready else (0, 1)
    return (done - 1 if done == end and not job.ready else done), end


def _given(settings: TypedParams) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, given in settings.items():
        value = plain(given)
        if name not in {"bandwidth", "granularity", "buf-size"} or not isinstance(value, int):
            raise Unsupported("QEMU", f"a copy with {name!r}")
        found[name] = value
    return found
