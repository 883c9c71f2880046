"""The server's end of HTTP/1.1: bytes in, requests out; responses in, bytes out. No I/O, no clock.

It has what clients of web services use: bodies with a length or in chunks, persistent
connections, and ``Expect: 100-continue``.  Source: RFC 9110 and RFC 9112.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from aiovirt.errors import LimitExceeded, ProtocolError

__all__ = ["CONTINUE", "MAX_BODY", "MAX_HEAD", "Continue", "Request", "RequestReader", "Response"]

MAX_HEAD: Final = 64 * 1024
"""Bytes that a request's line and headers have at most."""

MAX_BODY: Final = 256 * 1024 * 1024
"""Bytes that a request's body has at most, unless another bound is named."""

_LINE = b"\r\n"
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ZEROS = bytes(64 * 1024)
_NO_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Continue(Enum):
    """A client waits for leave to send its body."""

    CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


CONTINUE: Final = Continue.CONTINUE


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole.

    Attributes:
        method: Such as ``GET``.
        target: The path and the query, as sent.
        headers: By their names in lower case.
        body: Without any framing.
        keep_alive: Whether the connection may serve a further one.
    """

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's fields, decoded; of several of one name the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def cookies(self) -> dict[str, str]:
        """What the client was told to bring along, unquoted."""
        pairs = (each.partition("=") for each in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Response:
    """One response.

    Attributes:
        status: HTTP's number.
        body: Without any framing.
        headers: Besides those of the framing.
        chunk: Bytes of a chunk, or None to send the body with its length.
        zeros: How many zeros follow the body; they take no memory. Only with a length.
    """

    status: int = HTTPStatus.OK
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    chunk: int | None = None
    zeros: int = 0

    def encode(self, *, keep_alive: bool = True, head_only: bool = False) -> Iterator[bytes]:
        """Give the bytes of the response, in pieces.

        Args:
            keep_alive: Whether the connection serves a further request.
            head_only: Leave out the body, as the answer to ``HEAD`` does.
        """
        head = self._head(keep_alive=keep_alive)
        if self.chunk is None or head_only:
            bare = head_only or self.status in _NO_BODY
            yield head if bare else head + self.body
            for start in range(0, 0 if bare else self.zeros, len(_ZEROS)):
                yield _ZEROS[: self.zeros - start]
            return
        yield head
        for start in range(0, len(self.body), self.chunk):
            piece = self.body[start : start + self.chunk]
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    def _head(self, *, keep_alive: bool) -> bytes:
        headers = list(self.headers)
        if self.chunk is not None:
            headers.append(("Transfer-Encoding", "chunked"))
        elif self.status not in _NO_BODY:
            headers.append(("Content-Length", str(len(self.body) + self.zeros)))
        if not keep_alive:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {int(self.status)} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


_Event: TypeAlias = Request | Continue


class RequestReader:
    """Cuts the bytes of one connection into requests.

    Args:
        max_body: Bytes that a body has at most.
    """

    def __init__(self, *, max_body: int = MAX_BODY) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._events = self._read()

    @property
    def idle(self) -> bool:
        """Whether the connection stands between two requests."""
        return not self._buffer

    def feed(self, data: bytes) -> list[Request | Continue]:
        """Take bytes, and return what is whole by now.

        Raises:
            ProtocolError: The client does not speak HTTP/1.1.
            LimitExceeded: A head or a body is too long.
        """
        self._buffer += data
        found: list[Request | Continue] = []
        for event in self._events:
            if event is None:
                break
            found.append(event)
        return found

    def _read(self) -> Generator[_Event | None, None, None]:
        """Give events, and None where more data is needed."""
        while True:
            head = yield from self._until(b"\r\n\r\n", MAX_HEAD)
            if not head.strip():
                raise ProtocolError("a request of a client has no line")
            request = _parse_head(head)
            if request.headers.get("expect", "").lower() == "100-continue":
                yield CONTINUE
            body = yield from self._body(request.headers)
            yield replace(request, body=body)

    def _body(self, headers: dict[str, str]) -> Generator[_Event | None, None, bytes]:
        coding = headers.get("transfer-encoding", "identity").lower()
        if coding == "chunked":
            return (yield from self._chunks())
        if coding != "identity":
            raise ProtocolError(f"a client sends a body in the coding {coding!r}")
        return (yield from self._exactly(_number(headers.get("content-length", "0"), 10)))

    def _chunks(self) -> Generator[_Event | None, None, bytes]:
        body = bytearray()
        while True:
            line = yield from self._until(_LINE, MAX_HEAD)
            size = _number(line.partition(b";")[0].decode("latin-1").strip(), 16)
            if not size:
                break
            body += yield from self._exactly(size, len(body))
            if (yield from self._exactly(len(_LINE))) != _LINE:
                raise ProtocolError("a chunk of a client is longer than it says")
        while (yield from self._until(_LINE, MAX_HEAD)):
            pass  # trailers: none of them is used
        return bytes(body)

    def _until(self, end: bytes, limit: int) -> Generator[_Event | None, None, bytes]:
        while (place := self._buffer.find(end)) < 0:
            if len(self._buffer) > limit:
                raise LimitExceeded("a client sends too long a line or head", limit=limit)
            yield None
        found = bytes(self._buffer[:place])
        del self._buffer[: place + len(end)]
        return found

    def _exactly(self, size: int, before: int = 0) -> Generator[_Event | None, None, bytes]:
        if before + size > self._max_body:
            raise LimitExceeded("a client sends too long a body", limit=self._max_body)
        while len(self._buffer) < size:
            yield None
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found


def _parse_head(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in {"HTTP/1.0", "HTTP/1.1"}:  # noqa: PLR2004
        raise ProtocolError(f"no line of an HTTP request: {first[:80]!r}")
    headers = dict(map(_header, lines))
    wishes = headers.get("connection", "").lower()
    keep_alive = wishes != "close" if parts[2] == "HTTP/1.1" else wishes == "keep-alive"
    return Request(parts[0], parts[1], headers, keep_alive=keep_alive)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or not _TOKEN.issuperset(name):
        raise ProtocolError(f"no header of an HTTP request: {line[:80]!r}")
    return name.lower(), value.strip(" \t")


def _number(text: str, base: int) -> int:
    digits = frozenset("0123456789abcdefABCDEF"[: 10 if base == 10 else None])  # noqa: PLR2004
    if not text or not digits.issuperset(text) or len(text) > 16:  # noqa: PLR2004
        raise ProtocolError(f"no length of an HTTP body: {text[:80]!r}")
    return int(text, base)
