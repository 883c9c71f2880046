"""Streams of a real libvirtd: how much waits, who is held up, what stays of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
import storagelab
from libvirtlab import Lab

import aiovirt
from aiovirt.bindings.values import VOLUME
from aiovirt.clients.libvirt import ClientStream, LibvirtClient
from aiovirt.clients.libvirt._stream import BACKLOG_BYTES
from aiovirt.drivers.libvirt.opening import open_watched_session
from aiovirt.errors import Closed, NotFound
from aiovirt.interfaces import OpenOptions
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect, storage
from aiovirt.protocols.libvirt.tables.structs import StorageVol
from aiovirt.streams.channel import READ_SIZE

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SIZE = 16 * storagelab.MIB


@pytest.fixture
async def volume(lab: Lab) -> AsyncIterator[StorageVol]:
    """Return a volume of `SIZE` bytes."""
    async with (
        aiovirt.open(lab.uri("unix")) as host,
        storagelab.running_pool(host, lab, "streamed") as pool,
    ):
        made = await pool.create_volume(storagelab.volume_xml("disk", SIZE, SIZE))
        yield VOLUME.send(made.key)


@pytest.fixture
async def client(lab: Lab) -> AsyncIterator[LibvirtClient]:
    """Return a connection."""
    async with open_watched_session(URI.parse(lab.uri("unix")), OpenOptions()) as session:
        yield session.client


def download(volume: StorageVol) -> storage.StorageVolDownloadArgs:
    return storage.StorageVolDownloadArgs(volume, 0, 0, 0)


def upload(volume: StorageVol, length: int = 0) -> storage.StorageVolUploadArgs:
    return storage.StorageVolUploadArgs(volume, 0, length, 0)


async def until_held(*streams: ClientStream) -> None:
    while not any(stream._held for stream in streams):
        await anyio.lowlevel.checkpoint()


async def read_all(stream: ClientStream) -> int:
    count = 0
    with suppress(anyio.EndOfStream):
        while True:
            items = [await stream.receive(), *stream.receive_waiting()]
            count += sum(len(item) for item in items if isinstance(item, bytes))
    await stream.finish()
    return count


async def test_what_nobody_reads_waits_with_the_server(
    client: LibvirtClient, volume: StorageVol
) -> None:
    async with client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, stream):
        await until_held(stream)
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
        most = BACKLOG_BYTES + MAX_STREAM_DATA + READ_SIZE
        assert BACKLOG_BYTES < stream._waiting_bytes <= most
        assert await read_all(stream) == SIZE
    assert (await client.call(connect.CONNECT_GET_HOSTNAME, Empty())).hostname


async def test_a_stream_that_is_closed_holds_nobody_up(
    client: LibvirtClient, volume: StorageVol
) -> None:
    async with client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, stream):
        await until_held(stream)
    async with client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, stream):
        assert await read_all(stream) == SIZE


async def test_a_connection_is_read_when_all_its_streams_let_go(
    client: LibvirtClient, volume: StorageVol
) -> None:
    async with (
        client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, first),
        client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, second),
    ):
        await until_held(first, second)
        totals = [0, 0]

        async def read(place: int, stream: ClientStream) -> None:
            totals[place] = await read_all(stream)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, 0, first)
            tasks.start_soon(read, 1, second)
    assert totals == [SIZE, SIZE]


async def test_a_reader_that_takes_its_time_is_not_taken_for_dead(
    client: LibvirtClient, volume: StorageVol
) -> None:
    async with (
        client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, stream),
        anyio.create_task_group() as tasks,
    ):
        await until_held(stream)
        keep_alive = client.keep_alive
        # So short that a connection which counted as silent would be dead at the second look.
        tasks.start_soon(keep_alive, 0.001, 0)
        keepalive_looks = 0
        while keepalive_looks < 5:
            due = client._keepalive.due if client._keepalive else 0.0
            await anyio.lowlevel.checkpoint()
            keepalive_looks += client._keepalive is not None and client._keepalive.due > due > 0
        assert not client.lost.is_set()
        tasks.cancel_scope.cancel()
        assert stream._waiting_bytes


async def test_what_was_sent_is_stored_when_finish_returns(
    client: LibvirtClient, volume: StorageVol
) -> None:
    async with client.stream(storage.STORAGE_VOL_UPLOAD, upload(volume)) as (_, stream):
        await stream.send(b"x" * SIZE)
        await stream.finish()
        with pytest.raises(Closed):
            await stream.send(b"x")
    async with client.stream(storage.STORAGE_VOL_DOWNLOAD, download(volume)) as (_, stream):
        assert await stream.receive() == b"x" * MAX_STREAM_DATA


async def test_a_call_that_is_refused_opens_no_stream(
    client: LibvirtClient, volume: StorageVol
) -> None:
    wrong = StorageVol(volume.pool, "none", "/none")
    with pytest.raises(NotFound):
        async with client.stream(storage.STORAGE_VOL_DOWNLOAD, download(wrong)):
            pass
    assert not client._streams
