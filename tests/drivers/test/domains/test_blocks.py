"""Disks of domains of the host in memory, and the work on them."""

from __future__ import annotations

import pytest
from memoryguests import next_of

from aiovirt.config import BackupConfig, CheckpointConfig, Disk, SnapshotConfig
from aiovirt.errors import CallerError, InvalidState, NotFound
from aiovirt.model.events import BlockThresholdEvent, JobCompletedEvent
from aiovirt.model.jobs import JobKind
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


async def test_an_active_commit_goes_over_to_the_lower_image(vm: Domain) -> None:
    await vm.snapshots.create(SnapshotConfig(name="a"), disk_only=True)
    await vm.block_commit("vda", pivot=True)
    assert (await vm.config()).disks[0].path == "/guest/diskimage1"
    assert await vm.block_job("vda") is None


async def test_a_pull_takes_the_images_below(vm: Domain) -> None:
    await vm.snapshots.create(SnapshotConfig(name="a"), disk_only=True)
    await vm.block_pull("vda")
    with pytest.raises(CallerError, match="no image below"):
        await vm.block_commit("vda")


async def test_a_copy_follows_until_it_is_told(vm: Domain) -> None:
    await vm.block_copy("vda", Disk.file("/copy.img"), wait=False)
    await vm.abort_block_job("vda")
    assert (await vm.config()).disks[0].path == "/guest/diskimage1"
    await vm.block_copy("vda", Disk.file("/copy.img"), pivot=True)
    assert (await vm.config()).disks[0].path == "/copy.img"


async def test_a_copy_that_is_not_whole_is_not_gone_over_to(vm: Domain) -> None:
    await vm.block_copy("vda", Disk.file("/copy.img"), settings={"bandwidth": 1}, wait=False)
    with pytest.raises(InvalidState):
        await vm.abort_block_job("vda", pivot=True)
    await vm.abort_block_job("vda")


async def test_a_job_ends_with_its_domain(vm: Domain) -> None:
    await vm.block_copy("vda", Disk.file("/copy.img"), settings={"bandwidth": 1}, wait=False)
    await vm.destroy()
    await vm.start()
    assert await vm.block_job("vda") is None


async def test_sizes_change(vm: Domain) -> None:
    await vm.block_resize("vda", 1 << 20)
    assert (await vm.block_info("vda")).capacity == 1 << 20
    assert await vm.block_peek("vda", 512, 4) == bytes(4)
    with pytest.raises(CallerError):
        await vm.block_peek("vda", 1 << 20, 1)


async def test_limits_are_kept(vm: Domain) -> None:
    await vm.set_io_tune("vda", {"total_iops_sec": 100, "group_name": "g"})
    limits = await vm.io_tune("vda")
    assert limits["total_iops_sec"] == (4, 100)
    assert (await vm.config()).disks[0].iotune.group_name == "g"
    await vm.set_io_tune("vda", {"read_iops_sec": 50})
    assert (await vm.io_tune("vda"))["total_iops_sec"] == (4, 0)
    with pytest.raises(CallerError):
        await vm.set_io_tune("vda", {"what": 1})


async def test_a_threshold_that_is_reached_is_told(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.set_block_threshold("vda", 1024)
        event = await next_of(events, BlockThresholdEvent)
    assert isinstance(event, BlockThresholdEvent)
    assert event.threshold == 1024


async def test_a_backup_takes_a_checkpoint_and_ends(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.begin_backup(BackupConfig(), CheckpointConfig.of("c1"))
        assert (await vm.job_stats()).active
        await next_of(events, JobCompletedEvent)
    assert [each.name for each in await vm.checkpoints.list()] == ["c1"]
    assert (await vm.job_stats(completed=True)).kind is JobKind.COMPLETED


async def test_a_backup_since_a_checkpoint_that_is_not_there(vm: Domain) -> None:
    with pytest.raises(NotFound, match="c9"):
        await vm.begin_backup(BackupConfig(incremental="c9"))


async def test_a_missing_disk_is_not_taken_for_a_missing_domain(vm: Domain) -> None:
    with pytest.raises(NotFound) as caught:
        await vm.block_info("vdz")
    assert caught.value.libvirt is not None
    assert caught.value.libvirt.code == 8
