"""Datastores and iSCSI targets as storage pools; those of NFS servers can be made and left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import anyio

from aiovirt._tasks import gather
from aiovirt.config import StoragePoolConfig
from aiovirt.drivers.common.datastores import DatastorePools, datastore_name
from aiovirt.drivers.esx.datastores import Datastore, find_datastore, list_datastores
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.hosts import hosts_of, manager_of
from aiovirt.drivers.esx.iscsi import Target, list_targets, rescan
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import AlreadyExists, ConfigError, NotFound, Unsupported
from aiovirt.interfaces import refuse_flags
from aiovirt.model.keys import StoragePoolKey
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage import HostNasVolumeSpec
from aiovirt.protocols.vsphere.tables.storage_methods import (
    CREATE_NAS_DATASTORE,
    REFRESH_DATASTORE,
    REMOVE_DATASTORE,
    CreateNasDatastoreArgs,
    RemoveDatastoreArgs,
)

if TYPE_CHECKING:
    from aiovirt.model.constants import StoragePoolCreateFlags

__all__ = ["EsxStoragePools"]

_Pool: TypeAlias = Datastore | Target

_SYSTEM: Final = "datastoreSystem"
_TYPES: Final[Mapping[str | None, str]] = {None: "NFS", "auto": "NFS", "nfs": "NFS", "cifs": "CIFS"}
"""The format of a source -> what the API calls it."""


class EsxStoragePools(EsxAbility, DatastorePools[_Pool]):
    """See `StoragePools`."""

    async def _all(self) -> list[_Pool]:
        stores, targets = await gather(
            lambda: list_datastores(self.session), lambda: list_targets(self.session)
        )
        return [*stores, *targets]

    async def _find(self, pool: StoragePoolKey) -> _Pool:
        return await self._search(lambda each: each.uuid == pool.uuid, pool.name)

    async def _search(self, fits: Callable[[StoragePoolKey], bool], name: str) -> _Pool:
        """The first pool that fits; targets are only asked for when no datastore does.

        Raises:
            NotFound: There is none; the hint names those there are.
        """
        known: list[str] = []
        for listed in (list_datastores, list_targets):
            found: Sequence[_Pool] = await listed(self.session)
            for each in found:
                if fits(each.key):
                    return each
                known.append(each.key.name)
        raise NotFound(
            f"{self.session.where} has no datastore {name!r}",
            hint=f"there are: {', '.join(known) or 'none'}",
        )

    async def find_by_name(self, name: str) -> StoragePoolKey:
        """See `StoragePools.find_by_name`."""
        return (await self._search(lambda each: each.name == name, name)).key

    async def find_by_target_path(self, path: str) -> StoragePoolKey:
        """See `StoragePools.find_by_target_path`: by name as well, which hosts have a link of."""
        wanted = path.rstrip("/")
        for each in await list_datastores(self.session):
            if wanted in {each.mount, f"/vmfs/volumes/{each.name}"}:
                return each.key
        raise NotFound(f"{self.session.where} has no datastore at {path!r}")

    async def config(self, pool: StoragePoolKey, *, inactive: bool = False) -> StoragePoolConfig:
        """See `StoragePools.config`: ``netfs`` on NFS, ``fs`` on VMFS, ``iscsi``, else ``dir``."""
        del inactive  # there is one configuration only
        return (await self._find(pool)).config()

    async def set_autostart(self, pool: StoragePoolKey, *, autostart: bool) -> None:
        """See `StoragePools.set_autostart`: all are there when a host starts, as libvirt has it.

        Raises:
            Unsupported: It shall not be there.
        """
        await self._find(pool)
        if not autostart:
            raise Unsupported(DRIVER, "a pool that does not start with its host")

    # --- changing -------------------------------------------------------------------------------

    async def refresh(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.refresh`: the server counts anew what is in it."""
        found = await self._find(pool)
        if isinstance(found, Target):
            await rescan(self.session, found)
            return
        what = f"look anew at datastore {found.name!r}"
        await self.session.call(REFRESH_DATASTORE, found.ref, what=what)

    async def create(
        self,
        config: StoragePoolConfig,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools.create`: a folder of an NFS server is mounted, and stays so.

        Each host that the URI means mounts it; what some did is undone when one cannot.
        """
        refuse_flags(DRIVER, "StoragePools.create", flags)
        if build or overwrite or no_overwrite or config.type != "netfs":
            raise Unsupported(DRIVER, "StoragePools.create", "it mounts NFS, and makes nothing")
        spec = _wanted(config)
        stores = await list_datastores(self.session)
        if any(each.name == spec.local_path for each in stores):
            raise AlreadyExists(f"{self.session.where} has a datastore {spec.local_path!r} already")
        mounted: dict[Ref, Ref] = {}
        try:
            for host in hosts_of(self.session):
                mounted[host] = await self._mount(host, spec)
        except BaseException:
            with anyio.CancelScope(shield=True):
                for host, store in mounted.items():
                    await self._unmount(host, store, spec.local_path)
            raise
        return (await find_datastore(self.session, spec.local_path)).key

    async def _mount(self, host: Ref, spec: HostNasVolumeSpec) -> Ref:
        manager = await manager_of(self.session, host, _SYSTEM, "StoragePools.create")
        what = f"mount datastore {spec.local_path!r} on {self.session.tree.called(host)}"
        args = CreateNasDatastoreArgs(spec=spec)
        return await self.session.call(CREATE_NAS_DATASTORE, manager, args, what=what)

    async def _unmount(self, host: Ref, store: Ref, name: str) -> None:
        manager = await manager_of(self.session, host, _SYSTEM, "StoragePools.destroy")
        what = f"unmount datastore {name!r} from {self.session.tree.called(host)}"
        args = RemoveDatastoreArgs(datastore=store)
        await self.session.call(REMOVE_DATASTORE, manager, args, what=what)

    async def destroy(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.destroy`: one of NFS is unmounted, and not known any more.

        Raises:
            Busy: A machine has files there.
        """
        found = await self._find(pool)
        if isinstance(found, Target) or not found.is_nfs:
            raise Unsupported(DRIVER, "StoragePools.destroy", "it unmounts NFS datastores only")
        mounts = (await self.session.get(found.ref, "host")).get("host") or ()
        known = {each.key for each in mounts}
        for host in hosts_of(self.session):
            if not known or host in known:
                await self._unmount(host, found.ref, found.name)


def _wanted(config: StoragePoolConfig) -> HostNasVolumeSpec:
    """What a configuration asks to be mounted.

    Raises:
        ConfigError: It cannot be.
    """
    name = datastore_name(config.name)
    hosts, folder = [each.name for each in config.source.hosts if each.name], config.source.dir
    if not hosts or not folder:
        raise ConfigError("an NFS datastore has a server and a folder", field="source")
    kind = _TYPES.get(config.source.format)
    if kind is None:
        raise ConfigError("a datastore is of nfs or cifs", field="source/format")
    if (config.source.protocol_version or "").startswith("4") and kind == "NFS":
        kind = "NFS41"
    elif len(hosts) > 1:
        raise ConfigError(
            "only NFS 4.1 has several servers", field="source/host", hint="<protocol ver='4.1'/>"
        )
    return HostNasVolumeSpec(
        remote_host=hosts[0],
        remote_path=folder,
        local_path=name,
        access_mode="readWrite",
        type=kind,
        remote_host_names=tuple(hosts) if kind == "NFS41" else (),
    )
