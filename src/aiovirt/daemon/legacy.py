"""libvirt's first procedures, answered by the younger abilities of a driver that lacks them.

The rows in `aiovirt.bindings` say which procedure is which operation of an ability ``Legacy…``; the
classes here are those abilities over any driver.  What a driver cannot do at all is refused by the
younger operation's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Protocol, TypeVar
from uuid import UUID

from aiovirt.config import DomainConfig, NetworkConfig, NetworkFilterConfig, View
from aiovirt.interfaces import (
    Ability,
    Definition,
    Devices,
    HostInterfaces,
    Jobs,
    Legacy,
    LegacyHost,
    LegacySnapshots,
    LegacyStorage,
    LegacyWork,
    Lifecycle,
    NetworkFilters,
    Networks,
    NodeDevices,
    Processors,
    Resources,
    SavedState,
    Secrets,
    Snapshots,
    Statistics,
    StoragePools,
    StorageVolumes,
)
from aiovirt.interfaces.driver import Driver
from aiovirt.model.constants import (
    ConnectListAllNodeDeviceFlags,
    DomainCoreDumpFlags,
    DomainMemoryModFlags,
    DomainSnapshotListFlags,
    DomainVcpuFlags,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobInfo, JobStats
from aiovirt.model.keys import (
    NetworkFilterKey,
    NetworkKey,
    NodeDeviceKey,
    SnapshotKey,
    StoragePoolKey,
    StorageVolumeKey,
)
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.model.statsgroups import BlockCounters
from aiovirt.model.storage import StorageVolumeInfo

__all__ = ["legacy_of"]

A = TypeVar("A", bound=Ability)

MOST = 16384
"""Entries of a list at most, as in all of libvirt's protocol."""


class _Served(Ability):
    """The base of what is served by younger abilities.

    Args:
        driver: Whose.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.driver_name = driver.name

    def _of(self, kind: type[A]) -> A:
        return self._driver.ability(kind)


class ServedLegacy(_Served, Legacy):
    """Domains."""

    async def count_active(self) -> int:
        """See `Legacy`."""
        return len(await self._of(Definition).keys(active=True))

    async def active_ids(self, limit: int = MOST) -> Sequence[int]:
        """See `Legacy`."""
        records = await self._of(Definition).records()
        return [one.id for one in records if one.id is not None][: max(0, limit)]

    async def count_inactive(self) -> int:
        """See `Legacy`."""
        return len(await self._of(Definition).keys(active=False))

    async def inactive_names(self, limit: int = MOST) -> Sequence[str]:
        """See `Legacy`."""
        keys = await self._of(Definition).keys(active=False)
        return [key.name for key in keys][: max(0, limit)]

    async def define(self, config: DomainConfig) -> DomainKey:
        """See `Legacy`."""
        return await self._of(Definition).define(config)

    async def undefine(self, domain: DomainKey) -> None:
        """See `Legacy`."""
        await self._of(Definition).undefine(domain)

    async def start(self, domain: DomainKey) -> None:
        """See `Legacy`."""
        await self._of(Lifecycle).start(domain)

    async def shutdown(self, domain: DomainKey) -> None:
        """See `Legacy`."""
        await self._of(Lifecycle).shutdown(domain)

    async def destroy(self, domain: DomainKey) -> None:
        """See `Legacy`."""
        await self._of(Lifecycle).destroy(domain)

    async def attach_device(self, domain: DomainKey, device: View | str) -> None:
        """See `Legacy`."""
        await self._of(Devices).attach_device(domain, device, live=True)

    async def detach_device(self, domain: DomainKey, device: View | str) -> None:
        """See `Legacy`."""
        await self._of(Devices).detach_device(domain, device, live=True)

    async def block_stats(self, domain: DomainKey, disk: str = "") -> BlockCounters:
        """See `Legacy`."""
        found = await self._of(Statistics).block_stats(domain, disk)
        names = ("rd_operations", "rd_bytes", "wr_operations", "wr_bytes", "errs")
        counts = (found.get(name, -1) for name in names)
        return BlockCounters(*(count if isinstance(count, int) else -1 for count in counts))


class ServedLegacyHost(_Served, LegacyHost):
    """Networks, interfaces, filters and devices."""

    async def count_networks(self) -> int:
        """See `LegacyHost`."""
        return len(await self._of(Networks).keys(active=True))

    async def network_names(self, most: int) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._of(Networks).keys(active=True), most)

    async def count_defined_networks(self) -> int:
        """See `LegacyHost`."""
        return len(await self._of(Networks).keys(active=False))

    async def defined_network_names(self, most: int) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._of(Networks).keys(active=False), most)

    async def define_network(self, config: NetworkConfig) -> NetworkKey:
        """See `LegacyHost`."""
        return await self._of(Networks).define(config)

    async def create_network(self, config: NetworkConfig) -> NetworkKey:
        """See `LegacyHost`."""
        return await self._of(Networks).create(config)

    async def count_interfaces(self) -> int:
        """See `LegacyHost`."""
        return len(await self._of(HostInterfaces).keys(active=True))

    async def interface_names(self, most: int) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._of(HostInterfaces).keys(active=True), most)

    async def count_defined_interfaces(self) -> int:
        """See `LegacyHost`."""
        return len(await self._of(HostInterfaces).keys(active=False))

    async def defined_interface_names(self, most: int) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._of(HostInterfaces).keys(active=False), most)

    async def count_filters(self) -> int:
        """See `LegacyHost`."""
        return len(await self._of(NetworkFilters).keys())

    async def filter_names(self, most: int) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._of(NetworkFilters).keys(), most)

    async def define_filter(self, config: NetworkFilterConfig) -> NetworkFilterKey:
        """See `LegacyHost`."""
        return await self._of(NetworkFilters).define(config)

    async def count_devices(self, kind: str | None = None) -> int:
        """See `LegacyHost`."""
        return len(await self._devices(kind))

    async def device_names(self, most: int, kind: str | None = None) -> Sequence[str]:
        """See `LegacyHost`."""
        return _names(await self._devices(kind), most)

    async def _devices(self, kind: str | None) -> Sequence[NodeDeviceKey]:
        if kind is None:
            return await self._of(NodeDevices).keys()
        flag = _device_kinds().get(kind)
        return [] if flag is None else await self._of(NodeDevices).keys(flags=flag)

    async def detach_device(self, device: NodeDeviceKey) -> None:
        """See `LegacyHost`."""
        await self._of(NodeDevices).detach(device)


@cache
def _device_kinds() -> Mapping[str, ConnectListAllNodeDeviceFlags]:
    """The names of capabilities to the flags that choose devices by them."""
    others = {"usb_dev": "usb_device", "usb_interface": "usb"}
    flags = ConnectListAllNodeDeviceFlags.__members__.items()
    names = {name.removeprefix("CAP_").lower(): flag for name, flag in flags}
    return {others.get(name, name.removesuffix("_dev")): flag for name, flag in names.items()}


class ServedLegacyStorage(_Served, LegacyStorage):
    """Storage and secrets."""

    async def count_pools(self) -> int:
        """See `LegacyStorage`."""
        return len(await self._of(StoragePools).keys(active=True))

    async def pool_names(self, most: int) -> Sequence[str]:
        """See `LegacyStorage`."""
        return _names(await self._of(StoragePools).keys(active=True), most)

    async def count_defined_pools(self) -> int:
        """See `LegacyStorage`."""
        return len(await self._of(StoragePools).keys(active=False))

    async def defined_pool_names(self, most: int) -> Sequence[str]:
        """See `LegacyStorage`."""
        return _names(await self._of(StoragePools).keys(active=False), most)

    async def count_volumes(self, pool: StoragePoolKey) -> int:
        """See `LegacyStorage`."""
        return len(await self._of(StorageVolumes).keys(pool))

    async def volume_names(self, pool: StoragePoolKey, most: int) -> Sequence[str]:
        """See `LegacyStorage`."""
        return _names(await self._of(StorageVolumes).keys(pool), most)

    async def volume_info(self, volume: StorageVolumeKey) -> StorageVolumeInfo:
        """See `LegacyStorage`."""
        return await self._of(StorageVolumes).info(volume)

    async def wipe(self, volume: StorageVolumeKey) -> None:
        """See `LegacyStorage`."""
        await self._of(StorageVolumes).wipe(volume)

    async def count_secrets(self) -> int:
        """See `LegacyStorage`."""
        return len(await self._of(Secrets).keys())

    async def secret_uuids(self, most: int) -> Sequence[UUID]:
        """See `LegacyStorage`."""
        return [key.uuid for key in await self._of(Secrets).keys()][: max(0, most)]


class ServedLegacySnapshots(_Served, LegacySnapshots):
    """Snapshots."""

    async def snapshot_count(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | int = 0
    ) -> int:
        """See `LegacySnapshots`."""
        return len(await self._snapshots(domain, flags))

    async def snapshot_names(
        self, domain: DomainKey, *, limit: int = MOST, flags: DomainSnapshotListFlags | int = 0
    ) -> Sequence[str]:
        """See `LegacySnapshots`."""
        return _names(await self._snapshots(domain, flags), limit)

    async def _snapshots(self, domain: DomainKey, flags: int) -> Sequence[SnapshotKey]:
        chosen = DomainSnapshotListFlags(flags)
        return await self._of(Snapshots).snapshots(domain, flags=chosen)

    async def snapshot_children_count(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | int = 0
    ) -> int:
        """See `LegacySnapshots`."""
        return len(await self._children(snapshot, flags))

    async def snapshot_children_names(
        self, snapshot: SnapshotKey, *, limit: int = MOST, flags: DomainSnapshotListFlags | int = 0
    ) -> Sequence[str]:
        """See `LegacySnapshots`."""
        return _names(await self._children(snapshot, flags), limit)

    async def _children(self, snapshot: SnapshotKey, flags: int) -> Sequence[SnapshotKey]:
        chosen = DomainSnapshotListFlags(flags)
        return await self._of(Snapshots).snapshot_children(snapshot, flags=chosen)


class ServedLegacyWork(_Served, LegacyWork):
    """Processors, memory, saving and jobs."""

    async def set_vcpu_count(self, domain: DomainKey, count: int) -> None:
        """See `LegacyWork`."""
        live = DomainVcpuFlags.LIVE
        await self._of(Processors).set_vcpu_count(domain, count, flags=live)

    async def pin_vcpu(self, domain: DomainKey, vcpu: int, cpus: Iterable[int]) -> None:
        """See `LegacyWork`."""
        await self._of(Processors).pin_vcpu(domain, vcpu, cpus)

    async def set_memory(self, domain: DomainKey, memory: int) -> None:
        """See `LegacyWork`."""
        live = DomainMemoryModFlags.LIVE
        await self._of(Resources).set_memory(domain, memory, flags=live)

    async def set_max_memory(self, domain: DomainKey, memory: int) -> None:
        """See `LegacyWork`."""
        most = DomainMemoryModFlags.MAXIMUM
        await self._of(Resources).set_memory(domain, memory, flags=most)

    async def scheduler_parameters(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """See `LegacyWork`."""
        return await self._of(Resources).scheduler_parameters(domain)

    async def set_scheduler_parameters(self, domain: DomainKey, params: TypedParams) -> None:
        """See `LegacyWork`."""
        await self._of(Resources).set_scheduler_parameters(domain, params)

    async def save(self, domain: DomainKey, path: str) -> None:
        """See `LegacyWork`."""
        await self._of(SavedState).save(domain, path)

    async def restore(self, path: str) -> None:
        """See `LegacyWork`."""
        await self._of(SavedState).restore(path)

    async def dump(self, domain: DomainKey, path: str, *, flags: int = 0) -> None:
        """See `LegacyWork`."""
        await self._of(SavedState).dump(domain, path, flags=DomainCoreDumpFlags(flags))

    async def job_info(self, domain: DomainKey) -> JobInfo:
        """See `LegacyWork`."""
        return _job_info(await self._of(Jobs).job_stats(domain))

    async def abort_job(self, domain: DomainKey) -> None:
        """See `LegacyWork`."""
        await self._of(Jobs).abort_job(domain)


_PARTS = ("total", "processed", "remaining")


def _job_info(stats: JobStats) -> JobInfo:
    """The fixed figures of a job; those that are not known are 0."""
    whole = [getattr(stats, part) or 0 for part in _PARTS]
    parts = [stats.figure(f"{kind}_{part}") or 0 for kind in ("memory", "disk") for part in _PARTS]
    times = [stats.figure(f"time_{name}") or 0 for name in ("elapsed", "remaining")]
    return JobInfo(stats.kind, *times, *whole, *parts)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def _names(keys: Iterable[_Named], most: int) -> list[str]:
    return [key.name for key in keys][: max(0, most)]


_SERVED: Mapping[type[Ability], type[_Served]] = {
    Legacy: ServedLegacy,
    LegacyHost: ServedLegacyHost,
    LegacyStorage: ServedLegacyStorage,
    LegacySnapshots: ServedLegacySnapshots,
    LegacyWork: ServedLegacyWork,
}


def legacy_of(kind: type[Ability], driver: Driver) -> Ability | None:
    """A legacy ability over a driver's younger ones, or None when `kind` is none."""
    made = _SERVED.get(kind)
    return None if made is None else made(driver)
