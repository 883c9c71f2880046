"""Storage volumes: their listing, and their data as streams.

Data moves along a connection of its own, which is opened for it and closed after it: a server
reads one connection's packets one after the other, so bulk data would hold up all other calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import anyio

from aiovirt._tasks import gather, open_task_group
from aiovirt.bindings.values import VOLUME
from aiovirt.clients.libvirt import ClientStream
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.drivers.libvirt.opening import open_watched_session
from aiovirt.errors import NotFound
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource
from aiovirt.model.constants import StorageVolDownloadFlags, StorageVolUploadFlags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import Hole, StorageVolumeInfo, StorageVolumeRecord
from aiovirt.protocols.libvirt.tables import storage as p

__all__ = ["LibvirtStorageVolumes"]


class _Sink(VolumeSink):
    def __init__(self, stream: ClientStream) -> None:
        self._stream = stream

    async def send(self, data: bytes | Hole) -> None:
        """See `VolumeSink.send`."""
        if isinstance(data, Hole):
            await self._stream.send_hole(data.length)
        else:
            await self._stream.send(data)


class _Source(VolumeSource):
    def __init__(self, stream: ClientStream) -> None:
        self._stream = stream
        self.read_all = False

    async def receive(self) -> bytes | Hole:
        """See `VolumeSource.receive`."""
        try:
            return await self._stream.receive()
        except anyio.EndOfStream:
            self.read_all = True
            raise

    async def receive_some(self) -> list[bytes | Hole]:
        """See `VolumeSource.receive_some`."""
        return [await self.receive(), *self._stream.receive_waiting()]


class LibvirtStorageVolumes(LibvirtAbility, StorageVolumes):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """See `StorageVolumes.records`."""
        found: list[StorageVolumeRecord] = []

        async def ask(key: StorageVolumeKey) -> None:
            path: str
            info: StorageVolumeInfo
            with suppress(NotFound):  # it is gone meanwhile
                path, info = await gather(lambda: self.path(key), lambda: self.info(key))
                found.append(StorageVolumeRecord(key, path, info))

        async with open_task_group() as tasks:
            for key in await self.keys(pool):
                tasks.start_soon(ask, key)
        return sorted(found, key=lambda record: record.key.name)

    @asynccontextmanager
    async def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AsyncIterator[VolumeSink]:
        """See `StorageVolumes.upload`."""
        flags = StorageVolUploadFlags.SPARSE_STREAM if sparse else 0
        args = p.StorageVolUploadArgs(VOLUME.send(volume), offset, length, flags)
        async with (
            open_watched_session(self._link.uri, self._link.options) as session,
            session.client.stream(p.STORAGE_VOL_UPLOAD, args) as (_, stream),
        ):
            yield _Sink(stream)
            await stream.finish()

    @asynccontextmanager
    async def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AsyncIterator[VolumeSource]:
        """See `StorageVolumes.download`."""
        flags = StorageVolDownloadFlags.SPARSE_STREAM if sparse else 0
        args = p.StorageVolDownloadArgs(VOLUME.send(volume), offset, length, flags)
        async with (
            open_watched_session(self._link.uri, self._link.options) as session,
            session.client.stream(p.STORAGE_VOL_DOWNLOAD, args) as (_, stream),
        ):
            source = _Source(stream)
            yield source
            if source.read_all:
                await stream.finish()
