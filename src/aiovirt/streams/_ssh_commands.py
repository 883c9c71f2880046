"""One command of an SSH connection: its input, its outputs, its status, and its end when cancelled.

OpenSSH does not end a command whose channel is closed, and before 7.9 it lets no client signal it.
So the command's shell tells its process number before all else, and a second command ends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncssh

from aiovirt.errors import ConnectionLost, LimitExceeded, ResourceUnavailable

__all__ = ["MAX_OUTPUT", "CommandSession", "SSHResult"]

MAX_OUTPUT = 16 * 1024 * 1024
"""Bytes of output and of complaints together, unless another bound is named."""

MAX_NUMBER = 32
"""Bytes of the line with the number of the process."""

_GONE = "SSH connection"
"""How asyncssh begins the reason of a channel that is not opened since its connection is lost."""

_ANNOUNCE = "echo $$ >&2; "
"""What the remote shell does first."""

_END = "kill -TERM -{pid} 2>/dev/null || kill -TERM {pid} 2>/dev/null; :"
"""The shell leads its session, and so the group of what it has started."""


@dataclass(frozen=True, slots=True)
class SSHResult:
    """What became of a command.

    Attributes:
        status: Its exit status, or None when it was ended by a signal.
        signal: The signal's name, such as ``TERM``, or None.
        output: What it wrote to its standard output.
        complaints: What it wrote to its standard error.
    """

    status: int | None
    signal: str | None
    output: bytes
    complaints: bytes


class CommandSession(asyncssh.SSHClientSession[bytes]):
    """The session of one command; it lives wholly on asyncio's side.

    Args:
        where: The server, for messages.
        limit: Bytes of output and complaints together.
    """

    def __init__(self, where: str, limit: int) -> None:
        self._where = where
        self._limit = limit
        self._channel: Any = None  # asyncssh's classes of channels share no base that is public
        self._parts: dict[bool, bytearray] = {False: bytearray(), True: bytearray()}
        self._pid: int | None = None
        self._known = asyncio.Event()  # the number of the process, or that there will be none
        self._done = asyncio.Event()
        self._status: int | None = None
        self._signal: str | None = None
        self._overflown = False

    async def run(
        self, connection: asyncssh.SSHClientConnection, command: str, data: bytes
    ) -> SSHResult:
        """Run the command and wait for its end. Cancellation: leaves it running; see `end`."""
        try:
            await connection.create_session(
                lambda: self, _ANNOUNCE + command, encoding=None, request_pty=False
            )
        except asyncssh.ChannelOpenError as error:
            if error.reason.startswith(_GONE):
                raise self._lost(maybe_done=self._channel is not None) from error
            raise ResourceUnavailable(
                f"{self._where} runs no further command: {error.reason}",
                hint="other sessions may have used up those that its SSH server allows",
            ) from error
        if data:
            self._channel.write(data)
        self._channel.write_eof()
        await self._done.wait()
        return self._result()

    def _result(self) -> SSHResult:
        if self._overflown:
            raise LimitExceeded(
                f"a command of {self._where} printed more than {self._limit} bytes",
                limit=self._limit,
            )
        if self._status is None and self._signal is None:
            raise self._lost(maybe_done=True)
        return SSHResult(
            self._status, self._signal, bytes(self._parts[False]), bytes(self._parts[True])
        )

    def _lost(self, *, maybe_done: bool) -> ConnectionLost:
        when = "amid a command" if maybe_done else "before a command"
        return ConnectionLost(f"{self._where} ended the connection {when}", maybe_done=maybe_done)

    async def end(self, connection: asyncssh.SSHClientConnection) -> None:
        """End the command on the server, and forget it. The caller bounds it."""
        if self._channel is None or self._done.is_set():
            return
        try:
            await self._known.wait()
            if self._pid is not None:
                killer = CommandSession(self._where, MAX_NUMBER)
                command = _END.format(pid=self._pid)
                await connection.create_session(
                    lambda: killer, command, encoding=None, request_pty=False
                )
                await self._done.wait()
        except asyncssh.Error:
            return  # the connection is gone, and we can do no more
        finally:
            self._channel.abort()

    def _check_size(self) -> None:
        """End a command that prints without end: it is told so by a closed pipe."""
        if sum(map(len, self._parts.values())) > self._limit:
            self._overflown = True
            self._channel.abort()

    # --- what asyncssh calls -----------------------------------------------------------------

    def connection_made(self, chan: Any) -> None:  # noqa: ANN401 - see `_channel`
        """Keep the channel."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Keep what comes, but for the number of the process, which comes first."""
        if self._overflown:
            return
        self._parts[datatype is not None] += data
        if datatype is not None and not self._known.is_set():
            self._find_pid(self._parts[True])
        self._check_size()

    def _find_pid(self, complaints: bytearray) -> None:
        line, found, rest = complaints.partition(b"\n")
        if found and line.strip().isdigit():
            self._pid = int(line)
            self._parts[True] = rest
            self._known.set()

    def exit_status_received(self, status: int) -> None:
        """Keep the status."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - asyncssh's
        """Keep the signal."""
        del core_dumped, msg, lang
        self._signal = signal

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel has ended."""
        del exc  # `_result` tells what is missing
        self._known.set()
        self._done.set()
