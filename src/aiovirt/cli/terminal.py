"""The user's terminal: raw mode that always ends, and bytes in and out without blocking.

It knows descriptors, and neither domains nor consoles.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.cli.failures import UsageError
from aiovirt.cli.standard import OutputGone

__all__ = ["ask", "raw_mode", "read", "read_all", "while_read", "write"]

CHUNK = 4096
"""How much is read at once, in bytes; what a terminal takes for a line (Linux, termios(3))."""

LIMIT = 16 * 1024 * 1024
"""The longest document that is read, in bytes."""


@contextmanager
def raw_mode(descriptor: int) -> Iterator[None]:
    """Every key reaches the block as it is, Ctrl-C too; afterwards all is as it was."""
    before = termios.tcgetattr(descriptor)
    try:
        # Not the usual TCSAFLUSH: what was typed ahead is for the guest too.
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        # A terminal that has gone meanwhile has nothing to restore.
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _unseen(descriptor: int) -> Iterator[None]:
    """What is typed does not show, but for the end of the line; afterwards all is as it was."""
    before = termios.tcgetattr(descriptor)
    local = before[3] & ~termios.ECHO | termios.ECHONL
    try:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, [*before[:3], local, *before[4:]])
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def ask(prompt: bytes, *, source: int, target: int, seen: bool = True) -> bytes | None:
    """Write a prompt, read a line: without its end, or None at the end of the input.

    Cancellation: the terminal is as it was; getpass in a thread would go on reading from it.

    Args:
        prompt: What is asked.
        source: The terminal to read from.
        target: Where the prompt goes.
        seen: Whether what is typed shows.
    """
    # Unseen first: what is typed at the sight of the prompt must not show either.
    with nullcontext() if seen else _unseen(source):
        await write(target, prompt)
        line = bytearray()
        while not line.endswith(b"\n") and len(line) < CHUNK:
            part = await read(source)
            if not part:
                break
            line += part
    return bytes(line.rstrip(b"\r\n")) if line else None


async def read(descriptor: int) -> bytes:
    """What is there, at most `CHUNK` bytes; nothing at the end, or when the terminal is gone.

    Raises:
        OSError: It cannot be read.
    """
    if _can_wait(descriptor):
        await anyio.wait_readable(descriptor)
    try:
        return os.read(descriptor, CHUNK)
    except OSError as error:
        # A terminal that was hung up; of anything else it is an error (Linux, read(2)).
        if error.errno == errno.EIO and stat.S_ISCHR(os.fstat(descriptor).st_mode):
            return b""
        raise


async def read_all(descriptor: int) -> bytes:
    """Everything up to the end of the input.

    Raises:
        OSError: It cannot be read.
        UsageError: It is longer than `LIMIT`.
    """
    parts = bytearray()
    while part := await read(descriptor):
        parts += part
        if len(parts) > LIMIT:
            raise UsageError(f"the input is longer than {LIMIT} bytes: that is no configuration")
    return bytes(parts)


async def write(descriptor: int, data: bytes) -> None:
    """Write all of it.

    Raises:
        OutputGone: Nobody reads it any more.

    Cancellation: the first part may be written.
    """
    patient = _can_wait(descriptor)
    view = memoryview(data)
    while view:
        if patient:
            await anyio.wait_writable(descriptor)
        try:
            # So much fits when the system says that there is room (POSIX, write and poll).
            view = view[os.write(descriptor, view[: select.PIPE_BUF]) :]
        except BrokenPipeError as error:
            raise OutputGone from error


@asynccontextmanager
async def while_read(descriptor: int) -> AsyncIterator[None]:
    """A block that ends, though it writes nothing, when nobody reads the pipe any more.

    Raises:
        OutputGone: Nobody reads it; what is no pipe is always read.
    """
    async with open_task_group() as group:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            group.start_soon(_until_unread, descriptor)
        yield
        group.cancel_scope.cancel()


async def _until_unread(descriptor: int) -> None:
    """Wait until a pipe has lost its reader, and say so."""
    # Nothing comes out of the end that is written to, but its error (POLLERR, Linux, poll(2)).
    await anyio.wait_readable(descriptor)
    raise OutputGone


def _can_wait(descriptor: int) -> bool:
    """Whether an event loop can wait for it: files and most devices are always ready."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
