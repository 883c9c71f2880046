"""HTTP and HTTPS to one server: kept connections, cookies, and bodies that stream both ways.

The protocol is aiohttp's.  This module loads it, so import it only where HTTP is wanted.  It knows
nothing of what is said: a status is the caller's to judge, but for 407, and 401 as a rule.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

import aiohttp
import anyio
from aiohttp.tracing import Trace
from yarl import URL

from aiovirt._tasks import open_task_group
from aiovirt.errors import ConfigError, ConnectionLost, LimitExceeded
from aiovirt.streams._asyncio import Home, asyncio_loop
from aiovirt.streams._http_cookies import keep_cookies
from aiovirt.streams._http_errors import (
    Bounds,
    Progress,
    distrust,
    mismatch,
    reasons,
    refused_credentials,
)
from aiovirt.streams._http_proxy import Proxy, proxy_for
from aiovirt.streams._http_trust import Thumbprint, TLSDemands, Trust, demands
from aiovirt.streams._http_upload import Upload

__all__ = [
    "MAX_ANSWER",
    "MAX_CONNECTIONS",
    "NO_TAKERS",
    "Answer",
    "Bounds",
    "HTTPClient",
    "HTTPResponse",
    "HTTPTarget",
    "Taker",
    "Trust",
    "open_http",
]

MAX_CONNECTIONS = 16
"""How many requests are under way at once unless another limit is named."""

MAX_ANSWER = 64 * 2**20
"""Bytes of an answer that is read whole, unless another limit is named."""

KEEPALIVE_S = 15.0
"""Seconds that an idle connection is kept; vCenter and ESX end theirs after some 20."""

SHORT = 32 * 1024
"""Bytes of a request that a socket takes in any case."""

_READ_BUFFER = 128 * 1024
_PROXYS = frozenset({407})
_REFUSALS = _PROXYS | {401}
_SCHEMES = {"http", "https"}

Body: TypeAlias = bytes | AsyncIterable[bytes]
"""A request's body: whole, or in parts as they come."""

Taker: TypeAlias = Callable[[bytes], object]
"""Gets a part of an answer's body; it must not wait."""

_Take: TypeAlias = Callable[[bytes], Awaitable[None]]

NO_TAKERS: Mapping[int, Taker] = {}
"""Nobody: the body is kept."""

_UNDER_WAY: ContextVar[Progress] = ContextVar("_UNDER_WAY")

_Data: TypeAlias = bytes | AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True)
class HTTPTarget:
    """Which server, and how it is reached and known.

    Attributes:
        url: ``http://host:port`` or ``https://host:port``, without a path.
        trust: What its certificate must be.
        proxy: The URL of an HTTP proxy on the way, perhaps with user and password.
        proxy_from_environment: Whether ``https_proxy`` and its like count when none is named.
        limit: How many requests are under way at once; further ones wait.
        bounds: How long the server may be silent.
    """

    url: str
    trust: Trust = field(default_factory=Trust)
    proxy: str | None = field(default=None, repr=False)
    proxy_from_environment: bool = True
    limit: int = MAX_CONNECTIONS
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole.

    Attributes:
        status: Such as 200.
        reason: The server's word for it.
        headers: Their names count in any case.
        body: All of it.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class HTTPResponse:
    """An answer whose body comes as it is read; made by `HTTPClient.request`.

    Iterate over it: the parts are as they come, and the server is held up by who reads slowly.

    Attributes:
        status: Such as 200.
        reason: The server's word for it.
        headers: Their names count in any case.
        length: Bytes of the body on the wire, or None when the server does not tell.
    """

    def __init__(self, response: aiohttp.ClientResponse, progress: Progress, home: Home) -> None:
        self.status = response.status
        self.reason = response.reason or ""
        self.headers: Mapping[str, str] = response.headers
        self.length = response.content_length
        self._response = response
        self._progress = progress
        self._home = home

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return what came since, at least a byte.

        Raises:
            ConnectionLost: The connection ended within the body.
            ProtocolError: What came is no HTTP.
            Unresponsive: Nothing came for the idle bound.

        Cancellation: loses nothing.
        """
        with reasons(self._progress):
            part = await self._home.run(_next_part, self._response, self._progress)
        if not part:
            raise StopAsyncIteration
        return part

    async def read(self, limit: int = MAX_ANSWER) -> bytes:
        """Read the rest. Raises as iterating, and `LimitExceeded` beyond `limit` bytes."""
        with reasons(self._progress):
            return await self._home.run(_read_all, self._response, limit, self._progress)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: Mapping[str, str]
    bounds: Bounds
    refusals: frozenset[int] = _REFUSALS


class HTTPClient:
    """Requests to one server; `open_http` makes it. Any number of tasks may use it at once.

    Attributes:
        where: The server as ``host:port``, for messages.
        cookies: What the server has set, by name, word for word; and what goes back to it.
    """

    def __init__(
        self,
        target: HTTPTarget,
        url: URL,
        session: aiohttp.ClientSession,
        tls: TLSDemands,
        proxy: Proxy | None,
        *,
        home: Home,
    ) -> None:
        self.where = f"{url.host}:{url.port}"
        self.cookies: dict[str, str] = {}
        self._target = target
        self._base = str(url.origin())
        self._session = session
        self._tls = tls
        self._proxy = proxy
        self._home = home
        self._places = anyio.Semaphore(target.limit, fast_acquire=True)
        self._being_read: dict[aiohttp.ClientResponse, Progress] = {}

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        limit: int = MAX_ANSWER,
        takers: Mapping[int, Taker] = NO_TAKERS,
    ) -> Answer:
        """Make a request and read its answer whole.

        Args:
            method: Such as ``POST``.
            path: With its query, percent-encoded already.
            body: What is sent.
            headers: What goes beside the usual ones.
            bounds: In place of the target's.
            limit: Bytes that the answer may have.
            takers: Who gets the body of an answer of some status in parts, as they come: then it
                is not kept, and has no limit. Until a taker returns nothing more is read; what it
                raises ends the request.

        Raises:
            NotFound: There is no host of that name.
            ResourceUnavailable: Nobody listens there, or no way leads there.
            AuthenticationFailed: The certificate does not hold, or the answer is 401 or 407.
            ConnectionLost: The connection ended; `maybe_done` tells whether the request was sent.
            ProtocolError: What came is no HTTP.
            LimitExceeded: The answer is too long.
            Unresponsive: A bound broke; the message tells which.

        Cancellation: closes the connection of this request, and no other.
        """
        request = self._request(method, path, headers, bounds)
        async with self._places:
            ours = {status: self._home.back(_awaitable(take)) for status, take in takers.items()}
            answer = await self._home.run(self._exchange, request, body, limit, ours)
            if answer.status not in takers:
                return answer
            if answer.body:
                takers[answer.status](answer.body)
            return replace(answer, body=b"")

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        judges_401: bool = False,
    ) -> AsyncGenerator[HTTPResponse, None]:
        """Make a request, and have its answer for the length of the scope.

        A body that is not read to its end by then costs the connection.  Parts of a request's body
        are asked for only as the server takes them, and no more of them once it has answered; name
        their ``Content-Length`` in `headers` when it is known.

        With `judges_401` an answer 401 is the caller's to judge, as all others are.

        Arguments and errors are those of `exchange`, besides what iterating over `body` raises.

        Cancellation: closes the connection of this request, and no other.
        """
        request = self._request(method, path, headers, bounds)
        if judges_401:
            request = replace(request, refusals=_PROXYS)
        async with self._places:
            if isinstance(body, bytes):
                async with self._answered(request, body, None) as response:
                    yield response
                return
            upload = Upload(body, self.where, request.bounds, self._home)
            try:
                async with open_task_group() as group:
                    group.start_soon(upload.feed)
                    async with self._answered(request, upload.parts(), upload.stop) as response:
                        yield response
            finally:
                upload.close()

    @asynccontextmanager
    async def _answered(
        self, request: _Request, data: _Data, then: Callable[[], None] | None
    ) -> AsyncGenerator[HTTPResponse, None]:
        response, progress = await self._home.run(self._begin, request, data)
        try:
            if then is not None:
                then()
            yield HTTPResponse(response, progress, self._home)
        finally:
            with anyio.CancelScope(shield=True), suppress(ConnectionLost):  # `aclose` was first
                await self._home.run(self._finish, response)

    def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None, bounds: Bounds | None
    ) -> _Request:
        sent = dict(headers or {})
        if self._proxy is not None and self._base.startswith("http:"):
            sent |= self._proxy.headers  # without TLS there is no CONNECT that could carry them
        if self.cookies:
            known = self.cookies.copy()  # asyncio's side may take one over at any time
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in known.items())
        return _Request(method, path, sent, bounds or self._target.bounds)

    async def aclose(self) -> None:
        """End all requests and connections. Cancellation: waited out."""
        with anyio.CancelScope(shield=True):
            await self._home.run(self._close)

    # --- asyncio's side -----------------------------------------------------------------------

    async def _begin(
        self, request: _Request, data: _Data
    ) -> tuple[aiohttp.ClientResponse, Progress]:
        response, progress = await self._send(request, data)
        self._being_read[response] = progress
        return response, progress

    async def _finish(self, response: aiohttp.ClientResponse) -> None:
        progress = self._being_read.pop(response, None)
        if progress is None:
            return
        if response.content.at_eof():
            response.release()
        else:
            progress.abort()
            response.close()

    async def _close(self) -> None:
        for response in list(self._being_read):
            await self._finish(response)
        await self._session.close()

    async def _exchange(
        self, request: _Request, body: bytes, limit: int, takers: Mapping[int, _Take]
    ) -> Answer:
        """Make a request; of a body that is taken in parts the last is left in the answer.

        Most have no other, and then nobody has to go over to the other side for it.
        """
        response, progress = await self._send(request, body)
        take = takers.get(response.status)
        try:
            if take is None:
                with reasons(progress):
                    kept = await _read_all(response, limit, progress)
            else:
                kept = await _hand_over(response, progress, take)
        except BaseException:
            progress.abort()
            response.close()
            raise
        return Answer(response.status, response.reason or "", response.headers, kept)

    async def _send(
        self, request: _Request, data: _Data
    ) -> tuple[aiohttp.ClientResponse, Progress]:
        bounds = request.bounds
        progress = Progress(self.where, bounds, self._proxy.url if self._proxy else None)
        # Parts have bounds of their own, and what is short waits in no buffer of ours; the rest a
        # server that reads nothing would hold up for ever.
        whole_s = None
        if isinstance(data, bytes) and len(data) > SHORT:
            whole_s = bounds.connect_s + bounds.first_byte_s
        try:
            with reasons(progress):
                async with asyncio.timeout(whole_s):
                    response = await self._ask_whom_we_trust(request, data, progress)
        except BaseException:
            progress.abort()
            raise
        progress.answered = True
        _count_no_seconds(response)
        keep_cookies(self.cookies, response.headers.getall("Set-Cookie", ()))
        if response.status in request.refusals:
            progress.abort()
            response.close()
            raise refused_credentials(response.status, progress)
        return response, progress

    async def _ask_whom_we_trust(
        self, request: _Request, data: _Data, progress: Progress
    ) -> aiohttp.ClientResponse:
        try:
            return await self._ask(request, data, progress, self._tls)
        except aiohttp.ClientConnectorCertificateError as error:
            seen = await self._show_certificate(request, progress)
            raise distrust(error, seen, progress) from error
        except aiohttp.ServerFingerprintMismatch as error:
            seen = b""
            if isinstance(self._tls, Thumbprint):
                seen = self._tls.seen
                self._tls.abort_refused()
            raise mismatch(error, seen, progress) from error

    async def _ask(
        self, request: _Request, data: _Data, progress: Progress, tls: TLSDemands
    ) -> aiohttp.ClientResponse:
        bounds, proxy = request.bounds, self._proxy
        _UNDER_WAY.set(progress)
        return await self._session.request(
            request.method,
            URL(self._base + request.path, encoded=True),
            data=_in_parts(data) or None,
            headers=request.headers,
            allow_redirects=False,
            ssl=tls,
            proxy=proxy.url if proxy else None,
            proxy_headers=proxy.headers if proxy else None,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=bounds.connect_s, sock_read=bounds.first_byte_s
            ),
        )

    async def _show_certificate(self, request: _Request, progress: Progress) -> bytes:
        """The SHA-256 of the server's certificate; the connection ends before a byte is sent."""
        refuses_all = Thumbprint()
        try:
            with suppress(aiohttp.ClientError, OSError):
                await self._ask(request, b"", progress, refuses_all)
        finally:
            refuses_all.abort_refused()
        return refuses_all.seen


def _in_parts(data: _Data) -> _Data | io.BytesIO:
    """What is long goes out part by part, so that others have their turns in between."""
    return io.BytesIO(data) if isinstance(data, bytes) and len(data) > SHORT else data


def _count_no_seconds(response: aiohttp.ClientResponse) -> None:
    """Let aiohttp's own bound rest: it would also count while a slow reader holds up the server."""
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.read_timeout = None
        connection.protocol.start_timeout()


async def _next_part(response: aiohttp.ClientResponse, progress: Progress) -> bytes:
    content = response.content
    if (part := content.read_nowait()) or content.at_eof():
        return part
    async with asyncio.timeout(progress.bounds.idle_s):
        return await content.readany()


async def _read_all(response: aiohttp.ClientResponse, limit: int, progress: Progress) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := await _next_part(response, progress):
        size += len(part)
        if size > limit:
            where = progress.where
            raise LimitExceeded(f"{where} answered with more than {limit} bytes", limit=limit)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _awaitable(take: Taker) -> _Take:
    async def called(part: bytes) -> None:
        take(part)

    return called


async def _hand_over(response: aiohttp.ClientResponse, progress: Progress, take: _Take) -> bytes:
    """Have all parts but the last taken, which is returned."""
    last = b""
    while True:
        with reasons(progress):
            part = await _next_part(response, progress)
        if not part:
            return last
        if last:
            await take(last)
        last = part


class _Connector(aiohttp.TCPConnector):
    """aiohttp's, which tells each request over which connection it goes."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        _UNDER_WAY.get().transport = connection.transport
        return connection


@asynccontextmanager
async def open_http(target: HTTPTarget) -> AsyncGenerator[HTTPClient, None]:
    """Be ready for requests to one server for the length of the scope; nothing is sent yet.

    Redirections are not followed: the answers are the caller's to judge.

    Raises:
        ConfigError: A part of the URL, of the proxy's or of the trust is wrong.
        NotFound: The CA file is missing.
        PermissionDenied: It may not be read.

    Cancellation: leaves nothing open.
    """
    url = _server(target.url)
    proxy = proxy_for(url, target.proxy, environment=target.proxy_from_environment)
    tls: TLSDemands = True
    if url.scheme == "https":
        where = f"{url.host}:{url.port}"
        tls = await anyio.to_thread.run_sync(demands, target.trust, where)
    async with asyncio_loop():
        home = Home()
        client = HTTPClient(target, url, await home.run(_open_session), tls, proxy, home=home)
        try:
            yield client
        finally:
            await client.aclose()


async def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # Places are given out before aiohttp is asked, so it has no limit of its own.
        connector=_Connector(limit=0, keepalive_timeout=KEEPALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "aiovirt"},
        read_bufsize=_READ_BUFFER,
    )


def _server(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in _SCHEMES or not url.host or url.path != "/" or url.user is not None:
        shown = str(url.with_user(None)) if url.host else "what is given"
        raise ConfigError(
            f"{shown} is no http:// or https:// URL of a server alone",
            field="url",
            hint="write https://host or https://host:port; user and password go elsewhere",
        )
    return url
