"""Files of datastores: streamed both ways, resumed where they were cut, and refused."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import anyio
import pytest
from httppeers import Peer, answer, header
from vspherescript import EPOCH, Script, connected

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere import SERVICE, DatastoreFile, VSphereClient
from aiovirt.clients.vsphere.client import TRANSFERS
from aiovirt.errors import (
    AuthenticationFailed,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RemoteError,
)
from aiovirt.protocols.vsphere.tables.session_methods import CURRENT_TIME

pytestmark = pytest.mark.anyio

FILE = DatastoreFile("web 1/ü&?.vmx", "ds 1", "Folder/DC0")
PLACE = "/folder/web%201/%C3%BC%26%3F.vmx?dcPath=Folder%2FDC0&dsName=ds%201"
CONTENT = bytes(range(256)) * 400


@dataclass
class Store(Script):
    """A server with one file.

    Attributes:
        file: What is in it.
        status: What is answered, instead of what is in it.
        cuts: After how many bytes of the body each of the next downloads ends.
        may_cut: Set when it may end there.
        asked: What was asked for: the method, the range, the body.
    """

    file: bytes = CONTENT
    status: str = ""
    cuts: list[int] = field(default_factory=list)
    may_cut: anyio.Event = field(default_factory=anyio.Event)
    asked: list[tuple[str, str | None, bytes]] = field(default_factory=list)

    async def answer_file(self, peer: Peer, head: str) -> bool:
        assert PLACE in head
        assert "vmware_soap_session" in head
        wanted = header(head, "range")
        self.asked.append((head.split(maxsplit=1)[0], wanted, await peer.read_body(head)))
        if self.status:
            await peer.send(answer(b"", self.status))
            return True
        if head.startswith("PUT"):
            self.file = self.asked[-1][2]
            await peer.send(answer(b"", "201 Created"))
            return True
        begin = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
        rest = self.file[begin:]
        told = f"Content-Range: bytes {begin}-{len(self.file) - 1}/{len(self.file)}"
        whole = answer(rest, "206 Partial Content", told) if wanted else answer(rest)
        length = self.cuts.pop(0) if self.cuts else len(rest)
        await peer.send(whole[: len(whole) - len(rest) + length])
        if length < len(rest):
            await self.may_cut.wait()
        return length == len(rest)


async def read(store: Store, offset: int = 0) -> bytes:
    store.may_cut.set()
    async with connected(store) as client, client.download(FILE, offset=offset) as reading:
        return b"".join([part async for part in reading])


async def test_a_file_is_read() -> None:
    store = Store()
    seen: list[tuple[int, int | None]] = []
    async with (
        connected(store) as client,
        client.download(FILE, progress=lambda *told: seen.append(told)) as reading,
    ):
        assert reading.length == len(CONTENT)
        assert b"".join([part async for part in reading]) == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert store.asked == [("GET", None, b"")]


async def test_a_file_is_read_from_within() -> None:
    store = Store()
    assert await read(store, offset=1000) == CONTENT[1000:]
    assert store.asked == [("GET", "bytes=1000-", b"")]


@pytest.mark.parametrize("cuts", [[0], [1], [50_000], [70_000, 0, 10, 5], [0] * 5])
async def test_a_download_that_is_cut_goes_on_where_it_was(cuts: list[int]) -> None:
    assert await read(Store(cuts=cuts)) == CONTENT


async def test_a_download_that_brings_nothing_any_more_ends() -> None:
    with pytest.raises(ConnectionLost):
        await read(Store(cuts=[5000, *[0] * 9]))


async def test_a_file_that_changed_meanwhile_is_not_mixed() -> None:
    store = Store(cuts=[50_000])
    async with connected(store) as client, client.download(FILE) as reading:
        await anext(reading)
        store.file += b"more"
        store.may_cut.set()
        with pytest.raises(ProtocolError, match=r"changed the file meanwhile|does not go on"):
            async for _ in reading:
                pass


async def test_a_file_is_written() -> None:
    async def parts() -> AsyncGenerator[bytes, None]:
        for begin in range(0, len(CONTENT), 10_000):
            yield CONTENT[begin : begin + 10_000]

    store = Store(file=b"")
    seen: list[tuple[int, int | None]] = []
    async with connected(store) as client:
        length = len(CONTENT)
        await client.upload(FILE, parts(), length, progress=lambda *told: seen.append(told))
    assert store.file == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", NotFound),
        ("403 Forbidden", RemoteError),
        ("401 Unauthorized", AuthenticationFailed),
        ("507 Insufficient Storage", RemoteError),
        ("500 Internal Server Error", RemoteError),
    ],
)
async def test_what_the_server_refuses(status: str, kind: type[Exception]) -> None:
    store = Store(status=status)
    async with connected(store) as client:
        with pytest.raises(kind):
            async with client.download(FILE):
                pass
        with pytest.raises(kind):
            await client.upload(FILE, b"x", 1)


async def test_a_read_only_client_writes_nothing() -> None:
    store = Store()
    async with connected(store, readonly=True) as client:
        with pytest.raises(PermissionDenied):
            await client.upload(FILE, b"x", 1)
    assert store.asked == []


async def test_downloads_hold_up_no_call() -> None:
    store = Store(cuts=[1000] * 9)
    begun: list[bytes] = []

    async def hold(client: VSphereClient) -> None:
        async with client.download(FILE) as reading:
            begun.append(await anext(reading))
            store.changed.set()
            await anyio.sleep_forever()

    async with connected(store, in_flight=1) as client, open_task_group() as group:
        for _ in range(9):
            group.start_soon(hold, client)
        await store.until_that(lambda: len(begun) == TRANSFERS)
        assert await client.call(CURRENT_TIME, SERVICE) == EPOCH
        assert len(begun) == TRANSFERS
        group.cancel_scope.cancel()
