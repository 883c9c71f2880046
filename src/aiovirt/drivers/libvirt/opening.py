"""From a line to an open session: authentication, keepalive, the driver of the daemon, its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt import LibvirtClient, Peer, answerers, authenticate_client, open_client
from aiovirt.clients.libvirt.transports import open_line, remote_name
from aiovirt.errors import (
    AiovirtError,
    ConnectionLost,
    RemoteError,
    Unresponsive,
    Unsupported,
)
from aiovirt.interfaces import OpenOptions
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.streams.line import Line

__all__ = ["OPEN_TIMEOUT_S", "Session", "open_session", "open_watched_session"]

OPEN_TIMEOUT_S = 60.0
"""Seconds for all that it takes to open a connection, the transport's own waits among them."""

CLOSE_TIMEOUT_S = 2.0
"""Seconds that a daemon has to say good-bye."""

KEEPALIVE_INTERVAL_S = 5.0
KEEPALIVE_COUNT = 5

PROGRAM_KEEPALIVE = 10
"""The feature by which a daemon says that it answers pings; asking it starts the daemon's own."""

SSH_TRANSPORTS = frozenset({"ssh", "libssh", "libssh2"})
"""Those that use the URI's user themselves."""

READONLY = 1
"""The flag of CONNECT_OPEN for a connection that changes nothing."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open session with a daemon.

    Attributes:
        client: What calls it.
        driver: The name of its driver, such as ``QEMU``.
        version: The daemon's libvirt version, such as ``(9, 0, 0)``.
        private: Whether nobody else can read the line to it.
        pings: Whether the daemon answers pings.
    """

    client: LibvirtClient
    driver: str
    version: tuple[int, int, int]
    private: bool
    pings: bool = False

    async def until_lost(self) -> None:
        """Wait for the end of the connection, and see to it that a dead one ends."""
        if self.pings:
            await self.client.keep_alive(KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT)
        else:
            await self.client.lost.wait()


@asynccontextmanager
async def open_session(uri: URI, options: OpenOptions) -> AsyncIterator[Session]:
    """Connect, authenticate and open, and close all of it at the end of the ``async with``.

    Somebody has to wait in `Session.until_lost`, which keeps the connection alive.

    Raises:
        ConfigError: The URI is wrong.
        AuthenticationFailed: The daemon does not let us in.
        Unresponsive: It did not do so within `OPEN_TIMEOUT_S`.
        AiovirtError: As the transport; each says what to do.
    """
    async with (
        open_line(uri, readonly=options.readonly, credentials=options.credentials) as line,
        open_client(line) as client,
    ):
        try:
            session = await _greet(client, line, uri, options)
        except AiovirtError as error:
            _advise(error)
            raise
        try:
            yield session
        finally:
            await _farewell(client)


@asynccontextmanager
async def open_watched_session(uri: URI, options: OpenOptions) -> AsyncIterator[Session]:
    """A session with a task that waits in `Session.until_lost`: for one transfer, say.

    Raises as `open_session`.
    """
    async with open_session(uri, options) as session, open_task_group() as tasks:
        tasks.start_soon(session.until_lost)
        try:
            yield session
        finally:
            tasks.cancel_scope.cancel()


def _advise(error: AiovirtError) -> None:
    """Say what may be done about the end of a connection that has not been opened yet."""
    if error.hint is not None:
        return
    if isinstance(error, ConnectionLost):
        error.hint = (
            "does libvirtd listen there, and for this transport? the log on its machine may say why"
        )
    elif error.libvirt is not None and error.libvirt.code == ErrorNumber.ERR_NO_CONNECT:
        error.hint = (
            "the daemon there has no such driver: is the URI's first word right, and is the "
            "package with that driver installed there?"
        )


async def _greet(client: LibvirtClient, line: Line, uri: URI, options: OpenOptions) -> Session:
    """Do what must be done first; the session."""
    with anyio.move_on_after(OPEN_TIMEOUT_S):
        await _authenticate(client, line, uri, options)
        flags = READONLY if options.readonly else 0
        await client.call(p.CONNECT_OPEN, p.ConnectOpenArgs(remote_name(uri), flags))
        driver = await client.call(p.CONNECT_GET_TYPE, Empty())
        library = await client.call(p.CONNECT_GET_LIB_VERSION, Empty())
        version = _version(library.lib_ver)
        client.driver_name = driver.type
        client.server = f"libvirt {'.'.join(map(str, version))} at {uri.host or 'this machine'}"
        private = line.local or line.encrypted
        return Session(client, driver.type, version, private, await _pings(client))
    raise Unresponsive(f"{client.peer} did not open the connection within {OPEN_TIMEOUT_S:g} s")


async def _authenticate(client: LibvirtClient, line: Line, uri: URI, options: OpenOptions) -> None:
    user = None if uri.transport in SSH_TRANSPORTS else uri.user
    await authenticate_client(
        client,
        want=uri.parameters.get("auth"),
        peer=Peer(uri.host, encrypted=line.encrypted, local=line.local, user=user),
        credentials=answerers(options.credentials, authfile=uri.parameters.get("authfile")),
    )


async def _pings(client: LibvirtClient) -> bool:
    """Whether the daemon answers pings; one that does not even want to tell does not."""
    args = p.ConnectSupportsFeatureArgs(PROGRAM_KEEPALIVE)
    try:
        return bool((await client.call(p.CONNECT_SUPPORTS_FEATURE, args)).supported)
    except (RemoteError, Unsupported):
        return False


async def _farewell(client: LibvirtClient) -> None:
    """Say good-bye, if there is somebody to hear it."""
    if client.lost.is_set():
        return
    with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_TIMEOUT_S):
        try:
            await client.call(p.CONNECT_CLOSE, Empty())
        except AiovirtError:
            return  # the connection ends either way


def _version(number: int) -> tuple[int, int, int]:
    """libvirt's number of a version: a million for each release, a thousand for each minor one."""
    return number // 1_000_000, number // 1000 % 1000, number % 1000
