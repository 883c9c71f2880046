"""The files of the in-memory host: sparse, bounded, and never on a disk.

Volumes, saved guests, core dumps and screenshots are kept here under the paths that they would
have on a real host.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath

from aiovirt.errors import AlreadyExists, NotFound, ResourceUnavailable
from aiovirt.model.storage import Hole

__all__ = ["CHUNK", "MAX_BYTES", "HostFiles", "SparseFile"]

CHUNK = 64 * 1024
"""Data is kept in pieces of so many bytes; a piece that is all zeros takes no room."""

MAX_BYTES = 256 * 1024 * 1024
"""How much data all files of a host may have together, unless another bound is named."""

_ZEROS = bytes(CHUNK)


@dataclass(eq=False, slots=True)
class _Room:
    """What all files of a host share: how many pieces are kept, and how many may be."""

    limit: int
    used: int = 0

    def take(self) -> None:
        if self.used >= self.limit:
            raise ResourceUnavailable(
                f"the in-memory host keeps at most {self.limit * CHUNK} bytes of data",
                hint="write less, or holes",
            )
        self.used += 1


@dataclass(eq=False, slots=True)
class SparseFile:
    """A file: its length, and the data that is not zero.

    Attributes:
        size: How long it is, in bytes.
    """

    room: _Room
    size: int = 0
    _chunks: dict[int, bytearray] = field(default_factory=dict)

    @property
    def allocation(self) -> int:
        """How many bytes it takes."""
        return len(self._chunks) * CHUNK

    def read(self, offset: int, length: int) -> bytes:
        """The data there, less where the file ends."""
        end = min(offset + length, self.size)
        return b"".join(self._pieces(offset, end))

    def _pieces(self, offset: int, end: int) -> Iterator[bytes]:
        while offset < end:
            number, start = divmod(offset, CHUNK)
            count = min(CHUNK - start, end - offset)
            chunk = self._chunks.get(number)
            yield bytes(count) if chunk is None else bytes(chunk[start : start + count])
            offset += count

    def write(self, offset: int, data: bytes) -> None:
        """Put data there; the file grows if it must.

        Raises:
            ResourceUnavailable: The host's files have reached their bound.
        """
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, CHUNK)
            piece = data[done : done + CHUNK - start]
            self._put(number, start, piece)
            done += len(piece)
        self.size = max(self.size, offset + len(data))

    def _put(self, number: int, start: int, piece: bytes) -> None:
        chunk = self._chunks.get(number)
        if chunk is None:
            if piece == _ZEROS[: len(piece)]:
                return
            self.room.take()
            chunk = self._chunks[number] = bytearray(CHUNK)
        chunk[start : start + len(piece)] = piece

    def punch(self, offset: int, length: int) -> None:
        """Make a hole: zeros that take no room; the file grows if it must."""
        end = offset + length
        for number in [each for each in self._chunks if _touches(each, offset, end)]:
            first, last = max(offset - number * CHUNK, 0), min(end - number * CHUNK, CHUNK)
            if last - first == CHUNK:
                self._drop(number)
            else:
                self._chunks[number][first:last] = bytes(last - first)
        self.size = max(self.size, end)

    def resize(self, size: int) -> None:
        """Make it longer, by a hole, or shorter."""
        if size < self.size:
            self.punch(size, self.size - size)
        self.size = size

    def segments(self, offset: int, length: int) -> Iterator[bytes | Hole]:
        """Data, a piece at a time, and holes between, each as long as can be."""
        end = min(offset + length, self.size)
        while offset < end:
            number, start = divmod(offset, CHUNK)
            if number in self._chunks:
                count = min(CHUNK - start, end - offset)
                yield self.read(offset, count)
            else:
                count = min(self._next(number) * CHUNK, end) - offset
                yield Hole(count)
            offset += count

    def _next(self, number: int) -> int:
        """The number of the next piece that has data, or of one behind the end."""
        behind = self.size // CHUNK + 1
        return min((each for each in self._chunks if each > number), default=behind)

    def copy_from(self, other: SparseFile) -> None:
        """Have the data of another file, as far as there is room for its length."""
        for number, chunk in other._chunks.items():
            if number * CHUNK < self.size:
                self._put(number, 0, bytes(chunk[: self.size - number * CHUNK]))

    def clear(self) -> None:
        """Forget all data; the length stays."""
        for number in list(self._chunks):
            self._drop(number)

    def _drop(self, number: int) -> None:
        del self._chunks[number]
        self.room.used -= 1


def _touches(number: int, offset: int, end: int) -> bool:
    return offset < (number + 1) * CHUNK and number * CHUNK < end


class HostFiles:
    """All files of one host, by their path.

    Args:
        limit: How many bytes of data they may have together.
    """

    def __init__(self, *, limit: int = MAX_BYTES) -> None:
        self._room = _Room(limit // CHUNK)
        self._files: dict[str, SparseFile] = {}

    def __contains__(self, path: str) -> bool:
        return normpath(path) in self._files

    def create(self, path: str, *, size: int = 0, exclusive: bool = False) -> SparseFile:
        """Make a file, in place of one that is there.

        Args:
            path: Where.
            size: How long it is, all a hole.
            exclusive: Whether none may be there.

        Raises:
            AlreadyExists: One is.
        """
        place = normpath(path)
        if place in self._files:
            if exclusive:
                raise AlreadyExists(f"there is a file {place} already")
            self.remove(place)
        made = self._files[place] = SparseFile(self._room, size)
        return made

    def write(self, path: str, data: bytes) -> SparseFile:
        """Make a file with this data, in place of one that is there."""
        made = self.create(path)
        made.write(0, data)
        return made

    def find(self, path: str) -> SparseFile:
        """The file there.

        Raises:
            NotFound: There is none.
        """
        found = self._files.get(normpath(path))
        if found is None:
            raise NotFound(f"there is no file {path} on the in-memory host")
        return found

    def read(self, path: str) -> bytes:
        """All data of a file."""
        found = self.find(path)
        return found.read(0, found.size)

    def remove(self, path: str) -> None:
        """Remove a file with its data; see `find`."""
        self.find(path).clear()
        del self._files[normpath(path)]

    def move(self, path: str, to: str) -> None:
        """Give a file another path, in place of one that is there; see `find`."""
        found = self.find(path)
        if normpath(to) in self._files and self._files[normpath(to)] is not found:
            self.remove(to)
        del self._files[normpath(path)]
        self._files[normpath(to)] = found

    def below(self, folder: str) -> list[str]:
        """The paths of the files right in a folder, sorted."""
        start = normpath(folder).rstrip("/") + "/"
        return sorted(
            path for path in self._files if path.startswith(start) and "/" not in path[len(start) :]
        )
