"""To a daemon through a program of the user's choice, by its standard input and output."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt.transports.parameters import Parameters
from aiovirt.errors import ConnectionLost
from aiovirt.processes import Command, Process, Stdio, open_process
from aiovirt.streams.line import Line

__all__ = ["open_external"]

LAST_WORDS = 2048
"""Bytes of the end of what the program complained of that are kept."""

LAST_WORDS_WAIT_S = 1.0
"""Seconds that a program has, once the line is lost, to say why."""

GRACE_S = 1.0


class _Complaints:
    """The end of what the program writes to its standard error."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._tail = b""
        self._complete = anyio.Event()

    async def collect(self, process: Process) -> None:
        if process.stderr is not None:
            async for part in process.stderr:
                self._tail = (self._tail + part)[-LAST_WORDS:]
        self._complete.set()

    async def explain(self, error: ConnectionLost) -> None:
        """Add the program's last words to an error that has no advice yet."""
        with anyio.move_on_after(LAST_WORDS_WAIT_S):
            await self._complete.wait()
        lines = self._tail.decode(errors="replace").strip().splitlines()
        if lines and error.hint is None:
            error.hint = f"the last that {self._program} said is: {lines[-1]}"


@asynccontextmanager
async def open_external(parameters: Parameters) -> AsyncGenerator[Line, None]:
    """Run the program that the parameter ``command`` names, for the length of the scope.

    When the scope ends by a `ConnectionLost`, that gets the program's last words as its hint.

    Raises:
        ExecutableNotFound, CannotExecute, SpawnSetupError: It could not be started.
    """
    program = parameters.command or ""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    complaints = _Complaints(program)
    with ours, theirs:
        wires = theirs.fileno()
        process = open_process(
            Command(program), stdin=wires, stdout=wires, stderr=Stdio.PIPE, grace_s=GRACE_S
        )
        async with process as running, open_task_group() as group:
            theirs.close()
            group.start_soon(complaints.collect, running)
            try:
                yield _line(ours, program)
            except ConnectionLost as error:
                await complaints.explain(error)
                raise
            finally:
                ours.close()
                group.cancel_scope.cancel()


def _line(sock: socket.socket, program: str) -> Line:
    return Line(
        sock,
        filter=None,
        early=b"",
        passes_descriptors=False,
        encrypted=False,
        local=False,
        peer=f"the libvirt daemon that {program} reaches",
    )
