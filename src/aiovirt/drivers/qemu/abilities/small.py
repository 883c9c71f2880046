"""What an embedded host has little of: filters by name, no networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import NetworkFilterConfig
from aiovirt.config.nwfilter.standard import standard_filters
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.errors import NotFound
from aiovirt.interfaces import NetworkFilters, Networks, immediate
from aiovirt.model.keys import FilterBindingKey, NetworkFilterKey, NetworkKey

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNetworksFlags

__all__ = ["QemuNetworkFilters", "QemuNetworks"]


class QemuNetworks(QemuAbility, Networks):
    """There are none: interfaces are in networks of their own, or on bridges of the host's."""

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllNetworksFlags | Literal[0] = 0,
    ) -> Sequence[NetworkKey]:
        """See `Networks.keys`."""
        del active, persistent, autostart, flags
        return []

    @immediate
    async def find_by_name(self, name: str) -> NetworkKey:
        """See `Networks.find_by_name`."""
        raise NotFound(f"there is no network {name!r}: this host has none")

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> NetworkKey:
        """See `Networks.find_by_uuid`."""
        raise NotFound(f"there is no network with UUID {uuid}: this host has none")


class QemuNetworkFilters(QemuAbility, NetworkFilters):
    """Those that libvirt brings, to be read: domains whose interfaces want one are refused."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._filters = {config.name: config for config in standard_filters()}

    @immediate
    async def keys(self) -> Sequence[NetworkFilterKey]:
        """See `NetworkFilters.keys`."""
        return [_key(config) for config in self._filters.values()]

    @immediate
    async def find_by_name(self, name: str) -> NetworkFilterKey:
        """See `NetworkFilters.find_by_name`."""
        return _key(self._of(name))

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> NetworkFilterKey:
        """See `NetworkFilters.find_by_uuid`."""
        for config in self._filters.values():
            if config.uuid == uuid:
                return _key(config)
        raise NotFound(f"there is no network filter with UUID {uuid}")

    @immediate
    async def config(self, nwfilter: NetworkFilterKey) -> NetworkFilterConfig:
        """See `NetworkFilters.config`."""
        return self._of(nwfilter.name).copy()

    @immediate
    async def binding_keys(self) -> Sequence[FilterBindingKey]:
        """See `NetworkFilters.binding_keys`: no interface has one."""
        return []

    def _of(self, name: str) -> NetworkFilterConfig:
        if name not in self._filters:
            raise NotFound(f"there is no network filter {name!r}")
        return self._filters[name]


def _key(config: NetworkFilterConfig) -> NetworkFilterKey:
    if config.uuid is None:  # pragma: no cover - each has one
        raise AssertionError
    return NetworkFilterKey(config.uuid, config.name or "")
