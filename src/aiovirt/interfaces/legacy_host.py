"""Older forms of operations on networks and devices, for peers that know no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import NetworkFilterKey, NetworkKey, NodeDeviceKey

if TYPE_CHECKING:
    from aiovirt.config import NetworkConfig, NetworkFilterConfig

__all__ = ["LegacyHost"]


class LegacyHost(Ability):
    """What libvirt had before it could list with filters, and had flags everywhere."""

    @operation
    async def count_networks(self) -> int:
        """How many active networks there are."""
        raise NotImplementedError

    @operation
    async def network_names(self, most: int) -> Sequence[str]:
        """The names of the active networks, `most` at most."""
        raise NotImplementedError

    @operation
    async def count_defined_networks(self) -> int:
        """How many inactive networks there are."""
        raise NotImplementedError

    @operation
    async def defined_network_names(self, most: int) -> Sequence[str]:
        """The names of the inactive networks, `most` at most."""
        raise NotImplementedError

    @operation
    async def define_network(self, config: NetworkConfig) -> NetworkKey:
        """Make a network persistent, or change the definition of one that is."""
        raise NotImplementedError

    @operation
    async def create_network(self, config: NetworkConfig) -> NetworkKey:
        """Start a network without defining it."""
        raise NotImplementedError

    @operation
    async def count_interfaces(self) -> int:
        """How many of the host's interfaces are up."""
        raise NotImplementedError

    @operation
    async def interface_names(self, most: int) -> Sequence[str]:
        """The names of the host's interfaces that are up, `most` at most."""
        raise NotImplementedError

    @operation
    async def count_defined_interfaces(self) -> int:
        """How many of the host's interfaces are down."""
        raise NotImplementedError

    @operation
    async def defined_interface_names(self, most: int) -> Sequence[str]:
        """The names of the host's interfaces that are down, `most` at most."""
        raise NotImplementedError

    @operation
    async def count_filters(self) -> int:
        """How many network filters there are."""
        raise NotImplementedError

    @operation
    async def filter_names(self, most: int) -> Sequence[str]:
        """The names of the network filters, `most` at most."""
        raise NotImplementedError

    @operation
    async def define_filter(self, config: NetworkFilterConfig) -> NetworkFilterKey:
        """Define a network filter, or change one."""
        raise NotImplementedError

    @operation
    async def count_devices(self, kind: str | None = None) -> int:
        """How many devices there are, or how many of a kind, such as ``pci``."""
        raise NotImplementedError

    @operation
    async def device_names(self, most: int, kind: str | None = None) -> Sequence[str]:
        """The names of the devices, or of those of a kind, `most` at most."""
        raise NotImplementedError

    @operation
    async def detach_device(self, device: NodeDeviceKey) -> None:
        """Take a device from the host's driver, so that a guest can have it."""
        raise NotImplementedError
