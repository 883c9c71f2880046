"""The data of volumes, in and out, by the server's ``/folder``: streamed, sizes checked.

A datastore takes files whole.  So an upload goes into a file beside the volume's, which takes its
place when all has arrived; until then, and when it fails or is cancelled, the volume is as it was.
"""

from __future__ import annotations

import logging
import posixpath
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere import Download
from aiovirt.drivers.common.datastores import DISK
from aiovirt.drivers.esx.datastores import Datastore
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.files import delete_file, file_of
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.volumes import Volume, list_files
from aiovirt.errors import (
    AiovirtError,
    CallerError,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.interfaces import VolumeSink, VolumeSource
from aiovirt.model.storage import Hole
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere.tables.storage_methods import (
    MOVE_DATASTORE_FILE_TASK,
    MoveDatastoreFileTaskArgs,
)

__all__ = ["BLOCK", "data_of", "open_sink", "open_source"]

log = logging.getLogger("aiovirt.esx")

BLOCK: Final = 256 * 1024
"""Bytes of zeros that a hole is sent as at once."""

CLEANING_S: Final = 30.0
"""Seconds for which a cancelled upload waits until what it has written is removed."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A file of a datastore, as this module moves it."""

    store: Datastore
    path: DatastorePath


class _Sink(VolumeSink):
    """Where an upload goes."""

    def __init__(
        self, parts: MemoryObjectSendStream[bytes], path: DatastorePath, room: int | None
    ) -> None:
        self._parts = parts
        self._path = path
        self._room = room
        self.sent = 0

    async def send(self, data: bytes | Hole) -> None:
        """See `VolumeSink.send`; a hole is sent as zeros."""
        if isinstance(data, bytes):
            await self._send(data)
            return
        for start in range(0, data.length, BLOCK):
            await self._send(bytes(min(BLOCK, data.length - start)))

    async def _send(self, data: bytes) -> None:
        if self._room is not None and self.sent + len(data) > self._room:
            raise ResourceUnavailable(
                f"more is sent to volume {str(self._path)!r} than the {self._room} bytes it takes"
            )
        try:
            await self._parts.send(data)
        except anyio.BrokenResourceError as error:
            raise RemoteError(
                f"the server ended {self._path} after {self.sent} bytes, before all had come"
            ) from error
        self.sent += len(data)


@asynccontextmanager
async def open_sink(
    session: Session, volume: Volume, *, offset: int, length: int
) -> AsyncIterator[VolumeSink]:
    """Replace the data of a volume by what is sent for the length of an ``async with``.

    Args:
        session: The connection.
        volume: The volume; of a disk all of its bytes must come, those missing are zeros.
        offset: Where it begins; a datastore takes files whole, from the first byte.
        length: Bytes that there may be at most; 0 for no limit.

    Raises:
        Unsupported: It does not begin at the first byte, or the disk is not in one flat file.
        RemoteError: The server has another number of bytes than was sent.
        Busy: A running machine has it open.

    Cancellation: the volume is as it was, and nothing is left behind.
    """
    if offset:
        raise Unsupported(DRIVER, "StorageVolumes.upload", "a datastore takes files from byte 0")
    target = data_of(volume)
    whole = await _length_of(session, volume)
    room = min((each for each in (whole, length or None) if each is not None), default=None)
    spot = _Spot(volume.store, target.folder.joined(_beside(target.name)))
    try:
        async with _sending(session, spot, room, whole) as sink:
            yield sink
        await _check_size(session, spot, sink.sent if whole is None else whole)
        await _put_in_place(session, spot, target)
    except BaseException:
        await _clean(session, spot)
        raise


def _beside(name: str) -> str:
    return f"{name}.{secrets.token_hex(4)}.part"


@asynccontextmanager
async def _sending(
    session: Session, spot: _Spot, room: int | None, whole: int | None
) -> AsyncIterator[_Sink]:
    """Send what comes to a file of its own; its end is where the block ends."""
    puts, takes = anyio.create_memory_object_stream[bytes](0)
    file = file_of(session, spot.path, spot.store.datacenter)

    async def send() -> None:
        async with aclosing(_parts(takes, whole)) as parts:
            await session.client.upload(file, parts, whole)
        takes.close()  # only now: an error of the server's shall be told, not this

    with takes:
        async with open_task_group() as tasks:
            tasks.start_soon(send)
            with puts:
                yield _Sink(puts, spot.path, room)


async def _parts(
    takes: MemoryObjectReceiveStream[bytes], whole: int | None
) -> AsyncGenerator[bytes, None]:
    """What is sent, and zeros up to the end of a disk."""
    done = 0
    async for part in takes:
        done += len(part)
        yield part
    while whole is not None and done < whole:
        part = bytes(min(BLOCK, whole - done))
        done += len(part)
        yield part


async def _check_size(session: Session, spot: _Spot, sent: int) -> None:
    for each in await list_files(session, spot.store, spot.path.folder.path):
        if each.path == spot.path and each.size == sent:
            return
    raise RemoteError(
        f"{session.where} has not all of the {sent} bytes that were sent to {spot.path}",
        hint="its datastore may be full: aiovirt pool-info tells",
    )


async def _put_in_place(session: Session, spot: _Spot, target: DatastorePath) -> None:
    manager = session.content.file_manager
    if manager is None:
        raise Unsupported(DRIVER, "StorageVolumes.upload", "the server has no file manager")
    datacenter = spot.store.datacenter
    args = MoveDatastoreFileTaskArgs(
        source_name=str(spot.path),
        source_datacenter=datacenter,
        destination_name=str(target),
        destination_datacenter=datacenter,
        force=True,
    )
    await session.run(MOVE_DATASTORE_FILE_TASK, manager, args, what=f"write {target}")


async def _clean(session: Session, spot: _Spot) -> None:
    """Remove what was written, if the server lets us; the error that led here is told."""
    with anyio.move_on_after(CLEANING_S, shield=True):
        try:
            await delete_file(session, spot.path, spot.store.datacenter)
        except AiovirtError as error:
            log.debug("%s: %s is not removed: %s", session.where, spot.path, error)


class _Source(VolumeSource):
    """Where a download comes from."""

    def __init__(self, reading: Download, path: DatastorePath, length: int) -> None:
        self._reading = reading
        self._path = path
        self._left = length

    async def receive(self) -> bytes | Hole:
        """See `VolumeSource.receive`; holes come as zeros, as the server reads them."""
        if not self._left:
            raise anyio.EndOfStream
        try:
            part = await anext(self._reading)
        except StopAsyncIteration:
            raise ProtocolError(
                f"the data of volume {str(self._path)!r} ended {self._left} bytes too early"
            ) from None
        piece = part[: self._left]
        self._left -= len(piece)
        return piece


@asynccontextmanager
async def open_source(
    session: Session, volume: Volume, *, offset: int, length: int
) -> AsyncIterator[VolumeSource]:
    """Read the data of a volume for the length of an ``async with``.

    A connection that breaks is made anew, and the data goes on where it was.

    Args:
        session: The connection.
        volume: The volume.
        offset: The first byte.
        length: Bytes at most; 0 for all.

    Raises:
        CallerError: It has not so many bytes.
        Unsupported: The disk is not in one flat file.
    """
    file = file_of(session, data_of(volume), volume.store.datacenter)
    async with session.client.download(file, offset=offset) as reading:
        left = (reading.length or 0) - offset
        if left < 0:
            raise CallerError(f"volume {volume.path} has {reading.length} bytes, not {offset}")
        yield _Source(reading, volume.path, min(length, left) if length else left)


async def _length_of(session: Session, volume: Volume) -> int | None:
    """How long the file with a disk's data must be; None of a medium, which may have any size."""
    if not volume.is_disk:
        return None
    if not volume.untold:
        return volume.capacity
    file = file_of(session, data_of(volume), volume.store.datacenter)
    async with session.client.download(file) as reading:
        return reading.length


def data_of(volume: Volume) -> DatastorePath:
    """The file with the data of a volume.

    Raises:
        Unsupported: There are several, or it has tables of its own, or is no file at all.
    """
    if not volume.is_disk:
        return volume.path
    flat = f"{volume.path.name.removesuffix(DISK)}-flat{DISK}"
    names = [posixpath.basename(each) for each in volume.extents]
    if names in ([], [flat], [volume.path.name]):
        return volume.path.folder.joined(flat)
    raise Unsupported(DRIVER, "moving the data of a disk", f"{volume.path} is not in one flat file")
