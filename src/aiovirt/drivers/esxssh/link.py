"""The connection to a host, which heals, and the commands that run over it.

A command that was under way when the connection was lost raises `ConnectionLost`.  One that is to
run meanwhile waits for the new connection, for a bounded time.  It knows nothing of what commands
mean.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskStatus

from aiovirt._tasks import open_task_group
from aiovirt.clients.backoff import Backoff
from aiovirt.errors import (
    AiovirtError,
    Closed,
    ConnectionLost,
    ProcessFailed,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams.ssh import SSHConnection, SSHTarget, connect_ssh

__all__ = ["CHANGE_S", "LONG_S", "MAX_COMMANDS", "QUERY_S", "EsxLink", "Output", "open_link"]

MAX_COMMANDS = 7
"""Commands at the same time: a host's SSH server takes 10 sessions for a connection
(`MaxSessions` of sshd_config), of which some are left for those that end cancelled commands."""

TRIES = 8
"""How often a command is tried that could not begin."""

FULL_S = 0.05
"""Seconds before the second try where the host runs as many as it takes: some end just now."""

CONNECT_S = 60.0
"""Seconds for connecting, and for logging in."""

KEEPALIVE_S = 10.0
"""Seconds of silence after which the host is asked whether it is there."""

PATIENCE_S = 30.0
"""Seconds that a command waits for a lost connection to come back."""

QUERY_S = 60.0
"""Seconds for a command that only looks."""

CHANGE_S = 300.0
"""Seconds for one that changes something."""

LONG_S = 24 * 3600.0
"""Seconds for one that moves whole disks or the memory of a guest."""

MAX_OUTPUT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Output:
    """What a command did: its exit status, what it printed, and what it complained of."""

    status: int
    data: bytes
    complaints: str

    @property
    def text(self) -> str:
        """What it printed, as text."""
        return self.data.decode(errors="replace")


class EsxLink:
    """See the module; `open_link` makes it.

    Attributes:
        where: The host as ``user@host:port``, for messages.
    """

    def __init__(self, target: SSHTarget) -> None:
        self._target = target
        self._connection: SSHConnection | None = None
        self._changed = anyio.Event()
        self._error: AiovirtError | None = None
        self._limiter = anyio.CapacityLimiter(MAX_COMMANDS)
        self._closed = False
        self.where = str(target)

    async def run(
        self, command: str, what: str, *, bound_s: float = QUERY_S, data: bytes = b""
    ) -> Output:
        """Run a command line of the host's shell, and wait for its end.

        Args:
            command: The line.
            what: What it does, for messages.
            bound_s: Seconds that it may take, once it has begun.
            data: Its input.

        Raises:
            Unresponsive: It took longer, and was ended.
            ResourceUnavailable: The host runs no more commands at the same time, for others' sake.
            ConnectionLost: The connection ended meanwhile (`maybe_done` tells more), or did not
                come back within `PATIENCE_S`.
            Closed: The driver was closed.

        Cancellation: the command is ended on the host.
        """
        async with self._limiter:
            pauses = Backoff(FULL_S)
            for tries in range(TRIES, 0, -1):
                connection = await self.connection()
                try:
                    return await self._run_on(connection, command, what, bound_s, data)
                except ConnectionLost as error:
                    if error.maybe_done:
                        raise
                    self._withdraw(connection)  # it was not sent: the next one may do it
                except ResourceUnavailable:
                    if tries == 1:
                        raise
                    await anyio.sleep(pauses.next())
            raise ConnectionLost(
                f"the connection to {self.where} was lost {TRIES} times before it could be asked "
                f"to {what}",
                maybe_done=False,
            )

    async def _run_on(
        self, connection: SSHConnection, command: str, what: str, bound_s: float, data: bytes
    ) -> Output:
        with anyio.move_on_after(bound_s):
            done = await connection.run(command, data, limit=MAX_OUTPUT)
            return Output(
                128 if done.status is None else done.status,
                done.output,
                done.complaints.decode(errors="replace").strip(),
            )
        raise Unresponsive(
            f"{self.where} did not {what} within {bound_s:g} s; what it was doing is ended",
            hint="is its management agent alive? /etc/init.d/hostd status tells it there",
        )

    def _withdraw(self, connection: SSHConnection) -> None:
        """Offer a connection no more that is lost: whoever comes from now on waits for the next."""
        if self._connection is connection:
            self._connection = None

    @asynccontextmanager
    async def open_command(self, command: str, marker: bytes) -> AsyncIterator[socket.socket]:
        """Run a command whose input and output are a socket, for the length of the scope.

        Args:
            command: The line.
            marker: What it prints first; the socket begins behind it.

        Raises:
            RemoteError: It ended before it printed that.
            ConnectionLost: As `run`.

        Cancellation: the socket is closed, which ends a command that reads or writes.
        """
        async with self._limiter:
            sock = await self._begin(command, marker)
            try:
                yield sock
            finally:
                sock.close()

    async def _begin(self, command: str, marker: bytes) -> socket.socket:
        connection = await self.connection()
        try:
            return await connection.open_command(command, marker)
        except ProcessFailed as error:
            message = f"{self.where} did not begin a transfer: {error.stderr or error}"
            if error.status is not None:
                raise RemoteError(message) from error
            self._withdraw(connection)
            raise ConnectionLost(message, maybe_done=False) from error

    async def connection(self) -> SSHConnection:
        """The present connection; waits for a lost one to come back.

        Raises:
            Closed: The driver was closed.
            ConnectionLost: It did not come back within `PATIENCE_S`; the hint says why.
        """
        with anyio.move_on_after(PATIENCE_S):
            while True:
                self.check_open()
                if self._connection is not None:
                    return self._connection
                await self._changed.wait()
        why = f"the last try said: {self._error}" if self._error else None
        raise ConnectionLost(
            f"the connection to {self.where} is lost and did not come back within {PATIENCE_S:g} s",
            maybe_done=False,
            hint=why,
        )

    def check_open(self) -> None:
        """Raise `Closed` when the driver was closed."""
        if self._closed:
            raise Closed(f"the connection to {self.where} was closed")

    # --- life ---------------------------------------------------------------------------------

    async def run_for_ever(self, *, task_status: TaskStatus[None]) -> None:
        """Keep a connection open; the first must succeed. Raises as `connect_ssh` then."""
        backoff = Backoff()
        first = True
        while True:
            begin = anyio.current_time()
            try:
                async with connect_ssh(
                    self._target, timeout_s=CONNECT_S, keepalive_s=KEEPALIVE_S
                ) as connection:
                    self._offer(connection)
                    if first:
                        task_status.started()
                        first = False
                    await connection.until_lost()
            except AiovirtError as error:
                if first:
                    raise
                self._error = error
            finally:
                self._connection = None
            backoff.lasted(anyio.current_time() - begin)
            await anyio.sleep(backoff.next())

    def _offer(self, connection: SSHConnection) -> None:
        self.where = connection.where
        self._connection = connection
        self._wake()

    def close(self) -> None:
        """Refuse all further commands."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def open_link(target: SSHTarget) -> AsyncIterator[EsxLink]:
    """Open a connection that heals, for the length of the ``async with``.

    Raises:
        AiovirtError: The first connection failed, as `connect_ssh` tells.
    """
    link = EsxLink(target)
    async with open_task_group() as tasks:
        await tasks.start(link.run_for_ever)
        try:
            yield link
        finally:
            link.close()
            tasks.cancel_scope.cancel()
