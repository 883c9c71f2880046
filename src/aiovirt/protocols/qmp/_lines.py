"""Cuts a byte stream into lines of bounded length: the framing of QMP and of the guest agent.

QEMU and qemu-ga end each message with a line feed (QEMU with CR LF) and put none inside one; JSON
text needs no raw line feed.  It knows nothing of what the lines say.
"""

from __future__ import annotations

from aiovirt.errors import LimitExceeded

__all__ = ["LineBuffer"]


class LineBuffer:
    """Collects bytes and gives out whole lines.

    Args:
        limit: How many bytes a line has at most, its end not counted.
        peer: Whose lines these are, for messages.
    """

    def __init__(self, limit: int, peer: str) -> None:
        self._limit = limit
        self._peer = peer
        self._partial = bytearray()

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished line wait."""
        return len(self._partial)

    def feed(self, data: bytes) -> list[bytes]:
        """Take `data`, return the lines that it completes, without line ends or blank lines.

        Raises:
            LimitExceeded: A line is longer than the limit, finished or not.
        """
        *finished, rest = data.split(b"\n")
        if finished and self._partial:
            finished[0] = bytes(self._partial) + finished[0]
            self._partial.clear()
        self._partial += rest
        lines = [line for raw in finished if (line := raw.strip())]
        self._check(max(map(len, lines), default=0))
        self._check(len(self._partial))
        return lines

    def clear(self) -> None:
        """Forget the unfinished line."""
        self._partial.clear()

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise LimitExceeded(
                f"{self._peer}: a message is longer than {self._limit} bytes", limit=self._limit
            )
