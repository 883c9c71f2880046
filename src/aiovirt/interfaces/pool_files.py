"""Files and folders of storage pools, also those that are no volumes.

It is what datastores have beyond libvirt's own operations.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import PoolFile

__all__ = ["PoolFiles"]


class PoolFiles(Ability):
    """Looking into folders, making, moving and removing what is there.

    A path is relative to the pool: ``web1/web1.vmdk``. Every operation raises `NotFound` for what
    is not there, and `InvalidState` for a pool that is not active.
    """

    @operation
    async def files(self, pool: StoragePoolKey, folder: str = "") -> Sequence[PoolFile]:
        """What is right in a folder, files and folders, sorted by name.

        Args:
            pool: Which pool.
            folder: Its path; empty for the topmost one.
        """
        raise NotImplementedError

    @operation
    async def make_folder(self, pool: StoragePoolKey, folder: str) -> None:
        """Make a folder; those on the way that are missing are made, too.

        Raises:
            AlreadyExists: It is there.
        """
        raise NotImplementedError

    @operation
    async def move(
        self, pool: StoragePoolKey, path: str, new: str, *, into: StoragePoolKey | None = None
    ) -> None:
        """Move or rename a file or a folder; a disk goes with all files that it is made of.

        Args:
            pool: Which pool.
            path: What is moved.
            new: Its new path.
            into: In which pool that is; None for the same.

        Raises:
            AlreadyExists: There is something at the new path.
            InvalidState: A domain uses it.

        Cancellation: it may be at either place.
        """
        raise NotImplementedError

    @operation
    async def remove(self, pool: StoragePoolKey, path: str) -> None:
        """Remove a file, or a folder with all that is in it. This is for good.

        Raises:
            InvalidState: A domain uses it, or something in it.
        """
        raise NotImplementedError
