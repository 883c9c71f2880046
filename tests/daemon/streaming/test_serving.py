"""Streams from a client through the daemon to a driver, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import anyio
import pytest

import aiovirt
from aiovirt.clients.libvirt import ClientStream, LibvirtClient, open_client
from aiovirt.errors import AiovirtError, Busy, InvalidState, RemoteError
from aiovirt.interfaces import (
    Ability,
    Consoles,
    ConsoleStream,
    Migration,
    MigrationTunnel,
    Screen,
    StorageVolumes,
    VolumeSink,
    VolumeSource,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.storage import Hole
from aiovirt.model.uri import URI
from aiovirt.objects import Connection
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import storage as p
from aiovirt.protocols.libvirt.tables.structs import StorageVol
from aiovirt.streams.channel import MAX_OUTGOING
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix
from aiovirt.testing.daemon import RunningDaemon, open_test_daemon

pytestmark = pytest.mark.anyio

WEB1 = DomainKey(UUID(int=1), "web1")
VOLUME = StorageVolumeKey("pool", "vol", "/pool/vol")
VOLUME_STRUCT = StorageVol("pool", "vol", "/pool/vol")
A = TypeVar("A", bound=Ability)
MANY = 16
"""Packets that are more than is kept of a stream, and than a socket keeps."""

PICTURE = b"\x89PNG" + bytes(400_000)


class Echo(ConsoleStream):
    """A console that says what it is told, until it is told to end."""

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[bytes](16)

    @property
    def lost(self) -> int:
        return 0

    async def receive(self, max_bytes: int = 65536) -> bytes:
        del max_bytes
        return await self._receive.receive()

    async def send(self, item: bytes) -> None:
        if item == b"end":
            self._send.close()
        else:
            await self._send.send(item)

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self._send.close()
        self._receive.close()


class Sink(VolumeSink):
    """Keeps what is uploaded, and refuses what it is told to refuse."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, data: bytes | Hole) -> None:
        await self._world.taking.wait()
        if data == self._world.refused:
            raise InvalidState("the volume is full")
        self._world.uploaded.append(data)


class Source(VolumeSource):
    """Gives what there is to download, then fails if it is to fail."""

    def __init__(self, world: World) -> None:
        self._items = list(world.there)
        self._error = world.error

    async def receive(self) -> bytes | Hole:
        await anyio.lowlevel.checkpoint()
        if self._items:
            return self._items.pop(0)
        if self._error is not None:
            raise self._error
        raise anyio.EndOfStream


class Tunnel(MigrationTunnel):
    """Keeps what comes."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def cookie(self) -> bytes:
        return b"biscuit"

    async def send(self, item: bytes) -> None:
        self._world.uploaded.append(item)

    async def send_eof(self) -> None:
        self._world.uploaded.append(b"<all>")

    async def aclose(self) -> None:
        return


class World(Consoles, StorageVolumes, Screen, Migration):
    """A driver with streams."""

    driver_name = "Fake"
    name = "Fake"
    uri = URI.parse("test:///default")

    def __init__(self) -> None:
        self.uploaded: list[bytes | Hole] = []
        self.there: list[bytes | Hole] = []
        self.refused: bytes | None = None
        self.error: AiovirtError | None = None
        self.busy = False
        self.taking = anyio.Event()
        self.taking.set()
        self.ended: list[str] = []
        self.sparse = False
        self.source: Endless | None = None

    def ability(self, kind: type[A]) -> A:
        return self if isinstance(self, kind) else kind()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[World]:
        yield self

    @asynccontextmanager
    async def open_console(self, domain: DomainKey, **how: object) -> AsyncIterator[ConsoleStream]:
        del domain
        if self.busy and not how["force"]:
            raise Busy("somebody has it")
        async with Echo() as echo:
            yield echo
        self.ended.append("console")

    @asynccontextmanager
    async def upload(self, volume: StorageVolumeKey, **how: object) -> AsyncIterator[VolumeSink]:
        self.sparse = bool(how["sparse"])
        try:
            yield Sink(self)
        except Exception:
            self.ended.append("aborted")
            raise
        self.ended.append(f"uploaded {volume.name}")

    @asynccontextmanager
    async def download(
        self, volume: StorageVolumeKey, **how: object
    ) -> AsyncIterator[VolumeSource]:
        del volume
        self.sparse = bool(how["sparse"])
        try:
            yield self.source or Source(self)
        finally:
            self.ended.append("downloaded")

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        del domain, screen
        return PICTURE

    @asynccontextmanager
    async def prepare_tunnel(
        self, params: object, cookie: bytes = b"", **how: object
    ) -> AsyncIterator[MigrationTunnel]:
        del params, cookie, how
        yield Tunnel(self)


@pytest.fixture
async def world() -> World:
    """Return the driver that the daemon serves."""
    return World()


@pytest.fixture
async def host(world: World, tmp_path: Path) -> AsyncIterator[Connection]:
    """Return a connection of a client of ours to the daemon."""
    openers = {"test:///default": world.opened}
    async with (
        open_test_daemon(tmp_path, openers=openers) as running,
        aiovirt.open(running.uri()) as connection,
    ):
        yield connection


def of(host: Connection, kind: type[A]) -> A:
    """Return an ability of a client."""
    return host.driver.ability(kind)


async def upload(host: Connection, *items: bytes) -> None:
    """Upload some data."""
    async with of(host, StorageVolumes).upload(VOLUME) as sink:
        for item in items:
            await sink.send(item)


async def test_a_console_goes_both_ways_and_ends_with_its_guest(host: Connection) -> None:
    async with of(host, Consoles).open_console(WEB1) as console:
        await console.send(b"hello")
        assert await console.receive() == b"hello"
        await console.send(b"end")
        with pytest.raises(anyio.EndOfStream):
            await console.receive()


async def test_a_console_that_is_taken_is_told_in_libvirts_words(
    host: Connection, world: World
) -> None:
    world.busy = True
    with pytest.raises(Busy, match="Active console"):
        async with of(host, Consoles).open_console(WEB1):
            pass
    async with of(host, Consoles).open_console(WEB1, force=True):
        pass


async def test_a_picture_comes_whole(host: Connection) -> None:
    assert await of(host, Screen).screenshot(WEB1) == PICTURE


async def test_an_upload_is_stored_when_its_end_is_confirmed(
    host: Connection, world: World
) -> None:
    async with of(host, StorageVolumes).upload(VOLUME, sparse=True) as sink:
        await sink.send(b"a" * 300_000)
        await sink.send(Hole(4096))
    assert sum(len(item) for item in world.uploaded[:-1] if isinstance(item, bytes)) == 300_000
    assert world.uploaded[-1] == Hole(4096)
    assert world.ended == ["uploaded vol"]


async def test_an_upload_that_is_refused_ends_with_the_error(
    host: Connection, world: World
) -> None:
    world.refused = b"b"
    with pytest.raises(InvalidState, match="full"):
        await upload(host, b"a", b"b")
    assert world.ended == ["aborted"]


async def test_an_upload_that_is_given_up_is_aborted(host: Connection, world: World) -> None:
    world.taking = anyio.Event()  # the host takes nothing: it must not wait for that
    with pytest.raises(TypeError):
        await upload(host, b"a", None)  # type: ignore[arg-type]
    while not world.ended:
        await anyio.lowlevel.checkpoint()
    assert world.ended == ["aborted"]


async def test_a_download_gives_data_and_holes(host: Connection, world: World) -> None:
    world.there = [b"a" * 600_000, Hole(10), b"z"]
    async with of(host, StorageVolumes).download(VOLUME, sparse=True) as source:
        items = [item async for item in source]
    assert b"".join(item for item in items if isinstance(item, bytes)) == b"a" * 600_000 + b"z"
    assert items[-2:] == [Hole(10), b"z"]


async def test_a_download_that_fails_tells_why(host: Connection, world: World) -> None:
    world.there, world.error = [b"a"], RemoteError("the disk is broken")
    async with of(host, StorageVolumes).download(VOLUME) as source:
        assert await source.receive() == b"a"
        with pytest.raises(RemoteError, match="broken"):
            await source.receive()


async def test_a_download_that_nobody_wants_any_more_ends(host: Connection, world: World) -> None:
    world.there = [b"a" * 200_000] * 100
    async with of(host, StorageVolumes).download(VOLUME) as source:
        await source.receive()
    while not world.ended:
        await anyio.lowlevel.checkpoint()


async def test_a_tunnel_carries_what_a_source_sends(host: Connection, world: World) -> None:
    async with of(host, Migration).prepare_tunnel({}) as tunnel:
        assert tunnel.cookie == b"biscuit"
        await tunnel.send(b"memory")
        await tunnel.send_eof()
    assert world.uploaded == [b"memory", b"<all>"]


class Endless(VolumeSource):
    """A volume without an end, which counts what is read of it."""

    read = 0

    async def receive(self) -> bytes | Hole:
        await anyio.lowlevel.checkpoint()
        self.read += 100_000
        return bytes(100_000)


@asynccontextmanager
async def raw_client(running: RunningDaemon) -> AsyncIterator[LibvirtClient]:
    """Connect a client whose reading a test can hold up."""
    with await connect_unix(running.socket) as sock:
        line = Line(sock, passes_descriptors=True, local=True, peer="the daemon")
        async with open_client(line) as client:
            await client.call(c.CONNECT_OPEN, c.ConnectOpenArgs("test:///default", 0))
            yield client


async def test_who_reads_slowly_bounds_what_is_kept_and_holds_up_nobody(
    world: World, tmp_path: Path
) -> None:
    world.source = Endless()
    args = p.StorageVolDownloadArgs(VOLUME_STRUCT, 0, 0, 0)
    async with (
        open_test_daemon(tmp_path, openers={"test:///default": world.opened}) as running,
        raw_client(running) as slow,
        raw_client(running) as other,
        slow.stream(p.STORAGE_VOL_DOWNLOAD, args),
    ):
        slow.channel.pause()
        await anyio.wait_all_tasks_blocked()
        kept = max(one.channel.waiting for one in running.daemon.main.clients.values())
        assert MAX_OUTGOING <= kept <= MAX_OUTGOING + MAX_STREAM_DATA
        await other.call(c.CONNECT_GET_TYPE, Empty())
        read = world.source.read
        await anyio.wait_all_tasks_blocked()
        assert world.source.read == read
        slow.channel.resume()


async def test_who_uploads_faster_than_the_host_takes_waits(world: World, tmp_path: Path) -> None:
    world.taking = anyio.Event()
    args = p.StorageVolUploadArgs(VOLUME_STRUCT, 0, 0, 0)
    async with (
        open_test_daemon(tmp_path, openers={"test:///default": world.opened}) as running,
        raw_client(running) as client,
        client.stream(p.STORAGE_VOL_UPLOAD, args) as (_, stream),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(send_much, stream)
        (session,) = running.daemon.main.clients.values()
        while not session._held:
            await anyio.lowlevel.checkpoint()
        assert not world.uploaded
        world.taking.set()
    assert len(world.uploaded) == MANY
    assert world.ended == ["uploaded vol"]


async def send_much(stream: ClientStream) -> None:
    """Send more than is kept, and finish."""
    for _ in range(MANY):
        await stream.send(bytes(MAX_STREAM_DATA))
    await stream.finish()
