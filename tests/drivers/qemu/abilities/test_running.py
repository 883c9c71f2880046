"""What can be done to a guest that runs, on a real QEMU."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from aiovirt.config import BackupConfig, CheckpointConfig, Disk, DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu import open_driver
from aiovirt.drivers.qemu.driver import QemuDriver
from aiovirt.errors import AlreadyExists, InvalidState, NotFound
from aiovirt.interfaces import (
    Backups,
    Blocks,
    Checkpoints,
    Definition,
    Devices,
    Displays,
    Events,
    Jobs,
    Lifecycle,
    Monitor,
    Processors,
    SavedState,
    Snapshots,
    Statistics,
)
from aiovirt.model.constants import (
    ConnectDomainEventBlockJobStatus,
    DomainBlockCommitFlags,
    DomainBlockJobAbortFlags,
    DomainCreateFlags,
    DomainModificationImpact,
    DomainQemuMonitorCommandFlags,
    DomainSnapshotCreateFlags,
    DomainUndefineFlags,
)
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.events import BlockJobEvent, LifecycleDetail, LifecycleEvent
from aiovirt.model.uri import URI

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SHOWN = URI.parse("qemu:///system")
HMP = DomainQemuMonitorCommandFlags.HMP


@pytest.fixture
async def driver(root: Path) -> AsyncIterator[QemuDriver]:
    """Return an open driver."""
    async with open_driver(URI.parse(f"qemu:///embed?root={root}"), shown=SHOWN) as driver:
        yield driver


async def image(folder: Path, qemu_img: Path, name: str, kind: str = "qcow2") -> str:
    path = str(folder / name)
    await anyio.run_process([str(qemu_img), "create", "-q", "-f", kind, path, "1M"])
    return path


async def started(driver: QemuDriver, folder: Path, qemu_img: Path) -> DomainKey:
    """Return a guest of one disk that runs."""
    disk = Disk.file(await image(folder, qemu_img, "a.qcow2"))
    config = DomainConfig(name="web1", memory="16MiB", vcpus=1, disks=[disk])
    config.os.machine = "pc"
    key = await driver.ability(Definition).define(config)
    await driver.ability(Lifecycle).start(key)
    return key


async def image_of(driver: QemuDriver, key: DomainKey, *, inactive: bool = False) -> str | None:
    config = await driver.ability(Definition).config(key, inactive=inactive)
    return config.disks[0].path


async def job_ends(driver: QemuDriver, key: DomainKey, *, pivot: bool) -> None:
    """End the job of the guest's disk when it is ready."""
    blocks = driver.ability(Blocks)
    with anyio.fail_after(20):
        while True:
            job = await blocks.block_job_info(key, "vda")
            if job is not None and job.current == job.end:
                break
            await anyio.lowlevel.checkpoint()
    flag = DomainBlockJobAbortFlags.PIVOT if pivot else DomainBlockJobAbortFlags(0)
    await blocks.abort_block_job(key, "vda", flags=flag)


async def test_a_saved_guest_goes_on_where_it_was(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    saved, definition = driver.ability(SavedState), driver.ability(Definition)
    path = str(tmp_path / "web1.save")
    await saved.save(key, path)
    assert await definition.state(key) is StateReason.SHUTOFF_SAVED
    assert (await saved.image_config(path)).name == "web1"
    await saved.restore(path)
    assert await definition.state(key) is StateReason.RUNNING_RESTORED
    await saved.managed_save(key)
    with pytest.raises(InvalidState, match="managed save"):
        await definition.undefine(key)
    await driver.ability(Lifecycle).start(key, paused=True)
    assert await definition.state(key) is StateReason.PAUSED_USER
    assert not await saved.has_managed_save(key)
    await driver.ability(Lifecycle).destroy(key)


async def test_a_damaged_save_is_thrown_away_only_when_told(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    await driver.ability(SavedState).managed_save(key)
    (path,) = (tmp_path / "root" / "save").iterdir()
    path.write_bytes(path.read_bytes()[:32768])
    with pytest.raises(Exception, match="did not start"):
        await driver.ability(Lifecycle).start(key)
    assert path.exists()
    await driver.ability(Lifecycle).start(key, flags=DomainCreateFlags.START_FORCE_BOOT)
    assert not path.exists()
    await driver.ability(Lifecycle).destroy(key)


async def test_a_job_that_a_killed_process_has_left_is_in_nobodys_way(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    snapshots, monitor = driver.ability(Snapshots), driver.ability(Monitor)
    one = await snapshots.create_snapshot(key, SnapshotConfig(name="one"))
    nodes = await monitor.monitor_command(key, "query-named-block-nodes", {"flat": True})
    assert isinstance(nodes, list)
    node = next(each["node-name"] for each in nodes if each["drv"] == "qcow2")
    left = {"job-id": "delete-one", "tag": "none", "devices": [node]}
    await monitor.monitor_command(key, "snapshot-delete", left)
    await snapshots.delete_snapshot(one)
    assert await monitor.monitor_command(key, "query-jobs") == []
    await driver.ability(Lifecycle).destroy(key)


async def test_snapshots_inside_of_images_survive_the_driver(
    root: Path, tmp_path: Path, qemu_img: Path
) -> None:
    uri = URI.parse(f"qemu:///embed?root={root}")
    async with open_driver(uri) as driver:
        key = await started(driver, tmp_path, qemu_img)
        snapshots = driver.ability(Snapshots)
        first = await snapshots.create_snapshot(key, SnapshotConfig(name="one"))
        await snapshots.create_snapshot(key, SnapshotConfig(name="two"))
        with pytest.raises(AlreadyExists):
            await snapshots.create_snapshot(key, SnapshotConfig(name="one"))
        await snapshots.revert_to_snapshot(first)
        assert await driver.ability(Definition).state(key) is StateReason.RUNNING_FROM_SNAPSHOT
        await driver.ability(Lifecycle).destroy(key)
    async with open_driver(uri) as driver:
        snapshots = driver.ability(Snapshots)
        assert [each.name for each in await snapshots.snapshots(key)] == ["one", "two"]
        assert (await snapshots.current_snapshot(key)).name == "one"
        await snapshots.revert_to_snapshot(first)
        await driver.ability(Lifecycle).destroy(key)
        for name in ("one", "two"):
            await snapshots.delete_snapshot(await snapshots.find_snapshot(key, name))
        listed = await anyio.run_process(
            [str(qemu_img), "snapshot", "-l", str(tmp_path / "a.qcow2")]
        )
        assert listed.stdout == b""


async def test_a_guest_goes_on_in_a_new_image_and_back(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    flags = DomainSnapshotCreateFlags.DISK_ONLY | DomainSnapshotCreateFlags.NO_METADATA
    await driver.ability(Snapshots).create_snapshot(key, SnapshotConfig(name="e"), flags=flags)
    assert await image_of(driver, key) == str(tmp_path / "a.e")
    assert await image_of(driver, key, inactive=True) == str(tmp_path / "a.e")
    async with driver.ability(Events).subscribe() as events:
        blocks = driver.ability(Blocks)
        await blocks.block_commit(key, "vda", flags=DomainBlockCommitFlags.ACTIVE)
        await job_ends(driver, key, pivot=True)
        told = [event async for event in _until_completed(events)]
    assert [event.status for event in told] == [
        ConnectDomainEventBlockJobStatus.READY,
        ConnectDomainEventBlockJobStatus.COMPLETED,
    ]
    assert await image_of(driver, key) == str(tmp_path / "a.qcow2")
    assert await image_of(driver, key, inactive=True) == str(tmp_path / "a.qcow2")
    await driver.ability(Lifecycle).destroy(key)


async def _until_completed(events: AsyncIterator[object]) -> AsyncIterator[BlockJobEvent]:
    async for event in events:
        if isinstance(event, BlockJobEvent):
            yield event
            if event.status == ConnectDomainEventBlockJobStatus.COMPLETED:
                return


async def test_a_copy_is_taken_over_and_one_is_left(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    blocks = driver.ability(Blocks)
    await blocks.block_copy(key, "vda", Disk.file(tmp_path / "b.qcow2"))
    with pytest.raises(InvalidState, match="has a job"):
        await blocks.block_pull(key, "vda")
    await job_ends(driver, key, pivot=True)
    assert await image_of(driver, key) == str(tmp_path / "b.qcow2")
    await blocks.block_copy(key, "vda", Disk.file(tmp_path / "c.qcow2"))
    await job_ends(driver, key, pivot=False)
    assert await image_of(driver, key) == str(tmp_path / "b.qcow2")
    assert (await blocks.block_info(key, "vda")).capacity == 1 << 20
    await driver.ability(Lifecycle).destroy(key)


async def test_checkpoints_and_a_backup(driver: QemuDriver, tmp_path: Path, qemu_img: Path) -> None:
    key = await started(driver, tmp_path, qemu_img)
    checkpoints, backups = driver.ability(Checkpoints), driver.ability(Backups)
    first = await checkpoints.create_checkpoint(key, CheckpointConfig(name="one"))
    target = tmp_path / "backup.qcow2"
    await backups.begin_backup(
        key, BackupConfig.push({"vda": target}), CheckpointConfig(name="two")
    )
    with anyio.fail_after(20):
        while (await driver.ability(Jobs).job_stats(key)).active:
            await anyio.lowlevel.checkpoint()
    assert target.exists()
    assert [each.name for each in await checkpoints.checkpoints(key)] == ["one", "two"]
    await checkpoints.delete_checkpoint(first)
    with pytest.raises(NotFound, match="one"):
        await checkpoints.find_checkpoint(key, "one")
    await driver.ability(Lifecycle).destroy(key)
    flags = DomainUndefineFlags.CHECKPOINTS_METADATA
    await driver.ability(Definition).undefine(key, flags=flags)


async def test_devices_are_plugged_changed_and_pulled_out(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    devices, definition = driver.ability(Devices), driver.ability(Definition)
    disk = Disk.file(await image(tmp_path, qemu_img, "b.raw", "raw"), target="sda", bus="scsi")
    await devices.attach_device(key, disk, live=True, config=True)
    card = "<interface type='user'><mac address='52:54:00:00:00:09'/><model type='virtio'/>"
    await devices.attach_device(key, f"{card}</interface>")
    await devices.update_device(key, f"{card}<link state='down'/></interface>")
    config = await definition.config(key)
    assert [each.target.dev for each in config.disks] == ["vda", "sda"]
    assert [each.link for each in config.interfaces] == ["down"]
    await devices.detach_device(key, disk)
    assert [each.target.dev for each in (await definition.config(key)).disks] == ["vda"]
    inactive = await definition.config(key, inactive=True)
    assert [each.target.dev for each in inactive.disks] == ["vda", "sda"]
    await driver.ability(Lifecycle).destroy(key)


async def test_processors_monitor_and_display_of_a_guest(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    processors = driver.ability(Processors)
    await processors.pin_vcpu(key, 0, {0}, flags=DomainModificationImpact.LIVE)
    (vcpu,) = await processors.vcpus(key)
    assert vcpu.affinity == {0}
    monitor = driver.ability(Monitor)
    assert "running" in await monitor.monitor_text(key, "info status", flags=HMP)
    assert '"running":true' in await monitor.monitor_text(key, '{"execute":"query-status"}')
    with pytest.raises(NotFound, match="no display 0"):
        await driver.ability(Displays).open_graphics(key)
    assert (await driver.ability(Statistics).memory_stats(key)).last_update_s == 0
    await driver.ability(Lifecycle).destroy(key)


async def test_a_transient_guest_is_gone_when_it_stops(driver: QemuDriver) -> None:
    definition = driver.ability(Definition)
    config = DomainConfig(name="brief", memory="16MiB")
    async with driver.ability(Events).subscribe() as events:
        key = await definition.create(config, flags=DomainCreateFlags.START_PAUSED)
        assert not await definition.is_persistent(key)
        with pytest.raises(AlreadyExists):
            await definition.create(config)
        await driver.ability(Lifecycle).destroy(key)
        details = []
        async for event in events:
            if isinstance(event, LifecycleEvent):
                details.append(event.detail)
                if event.detail is LifecycleDetail.STOPPED_DESTROYED:
                    break
    assert details[0] is LifecycleDetail.STARTED_BOOTED
    with pytest.raises(NotFound):
        await definition.state(key)


async def test_a_domain_is_renamed_and_described(driver: QemuDriver) -> None:
    definition = driver.ability(Definition)
    key = await definition.define(DomainConfig(name="old", memory="16MiB"))
    await definition.set_autostart(key, autostart=True)
    await definition.rename(key, "new")
    found = await definition.find_by_name("new")
    assert found.uuid == key.uuid
    with pytest.raises(NotFound):
        await definition.find_by_name("old")
    await definition.set_metadata(found, "title", "A title")
    await definition.set_metadata(found, "element", "<a/>", key="k", uri="http://x/")
    assert await definition.metadata(found, "title") == "A title"
    assert await definition.metadata(found, "element", "http://x/") == "<a/>"
    assert await definition.autostart(found)
    await definition.undefine(found)
