"""External snapshots on a real QEMU whose guest writes and checks what it reads."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from writers import Writer, open_writer

from aiovirt.config import Disk, SnapshotConfig
from aiovirt.config.snapshot import SnapshotMemory
from aiovirt.errors import InvalidState
from aiovirt.model.constants import DomainSnapshotCreateFlags
from aiovirt.model.domain import StateReason
from aiovirt.objects import Snapshot

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


async def disks(writer: Writer, name: str) -> Snapshot:
    """Take a snapshot of the disks."""
    flags = DomainSnapshotCreateFlags.DISK_ONLY
    return await writer.vm.snapshots.create(SnapshotConfig(name=name), flags=flags)


async def whole(writer: Writer, name: str) -> Snapshot:
    """Take a snapshot with the memory, which is written compressed while the guest runs."""
    path = str(writer.folder / f"{name}.gz")
    config = SnapshotConfig(name=name, memory=SnapshotMemory(snapshot="external", file=path))
    flags = DomainSnapshotCreateFlags.LIVE
    return await writer.vm.snapshots.create(config, flags=flags)


async def test_snapshots_above_each_other_are_deleted_under_the_running_guest(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        one, two, three = [await disks(writer, name) for name in ("one", "two", "three")]
        await writer.writes()
        assert await writer.chain() == ["a.three", "a.two", "a.one", "a.qcow2"]
        for snapshot, left in (
            (two, ["a.three", "a.one", "a.qcow2"]),
            (one, ["a.three", "a.qcow2"]),
            (three, ["a.qcow2"]),
        ):
            await snapshot.delete()
            assert await writer.chain() == left
        await writer.writes()
        assert writer.files() == ["a.qcow2"]
        assert await writer.left() == (["libvirt-1-format"], [], [])


async def test_a_moment_with_its_memory_comes_back_and_what_was_since_is_removed(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        one = await whole(writer, "one")
        await writer.writes()
        two = await disks(writer, "two")
        await one.revert()
        assert await writer.vm.state() is StateReason.RUNNING_FROM_SNAPSHOT
        await writer.writes()
        assert await writer.chain() == ["a.one.1", "a.qcow2"]
        assert writer.files() == ["a.one", "a.one.1", "a.qcow2", "one.gz"]
        with pytest.raises(InvalidState, match="'two' needs"):
            await one.delete()
        await two.delete()
        await one.delete()
        await writer.writes()
        assert writer.files() == ["a.qcow2"]


async def test_a_domain_that_is_off_goes_back_and_merges(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        one, two = [await disks(writer, name) for name in ("one", "two")]
        await two.revert(running=True)
        await writer.writes()
        assert await writer.chain() == ["a.two.1", "a.one", "a.qcow2"]
        await writer.vm.destroy()
        await one.delete()
        assert writer.files() == ["a.qcow2", "a.two.1"]
        await writer.start()
        assert await writer.chain() == ["a.two.1", "a.qcow2"]


@pytest.mark.parametrize("turns", [3, 300, 2000])
async def test_a_cancelled_snapshot_leaves_nothing(tmp_path: Path, turns: int) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(whole, writer, "one")
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await writer.writes()
        assert writer.files() == ["a.qcow2"]
        assert await writer.left() == (["libvirt-1-format"], [], [])
        assert await writer.vm.snapshots.list() == []


async def test_a_snapshot_inside_of_an_image_is_kept_by_those_of_other_images(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        one = await disks(writer, "one")
        inside = await writer.vm.snapshots.create(SnapshotConfig(name="inside"))
        with pytest.raises(InvalidState, match=r"'inside' needs the image .*a\.one"):
            await one.delete()
        two = await disks(writer, "two")
        for refused in (inside.revert, inside.delete):
            with pytest.raises(InvalidState, match="is inside of"):
                await refused()
        await two.delete()
        await inside.revert()
        await writer.writes()
        await inside.delete()
        await one.delete()
        await writer.writes()
        assert writer.files() == ["a.qcow2"]


@pytest.fixture
def passable() -> Iterator[Path]:
    """Return a folder that everybody may pass; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="aiovirt-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes as others")
async def test_images_that_come_later_are_given_to_qemus_account_and_back(passable: Path) -> None:
    def owners() -> set[int]:
        return {(passable / name).stat().st_uid for name in ("a.qcow2", "a.one", "copy")}

    theirs = pwd.getpwnam("nobody").pw_uid
    async with open_writer(passable, "&user=nobody&relabel=yes") as writer:
        await writer.start()
        await disks(writer, "one")
        copy = Disk.file(passable / "copy")
        await writer.vm.block_copy("vda", copy, shallow=True, pivot=True)
        assert owners() == {theirs}
        await writer.vm.destroy()
        assert owners() == {0}
        await writer.start()
        assert await writer.chain() == ["copy", "a.qcow2"]
