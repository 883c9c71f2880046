"""Cuts a byte stream into JSON messages of bounded length: for QMP and for the guest agent.

The servers end each message with a line feed (QEMU with CR LF) and put none inside one, so lines
are all a client looks for.  Clients need not end a message with anything: QEMU and qemu-ga go by
the braces (qobject/json-streamer.c), and so does the server's side here.  Neither knows what the
messages say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiovirt.errors import LimitExceeded, ProtocolError

__all__ = ["LineBuffer", "ObjectBuffer"]


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

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take `data`, yield the lines that it completes, without line ends or blank lines.

        All must be taken before more is fed.

        Raises:
            LimitExceeded: A line is longer than the limit, finished or not.
        """
        end = data.find(b"\n") + 1
        if end == len(data) <= self._limit and data.startswith(b"{") and not self._partial:
            yield data  # exactly one line, by far the most frequent case; JSON skips its end
            return
        *finished, rest = data.split(b"\n")
        if finished and self._partial:
            finished[0] = bytes(self._partial) + finished[0]
            self._partial.clear()
        self._partial += rest
        for raw in finished:
            if line := raw.strip():
                _check(len(line), self._limit, self._peer)
                yield line
        _check(len(self._partial), self._limit, self._peer)

    def clear(self) -> None:
        """Forget the unfinished line."""
        self._partial.clear()


_STRUCTURE = re.compile(rb"""["{}\[\]]""")
_IN_STRING = re.compile(rb"""["\\]""")
_BLANK = b" \t\r\n"


class ObjectBuffer:
    """Collects bytes and gives out JSON objects, by their braces, whatever stands between.

    Args:
        limit: How many bytes an object has at most.
        peer: Whose objects these are, for messages.
    """

    def __init__(self, limit: int, peer: str) -> None:
        self._limit = limit
        self._peer = peer
        self._buffer = bytearray()
        self._seen = 0
        self._depth = 0
        self._in_string = False

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished object wait."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take `data`, yield the objects that it completes.

        All must be taken before more is fed.

        Raises:
            LimitExceeded: An object is longer than the limit, finished or not.
            ProtocolError: Something other than an object and blanks came.
        """
        self._buffer += data
        while (end := self._end()) is not None:
            _check(end, self._limit, self._peer)
            whole = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._seen = 0
            yield whole
        _check(len(self._buffer), self._limit, self._peer)

    def clear(self) -> None:
        """Forget the unfinished object."""
        self._buffer.clear()
        self._seen = self._depth = 0
        self._in_string = False

    def _end(self) -> int | None:
        """Return where the first object ends, or None when it does not yet."""
        if self._depth == 0:
            self._skip_blanks()
        while found := self._next_mark():
            self._seen = found.end()
            self._pass(found[0])
            if self._depth == 0 and not self._in_string:
                return self._seen
        return None

    def _skip_blanks(self) -> None:
        self._buffer = self._buffer.lstrip(_BLANK)
        self._seen = 0
        if self._buffer and self._buffer[0:1] != b"{":
            raise ProtocolError(f"{self._peer}: {bytes(self._buffer[:60])!r} is no JSON object")

    def _next_mark(self) -> re.Match[bytes] | None:
        pattern = _IN_STRING if self._in_string else _STRUCTURE
        found = pattern.search(self._buffer, self._seen)
        if found is None:
            self._seen = max(self._seen, len(self._buffer))  # a backslash may have passed it
        return found

    def _pass(self, mark: bytes) -> None:
        if mark == b"\\":
            self._seen += 1  # what follows a backslash is no mark, even when it has yet to come
        elif mark == b'"':
            self._in_string = not self._in_string
        else:
            self._depth += 1 if mark in b"{[" else -1


def _check(length: int, limit: int, peer: str) -> None:
    if length > limit:
        raise LimitExceeded(f"{peer}: a message is longer than {limit} bytes", limit=limit)
