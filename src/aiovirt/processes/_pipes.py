"""Byte streams over pipes, for the standard input and output of programs.

They own their descriptor.  They know nothing of processes.
"""

from __future__ import annotations

import os
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import ByteReceiveStream, ByteSendStream

__all__ = ["PipeReceiveStream", "PipeSendStream"]

CHUNK = 65_536


class _Pipe:
    """A non-blocking descriptor of a pipe that is closed once."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._busy = False

    def fileno(self) -> int:
        """Return the descriptor, or -1 after closing."""
        return self._fd

    def close(self) -> None:
        """Close the descriptor; whoever waits for it gets ClosedResourceError."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            if self._busy:
                anyio.notify_closing(fd)
            os.close(fd)

    async def aclose(self) -> None:
        """Close the stream.

        *Cancellation*: closes all the same.
        """
        self.close()
        await anyio.lowlevel.checkpoint()

    @property
    def extra_attributes(self) -> dict[Any, Any]:
        """None beyond those of the interface."""
        return {}

    def _open_fd(self, deed: str) -> int:
        if self._fd < 0:
            raise anyio.ClosedResourceError
        if self._busy:
            raise anyio.BusyResourceError(deed)
        return self._fd


class PipeReceiveStream(_Pipe, ByteReceiveStream):
    """The reading end of a pipe."""

    async def receive(self, max_bytes: int = CHUNK) -> bytes:
        """Return at least one byte.

        Raises:
            EndOfStream: All writing ends are closed.
            ClosedResourceError: This end was closed.
            BusyResourceError: Another task is reading.

        *Cancellation*: loses nothing.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        fd = self._open_fd("reading from")
        self._busy = True
        try:
            data = await self._read(fd, max_bytes)
        finally:
            self._busy = False
        if not data:
            raise anyio.EndOfStream
        return data

    async def _read(self, fd: int, max_bytes: int) -> bytes:
        while True:
            try:
                return os.read(fd, max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(fd)
                if self._fd < 0:
                    raise anyio.ClosedResourceError from None


class PipeSendStream(_Pipe, ByteSendStream):
    """The writing end of a pipe."""

    async def send(self, item: bytes) -> None:
        """Write all bytes.

        Raises:
            BrokenResourceError: The reading end is closed.
            ClosedResourceError: This end was closed.
            BusyResourceError: Another task is writing.

        *Cancellation*: a part may have been written.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        fd = self._open_fd("writing to")
        self._busy = True
        try:
            view = memoryview(item)
            while view:
                try:
                    view = view[os.write(fd, view) :]
                except BlockingIOError:
                    await anyio.wait_writable(fd)
                    if self._fd < 0:
                        raise anyio.ClosedResourceError from None
        except BrokenPipeError as error:
            raise anyio.BrokenResourceError from error
        finally:
            self._busy = False
