"""Checkpoints that cannot be made: no image keeps a bitmap that nobody knows, or can delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from writers import Writer, open_writer

from aiovirt.config import BackupConfig, CheckpointConfig
from aiovirt.config.snapshot import BackupServer
from aiovirt.errors import HostError, InvalidState, QMPCommandError

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


async def checkpoint(writer: Writer) -> None:
    await writer.vm.checkpoints.create(CheckpointConfig(name="c1"))


async def backup(writer: Writer) -> None:
    config = BackupConfig.push({"vda": writer.folder / "copy"})
    await writer.vm.begin_backup(config, CheckpointConfig(name="c1"))


MAKING: tuple[Callable[[Writer], Awaitable[None]], ...] = (checkpoint, backup)


async def nothing_is_left(writer: Writer) -> None:
    assert await writer.vm.checkpoints.list() == []
    assert writer.files() == ["a.qcow2"]
    assert await writer.left() == (["libvirt-1-format"], [], [])


async def test_one_whose_record_cannot_be_written_is_not_made(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        uuid = writer.vm.key.uuid
        in_the_way = tmp_path / "root" / "checkpoints" / str(uuid) / "current"
        in_the_way.mkdir(parents=True)
        for make in MAKING:
            with pytest.raises(HostError, match="current"):
                await make(writer)
            assert await writer.bitmaps() == []
            await nothing_is_left(writer)
        in_the_way.rmdir()
        await checkpoint(writer)
        assert await writer.bitmaps() == ["c1"]


async def test_one_without_its_bitmap_is_deleted_and_made_again(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await checkpoint(writer)
        bitmap = {"node": "libvirt-1-format", "name": "c1"}
        await writer.vm.monitor_command("block-dirty-bitmap-remove", bitmap)
        await (await writer.vm.checkpoints.get("c1")).delete()
        await checkpoint(writer)
        assert await writer.bitmaps() == ["c1"]


async def test_one_that_is_refused_leaves_no_record(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        others = {"node": "libvirt-1-format", "name": "c1", "persistent": True}
        await writer.vm.monitor_command("block-dirty-bitmap-add", others)
        for make in MAKING:
            with pytest.raises(QMPCommandError, match="c1"):
                await make(writer)
            assert await writer.bitmaps() == ["c1"]
            await nothing_is_left(writer)


async def test_none_is_made_while_a_backup_is_under_way(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        server = BackupServer.unix(tmp_path / "nbd")
        pull = BackupConfig.pull(server, {"vda": tmp_path / "scratch"})
        await writer.vm.begin_backup(pull, CheckpointConfig(name="c0"))
        with pytest.raises(InvalidState, match="another job"):
            await checkpoint(writer)
        assert await writer.bitmaps() == ["c0"]


async def test_a_backup_that_nobody_can_read_leaves_no_checkpoint(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        server = BackupServer.unix(tmp_path / "not" / "there")
        pull = BackupConfig.pull(server, {"vda": tmp_path / "scratch"})
        with pytest.raises(QMPCommandError):
            await writer.vm.begin_backup(pull, CheckpointConfig(name="c1"))
        assert await writer.bitmaps() == []
        await nothing_is_left(writer)
