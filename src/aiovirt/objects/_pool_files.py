"""The files and folders of a pool: the part of `StoragePool` about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiovirt.interfaces import PoolFiles
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import PoolFile
from aiovirt.objects._handle import Handle

if TYPE_CHECKING:
    from aiovirt.objects.pool import StoragePool

__all__ = ["PoolFileVerbs"]


class PoolFileVerbs(Handle[StoragePoolKey]):
    """What can be done with files that need not be volumes; VMware's datastores have it."""

    @property
    def _files(self) -> PoolFiles:
        return self._driver.ability(PoolFiles)

    async def files(self, folder: str = "") -> Sequence[PoolFile]:
        """What is right in a folder, files and folders, sorted by name.

        Args:
            folder: Its path in the pool; empty for the topmost one.

        Raises:
            NotFound: There is no such folder.
        """
        return await self._files.files(self.key, folder)

    async def make_folder(self, folder: str) -> None:
        """Make a folder; those on the way that are missing are made, too.

        Raises:
            AlreadyExists: It is there.
        """
        await self._files.make_folder(self.key, folder)

    async def move_file(self, path: str, new: str, *, into: StoragePool | None = None) -> None:
        """Move or rename a file or a folder; a disk goes with all files that it is made of.

        Args:
            path: What is moved, such as ``web1/web1.vmdk``.
            new: Its new path.
            into: In which pool that is; None for this one.

        Raises:
            NotFound: It is not there.
            AlreadyExists: There is something at the new path.
            InvalidState: A domain uses it.

        Cancellation: it may be at either place.
        """
        await self._files.move(self.key, path, new, into=None if into is None else into.key)

    async def remove_file(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it. This is for good.

        Raises:
            NotFound: It is not there.
            InvalidState: A domain uses it, or something in it.
        """
        await self._files.remove(self.key, path)
