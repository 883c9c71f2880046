"""Work on a guest's disks and memory that is given up in the middle: nothing is left of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream
from steps import CancelledAt, run_cancelled_at
from writers import Writer, open_writer

from aiovirt.config import BackupConfig, CheckpointConfig, SnapshotConfig
from aiovirt.config.snapshot import BackupServer, SnapshotMemory
from aiovirt.errors import InvalidState
from aiovirt.model.events import JobCompletedEvent

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


async def push(writer: Writer) -> None:
    config = BackupConfig.push({"vda": writer.folder / "copy"})
    await writer.vm.begin_backup(config, CheckpointConfig(name="c1"))


async def pull(writer: Writer) -> None:
    server = BackupServer.unix(writer.folder / "nbd")
    await writer.vm.begin_backup(BackupConfig.pull(server, {"vda": writer.folder / "scratch"}))


async def save(writer: Writer) -> None:
    await writer.vm.save(str(writer.folder / "save.gz"))


async def merge(writer: Writer) -> None:
    await (await writer.vm.snapshots.get("above")).delete()


async def resize(writer: Writer) -> None:
    await writer.vm.block_resize("vda", 2 << 20)


async def dump(writer: Writer) -> None:
    await writer.vm.dump(str(writer.folder / "dump"), memory_only=True)


async def inside(writer: Writer) -> None:
    await writer.vm.snapshots.create(SnapshotConfig(name="inside"))


async def whole(writer: Writer) -> None:
    memory = SnapshotMemory(snapshot="external", file=str(writer.folder / "memory"))
    config = SnapshotConfig(name="whole", memory=memory)
    await writer.vm.snapshots.create(config)


WORK = (resize, dump, inside, whole, push, pull, save)


TURNS = (3, 150, 1200, 6000)


async def given_up(writer: Writer, work: Callable[[Writer], Awaitable[None]], turns: int) -> bool:
    """Begin something and give it up after so many turns of the loop; whether it was done."""
    done = False

    async def whole() -> None:
        nonlocal done
        await work(writer)
        done = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(whole)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    return done


async def test_what_is_given_up_leaves_no_file_no_node_no_bitmap_and_no_job(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        for work in WORK:
            for turns in TURNS:
                if await given_up(writer, work, turns) or await is_done(writer):
                    await taken_back(writer)
                    break
                assert writer.files() == ["a.qcow2"], (work, turns)
                assert await writer.left() == (["libvirt-1-format"], [], []), (work, turns)
                assert await writer.bitmaps() == [], (work, turns)
                assert await writer.vm.snapshots.list() == [], (work, turns)
            else:
                await writer.writes()


async def is_done(writer: Writer) -> bool:
    """Whether something came to its end, or on its way, although it was given up: too late."""
    return (
        not (await writer.vm.state()).state.active
        or (await writer.vm.job_stats()).active
        or bool(await writer.vm.snapshots.list())
        or (writer.folder / "dump").exists()
    )


async def taken_back(writer: Writer) -> None:
    """Let nothing be left of work that was done."""
    if not (await writer.vm.state()).state.active:
        await writer.host.domains.restore(str(writer.folder / "save.gz"))
    if (await writer.vm.job_stats()).active:
        await writer.vm.abort_job()
    with anyio.fail_after(20):
        while (await writer.vm.job_stats()).active:
            await anyio.lowlevel.checkpoint()
    for snapshot in await writer.vm.snapshots.list():
        await snapshot.delete()
    for checkpoint in await writer.vm.checkpoints.list():
        await checkpoint.delete()
    for name in ("copy", "dump", "save.gz"):
        (writer.folder / name).unlink(missing_ok=True)
    await writer.writes()


async def test_a_guest_that_stands_still_since_its_memory_was_written_says_what_to_do(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.suspend()
        await write_memory_to_nobody(writer)
        with pytest.raises(InvalidState, match="once only") as caught:
            await save(writer)
        assert "resume" in (caught.value.hint or "")
        assert writer.files() == ["a.qcow2"]
        await writer.vm.resume()
        await writer.writes()
        await writer.vm.suspend()
        await save(writer)


async def write_memory_to_nobody(writer: Writer) -> None:
    """Have QEMU write the memory of a guest out, behind the driver's back."""
    path = writer.folder / "nobody"

    async def read(stream: SocketStream) -> None:
        async with stream:
            async for _ in stream:
                pass

    async with (
        await anyio.create_unix_listener(path) as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, read)
        await writer.vm.monitor_command("migrate", {"uri": f"unix:{path}"})
        with anyio.fail_after(20):
            while await moved(writer) != "completed":  # noqa: ASYNC110 - nothing tells it here
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    path.unlink()


async def moved(writer: Writer) -> object:
    """How far a move of memory is, as QEMU tells."""
    told: Any = await writer.vm.monitor_command("query-migrate", {})
    return told.get("status")


async def test_going_back_that_is_given_up_leaves_a_guest_that_runs(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await inside(writer)
        snapshot = await writer.vm.snapshots.get("inside")

        async def back(_: Writer) -> None:
            await snapshot.revert()

        for turns in (3, 20, 60, 150, 1200):
            done = await given_up(writer, back, turns)
            await writer.writes()
            if done:
                break


async def test_a_guest_is_not_saved_while_others_read_its_disk(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await pull(writer)
        with pytest.raises(InvalidState, match="another job"):
            await save(writer)
        await writer.writes()


async def test_a_merge_that_is_given_up_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.snapshots.create(SnapshotConfig(name="above"), disk_only=True)
        for turns in TURNS:
            if await given_up(writer, merge, turns):
                break
            assert await writer.chain() in (["a.above", "a.qcow2"], ["a.qcow2"])
            assert (await writer.left())[1:] == ([], [])
            await writer.writes()
        if await writer.chain() != ["a.qcow2"] or await writer.vm.snapshots.list():
            await merge(writer)
        assert (await writer.chain(), writer.files()) == (["a.qcow2"], ["a.qcow2"])
        await writer.writes()


async def test_a_merge_that_is_given_up_at_its_end_leaves_no_image(tmp_path: Path) -> None:
    """Also while what follows QEMU's part is written down."""
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.snapshots.create(SnapshotConfig(name="above"), disk_only=True)
        whole = CancelledAt(merge(writer), 0, anyio.CancelScope())
        await whole
        for step in range(whole.waits // 2, whole.waits + 1, 2):
            await writer.vm.snapshots.create(SnapshotConfig(name="above"), disk_only=True)
            await run_cancelled_at(merge(writer), step)
            if await writer.vm.snapshots.list():
                await merge(writer)
            assert (await writer.chain(), writer.files()) == (["a.qcow2"], ["a.qcow2"]), step
            assert (await writer.left())[1:] == ([], []), step
        await writer.writes()


async def test_a_push_backup_that_is_given_up_later_leaves_no_file(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        async with writer.host.events() as events:
            await push(writer)
            await writer.vm.abort_job()
            async for event in events:
                if isinstance(event, JobCompletedEvent):
                    break
        assert writer.files() in (["a.qcow2"], ["a.qcow2", "copy"])
        assert await writer.left() == (["libvirt-1-format"], [], [])
