"""Between an SSH channel and one end of a socket pair: bytes, ends and backpressure, both ways.

It lives wholly on asyncio's side and works by callbacks; it starts no task.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import asyncssh

__all__ = ["Bridge"]

LAST_WORDS = 2048
"""Bytes of the end of what the remote command complains of that are kept."""

MAX_NOISE = 64 * 1024
"""Bytes that a remote shell may print before the command says that it is ready."""


class _Local(asyncio.Protocol):
    """Our end of the socket pair."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def data_received(self, data: bytes) -> None:
        if not self._bridge.channel.is_closing():
            self._bridge.channel.write(data)

    def eof_received(self) -> bool:
        if not self._bridge.channel.is_closing():
            self._bridge.channel.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # the user's end is gone, for whatever reason
        self._bridge.local_lost()

    def pause_writing(self) -> None:
        self._bridge.channel.pause_reading()

    def resume_writing(self) -> None:
        self._bridge.channel.resume_reading()


class Bridge(asyncssh.SSHClientSession[bytes], asyncssh.SSHUNIXSession[bytes]):
    """The session of one channel; `attach` gives it its socket.

    Args:
        marker: The line that the remote command prints when it is ready, or b"".  What comes
            before it is the remote shell's noise and is dropped.

    Attributes:
        ready: Set to True with the marker, to False when the channel ends without it.
        status: The command's exit status, once it is known.
    """

    channel: Any  # asyncssh's classes of channels share no base that is public

    def __init__(self, marker: bytes = b"") -> None:
        self._marker = marker
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.status: int | None = None
        self._complaints = b""
        self._early = b""
        self._ended = False
        self._lost = False
        self._gone = False
        self._transport: asyncio.Transport | None = None
        if not marker:
            self.ready.set_result(True)

    @property
    def last_words(self) -> str:
        """The last line that the remote command wrote to its standard error, or nothing."""
        lines = self._complaints.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    async def attach(self) -> socket.socket:
        """Return the user's end of a new socket pair, whose other end the channel now feeds.

        Cancellation: leaves no socket open.
        """
        ours, theirs = socket.socketpair()
        try:
            ours.settimeout(0)
            theirs.settimeout(0)
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_connection(lambda: _Local(self), sock=theirs)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        self._hand_on()
        return ours

    def detach(self) -> None:
        """Close our end of the socket pair and the channel. It does not wait."""
        if self._transport is not None:
            self._transport.abort()
        if not self._lost:
            self.channel.abort()

    def local_lost(self) -> None:
        """Forget the socket pair, which is closed now, and close the channel."""
        self._transport = None
        self._gone = True
        if not self._lost:
            self.channel.close()

    def _hand_on(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._early:
            self._transport.write(self._early)
            self._early = b""
        if self._lost:
            self._transport.close()
        elif self._ended:
            self._transport.write_eof()

    # --- what asyncssh calls -----------------------------------------------------------------

    def connection_made(self, chan: Any) -> None:  # noqa: ANN401 - see `channel`
        """Keep the channel."""
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Hand on what comes, or keep it for the error."""
        if datatype is not None:
            self._complaints = (self._complaints + data)[-LAST_WORDS:]
            return
        if self._gone:
            return  # nobody reads any more
        self._early += data
        if self._seen_marker():
            self._hand_on()

    def _seen_marker(self) -> bool:
        if self.ready.done():
            return True
        _noise, found, rest = self._early.partition(self._marker)
        if found:
            self._early = rest
            self.ready.set_result(True)
        elif len(self._early) > MAX_NOISE:
            self._complaints += b"\nthe remote shell prints without end"
            self._early = b""
            self.channel.close()
        return bool(found)

    def eof_received(self) -> bool:
        """Hand on that nothing more comes; sending goes on."""
        self._ended = True
        self._hand_on()
        return True

    def exit_status_received(self, status: int) -> None:
        """Keep the status."""
        self.status = status

    def connection_lost(self, exc: Exception | None) -> None:
        """End the socket pair with the channel."""
        self._lost = True
        if exc is not None:
            self._complaints += f"\n{exc}".encode()
        if not self.ready.done():
            self.ready.set_result(False)
        self._hand_on()

    def pause_writing(self) -> None:
        """Read no more from the user while the channel takes no more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading from the user."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
