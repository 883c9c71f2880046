"""The guest agent's client: the core, one channel, and one call at a time.

The other end is a program inside the guest: it may be missing, asleep, frozen or malicious.  So
every call begins by making sure that somebody answers, within a bound.
"""

from __future__ import annotations

import itertools
import math
import os
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import anyio

from aiovirt.errors import (
    CallerError,
    Closed,
    ConnectionLost,
    ProtocolError,
    Unresponsive,
)
from aiovirt.protocols.guest_agent import AgentConnection, AgentMessage, Synced, refusal
from aiovirt.protocols.guest_agent.connection import DEFAULT_MAX_MESSAGE, SYNC
from aiovirt.protocols.qmp import UNREADABLE, Disconnected, Failure, Request, Role, Success
from aiovirt.streams.channel import Channel, Slot, open_channel
from aiovirt.streams.unix import connect_unix

__all__ = ["SYNC_TIMEOUT_S", "GuestAgentClient", "connect_guest_agent"]

SYNC_TIMEOUT_S = 5.0
"""Seconds that an agent has to answer a sync; libvirt gives it as much."""

_numbers = itertools.count(int.from_bytes(os.urandom(4), "big"))
"""Numbers of syncs: a former client's late answer must not carry the number of ours."""


class GuestAgentClient:
    """The line to one guest's agent; `connect_guest_agent` makes it.

    Any number of tasks may call: their calls queue, because an agent does one thing at a time.

    Attributes:
        name: Whose agent this is, for messages.
    """

    def __init__(self, name: str, core: AgentConnection, sync_timeout_s: float) -> None:
        self.name = name
        self._core = core
        self._sync_timeout_s = sync_timeout_s
        self._channel: Channel | None = None
        self._turn = anyio.Lock()
        self._slot: Slot | None = None
        self._answer: AgentMessage | None = None
        self._end: Exception | None = None

    async def execute(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        timeout_s: float = math.inf,
        **kwargs: object,
    ) -> object:
        """Run a command in the guest and return its result as plain JSON values.

        Args:
            command: The agent's name of it, such as ``guest-get-osinfo``.
            arguments: Arguments under the agent's own names.
            timeout_s: Seconds that the guest has for it, once the agent has shown that it lives.
            kwargs: More arguments; underscores become dashes.

        Raises:
            GuestAgentError: The agent refused.
            Unresponsive: It did not answer in time; it may still carry the command out.
            ConnectionLost: The line ended; `maybe_done` tells whether the command was sent.
            Closed: The client was closed before.
            CallerError: `arguments` cannot be written as JSON that an agent reads.
            ProtocolError: The result cannot be read; the line stays good.

        Cancellation: before the command is sent nothing happens.  Afterwards it may be carried
        out; its late reply is dropped, and the line stays good.
        """
        request = self._request(command, arguments, kwargs)
        async with self._turn:
            data = await self._prepare(request)
            with anyio.move_on_after(timeout_s):
                return self._result(command, await self._exchange(data, command))
            raise Unresponsive(f"{self.name}: no answer to {command} within {timeout_s:g} s")

    async def notify(
        self, command: str, arguments: Mapping[str, object] | None = None, **kwargs: object
    ) -> None:
        """Send a command that the agent does not answer when it succeeds, such as guest-shutdown.

        It returns when the command is on its way, so a refusal of the agent is not seen.
        Arguments and all other errors are those of `execute`.
        """
        request = self._request(command, arguments, kwargs)
        async with self._turn:
            data = await self._prepare(request)
            try:
                self._send(data, command)
            finally:
                self._core.give_up()

    async def sync(self) -> None:
        """Make sure that the agent answers. Every call does so when it is needed.

        Raises:
            Unresponsive: It did not within the bound.
            ConnectionLost: The line ended.
        """
        async with self._turn:
            await self._sync()

    def _request(
        self, command: str, arguments: Mapping[str, object] | None, more: Mapping[str, object]
    ) -> Request:
        merged = dict(arguments or {})
        merged.update((key.replace("_", "-"), value) for key, value in more.items())
        return Request(command, merged or None)

    async def _prepare(self, request: Request) -> bytes:
        """Sync when it is needed, and return the request's bytes."""
        self._usable(request.name)
        if not self._core.synced:
            await self._sync_before(request.name)
        try:
            return self._core.send(request)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise CallerError(
                f"{self.name}: the arguments of {request.name} cannot be sent as JSON: {error}"
            ) from error

    async def _sync_before(self, command: str) -> None:
        try:
            await self._sync()
        except ConnectionLost as error:
            raise self._lost(command, maybe_done=False) from error

    async def _sync(self) -> None:
        number = next(_numbers)
        with anyio.move_on_after(self._sync_timeout_s):
            answer = await self._exchange(self._core.sync(number), SYNC)
            if not isinstance(answer, Synced):
                self._result(SYNC, answer)
            return
        raise Unresponsive(
            f"{self.name}: the guest agent does not answer ({SYNC} within "
            f"{self._sync_timeout_s:g} s)",
            hint="Is qemu-guest-agent installed and running in the guest?",
        )

    async def _exchange(self, data: bytes, command: str) -> AgentMessage:
        """Send, and wait for the next message of the core."""
        channel = self._usable(command)
        self._answer = None
        slot = self._slot = channel.slot()
        try:
            await channel.wait_for_room()
            self._send(data, command)
            await slot.wait()
        except BaseException:
            self._core.give_up()
            raise
        finally:
            self._slot = None
        if self._answer is None:
            raise self._lost(command, maybe_done=True) from self._end
        return self._answer

    def _send(self, data: bytes, command: str) -> None:
        channel = self._usable(command)
        try:
            channel.send(data)
        except OSError as error:
            channel.end(error)
            raise self._lost(command, maybe_done=False) from error

    def _usable(self, command: str) -> Channel:
        if self._channel is None:
            raise Closed(f"{self.name}: the guest agent's client is closed")
        if self._channel.ended:
            raise self._lost(command, maybe_done=False) from self._end
        return self._channel

    def _lost(self, command: str, *, maybe_done: bool) -> ConnectionLost:
        why = f": {self._end}" if self._end else ""
        return ConnectionLost(
            f"{self.name}: the line to the guest agent ended at {command}{why}",
            maybe_done=maybe_done,
        )

    def _result(self, command: str, answer: AgentMessage) -> object:
        if isinstance(answer, Failure):
            raise refusal(command, answer.error_class, answer.description)
        try:
            return answer.value if isinstance(answer, Success) else None
        except UNREADABLE as error:
            raise ProtocolError(f"{self.name}: unexpected result of {command}: {error}") from error

    def _on_data(self, data: bytes) -> None:
        self._core.receive_data(data)
        while (message := self._core.next_message()) is not None:
            if not isinstance(message, Disconnected):
                self._answer = message
                self._wake()

    def _on_end(self, error: Exception | None) -> None:
        self._end = error
        self._wake()

    def _wake(self) -> None:
        if self._slot is not None:
            self._slot.set()

    @asynccontextmanager
    async def running(self, sock: socket.socket) -> AsyncGenerator[None, None]:
        """Serve calls over `sock` while the ``async with`` is open."""
        async with open_channel(sock, self._on_data, self._on_end) as channel:
            self._channel = channel
            try:
                yield
            finally:
                self._channel = None


@asynccontextmanager
async def connect_guest_agent(
    peer: str | os.PathLike[str] | socket.socket,
    *,
    name: str = "guest",
    sync_timeout_s: float = SYNC_TIMEOUT_S,
    max_message: int = DEFAULT_MAX_MESSAGE,
) -> AsyncGenerator[GuestAgentClient, None]:
    """Connect to a guest agent's socket, and close at the end of the ``async with``.

    That the socket can be connected says nothing of the agent: QEMU holds it, whether the guest
    runs an agent or not.  The first call finds out.

    Args:
        peer: The path of the Unix socket, or a connected socket, which then belongs to the client.
        name: Whose agent this is, for messages.
        sync_timeout_s: Seconds that the agent has to show that it lives.
        max_message: How many bytes a message of the agent has at most.

    Raises:
        NotFound: There is no such path.
        PermissionDenied: The path may not be used.
        ResourceUnavailable: Nobody listens there.
        Unresponsive: The listener takes no connection within `sync_timeout_s`.
    """
    if isinstance(peer, socket.socket):
        sock = peer
    else:
        sock = await connect_unix(peer, timeout_s=sync_timeout_s)
    with sock:
        core = AgentConnection(Role.CLIENT, peer=name, max_message=max_message)
        client = GuestAgentClient(name, core, sync_timeout_s)
        async with client.running(sock):
            yield client
