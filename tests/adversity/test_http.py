"""HTTP with servers that cut, stall and garble at every phase, and callers that give up at each."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncGenerator
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
from certificates import Authority
from httppeers import Peer, answer, answering, serving
from tlspeers import server_context

from aiovirt._tasks import open_task_group
from aiovirt.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ProtocolError,
    Unresponsive,
)
from aiovirt.streams.http import Bounds, HTTPClient, HTTPTarget, Trust, open_http

pytestmark = pytest.mark.anyio

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n"
    b"5\r\nhello\r\n3;x=y\r\n, a\r\n0\r\n\r\n"
)
PLAIN = answer(b"hello, a", "200 OK", "Set-Cookie: a=b")
BRIEF = Bounds(connect_s=5, first_byte_s=0.15, idle_s=0.15)
AWAITS = 25


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def ask(http: HTTPClient) -> bytes:
    return (await http.exchange("POST", "/", body=b"a request")).body


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED], ids=["plain", "chunked"])
async def test_an_answer_in_single_bytes_is_the_same(whole: bytes) -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        for byte in whole:
            await peer.send(bytes([byte]))
            await anyio.lowlevel.checkpoint()
        await peer.receive()

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        assert await ask(http) == b"hello, a"
        assert http.cookies == {"a": "b"}


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED], ids=["plain", "chunked"])
async def test_an_answer_that_is_cut_at_any_byte(whole: bytes) -> None:
    lengths = iter(range(len(whole)))

    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(whole[: next(lengths)])

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in whole:
            with pytest.raises((ConnectionLost, ProtocolError)) as caught:
                await ask(http)
            assert getattr(caught.value, "maybe_done", True)


@pytest.mark.parametrize("length", [0, 5, 20, len(PLAIN) - 8, len(PLAIN) - 1])
async def test_an_answer_that_stalls_anywhere(length: int) -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(PLAIN[:length])
        await peer.receive()

    async with serving(serve) as site, open_http(HTTPTarget(site.url, bounds=BRIEF)) as http:
        with pytest.raises(Unresponsive, match=r"0\.15 s"):
            await ask(http)


async def test_garbled_answers_give_errors_of_ours_and_nothing_else() -> None:
    dice = random.Random(7)  # noqa: S311 - the same garbage in each run

    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        garbled = bytearray(dice.choice([PLAIN, CHUNKED]))
        for _ in range(dice.randrange(1, 6)):
            garbled[dice.randrange(len(garbled))] = dice.randrange(256)
        await peer.send(bytes(garbled))

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in range(150):
            with suppress(ConnectionLost, ProtocolError, AuthenticationFailed):
                await http.exchange("POST", "/", body=b"a request", limit=1000)


async def test_random_bytes_are_no_answer() -> None:
    dice = random.Random(8)  # noqa: S311 - as above

    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(dice.randbytes(dice.randrange(1, 300)))

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in range(100):
            with pytest.raises((ConnectionLost, ProtocolError)):
                await ask(http)


@pytest.mark.parametrize("after", range(0, AWAITS, 2))
async def test_a_request_that_is_cancelled_at_any_await_harms_no_other(
    authority: Authority, after: int
) -> None:
    context = server_context(authority.sign("site", hosts=["127.0.0.1"]))
    target = Trust(ca_file=authority.certificate)
    async with (
        answering(PLAIN, context=context) as site,
        open_http(HTTPTarget(site.https, target)) as http,
    ):
        async with open_task_group() as group:
            group.start_soon(ask, http)
            for _ in range(after):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert await ask(http) == b"hello, a"


@pytest.mark.parametrize("after", range(0, AWAITS, 3))
async def test_an_upload_that_is_cancelled_at_any_await_harms_no_other(after: int) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 10_000

    async def put(http: HTTPClient) -> None:
        async with http.request("PUT", "/", body=endless()) as response:
            await response.read()

    async def serve(peer: Peer) -> None:
        head = await peer.read_head()
        while head.startswith("PUT"):
            await peer.receive()
        await peer.send(PLAIN)

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        async with open_task_group() as group:
            group.start_soon(put, http)
            for _ in range(after):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert await ask(http) == b"hello, a"


async def test_a_server_that_resets_the_connection_while_it_is_written_to() -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 100_000

    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await peer.receive()

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ConnectionLost) as caught:
            async with http.request("PUT", "/", body=endless()):
                pass
        assert caught.value.maybe_done


async def test_connections_that_ended_while_idle_are_not_used() -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(PLAIN)

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in range(3):
            assert await ask(http) == b"hello, a"
            await site.ended.wait()
            for _ in range(10):
                await anyio.lowlevel.checkpoint()
        assert site.connections == 3
