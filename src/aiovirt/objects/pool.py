"""A storage pool, as its user holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig, element
from aiovirt.interfaces import StoragePools, StorageVolumes
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import (
    Progress,
    StoragePoolInfo,
    StoragePoolRecord,
    StorageVolumeRecord,
)
from aiovirt.objects._handle import NamedHandle
from aiovirt.objects._pool_files import PoolFileVerbs
from aiovirt.objects._transfers import parsed, watched
from aiovirt.objects.volume import StorageVolume

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        StoragePoolBuildFlags,
        StoragePoolCreateFlags,
        StoragePoolDeleteFlags,
        StorageVolCreateFlags,
    )

__all__ = ["StoragePool"]


class StoragePool(PoolFileVerbs, NamedHandle[StoragePoolKey]):
    """One pool of a host: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when the pool is gone, `InvalidState` when it must be active and is
    not (or the reverse), and `Unsupported` when its kind has no such operation.
    """

    @property
    def _pools(self) -> StoragePools:
        return self._driver.ability(StoragePools)

    @property
    def _volumes(self) -> StorageVolumes:
        return self._driver.ability(StorageVolumes)

    # --- life cycle ---------------------------------------------------------------------------

    async def start(
        self,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> None:
        """Start it; it finds its volumes.

        Args:
            build: Make its folder or file system first.
            overwrite: Likewise, whatever is there.
            no_overwrite: Likewise, unless something is there.
            flags: libvirt's further flags.
        """
        await self._pools.start(
            self.key, build=build, overwrite=overwrite, no_overwrite=no_overwrite, flags=flags
        )

    async def build(
        self,
        *,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolBuildFlags | Literal[0] = 0,
    ) -> None:
        """Make its folder, its file system or its volume group, while it is not active.

        Args:
            overwrite: Whatever is there.
            no_overwrite: Unless something is there.
            flags: libvirt's further flags.
        """
        await self._pools.build(
            self.key, overwrite=overwrite, no_overwrite=no_overwrite, flags=flags
        )

    async def destroy(self) -> None:
        """Stop it; its volumes stay."""
        await self._pools.destroy(self.key)

    async def delete(
        self, *, zeroed: bool = False, flags: StoragePoolDeleteFlags | Literal[0] = 0
    ) -> None:
        """Remove what it is made of, for good, while it is not active.

        Args:
            zeroed: Overwrite it first.
            flags: libvirt's further flags.
        """
        await self._pools.delete(self.key, zeroed=zeroed, flags=flags)

    async def undefine(self) -> None:
        """Remove the definition, while it is not active; its volumes stay."""
        await self._pools.undefine(self.key)

    async def refresh(self) -> None:
        """Look anew at which volumes there are."""
        await self._pools.refresh(self.key)

    async def set_autostart(self, *, autostart: bool = True) -> None:
        """Let it start with the daemon, or not."""
        await self._pools.set_autostart(self.key, autostart=autostart)

    # --- what it is ---------------------------------------------------------------------------

    async def info(self) -> StoragePoolInfo:
        """State and room."""
        return await self._pools.info(self.key)

    async def record(self) -> StoragePoolRecord:
        """State, room, and whether it is persistent and starts with the daemon."""
        return await self._pools.record(self.key)

    async def is_active(self) -> bool:
        """Whether its volumes can be used."""
        return await self._pools.is_active(self.key)

    async def is_persistent(self) -> bool:
        """Whether it has a definition."""
        return await self._pools.is_persistent(self.key)

    async def autostart(self) -> bool:
        """Whether it starts with the daemon."""
        return await self._pools.autostart(self.key)

    async def config(self, *, inactive: bool = False) -> StoragePoolConfig:
        """A copy of the configuration.

        Args:
            inactive: The definition even if it is active.
        """
        return await self._pools.config(self.key, inactive=inactive)

    async def xml(self, *, inactive: bool = False) -> str:
        """The configuration, as XML; arguments as `config`."""
        return (await self.config(inactive=inactive)).to_xml()

    # --- its volumes --------------------------------------------------------------------------

    async def volumes(self) -> Sequence[StorageVolume]:
        """Its volumes, sorted by name."""
        keys = await self._volumes.keys(self.key)
        return [self._volume(key) for key in sorted(keys, key=lambda key: key.name)]

    async def volume_records(self) -> Sequence[StorageVolumeRecord]:
        """Its volumes, sorted by name, with path, type and sizes."""
        return await self._volumes.records(self.key)

    async def volume(self, name: str) -> StorageVolume:
        """The volume of that name.

        Raises:
            NotFound: There is none.
        """
        return self._volume(await self._volumes.find_by_name(self.key, name))

    async def create_volume(
        self,
        config: StorageVolumeConfig | str | bytes,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
        progress: Progress | None = None,
    ) -> StorageVolume:
        """Make a volume; returns when it is there whole, which may take long.

        Args:
            config: A configuration, or its XML.
            metadata: Write the tables of a qcow2 image at once, for its whole size.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.
            progress: Is told meanwhile how many bytes it takes, and its capacity.

        Raises:
            ConfigError: Something in the configuration is wrong.
            AlreadyExists: The pool has a volume of that name.

        Cancellation: a daemon goes on.
        """
        wanted = parsed(StorageVolumeConfig, config)

        async def work() -> StorageVolumeKey:
            return await self._volumes.create(
                self.key, wanted, metadata=metadata, validate=validate, flags=flags
            )

        return self._volume(await watched(work, lambda: self._growth(wanted), progress))

    async def clone_volume(
        self,
        source: StorageVolume,
        config: StorageVolumeConfig | str | bytes | None = None,
        *,
        name: str | None = None,
        metadata: bool = False,
        reflink: bool = False,
        validate: bool = False,
        progress: Progress | None = None,
    ) -> StorageVolume:
        """Make a volume with the data of another, which nobody may be writing to meanwhile.

        Args:
            source: The other, of this pool or of another one.
            config: What the new one is to be, such as another format; None for the same.
            name: Its name in place of that in the configuration.
            metadata: As of `create_volume`.
            reflink: Share the data until one of them is changed, where the file system can.
            validate: As of `create_volume`.
            progress: As of `create_volume`.

        Raises:
            ConfigError: Something in the configuration is wrong.
            AlreadyExists: The pool has a volume of that name.

        Cancellation: a daemon goes on.
        """
        wanted = (
            await source.config() if config is None else parsed(StorageVolumeConfig, config).copy()
        )
        if name is not None:
            _rename(wanted, name)

        async def work() -> StorageVolumeKey:
            return await self._volumes.create_from(
                self.key, wanted, source.key, metadata=metadata, reflink=reflink, validate=validate
            )

        return self._volume(await watched(work, lambda: self._growth(wanted), progress))

    async def _growth(self, config: StorageVolumeConfig) -> tuple[int, int]:
        """How many bytes a volume takes that is being made, and its capacity."""
        info = await (await self.volume(config.name or "")).info()
        return min(info.allocation, info.capacity), info.capacity

    def _volume(self, key: StorageVolumeKey) -> StorageVolume:
        return StorageVolume(self._driver, key)


def _rename(config: StorageVolumeConfig, name: str) -> None:
    """Name a volume; in a datastore of ESX a name is a path, which libvirt's grammar has not."""
    node = element(config)
    found = None if node is None else node.find("name")
    if found is None:
        config.name = name
    else:
        found.text = name
