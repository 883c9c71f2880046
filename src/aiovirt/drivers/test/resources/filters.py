"""`NetworkFilters` of the in-memory host, and what it keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import NetworkFilterBindingConfig, NetworkFilterConfig
from aiovirt.config.nwfilter.standard import standard_filters
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import checked
from aiovirt.errors import AlreadyExists, Busy, NotFound
from aiovirt.interfaces import NetworkFilters
from aiovirt.interfaces.ability import immediate
from aiovirt.model.keys import FilterBindingKey, NetworkFilterKey

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import NWFilterBindingCreateFlags, NWFilterDefineFlags

__all__ = ["FilterRoom", "MemoryFilter", "TestNetworkFilters"]


@dataclass(eq=False)
class MemoryFilter:
    """One filter."""

    uuid: UUID
    config: NetworkFilterConfig

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name or ""

    @property
    def key(self) -> NetworkFilterKey:
        """UUID and name."""
        return NetworkFilterKey(self.uuid, self.name)


class FilterRoom:
    """The filters of one host, and their bindings by the device that they are for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf: Shelf[MemoryFilter] = Shelf("network filter")
        self.bindings: dict[str, NetworkFilterBindingConfig] = {}
        for config in standard_filters():
            self.define(config)

    def define(self, config: NetworkFilterConfig) -> MemoryFilter:
        """See `NetworkFilters.define`."""
        given = config.copy()
        there = self.shelf.existing(given.uuid, given.name or "")
        if there is not None:
            given.uuid = there.uuid
            there.config = given
            return there
        given.uuid = uuid = given.uuid or self.world.new_uuid()
        made = MemoryFilter(uuid, given)
        self.shelf.add(made)
        return made

    def undefine(self, found: MemoryFilter) -> None:
        """See `NetworkFilters.undefine`."""
        for other in self.shelf:
            if any(each.filter == found.name for each in other.config.filterrefs):
                raise Busy(f"network filter {found.name!r} is used by the filter {other.name!r}")
        for device, binding in self.bindings.items():
            if binding.filterref.filter == found.name:
                raise Busy(f"network filter {found.name!r} is bound to {device}")
        self.shelf.remove(found)

    def bind(self, config: NetworkFilterBindingConfig) -> FilterBindingKey:
        """See `NetworkFilters.bind`."""
        device, name = config.port_dev or "", config.filterref.filter or ""
        if device in self.bindings:
            raise AlreadyExists(f"the device {device} has a binding of a network filter already")
        self.shelf.by_name(name)
        self.bindings[device] = config.copy()
        return FilterBindingKey(device, name)

    def binding(self, device: str) -> NetworkFilterBindingConfig:
        """The binding of a device.

        Raises:
            NotFound: It has none.
        """
        found = self.bindings.get(device)
        if found is None:
            raise NotFound(f"the device {device!r} has no binding of a network filter")
        return found


class TestNetworkFilters(TestAbility, NetworkFilters):
    """See `aiovirt.interfaces.NetworkFilters`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(FilterRoom)

    async def define(
        self,
        config: NetworkFilterConfig,
        *,
        validate: bool = False,
        flags: NWFilterDefineFlags | Literal[0] = 0,
    ) -> NetworkFilterKey:
        """See `NetworkFilters`."""
        given = await checked("NetworkFilters.define", config, validate=validate, flags=flags)
        return self.room.define(given).key

    async def undefine(self, nwfilter: NetworkFilterKey) -> None:
        """See `NetworkFilters`."""
        self.room.undefine(self._of(nwfilter))

    @immediate
    async def keys(self) -> Sequence[NetworkFilterKey]:
        """See `NetworkFilters`."""
        return [found.key for found in self.room.shelf]

    @immediate
    async def find_by_name(self, name: str) -> NetworkFilterKey:
        """See `NetworkFilters`."""
        return self.room.shelf.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> NetworkFilterKey:
        """See `NetworkFilters`."""
        return self.room.shelf.by_uuid(uuid).key

    @immediate
    async def config(self, nwfilter: NetworkFilterKey) -> NetworkFilterConfig:
        """See `NetworkFilters`."""
        return self._of(nwfilter).config.copy()

    def _of(self, key: NetworkFilterKey) -> MemoryFilter:
        return self.room.shelf.by_uuid(key.uuid, key.name)

    # --- bindings -------------------------------------------------------------------------------

    @immediate
    async def binding_keys(self) -> Sequence[FilterBindingKey]:
        """See `NetworkFilters`."""
        return [
            FilterBindingKey(device, binding.filterref.filter or "")
            for device, binding in self.room.bindings.items()
        ]

    @immediate
    async def find_binding(self, port_device: str) -> FilterBindingKey:
        """See `NetworkFilters`."""
        found = self.room.binding(port_device)
        return FilterBindingKey(port_device, found.filterref.filter or "")

    async def bind(
        self,
        config: NetworkFilterBindingConfig,
        *,
        validate: bool = False,
        flags: NWFilterBindingCreateFlags | Literal[0] = 0,
    ) -> FilterBindingKey:
        """See `NetworkFilters`."""
        given = await checked("NetworkFilters.bind", config, validate=validate, flags=flags)
        return self.room.bind(given)

    @immediate
    async def binding_config(self, binding: FilterBindingKey) -> NetworkFilterBindingConfig:
        """See `NetworkFilters`."""
        return self.room.binding(binding.port_device).copy()

    async def unbind(self, binding: FilterBindingKey) -> None:
        """See `NetworkFilters`."""
        self.room.binding(binding.port_device)
        del self.room.bindings[binding.port_device]
