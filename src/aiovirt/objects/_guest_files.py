"""Files in a guest, by its agent: a handle, and pieces of it in base64 (qga/qapi-schema.json)."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import anyio

from aiovirt.errors import AiovirtError, LimitExceeded, ProtocolError
from aiovirt.host.sparse import open_reader, open_writer
from aiovirt.model.storage import Progress

__all__ = [
    "CHUNK",
    "Ask",
    "GuestFile",
    "decoded",
    "get_file",
    "member",
    "open_guest_file",
    "put_file",
    "read_file",
    "write_file",
]

T = TypeVar("T")

CHUNK = 512 * 1024
"""Bytes in one message: libvirt's have at most 4 MiB, and the agent must not be kept long."""

CLOSING_S = 10.0
"""How long the closing of a file may take, when its guest does not answer any more."""

Mode = Literal["r", "w", "a"]


class Ask(Protocol):
    """Runs one command of the agent and gives its answer."""

    def __call__(self, command: str, arguments: Mapping[str, object], /) -> Awaitable[object]: ...


def member(answer: object, name: str, kind: type[T], command: str) -> T:
    """A member of an agent's answer.

    Raises:
        ProtocolError: It is not there, or of another kind.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, kind):
        raise ProtocolError(f"the guest agent's answer to {command} has no {name}: {answer!r:.200}")
    return found


def decoded(text: object) -> bytes:
    """What is in base64.

    Raises:
        ProtocolError: It is none.
    """
    try:
        return b64decode(str(text), validate=True)
    except NoBase64 as error:
        raise ProtocolError(f"the guest agent has sent no base64: {text!r:.200}") from error


class GuestFile:
    """An open file of a guest; `open_guest_file` makes it."""

    def __init__(self, ask: Ask, handle: int) -> None:
        self._ask = ask
        self._handle = handle

    async def read(self, count: int = CHUNK) -> bytes:
        """The next bytes, at most `count`; nothing at the end of what is there now."""
        answer = await self._ask("guest-file-read", {"handle": self._handle, "count": count})
        return decoded(member(answer, "buf-b64", str, "guest-file-read"))

    async def write(self, data: bytes) -> None:
        """Write all of it, and let those who read the file see it."""
        for start in range(0, len(data), CHUNK):
            piece = b64encode(data[start : start + CHUNK]).decode("ascii")
            await self._ask("guest-file-write", {"handle": self._handle, "buf-b64": piece})
        await self._ask("guest-file-flush", {"handle": self._handle})

    async def size(self) -> int:
        """How many bytes it has; 0 for what has no length. It is read from its beginning then."""
        position = 0
        with suppress(AiovirtError):  # a pipe, say
            for whence in ("end", "set"):
                arguments = {"handle": self._handle, "offset": 0, "whence": whence}
                answer = await self._ask("guest-file-seek", arguments)
                position = max(position, member(answer, "position", int, "guest-file-seek"))
        return position


@asynccontextmanager
async def open_guest_file(ask: Ask, path: str, mode: Mode) -> AsyncIterator[GuestFile]:
    """Open a file of a guest for the length of the block.

    Raises:
        GuestAgentError: The guest refuses.

    Cancellation: the file is closed.
    """
    handle = await ask("guest-file-open", {"path": path, "mode": mode})
    if not isinstance(handle, int):
        raise ProtocolError(f"the guest agent has opened no file: {handle!r:.200}")
    try:
        yield GuestFile(ask, handle)
    finally:
        with anyio.move_on_after(CLOSING_S, shield=True), suppress(AiovirtError):
            await ask("guest-file-close", {"handle": handle})


async def read_file(ask: Ask, path: str, limit: int) -> bytes:
    """What is in a file of a guest; see `DomainAgent.guest_read`."""
    found = bytearray()
    async with open_guest_file(ask, path, "r") as file:
        while piece := await file.read(min(CHUNK, limit + 1 - len(found))):
            found += piece
            if len(found) > limit:
                raise LimitExceeded(f"{path} of the guest has more than {limit} bytes", limit=limit)
    return bytes(found)


async def write_file(ask: Ask, path: str, data: bytes, *, append: bool) -> None:
    """Write a file of a guest; see `DomainAgent.guest_write`."""
    async with open_guest_file(ask, path, "a" if append else "w") as file:
        await file.write(data)


async def get_file(
    ask: Ask, path: str, target: str | os.PathLike[str], progress: Progress | None
) -> int:
    """Copy a file of a guest to the host; see `DomainAgent.guest_get`."""
    done = 0
    async with open_guest_file(ask, path, "r") as file, open_writer(Path(target)) as writer:
        total = await file.size() if progress is not None else 0
        while piece := await file.read():
            await writer.write([piece])
            done += len(piece)
            if progress is not None:
                progress(done, max(total, done))
    return done


async def put_file(
    ask: Ask, source: str | os.PathLike[str], path: str, progress: Progress | None
) -> int:
    """Copy a file of the host into a guest; see `DomainAgent.guest_put`."""
    done = 0
    async with (
        open_reader(Path(source), holes=False) as reader,
        open_guest_file(ask, path, "w") as file,
    ):
        while isinstance(piece := await reader.read(), bytes) and piece:
            await file.write(piece)
            done += len(piece)
            if progress is not None:
                progress(done, reader.size)
    return done
