"""Real TLS servers for tests: one connection, then whatever a test wants."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from certificates import Identity

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError
from aiovirt.streams.tls import TLSFilter, accept_tls
from aiovirt.streams.unix import UnixStream

Serve = Callable[[UnixStream], Awaitable[None]]
ServeTLS = Callable[[UnixStream, TLSFilter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(serve: Serve) -> AsyncGenerator[int, None]:
    """Serve each connection to a free port by `serve`; an error of ours ends only that."""

    async def handle(sock: socket.socket) -> None:
        async with UnixStream(sock) as stream:
            with suppress(AiovirtError, anyio.EndOfStream):
                await serve(stream)

    async def accept(listening: socket.socket) -> None:
        while True:
            await anyio.wait_readable(listening)
            group.start_soon(handle, listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        async with open_task_group() as group:
            group.start_soon(accept, listening)
            yield listening.getsockname()[1]
            group.cancel_scope.cancel()


def server_context(identity: Identity, clients: Path | None = None) -> ssl.SSLContext:
    """Return a server's demands: a certificate of its own, and one of the clients' CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def serving_tls(context: ssl.SSLContext, serve: ServeTLS) -> Serve:
    """Return what shakes hands first."""

    async def serve_one(stream: UnixStream) -> None:
        tls = await accept_tls(stream._sock, context, peer="a client")
        await serve(stream, tls)

    return serve_one


async def accept_and_echo(stream: UnixStream, tls: TLSFilter) -> None:
    """Behave as libvirtd does towards a client that it accepts; then send back what comes."""
    await stream.send(tls.encode(b"\x01"))
    while True:
        await stream.send(tls.encode(tls.decode(await stream.receive())))
