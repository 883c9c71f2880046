"""Datastores as storage pools. They are there or not; those of NFS servers can be made and left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StoragePoolConfig
from aiovirt.config.storage import PoolHost, PoolSource, PoolTarget
from aiovirt.drivers.common.datastores import DatastorePools, datastore_name
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.datastores import Datastore
from aiovirt.drivers.esxssh.identities import pool_uuid
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import refuse_flags
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import PoolState, StoragePoolInfo
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.model.constants import StoragePoolCreateFlags

__all__ = ["EsxStoragePools"]

_NFS = "NFS"


@dataclass(frozen=True, slots=True)
class _Pool:
    """A datastore as lists of pools have it."""

    store: Datastore
    persistent: bool = True
    autostart: bool = True

    @property
    def active(self) -> bool:
        """Whether it is mounted."""
        return self.store.mounted

    @property
    def key(self) -> StoragePoolKey:
        """UUID and name."""
        return StoragePoolKey(pool_uuid(self.store.identity), self.store.name)

    @property
    def info(self) -> StoragePoolInfo:
        """State and room."""
        store = self.store
        if not store.mounted:
            return StoragePoolInfo(PoolState.INACTIVE, 0, 0, 0)
        return StoragePoolInfo(PoolState.RUNNING, store.size, store.size - store.free, store.free)


class EsxStoragePools(EsxAbility, DatastorePools[_Pool]):
    """See `StoragePools`."""

    async def _all(self) -> list[_Pool]:
        return [_Pool(store) for store in await self.context.datastores.all()]

    async def _find(self, pool: StoragePoolKey) -> _Pool:
        for each in await self._all():
            if each.key.uuid == pool.uuid:
                return each
        raise NotFound(f"{self.host.where} has no datastore {pool.name!r}")

    async def find_by_name(self, name: str) -> StoragePoolKey:
        """See `StoragePools.find_by_name`."""
        return _Pool(await self.context.datastores.get(name)).key

    async def find_by_target_path(self, path: str) -> StoragePoolKey:
        """See `StoragePools.find_by_target_path`."""
        for each in await self._all():
            if each.active and each.store.mount == path.rstrip("/"):
                return each.key
        raise NotFound(f"{self.host.where} has no datastore at {path!r}")

    async def config(self, pool: StoragePoolKey, *, inactive: bool = False) -> StoragePoolConfig:
        """See `StoragePools.config`: of type ``netfs`` on NFS, else ``dir``."""
        del inactive  # there is one configuration only
        found = await self._find(pool)
        store, key, info = found.store, found.key, found.info
        config = StoragePoolConfig(type="dir", name=key.name, target=PoolTarget(path=store.mount))
        config.uuid = key.uuid
        config.capacity, config.allocation = Bytes(info.capacity), Bytes(info.allocation)
        config.available = Bytes(info.available)
        share = await self._share(store)
        if share is not None:
            config.type = "netfs"
            hosts = [PoolHost(name=share["Host"])]
            config.source = PoolSource(hosts=hosts, dir=share["Share"], format="nfs")
        return config

    async def _share(self, store: Datastore) -> Mapping[str, str] | None:
        """What a datastore is on its NFS server, or None."""
        if store.kind != _NFS:
            return None
        rows = await self.host.table("storage", "nfs", "list", what="list its NFS datastores")
        return next((row for row in rows if row.get("VolumeName") == store.name), None)

    # --- changing -----------------------------------------------------------------------------

    async def refresh(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.refresh`: the host looks anew at its file systems.

        Raises:
            InvalidState: It is not mounted, and the host did not find it.
        """
        what = f"look anew at datastore {pool.name!r}"
        await self.host.esxcli("storage", "filesystem", "rescan", what=what)
        if not (await self._find(pool)).active:
            raise InvalidState(
                f"the datastore {pool.name!r} of {self.host.where} is not mounted",
                hint="esxcli storage filesystem list shows it there",
            )

    async def create(
        self,
        config: StoragePoolConfig,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools.create`: a folder of an NFS server is mounted, and stays so."""
        refuse_flags(DRIVER, "StoragePools.create", flags)
        if build or overwrite or no_overwrite or config.type != "netfs":
            raise Unsupported(DRIVER, "StoragePools.create", "it mounts NFS, and makes nothing")
        name, (host, share) = datastore_name(config.name), _export(config)
        if any(each.key.name == name for each in await self._all()):
            raise AlreadyExists(f"{self.host.where} has a datastore {name!r} already")
        words = (f"--host={host}", f"--share={share}", f"--volume-name={name}")
        what = f"mount datastore {name!r}"
        await self.host.esxcli("storage", "nfs", "add", *words, what=what)
        return await self.find_by_name(name)

    async def destroy(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.destroy`: one of an NFS server is unmounted, and not known any more."""
        found = await self._find(pool)
        if found.store.kind != _NFS:
            raise Unsupported(DRIVER, "StoragePools.destroy", "it unmounts NFS datastores only")
        words = ("storage", "nfs", "remove", f"--volume-name={found.key.name}")
        await self.host.esxcli(*words, what=f"unmount datastore {found.key.name!r}")


def _export(config: StoragePoolConfig) -> tuple[str, str]:
    """The server of a datastore and its folder there.

    Raises:
        ConfigError: It is not one of each.
    """
    hosts, share = [each.name for each in config.source.hosts if each.name], config.source.dir
    if len(hosts) != 1 or not share:
        raise ConfigError("an NFS datastore has one server and one folder", field="source")
    return hosts[0], share
