"""What long work on a running guest would leave if this process were killed amid it.

It stands in a file of the guest's folder as long as the work is under way: `leftwork` reads it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import msgspec
from anyio import to_thread

from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.host.files import write_atomically

__all__ = [
    "NewImage",
    "WorkNote",
    "forget_work",
    "note_work",
    "noted_work",
    "read_work",
    "work_forgotten",
]

_FILE: Final = "work.json"


class NewImage(msgspec.Struct, frozen=True, array_like=True):
    """An image that a disk is about to go on in: the parts of an `Overlay`."""

    target: str
    path: str
    kind: str
    number: int
    type: str


class WorkNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """Work under way.

    Attributes:
        ran: Whether the guest ran when it began, and so must go on.
        files: What is made for it, and is of no use without its end.
        images: The images that disks are about to go on in.
        snapshot: The name of a snapshot that is being taken: with its record it is done.
        inside: Whether the images keep that snapshot themselves.
        commits: The file with the guest's memory that is about to get its own name: once it is gone
            from here the guest is saved, and only has to end.
    """

    ran: bool = False
    files: Sequence[str] = ()
    images: Sequence[NewImage] = ()
    snapshot: str | None = None
    inside: bool = False
    commits: str | None = None


async def note_work(live: LiveDomain, note: WorkNote) -> None:
    """Write down what is under way.

    Raises:
        HostError: The disk is full.
    """
    await write_atomically(live.folder / _FILE, msgspec.json.encode(note), durable=False)


def forget_work(live: LiveDomain) -> None:
    """It is done, or nothing of it is left."""
    (live.folder / _FILE).unlink(missing_ok=True)


@contextmanager
def work_forgotten(live: LiveDomain | None) -> Iterator[None]:
    """A block at whose end nothing is under way any more; it cleans up itself, unless killed."""
    try:
        yield
    finally:
        if live is not None:
            forget_work(live)


@asynccontextmanager
async def noted_work(live: LiveDomain, note: WorkNote) -> AsyncIterator[None]:
    """A block of work that is written down as long as it is under way; errors as `note_work`."""
    with work_forgotten(live):
        await note_work(live, note)
        yield


async def read_work(live: LiveDomain) -> WorkNote | None:
    """What an earlier process was at, or None."""
    try:
        data = await to_thread.run_sync((live.folder / _FILE).read_bytes)
        return msgspec.json.decode(data, type=WorkNote)
    except (OSError, msgspec.MsgspecError):
        return None
