"""Storage volumes: the disks of guests, and the data in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal, Self

import anyio

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import Hole, StorageVolumeInfo, StorageVolumeRecord

if TYPE_CHECKING:
    from aiovirt.config import StorageVolumeConfig
    from aiovirt.model.constants import (
        StorageVolCreateFlags,
        StorageVolDeleteFlags,
        StorageVolResizeFlags,
    )

__all__ = ["StorageVolumes", "VolumeSink", "VolumeSource"]


class VolumeSink(ABC):
    """Where the data of an upload goes. One task writes at a time."""

    @abstractmethod
    async def send(self, data: bytes | Hole) -> None:
        """Send the next data, or a hole, which only a sparse upload may have.

        It waits while the host takes no more, so that memory stays bounded.

        Raises:
            AiovirtError: The host refuses: the volume is full, for one.
        """


class VolumeSource(ABC):
    """Where the data of a download comes from. One task reads at a time."""

    @abstractmethod
    async def receive(self) -> bytes | Hole:
        """The next data; of a sparse download also the next hole.

        The host waits while nobody asks, so that memory stays bounded.

        Raises:
            anyio.EndOfStream: That was all.
            AiovirtError: The host cannot read the volume.

        Cancellation: loses nothing.
        """

    async def receive_some(self) -> list[bytes | Hole]:
        """All that is there already, at least one; raises as `receive`."""
        return [await self.receive()]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes | Hole:
        """As `receive`; the iteration ends with the data."""
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None


class StorageVolumes(Ability):
    """Operations on volumes; each raises `NotFound` for a volume or a pool that is not there."""

    @operation
    async def create(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """Make a volume; returns when it is there whole, which may take long.

        Args:
            pool: Where; it must be active.
            config: The configuration.
            metadata: Write the tables of a qcow2 image at once, for its whole size.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The pool has a volume of that name.
            InvalidState: The pool is not active.

        Cancellation: a daemon goes on.
        """
        raise NotImplementedError

    @operation
    async def create_from(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        source: StorageVolumeKey,
        *,
        metadata: bool = False,
        reflink: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """Make a volume with the data of another, perhaps in another format; see `create`.

        Args:
            pool: Where.
            config: What the new volume is to be.
            source: The volume with the data; nobody may be writing to it.
            metadata: As of `create`.
            reflink: Share the data with the source until one of them is changed, where the file
                system can.
            validate: As of `create`.
            flags: libvirt's further flags.
        """
        raise NotImplementedError

    @operation
    async def delete(
        self,
        volume: StorageVolumeKey,
        *,
        snapshots: bool = False,
        flags: StorageVolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """Remove a volume with its data.

        Args:
            volume: Which volume.
            snapshots: Its snapshots, too, where the storage has them.
            flags: libvirt's further flags.

        Raises:
            InvalidState: It is being made or used.
        """
        raise NotImplementedError

    @operation
    async def keys(self, pool: StoragePoolKey) -> Sequence[StorageVolumeKey]:
        """The volumes of an active pool, in no order.

        Raises:
            InvalidState: The pool is not active.
        """
        raise NotImplementedError

    @operation
    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """The volumes of an active pool, sorted by name, with path, type and sizes.

        Raises:
            InvalidState: The pool is not active.
        """
        raise NotImplementedError

    @operation
    async def find_by_name(self, pool: StoragePoolKey, name: str) -> StorageVolumeKey:
        """The volume of that name in an active pool."""
        raise NotImplementedError

    @operation
    async def find_by_key(self, key: str) -> StorageVolumeKey:
        """The volume of that key in any active pool."""
        raise NotImplementedError

    @operation
    async def find_by_path(self, path: str) -> StorageVolumeKey:
        """The volume of that path in any active pool."""
        raise NotImplementedError

    @operation
    async def info(self, volume: StorageVolumeKey, *, physical: bool = False) -> StorageVolumeInfo:
        """Type and sizes.

        Args:
            volume: Which volume.
            physical: How long its file is, in place of what it takes on the host.
        """
        raise NotImplementedError

    @operation
    async def config(self, volume: StorageVolumeKey) -> StorageVolumeConfig:
        """A copy of the configuration."""
        raise NotImplementedError

    @operation
    async def path(self, volume: StorageVolumeKey) -> str:
        """Its file or device on the host, or its address on a server."""
        raise NotImplementedError

    @operation
    async def wipe(self, volume: StorageVolumeKey, *, algorithm: str = "zero") -> None:
        """Overwrite all data, so that it cannot be read any more; returns when it is done.

        Args:
            volume: Which volume.
            algorithm: How: ``zero``, ``trim``, or one of those that scrub(1) knows: ``nnsa``,
                ``dod``, ``bsi``, ``gutmann``, ``schneier``, ``pfitzner7``, ``pfitzner33``,
                ``random``.

        Raises:
            CallerError: There is no such algorithm.
            Unsupported: The host lacks it.
        """
        raise NotImplementedError

    @operation
    async def resize(
        self,
        volume: StorageVolumeKey,
        capacity: int,
        *,
        allocate: bool = False,
        delta: bool = False,
        shrink: bool = False,
        flags: StorageVolResizeFlags | Literal[0] = 0,
    ) -> None:
        """Change what a guest sees, of a volume that no running guest has.

        Args:
            volume: Which volume.
            capacity: In bytes: the new capacity, or with `delta` what is added.
            allocate: Let it take its whole size at once.
            delta: The capacity is a difference; with `shrink` it is taken off.
            shrink: It may become smaller: what is beyond is lost.
            flags: libvirt's further flags.

        Raises:
            ConfigError: It is less than now, and `shrink` is off.
        """
        raise NotImplementedError

    @operation
    def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """Write into a volume for the length of an ``async with``.

        At its end the data is known to be stored; an error within it aborts the upload. The data
        does not hold up other calls.

        Args:
            volume: Which volume.
            offset: Bytes of the volume before the first that is written.
            length: Bytes that may be written at most; 0 for no limit.
            sparse: Whether there may be holes.

        Raises:
            InvalidState: The volume is being made or used.

        Cancellation: what was written stays.
        """
        raise NotImplementedError

    @operation
    def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """Read a volume for the length of an ``async with``; what is not read is not sent.

        The data does not hold up other calls.

        Args:
            volume: Which volume.
            offset: Bytes of the volume before the first that is read.
            length: Bytes that are read at most; 0 for all.
            sparse: Whether holes come as `Hole`, and not as zeros.

        Raises:
            InvalidState: The volume is being made.
        """
        raise NotImplementedError
