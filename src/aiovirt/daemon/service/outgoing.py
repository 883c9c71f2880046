"""What goes out to one client: put together while its calls are taken, and sent at once."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.errors import AiovirtError, Closed
from aiovirt.streams.channel import Channel
from aiovirt.streams.line import ByteFilter

__all__ = ["Outgoing"]


class Outgoing:
    """The sending end of a client's connection.

    Args:
        filters: What bytes pass on their way out, the last one first; shared with who reads.

    Attributes:
        channel: The channel, once there is one.
        longest: Bytes of the longest answer so far.
        collected: Bytes that wait for `flush`.
    """

    __slots__ = ("_batch", "_filters", "channel", "collected", "longest")

    channel: Channel

    def __init__(self, filters: Sequence[ByteFilter]) -> None:
        self.longest = self.collected = 0
        self._filters = filters
        self._batch: list[bytes] | None = None

    @property
    def collecting(self) -> bool:
        """Whether what is put waits for `flush`."""
        return self._batch is not None

    def collect(self) -> None:
        """Keep what is put until `flush`, so that it goes out in one piece."""
        self._batch = []

    def flush(self) -> None:
        """Send what was kept."""
        batch, self._batch, self.collected = self._batch, None, 0
        if batch:
            self.put(batch[0] if len(batch) == 1 else b"".join(batch))

    def put(self, data: bytes) -> None:
        """Send packets; nothing happens when the client is gone, of which its session hears."""
        if self._batch is not None:
            self._batch.append(data)
            self.collected += len(data)
            return
        try:
            for byte_filter in reversed(self._filters):
                data = byte_filter.encode(data)
        except AiovirtError as error:  # the client has ended the session of TLS
            self.channel.end(error)
            return
        try:
            self.channel.send(data)
        except (Closed, OSError):  # the channel's end tells everybody
            return

    def answer(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send an answer, and descriptors behind it."""
        self.longest = max(self.longest, len(data))
        self.put(data)
        if descriptors:
            self.put_descriptors(descriptors)

    def put_descriptors(self, descriptors: Sequence[int]) -> None:
        """Send descriptors behind what was put, each with a byte of its own."""
        self.flush()
        try:
            for descriptor in descriptors:
                self.channel.send(b"\0", [descriptor])
        except Closed:
            return
        except OSError as error:  # without one of these bytes the client misreads the rest
            self.channel.end(error)
