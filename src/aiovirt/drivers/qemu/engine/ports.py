"""Channels of a running guest whose end on the host is a Unix socket of QEMU's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import SocketStream

from aiovirt.config import Channel
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import Busy, Unsupported
from aiovirt.host.files import host_error
from aiovirt.interfaces import ConsoleStream
from aiovirt.streams.unix import short_path

__all__ = ["open_socket"]


class _Port(ConsoleStream):
    """One user of a channel: QEMU keeps what nobody reads, so nothing is lost."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream

    @property
    def lost(self) -> int:
        """See `ConsoleStream.lost`."""
        return 0

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """See `ByteStream.receive`."""
        return await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        """See `ByteStream.send`."""
        await self._stream.send(item)

    async def send_eof(self) -> None:
        """See `ByteStream.send_eof`."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """See `ByteStream.aclose`."""
        await self._stream.aclose()


@asynccontextmanager
async def open_socket(
    name: str, live: LiveDomain, channel: Channel
) -> AsyncIterator[ConsoleStream]:
    """Be the one user of a channel.

    Args:
        name: The domain's.
        live: Its running instance.
        channel: The channel, of the live configuration.

    Raises:
        Unsupported: Its end is no socket that QEMU listens on.
        Busy: Somebody has it open by us.
        HostError: It cannot be opened.
    """
    alias = channel.alias or ""
    if channel.type != "unix" or channel.source.mode == "connect":
        raise Unsupported("QEMU", f"opening a channel whose end is of type {channel.type}")
    if alias in live.ports:
        raise Busy(f"somebody has the channel {alias} of domain {name!r} open")
    usual = f"{(channel.target.name or alias).replace('/', '_')}.sock"
    path = Path(channel.source.path or live.folder / QEMU_FOLDER / usual)
    live.ports.add(alias)
    try:
        try:
            with short_path(path) as short:
                stream = await anyio.connect_unix(short)
        except OSError as error:
            raise host_error(
                error, f"cannot open the channel {alias} of domain {name!r}"
            ) from error
        async with stream:
            yield _Port(stream)
    finally:
        live.ports.discard(alias)
