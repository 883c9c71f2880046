"""Consoles and channels of a domain, as streams along the daemon's connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import anyio
import anyio.lowlevel

from aiovirt.bindings.values import DOMAIN
from aiovirt.clients.libvirt import ClientStream
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import AiovirtError, Busy, NotFound, RemoteError
from aiovirt.interfaces import Consoles, ConsoleStream
from aiovirt.model.constants import DomainChannelFlags, DomainConsoleFlags, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import domain_devices as p
from aiovirt.protocols.xdr import Struct

__all__ = ["KEEP_BYTES", "LibvirtConsoles"]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)

KEEP_BYTES = 256 * 1024
"""Bytes of a console that wait for a slow reader; before that the oldest are dropped."""


class LibvirtConsoles(LibvirtAbility, Consoles):
    """See `aiovirt.drivers.libvirt.abilities`.

    libvirt has one reader and writer of a console, and no history: a reader that only looks takes
    that place, too.
    """

    def open_console(
        self,
        domain: DomainKey,
        *,
        device: str | None = None,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_console`; there is no `history`."""
        del history
        flags = DomainConsoleFlags.FORCE if force else 0
        args = p.DomainOpenConsoleArgs(DOMAIN.send(domain), device, flags)
        return self._open(p.DOMAIN_OPEN_CONSOLE, args, readonly=readonly)

    def open_channel(
        self, domain: DomainKey, *, name: str | None = None, force: bool = False
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_channel`."""
        flags = DomainChannelFlags.FORCE if force else 0
        args = p.DomainOpenChannelArgs(DOMAIN.send(domain), name, flags)
        return self._open(p.DOMAIN_OPEN_CHANNEL, args)

    @asynccontextmanager
    async def _open(
        self, procedure: Procedure[A, R], args: A, *, readonly: bool = False
    ) -> AsyncIterator[ConsoleStream]:
        client = await self._link.client()
        opening = client.stream(procedure, args, keep=KEEP_BYTES)
        try:
            _, stream = await opening.__aenter__()
        except RemoteError as error:
            raise _refusal(error) from error
        try:
            yield _Console(stream, readonly=readonly)
        finally:
            await opening.__aexit__(None, None, None)


def _refusal(error: RemoteError) -> AiovirtError:
    """What libvirt tells by its words only."""
    detail = error.libvirt
    if detail is None:
        return error
    made: AiovirtError = error
    if detail.code == ErrorNumber.ERR_OPERATION_FAILED and "Active" in detail.message:
        made = Busy(detail.message, hint="force takes it from whoever has it open")
    elif detail.code == ErrorNumber.ERR_INTERNAL_ERROR and "cannot find" in detail.message:
        made = NotFound(detail.message)
    made.libvirt = detail
    return made


class _Console(ConsoleStream):
    """A stream of bytes out of one of packets."""

    def __init__(self, stream: ClientStream, *, readonly: bool) -> None:
        self._stream = stream
        self._readonly = readonly
        self._rest = b""
        self._closed = False

    @property
    def lost(self) -> int:
        """See `ConsoleStream.lost`."""
        return self._stream.lost

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """See `ConsoleStream`."""
        self._check_open()
        if not self._rest:
            data = await self._stream.receive()
            self._rest = data if isinstance(data, bytes) else b""
        else:
            await anyio.lowlevel.checkpoint()
        data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return data

    async def send(self, item: bytes) -> None:
        """See `ConsoleStream`."""
        self._check_open()
        if self._readonly:
            raise Busy("the console is open read-only here", hint="open it without `readonly`")
        await self._stream.send(item)

    async def send_eof(self) -> None:
        """A console has no end that one could send; nothing happens."""
        await anyio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Let go of the console; the domain does not notice."""
        self._closed = True
        await self._stream.aclose()

    def _check_open(self) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
