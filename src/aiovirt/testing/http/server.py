"""Serving HTTP on a TCP port, by anyio alone: each connection has its own tasks.

It reads on while a request is at work, so that it notices when the client goes away: the work is
cancelled then.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus

import anyio
from anyio.abc import ByteStream, ObjectReceiveStream, ObjectSendStream, TaskGroup
from anyio.streams.tls import TLSStream

from aiovirt._tasks import open_task_group
from aiovirt.errors import Closed, ConnectionLost, ProtocolError
from aiovirt.streams.accepting import accepting
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.http.messages import CONTINUE, Request, RequestReader, Response

__all__ = ["Answer", "HttpConnection", "HttpServer"]

MAX_PIPELINED = 16
"""Requests of one connection that wait while one is at work."""

HANDSHAKE_TIMEOUT_S = 30.0
"""Seconds that a client has for the TLS handshake."""

_BACKLOG = 1024
_GONE = (
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    ssl.SSLError,
    ConnectionLost,
    Closed,
)


class HttpConnection:
    """One client's connection.

    Attributes:
        cut_after: Bytes of the next answer after which the connection is to end, or None.
    """

    def __init__(self, stream: ByteStream, answer: Answer) -> None:
        self.cut_after: int | None = None
        self._stream = stream
        self._answer = answer
        self._reader = RequestReader()
        self._scope = anyio.CancelScope()

    def drop(self) -> None:
        """End the connection, and what is at work for it."""
        self._scope.cancel()

    async def serve(self) -> None:
        """Answer requests until either side ends the connection; for a task."""
        send, receive = anyio.create_memory_object_stream[Request](MAX_PIPELINED)
        with self._scope, suppress(*_GONE):
            async with send, receive, open_task_group() as tasks:
                tasks.start_soon(self._answer_all, receive, tasks)
                await self._read(send)
                tasks.cancel_scope.cancel()

    async def _read(self, send: ObjectSendStream[Request]) -> None:
        while True:
            try:
                data = await self._stream.receive()
            except _GONE:
                return
            try:
                events = self._reader.feed(data)
            except ProtocolError as error:
                await self._write(Response(HTTPStatus.BAD_REQUEST, str(error).encode()))
                return
            for event in events:
                if event is CONTINUE:
                    await self._stream.send(CONTINUE.value)
                elif isinstance(event, Request):
                    await send.send(event)

    async def _answer_all(self, requests: ObjectReceiveStream[Request], tasks: TaskGroup) -> None:
        async for request in requests:
            response = await self._answer(request, self)
            if not await self._write(response, request) or not request.keep_alive:
                break
        tasks.cancel_scope.cancel()

    async def _write(self, response: Response, request: Request | None = None) -> bool:
        """Send an answer; False when the connection was cut amid it."""
        keep_alive = request is not None and request.keep_alive
        head_only = request is not None and request.method == "HEAD"
        for piece in response.encode(keep_alive=keep_alive, head_only=head_only):
            sent = piece if self.cut_after is None else piece[: self.cut_after]
            if sent:
                with suppress(*_GONE):
                    await self._stream.send(sent)
            if self.cut_after is not None:
                self.cut_after -= len(sent)
                if not self.cut_after:
                    return False
        return True


Answer = Callable[[Request, HttpConnection], Awaitable[Response]]
"""Does a request of a connection."""


class HttpServer:
    """Listens on a port of this machine and has requests answered.

    Args:
        answer: Does a request.
        tls: The server's certificate and key, or None for plain HTTP.

    Attributes:
        connections: Those that are open.
        accepted: How many were taken in all.
    """

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self.connections: set[HttpConnection] = set()
        self.accepted = 0
        self._answer = answer
        self._tls = tls
        self._scope: anyio.CancelScope | None = None
        self._stopped = anyio.Event()

    def drop_connections(self) -> None:
        """End all connections; new ones may come."""
        for connection in list(self.connections):
            connection.drop()

    async def start(self, tasks: TaskGroup, port: int = 0, host: str = "127.0.0.1") -> int:
        """Begin to listen, and return the port.

        Args:
            tasks: What serves.
            port: Which port, or 0 for any that is free.
            host: The IPv4 address of this machine that it listens on.

        Raises:
            OSError: The port is taken.
        """
        listening = _listen(host, port)
        taken: int = listening.getsockname()[1]
        self._scope, self._stopped = anyio.CancelScope(), anyio.Event()
        tasks.start_soon(self._serve, listening, self._scope, self._stopped)
        return taken

    async def stop(self) -> None:
        """Listen no more, and end all connections; `start` may follow.

        Raises:
            Closed: It does not listen.
        """
        if self._scope is None:
            raise Closed("this server does not listen")
        self._scope.cancel()
        self._scope = None
        await self._stopped.wait()

    async def _serve(
        self, listening: socket.socket, scope: anyio.CancelScope, stopped: anyio.Event
    ) -> None:
        try:
            with listening, scope:
                async with accepting(listening) as accept, open_task_group() as tasks:
                    while True:
                        sock = await accept()
                        # Without Nagle's delay: answers go out in several pieces.
                        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        tasks.start_soon(self._serve_one, UnixStream(sock))
        finally:
            stopped.set()

    async def _serve_one(self, stream: UnixStream) -> None:
        self.accepted += 1
        try:
            with suppress(*_GONE):
                await self._serve_stream(await self._secured(stream))
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    async def _serve_stream(self, stream: ByteStream) -> None:
        connection = HttpConnection(stream, self._answer)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)

    async def _secured(self, stream: UnixStream) -> ByteStream:
        if self._tls is None:
            return stream
        with anyio.move_on_after(HANDSHAKE_TIMEOUT_S):
            return await TLSStream.wrap(
                stream, server_side=True, ssl_context=self._tls, standard_compatible=False
            )
        raise Closed("the client did not finish the TLS handshake")


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
