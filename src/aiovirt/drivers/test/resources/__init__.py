"""What the in-memory host has beside domains: networks, storage, secrets, devices, itself.

Of each kind there is a room with what there is (state only), and an ability over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiovirt.config import (
    Document,
    HostInterfaceConfig,
    NetworkConfig,
    NodeDeviceConfig,
    SecretConfig,
    StoragePoolConfig,
)
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.cpu_abilities import TestCpuModels
from aiovirt.drivers.test.resources.filters import TestNetworkFilters
from aiovirt.drivers.test.resources.host_abilities import TestHostInfo, TestHostResources
from aiovirt.drivers.test.resources.host_interfaces import HostInterfaceRoom, TestHostInterfaces
from aiovirt.drivers.test.resources.network_abilities import TestNetworkPorts, TestNetworks
from aiovirt.drivers.test.resources.networks import NetworkRoom
from aiovirt.drivers.test.resources.node_device_abilities import TestNodeDevices
from aiovirt.drivers.test.resources.node_devices import NodeDeviceRoom
from aiovirt.drivers.test.resources.pool_abilities import TestStoragePools
from aiovirt.drivers.test.resources.pools import PoolRoom
from aiovirt.drivers.test.resources.secrets import SecretRoom, TestSecrets
from aiovirt.drivers.test.resources.volume_abilities import TestStorageVolumes
from aiovirt.drivers.test.world import World
from aiovirt.interfaces import (
    Ability,
    CpuModels,
    HostInfo,
    HostInterfaces,
    HostResources,
    NetworkFilters,
    NetworkPorts,
    Networks,
    NodeDevices,
    Secrets,
    StoragePools,
    StorageVolumes,
)

__all__ = ["IMPLEMENTATIONS", "LOADERS"]

IMPLEMENTATIONS: Mapping[type[Ability], type[TestAbility]] = {
    Networks: TestNetworks,
    NetworkPorts: TestNetworkPorts,
    StoragePools: TestStoragePools,
    StorageVolumes: TestStorageVolumes,
    Secrets: TestSecrets,
    NetworkFilters: TestNetworkFilters,
    HostInterfaces: TestHostInterfaces,
    NodeDevices: TestNodeDevices,
    HostInfo: TestHostInfo,
    HostResources: TestHostResources,
    CpuModels: TestCpuModels,
}


def _load_network(world: World, config: Document) -> None:
    if isinstance(config, NetworkConfig):
        config.check()
        world.room(NetworkRoom).add(config)


def _load_pool(world: World, config: Document) -> None:
    if isinstance(config, StoragePoolConfig):
        config.check()
        world.room(PoolRoom).add(config)


def _load_secret(world: World, config: Document) -> None:
    if isinstance(config, SecretConfig):
        config.check()
        world.room(SecretRoom).add(config)


def _load_interface(world: World, config: Document) -> None:
    if isinstance(config, HostInterfaceConfig):
        config.check()
        world.room(HostInterfaceRoom).add(config)


def _load_device(world: World, config: Document) -> None:
    if isinstance(config, NodeDeviceConfig):
        config.check()
        world.room(NodeDeviceRoom).add(config)


LOADERS: Mapping[type[Document], Callable[[World, Document], None]] = {
    NetworkConfig: _load_network,
    StoragePoolConfig: _load_pool,
    SecretConfig: _load_secret,
    HostInterfaceConfig: _load_interface,
    NodeDeviceConfig: _load_device,
}
"""What puts a part of a host's document into the world."""
