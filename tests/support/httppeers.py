"""HTTP servers for tests, made of raw bytes: what they answer, and where they stop, a test says."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from tlspeers import tcp_server

from aiovirt.streams.tls import TLSFilter, accept_tls
from aiovirt.streams.unix import UnixStream


@dataclass
class Peer:
    """One accepted connection, with TLS or without."""

    stream: UnixStream
    tls: TLSFilter | None = None
    buffer: bytearray = field(default_factory=bytearray)

    async def receive(self) -> bytes:
        if self.buffer:
            data, self.buffer = bytes(self.buffer), bytearray()
            return data
        if self.tls is None:
            return await self.stream.receive()
        data = self.tls.decode(b"")  # what came along with the end of the handshake
        return data or self.tls.decode(await self.stream.receive())

    async def send(self, data: bytes) -> None:
        await self.stream.send(data if self.tls is None else self.tls.encode(data))

    async def read_head(self) -> str:
        """Return a request's line and headers; what follows stays for `receive`."""
        data = bytearray()
        while b"\r\n\r\n" not in data:
            data += await self.receive()
        head, _, rest = bytes(data).partition(b"\r\n\r\n")
        self.buffer[:0] = rest
        return head.decode()

    async def read_body(self, head: str) -> bytes:
        """Return the body of a request that tells its length, or none."""
        length = int(header(head, "content-length") or 0)
        data = bytearray()
        while len(data) < length:
            data += await self.receive()
        self.buffer[:0] = data[length:]
        return bytes(data[:length])


Serve = Callable[[Peer], Awaitable[None]]


def header(head: str, name: str) -> str | None:
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return {key.lower(): value for key, value in lines.items()}.get(name)


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Site:
    """A server, and what was asked of it.

    Attributes:
        port: Where it listens.
        heads: The requests' lines and headers.
        bodies: What came with them.
        connections: How many were made.
        ended: Set when a connection has ended.
    """

    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(
    serve: Serve, context: ssl.SSLContext | None = None
) -> AsyncGenerator[Site, None]:
    """Serve each connection by `serve`."""
    site = Site()

    async def connected(stream: UnixStream) -> None:
        site.connections += 1
        try:
            tls = None
            if context is not None:
                tls = await accept_tls(stream._sock, context, peer="a client")
            await serve(Peer(stream, tls))
        finally:
            site.ended.set()

    async with tcp_server(connected) as port:
        site.port = port
        yield site


@asynccontextmanager
async def answering(
    *answers: bytes, context: ssl.SSLContext | None = None
) -> AsyncGenerator[Site, None]:
    """Answer each request by the next of these, and all further ones by the last."""
    left = list(answers)

    async def serve(peer: Peer) -> None:
        while True:
            head = await peer.read_head()
            site.heads.append(head)
            site.bodies.append(await peer.read_body(head))
            await peer.send(left.pop(0) if len(left) > 1 else left[0])

    async with serving(serve, context) as site:
        yield site
