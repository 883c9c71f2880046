"""The HTTP server serves real clients, notices those that go, and can be made to cut."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from certificates import Authority

from aiovirt.errors import ConnectionLost, ResourceUnavailable
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.http import HttpServer, Request, Response
from aiovirt.testing.http.server import Answer, HttpConnection

pytestmark = pytest.mark.anyio

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


async def echo(request: Request, connection: HttpConnection) -> Response:
    """Answer with the path."""
    if request.path == "/cut":
        connection.cut_after = 20
    return Response(200, request.path.encode())


@asynccontextmanager
async def serving(
    answer: Answer = echo, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[HttpServer, int]]:
    async with anyio.create_task_group() as tasks:
        server = HttpServer(answer, tls=tls)
        yield server, await server.start(tasks)
        tasks.cancel_scope.cancel()


async def connect(port: int) -> UnixStream:
    return UnixStream(await connect_tcp("127.0.0.1", port))


async def read(stream: ByteStream, end: bytes = b"/x") -> bytes:
    data = b""
    while not data.endswith(end):
        data += await stream.receive()
    return data


async def test_a_connection_serves_several_requests() -> None:
    async with serving() as (server, port), await connect(port) as stream:
        await stream.send(GET + GET[:10])
        assert (await read(stream)).startswith(b"HTTP/1.1 200 OK\r\n")
        await stream.send(GET[10:])
        await read(stream)
        assert server.accepted == 1


async def test_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.sign("server", hosts=["127.0.0.1"])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(identity.certificate, identity.key)
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    async with serving(tls=tls) as (_, port), await connect(port) as plain:
        stream = await TLSStream.wrap(plain, hostname="127.0.0.1", ssl_context=trust)
        await stream.send(GET)
        await read(stream)


async def test_garbage_is_answered_and_ends_the_connection() -> None:
    async with serving() as (_, port), await connect(port) as stream:
        await stream.send(b"hello\r\n\r\n")
        assert (await stream.receive()).startswith(b"HTTP/1.1 400 ")
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_an_answer_may_be_cut() -> None:
    async with serving() as (_, port), await connect(port) as stream:
        await stream.send(b"GET /cut HTTP/1.1\r\n\r\n")
        assert await stream.receive() == b"HTTP/1.1 200 OK\r\nCon"
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_the_work_for_a_client_that_goes_is_cancelled() -> None:
    began, ended = anyio.Event(), anyio.Event()

    async def hang(_request: Request, _connection: HttpConnection) -> Response:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()
        return Response()

    async with serving(hang) as (_, port):
        async with await connect(port) as stream:
            await stream.send(GET)
            await began.wait()
        await ended.wait()


async def test_it_stops_and_starts_on_the_same_port() -> None:
    async with serving() as (server, port), anyio.create_task_group() as tasks:
        async with await connect(port) as stream:
            await stream.send(GET)
            await read(stream)
            await server.stop()
            with pytest.raises((anyio.EndOfStream, ConnectionLost)):
                await stream.receive()
        with pytest.raises(ResourceUnavailable):
            await connect(port)
        assert await server.start(tasks, port) == port
        async with await connect(port) as stream:
            await stream.send(GET)
            await read(stream)
        tasks.cancel_scope.cancel()
