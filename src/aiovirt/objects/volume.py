"""A storage volume, as its user holds it."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StorageVolumeConfig
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.storage import Progress, StorageVolumeInfo, StorageVolumeRecord
from aiovirt.objects._handle import Handle
from aiovirt.objects._transfers import receive_file, send_file, watched

if TYPE_CHECKING:
    from aiovirt.model.constants import StorageVolDeleteFlags

__all__ = ["StorageVolume"]


class StorageVolume(Handle[StorageVolumeKey]):
    """One volume of a pool: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when the volume is gone, and `Unsupported` when the driver or the
    kind of pool has no such operation.
    """

    @property
    def name(self) -> str:
        """The name, within its pool."""
        return self.key.name

    @property
    def pool_name(self) -> str:
        """The name of its pool."""
        return self.key.pool

    def __repr__(self) -> str:
        return f"<StorageVolume {self.name!r} in {self.pool_name!r}>"

    @property
    def _volumes(self) -> StorageVolumes:
        return self._driver.ability(StorageVolumes)

    # --- what it is ---------------------------------------------------------------------------

    async def info(self, *, physical: bool = False) -> StorageVolumeInfo:
        """Type and sizes.

        Args:
            physical: How long its file is, in place of what it takes on the host.
        """
        return await self._volumes.info(self.key, physical=physical)

    async def record(self) -> StorageVolumeRecord:
        """Path, type and sizes, as a listing has them."""
        return StorageVolumeRecord(self.key, await self.path(), await self.info())

    async def path(self) -> str:
        """Its file or device on the host, or its address on a server."""
        return await self._volumes.path(self.key)

    async def config(self) -> StorageVolumeConfig:
        """A copy of the configuration."""
        return await self._volumes.config(self.key)

    async def xml(self) -> str:
        """The configuration, as XML."""
        return (await self.config()).to_xml()

    # --- what changes it ----------------------------------------------------------------------

    async def delete(
        self, *, snapshots: bool = False, flags: StorageVolDeleteFlags | Literal[0] = 0
    ) -> None:
        """Remove it with its data.

        Args:
            snapshots: Its snapshots, too, where the storage has them.
            flags: libvirt's further flags.
        """
        await self._volumes.delete(self.key, snapshots=snapshots, flags=flags)

    async def wipe(self, *, algorithm: str = "zero", progress: Progress | None = None) -> None:
        """Overwrite all data, so that it cannot be read any more; returns when it is done.

        Args:
            algorithm: ``zero``, ``trim``, or one of scrub(1): ``nnsa``, ``dod``, ``bsi``,
                ``gutmann``, ``schneier``, ``pfitzner7``, ``pfitzner33``, ``random``.
            progress: Is told the volume's allocation and its capacity meanwhile: libvirt does not
                tell more.

        Cancellation: a daemon goes on.
        """
        await watched(
            lambda: self._volumes.wipe(self.key, algorithm=algorithm), self._allocation, progress
        )

    async def resize(
        self,
        capacity: int,
        *,
        allocate: bool = False,
        delta: bool = False,
        shrink: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Change what a guest sees, of a volume that no running guest has.

        Args:
            capacity: In bytes: the new capacity, or with `delta` what is added (or taken off).
            allocate: Let it take its whole size at once.
            delta: The capacity is a difference.
            shrink: It may become smaller: what is beyond is lost.
            progress: Is told the volume's allocation and its capacity meanwhile.

        Cancellation: a daemon goes on.
        """
        await watched(
            lambda: self._volumes.resize(
                self.key, capacity, allocate=allocate, delta=delta, shrink=shrink
            ),
            self._allocation,
            progress,
        )

    async def _allocation(self) -> tuple[int, int]:
        """How many bytes it takes, and how many there are."""
        info = await self.info()
        return min(info.allocation, info.capacity), info.capacity

    # --- its data -----------------------------------------------------------------------------

    def upload(
        self, *, size: int = 0, offset: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """Write into it for the length of an ``async with``.

            async with volume.upload(size=len(data)) as sink:
                await sink.send(data)

        A connection of its own is opened for the data, so that it does not hold up other calls.
        `send` waits while the host takes no more. When the block ends, the data is stored.

        Args:
            size: Bytes that may be written at most; 0 for no limit.
            offset: Bytes of the volume before the first that is written.
            sparse: Whether a `Hole` may be sent.

        Raises:
            InvalidState: It is being made or used.

        Cancellation: what was written stays.
        """
        return self._volumes.upload(self.key, offset=offset, length=size, sparse=sparse)

    def download(
        self, *, size: int = 0, offset: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """Read it for the length of an ``async with``.

            async with volume.download() as source:
                async for chunk in source: ...

        A connection of its own is opened for the data, so that it does not hold up other calls.
        The host waits while nobody asks for more.

        Args:
            size: Bytes that are read at most; 0 for all.
            offset: Bytes of the volume before the first that is read.
            sparse: Whether holes come as `Hole`, and not as zeros.
        """
        return self._volumes.download(self.key, offset=offset, length=size, sparse=sparse)

    async def upload_file(
        self,
        path: str | os.PathLike[str],
        *,
        size: int = 0,
        offset: int = 0,
        sparse: bool = True,
        progress: Progress | None = None,
    ) -> int:
        """Write a file into it, and keep the file's holes; how many bytes that were.

        Args:
            path: The file, on this machine.
            size: Bytes of it at most; 0 for all.
            offset: Bytes of the volume before the first that is written.
            sparse: Keep holes; else zeros are sent for them.
            progress: Is told how many bytes are sent, and how many there are.

        Raises:
            HostError: The file cannot be read.
            AiovirtError: The host refuses.

        Cancellation: what was written stays.
        """
        upload = self.upload(size=size, offset=offset, sparse=sparse)
        return await send_file(upload, path, length=size, sparse=sparse, progress=progress)

    async def download_file(
        self,
        path: str | os.PathLike[str],
        *,
        size: int = 0,
        offset: int = 0,
        sparse: bool = True,
        progress: Progress | None = None,
    ) -> int:
        """Write it into a file, and keep its holes; how many bytes that were.

        The file is there whole or not at all: a device or a pipe is written as the data comes.

        Args:
            path: The file, on this machine.
            size: Bytes that are read at most; 0 for all.
            offset: Bytes of the volume before the first that is read.
            sparse: Keep holes.
            progress: Is told how many bytes are there, and how many there will be.

        Raises:
            HostError: The file cannot be written.
            AiovirtError: The host cannot read the volume.

        Cancellation: nothing is left behind, and an old file is as it was.
        """
        total = 0
        if progress is not None:
            length = (await self.info(physical=True)).allocation
            total = max(0, length - offset)
            total = min(total, size) if size else total
        download = self.download(size=size, offset=offset, sparse=sparse)
        return await receive_file(download, path, total=total, progress=progress)
