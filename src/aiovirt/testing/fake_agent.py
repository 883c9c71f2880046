"""A fake guest agent: the server's side of the agent core behind a socket, with scripted faults.

Like qemu-ga it does one thing after the other, serves one client at a time, and keeps what a
former client left on the line.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import msgspec

from aiovirt._tasks import open_task_group
from aiovirt.errors import Closed, ConnectionLost, GuestAgentError, ProtocolError
from aiovirt.protocols.guest_agent import AgentConnection
from aiovirt.protocols.guest_agent.connection import SYNC
from aiovirt.protocols.qmp import Failure, Request, Role, Success
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.faults import Cut, Fault, Garbage, Hold, Refuse, Script, Silent

__all__ = ["FakeAgent", "run_fake_agent"]


class FakeAgent:
    """The guest behind the agent; `run_fake_agent` makes it.

    Attributes:
        script: The faults to come; it knows `Hold`, `Silent`, `Garbage`, `Cut` and `Refuse`.
        handlers: What each command does; a test may put in more.
        requests: What the client asked, in order.
        stale: Bytes that a former client left unread on the line; they come first.
        violations: How the client broke the protocol.
    """

    def __init__(self) -> None:
        self.script = Script()
        self.requests: list[Request] = []
        self.stale = b""
        self.violations: list[ProtocolError] = []
        self.handlers: dict[str, Callable[[Mapping[str, object]], object]] = {
            "guest-ping": lambda _: {},
            "guest-sync": lambda arguments: arguments["id"],
            "guest-get-host-name": lambda _: {"host-name": "fake"},
            "echo": lambda arguments: arguments,
        }
        self._core = AgentConnection(Role.SERVER, peer="client")

    async def serve(self, stream: UnixStream) -> None:
        """Serve the client until it goes."""
        try:
            if self.stale:
                await stream.send(self.stale)
            while True:
                self._core.receive_data(await stream.receive())
                while isinstance(request := self._core.next_message(), Request):
                    self.requests.append(request)
                    await self._answer(stream, request)
        except (anyio.EndOfStream, ConnectionLost, Closed):
            pass  # the client went; a fake does not mind
        except ProtocolError as error:
            self.violations.append(error)
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    async def _answer(self, stream: UnixStream, request: Request) -> None:
        data = self._reply(request)
        fault = self.script.take(request.name)
        if isinstance(fault, Hold):
            fault.reached.set()
            await fault.until.wait()
        data = self._spoil(data, fault)
        if data:
            await stream.send(data)
        if isinstance(fault, Cut):
            await stream.aclose()

    def _spoil(self, data: bytes, fault: Fault | None) -> bytes:
        if isinstance(fault, Silent):
            fault.reached.set()
            return b""
        if isinstance(fault, Refuse):
            return self._core.send(Failure(None, fault.error_class, fault.description))
        if isinstance(fault, Cut):
            return data[: fault.after]
        return fault.data if isinstance(fault, Garbage) else data

    def _reply(self, request: Request) -> bytes:
        arguments = request.arguments if isinstance(request.arguments, Mapping) else {}
        if request.name == SYNC:
            return self._core.send_synced(msgspec.convert(arguments["id"], int))
        handler = self.handlers.get(request.name)
        if handler is None:
            text = f"The command {request.name} has not been found"
            return self._core.send(Failure(request.id, "CommandNotFound", text))
        try:
            value = handler(arguments)
        except GuestAgentError as error:
            return self._core.send(Failure(request.id, error.error_class, error.description))
        return self._core.send(Success(request.id, msgspec.json.encode(value)))


@asynccontextmanager
async def run_fake_agent(
    stale: bytes = b"",
) -> AsyncGenerator[tuple[FakeAgent, socket.socket], None]:
    """Run a fake agent while the ``async with`` is open; gives the client's end, a socket, too.

    Args:
        stale: Bytes that a former client left unread on the line.
    """
    fake = FakeAgent()
    fake.stale = stale
    ours, theirs = socket.socketpair()
    async with open_task_group() as group:
        group.start_soon(fake.serve, UnixStream(ours))
        try:
            yield fake, theirs
        finally:
            group.cancel_scope.cancel()
            theirs.close()
