"""The connection of a driver, which heals: it is opened anew when it is lost.

A call that was under way when the connection was lost raises `ConnectionLost`.  A call that is
made meanwhile waits for the new connection, for a bounded time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias, TypeVar

import anyio
from anyio.abc import TaskStatus

from aiovirt._tasks import open_task_group
from aiovirt.clients.backoff import Backoff
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.drivers.libvirt.events.hub import Hub
from aiovirt.drivers.libvirt.opening import OPEN_TIMEOUT_S, Session, open_session
from aiovirt.errors import AiovirtError, Closed, ConnectionLost, Unresponsive
from aiovirt.interfaces import OpenOptions
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct

__all__ = ["PATIENCE_S", "Link", "open_link"]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)

OpenSession: TypeAlias = Callable[[URI, OpenOptions], AbstractAsyncContextManager[Session]]

PATIENCE_S = 30.0
"""Seconds that a call waits for a lost connection to come back."""


class Link:
    """See the module; `open_link` makes it.

    Attributes:
        uri: The URI it was opened with.
        options: What it was told beside it.
        hub: The events of all its sessions.
        client_now: The client of the present session, or None while there is none.
    """

    def __init__(self, uri: URI, options: OpenOptions, opener: OpenSession = open_session) -> None:
        self._opener = opener
        self.uri = uri
        self.options = options
        self.hub = Hub()
        self.client_now: LibvirtClient | None = None
        self._session: Session | None = None
        self._known: Session | None = None
        self._changed = anyio.Event()
        self._error: AiovirtError | None = None
        self._closed = False

    @property
    def driver_name(self) -> str:
        """The name of the daemon's driver."""
        return self._known.driver if self._known else "libvirt"

    @property
    def version(self) -> tuple[int, int, int]:
        """The version of the daemon that was connected last."""
        return self._known.version if self._known else (0, 0, 0)

    async def call(self, procedure: Procedure[A, R], args: A, *, operation: str = "") -> R:
        """Call a procedure on the present connection.

        Args:
            procedure: From the tables.
            args: Its arguments.
            operation: What is asked for, for errors; the procedure's name if empty.

        Raises:
            ConnectionLost: The connection ended meanwhile (`maybe_done` tells more), or did not
                come back within `PATIENCE_S`.
            AiovirtError: As `LibvirtClient.call`.
        """
        session = self._session or await self.session()
        return await session.client.call(procedure, args, operation=operation)

    async def session(self) -> Session:
        """The present session; waits for a lost connection to come back.

        Raises:
            Closed: The driver was closed.
            ConnectionLost: It did not come back within `PATIENCE_S`; the hint says why.
        """
        with anyio.move_on_after(PATIENCE_S):
            while True:
                self.check_open()
                if self._session is not None:
                    return self._session
                await self._changed.wait()
        why = f"the last try said: {self._error}" if self._error else None
        raise ConnectionLost(
            f"the connection to {self.uri} is lost and did not come back within {PATIENCE_S:g} s",
            maybe_done=False,
            hint=why,
        )

    async def client(self) -> LibvirtClient:
        """The present session's client. Raises as `session`."""
        return (await self.session()).client

    def check_open(self) -> None:
        """Raise `Closed` when the driver was closed."""
        if self._closed:
            raise Closed(f"the connection to {self.uri} was closed")

    # --- life ---------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Keep a session open for ever; the first must succeed. Raises as `open_session` then."""
        backoff = Backoff()
        while True:
            try:
                async with self._opener(self.uri, self.options) as session:
                    begin = anyio.current_time()
                    await self._use(session, task_status)
                    backoff.lasted(anyio.current_time() - begin)
            except AiovirtError as error:
                if self._known is None:
                    raise
                self._error = error
            await anyio.sleep(backoff.next())

    async def _use(self, session: Session, task_status: TaskStatus[None]) -> None:
        """Offer a session to everybody until it is lost."""
        with anyio.move_on_after(OPEN_TIMEOUT_S) as scope:
            await self.hub.connected(session.client)
        if scope.cancelled_caught:
            raise Unresponsive(f"{session.client.peer} did not tell what it has in time")
        first = self._known is None
        self._known = session
        if not session.client.lost.is_set():
            session.client.on_lost = self._withdraw
            self._session = session
            self.client_now = session.client
        self._wake()
        if first:
            task_status.started()
        try:
            await session.until_lost()
            self.hub.disconnected(session.client.error)
        finally:
            self._withdraw()

    def _withdraw(self) -> None:
        """Offer the session no more: whoever calls from now on waits for the next."""
        self._session = self.client_now = None

    def close(self) -> None:
        """Refuse all further calls."""
        self._closed = True
        self.hub.close()
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def open_link(
    uri: URI, options: OpenOptions, *, opener: OpenSession = open_session
) -> AsyncIterator[Link]:
    """Open a connection that heals, for the length of the ``async with``.

    Args:
        uri: The daemon.
        options: What else it is told.
        opener: Opens a session with it.

    Raises:
        AiovirtError: The first connection failed, as `open_session` tells.
    """
    link = Link(uri, options, opener)
    async with open_task_group() as tasks:
        await tasks.start(link.run)
        try:
            yield link
        finally:
            link.close()
            tasks.cancel_scope.cancel()
