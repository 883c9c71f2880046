"""Backups go on where a guest has moved to: the bitmaps of its checkpoints go along."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from bootsectors import CHECKED, boot_image
from movingguests import Hosts, bitmaps, dots, left_of_a_move, open_hosts, slowed, under_way

from aiovirt.config import BackupConfig, CheckpointConfig, SnapshotConfig
from aiovirt.errors import InvalidState
from aiovirt.model.jobs import JobStats
from aiovirt.objects import Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's."""
    return "asyncio"


async def over_an_overlay(hosts: Hosts, vm: Domain) -> str:
    """Let two images note what is written, and return the document of a guest with a copy."""
    full = BackupConfig.push({"vda": hosts.folder / "full"})
    await vm.begin_backup(full, CheckpointConfig(name="c1"))
    await vm.wait_for_backup()
    await vm.snapshots.create(SnapshotConfig(name="s1"), disk_only=True, no_metadata=True)
    return await hosts.elsewhere(vm, "two.qcow2")


async def is_the_disk(qemu_img: Path, vm: Domain, folder: Path) -> None:
    """See that a full backup and what was written since are what a guest has now."""
    full, rest, disk = (folder / name for name in ("full", "rest", "two.qcow2"))
    await vm.suspend()
    await vm.begin_backup(BackupConfig.push({"vda": rest}, incremental="c1"))
    await vm.wait_for_backup()
    rebase = ("rebase", "-u", "-f", "qcow2", "-b", str(full), "-F", "qcow2", str(rest))
    await anyio.run_process([str(qemu_img), *rebase])
    await anyio.run_process([str(qemu_img), "compare", "-U", str(rest), str(disk)])


async def test_a_backup_of_what_was_written_on_both_hosts(
    tmp_path: Path, qemu: Path, qemu_img: Path
) -> None:
    assert qemu.exists()
    async with open_hosts(tmp_path) as hosts, hosts.guest() as vm:
        xml = await over_an_overlay(hosts, vm)
        record = await (await vm.checkpoints.get("c1")).config(secure=True)
        await dots(vm)
        options = hosts.options(copy_storage="all", xml=xml)
        moved = await vm.migrate(hosts.destination, options=options)
        assert await left_of_a_move(moved) == []
        await moved.checkpoints.create(record, redefine=True)
        await dots(moved)
        assert await bitmaps(moved) == ["c1"]
        await is_the_disk(qemu_img, moved, tmp_path)


async def test_one_that_is_given_up_leaves_those_that_were(tmp_path: Path, qemu: Path) -> None:
    assert qemu.exists()
    async with open_hosts(tmp_path) as hosts, hosts.guest() as vm:
        xml = await over_an_overlay(hosts, vm)
        before = await bitmaps(vm)
        await slowed(vm)
        seen: list[list[str]] = []

        async def give_up() -> None:
            seen.append(await bitmaps(vm))
            with pytest.raises(InvalidState, match="post-copy"):  # there is none of bitmaps alone
                await vm.start_post_copy()
            await vm.abort_job()

        def look(stats: JobStats) -> None:
            if under_way(stats) and not seen:
                seen.append([])
                tasks.start_soon(give_up)

        options = hosts.options(copy_storage="all", xml=xml)
        async with anyio.create_task_group() as tasks:
            with pytest.raises(InvalidState, match="given up"):
                await vm.migrate(hosts.destination, options=options, progress=look)
        assert seen[-1] == sorted([*before, "aiovirt-move-c1"])
        assert await bitmaps(vm) == before
        assert await left_of_a_move(vm) == []


async def test_one_that_is_there_already_is_not_written_over(tmp_path: Path, qemu: Path) -> None:
    """It notes all that comes: a backup then copies too much, and never too little."""
    assert qemu.exists()
    async with open_hosts(tmp_path) as hosts, hosts.guest() as vm:
        await vm.checkpoints.create(CheckpointConfig(name="c1"))
        there = await anyio.to_thread.run_sync(boot_image, tmp_path / "two.qcow2", CHECKED)
        await anyio.run_process(["qemu-img", "bitmap", "--add", str(there), "c1"])
        xml = await hosts.elsewhere(vm, "two.qcow2")
        options = hosts.options(copy_storage="all", xml=xml)
        moved = await vm.migrate(hosts.destination, options=options)
        assert await bitmaps(moved) == ["c1"]
        await dots(moved)
