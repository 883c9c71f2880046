"""The data of volumes of a real libvirtd: into them, out of them, with their holes."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from libvirtlab import Lab, Transport, run_virsh
from storagelab import MIB, folder, running_pool, volume_xml

import aiovirt
from aiovirt.errors import AiovirtError, ConnectionLost, HostError
from aiovirt.host.sparse import open_writer
from aiovirt.model.storage import Hole
from aiovirt.objects import Connection, StoragePool, StorageVolume

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SIZE = 24 * MIB


@pytest.fixture
async def volume(pool: StoragePool) -> StorageVolume:
    """Return a sparse volume of `SIZE` bytes."""
    return await pool.create_volume(volume_xml("disk", SIZE))


@pytest.fixture
def holey(tmp_path: Path) -> Path:
    """Return a file of `SIZE` bytes that begins with a hole and ends with one."""
    path = tmp_path / "holey"
    with path.open("wb") as file:
        for place in (MIB, 3 * MIB, 4 * MIB):
            file.seek(place)
            file.write(os.urandom(MIB))
        file.truncate(SIZE)
    return path


def taken(path: Path) -> int:
    return path.stat().st_blocks * 512


@pytest.mark.parametrize("sparse", [False, True])
async def test_a_file_comes_back_as_it_was(
    volume: StorageVolume, holey: Path, tmp_path: Path, *, sparse: bool
) -> None:
    sent, got = [], []
    await volume.upload_file(holey, sparse=sparse, progress=lambda *far: sent.append(far))
    copy = tmp_path / "copy"
    await volume.download_file(copy, sparse=sparse, progress=lambda *far: got.append(far))
    assert copy.read_bytes() == holey.read_bytes()
    assert sent[-1] == got[-1] == (SIZE, SIZE)
    assert (taken(copy) <= 4 * MIB) is sparse


async def test_holes_stay_holes_on_the_host(volume: StorageVolume, holey: Path) -> None:
    await volume.upload_file(holey)
    assert (await volume.info()).allocation <= 4 * MIB
    assert Path(await volume.path()).read_bytes() == holey.read_bytes()


async def test_holes_are_values_of_a_sparse_stream(volume: StorageVolume) -> None:
    async with volume.upload(sparse=True) as sink:
        await sink.send(Hole(2 * MIB))
        await sink.send(b"x" * MIB)
        await sink.send(Hole(SIZE - 3 * MIB))
    async with volume.download(sparse=True) as source:
        found = [piece async for piece in source]
    lengths = [piece.length if isinstance(piece, Hole) else -len(piece) for piece in found]
    assert lengths[0] == 2 * MIB
    assert lengths[-1] == SIZE - 3 * MIB
    assert sum(map(abs, lengths)) == SIZE


async def test_a_part_is_written_and_read(volume: StorageVolume) -> None:
    async with volume.upload(size=3, offset=10) as sink:
        await sink.send(b"abc")
    async with volume.download(size=5, offset=9) as source:
        assert b"".join([part async for part in source if isinstance(part, bytes)]) == b"\0abc\0"


async def test_virsh_reads_what_was_written(
    volume: StorageVolume, holey: Path, lab: Lab, tmp_path: Path
) -> None:
    await volume.upload_file(holey)
    run_virsh(lab, "vol-download", "disk", str(tmp_path / "copy"), "--pool", "images")
    assert (tmp_path / "copy").read_bytes() == holey.read_bytes()


async def test_more_than_was_announced_is_refused(volume: StorageVolume) -> None:
    async def send_too_much() -> None:
        async with volume.upload(size=MIB) as sink:
            for _ in range(8):
                await sink.send(b"x" * MIB)

    with pytest.raises(AiovirtError):
        await send_too_much()


async def test_an_error_within_the_block_leaves_it_as_itself(volume: StorageVolume) -> None:
    async def fail() -> None:
        async with volume.upload() as sink:
            await sink.send(b"x" * MIB)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await volume.info()).capacity == SIZE


async def test_a_reader_may_leave_early(volume: StorageVolume) -> None:
    async with volume.download() as source:
        assert await source.receive()
    assert (await volume.info()).capacity == SIZE


async def test_other_calls_go_on_while_nobody_reads_the_data(
    host: Connection, volume: StorageVolume
) -> None:
    async with volume.download() as source:
        first = await source.receive()
        for _ in range(20):
            assert await host.hostname()
        rest = [piece async for piece in source]
    assert sum(len(piece) for piece in (first, *rest) if isinstance(piece, bytes)) == SIZE


async def test_a_download_that_is_given_up_leaves_nothing(
    volume: StorageVolume, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"old")
    with anyio.CancelScope() as scope:
        await volume.download_file(copy, progress=lambda *_far: scope.cancel())
    assert scope.cancelled_caught
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    assert copy.read_bytes() == b"old"


async def test_an_upload_can_be_given_up(volume: StorageVolume, holey: Path) -> None:
    with anyio.CancelScope() as scope:
        await volume.upload_file(holey, progress=lambda *_far: scope.cancel())
    assert scope.cancelled_caught
    await volume.delete()


async def test_a_file_that_is_not_there_is_no_upload(volume: StorageVolume) -> None:
    with pytest.raises(HostError, match="/none"):
        await volume.upload_file("/none")


async def test_a_volume_that_is_gone_leaves_no_file(
    volume: StorageVolume, pool: StoragePool, lab: Lab, tmp_path: Path
) -> None:
    (folder(lab, "images") / "disk").unlink()
    with pytest.raises(AiovirtError, match="disk"):
        await volume.download_file(tmp_path / "copy")
    assert not list(tmp_path.iterdir())
    await pool.refresh()


async def test_a_daemon_that_dies_leaves_no_file(lab: Lab, tmp_path: Path) -> None:
    """By a connection of its own: one of a fixture would be made anew amid the test."""

    async def read_until_it_dies(volume: StorageVolume) -> None:
        async with open_writer(tmp_path / "copy") as writer, volume.download() as source:
            await writer.write([await source.receive()])
            await anyio.to_thread.run_sync(lab.restart)
            while True:
                await writer.write([await source.receive()])

    async with aiovirt.open(lab.uri("unix")) as host, running_pool(host, lab, "images") as pool:
        volume = await pool.create_volume(volume_xml("disk", SIZE))
        with pytest.raises(ConnectionLost):
            await read_until_it_dies(volume)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("steps", range(0, 150, 10))
async def test_a_download_can_be_given_up_anywhere(
    volume: StorageVolume, tmp_path: Path, steps: int
) -> None:
    async def give_up() -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(give_up)
        await volume.download_file(tmp_path / "copy")
    assert {path.name for path in tmp_path.iterdir()} <= {"copy"}


@pytest.fixture(scope="module")
def _asyncssh() -> None:
    """Load it outside of a loop: it looks for libraries by a program when it is loaded."""
    import_module("asyncssh")


@pytest.mark.usefixtures("_asyncssh")
@pytest.mark.parametrize("transport", ["tcp", "tls", "ssh"])
async def test_data_moves_by_every_transport(
    volume: StorageVolume, holey: Path, lab: Lab, tmp_path: Path, transport: Transport
) -> None:
    async with aiovirt.open(lab.uri(transport)) as host:
        remote = await host.pools.volume(volume.key.key)
        await remote.upload_file(holey)
        await remote.download_file(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == holey.read_bytes()


async def test_a_connection_for_reading_writes_nothing(volume: StorageVolume, lab: Lab) -> None:
    uri = lab.uri("unix", socket=str(lab.socket_ro))
    async with aiovirt.open(uri, readonly=True) as host:
        found = await host.pools.volume(volume.key.key)
        with pytest.raises(AiovirtError, match="read only"):
            await found.upload().__aenter__()
