"""Hypervisors from async Python: libvirt's job, no blocking call, no C library.

    async with aiovirt.open("qemu:///embed?root=lab") as host:
        vm = await host.domains.define(DomainConfig(name="web1", memory=GiB(1), vcpus=2))
        await vm.start()

What stands here is the public surface; errors are in `aiovirt.errors`.  A name is loaded when it
is first used, so that ``import aiovirt`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiovirt._open import open  # noqa: A004 -- read as aiovirt.open
    from aiovirt.config import (
        CPU,
        VCPU,
        Channel,
        Clock,
        Console,
        Controller,
        Device,
        Devices,
        Disk,
        DomainConfig,
        Features,
        Graphics,
        HostInterfaceConfig,
        Input,
        Interface,
        Memballoon,
        Metadata,
        NetworkConfig,
        NetworkFilterBindingConfig,
        NetworkFilterConfig,
        NetworkPortConfig,
        NodeDeviceConfig,
        OperatingSystem,
        Rng,
        SecretConfig,
        Serial,
        StoragePoolConfig,
        StorageVolumeConfig,
        Video,
    )
    from aiovirt.model.credentials import SecretBytes
    from aiovirt.model.domain import (
        Control,
        ControlState,
        DomainInfo,
        DomainRecord,
        DomainState,
        StateReason,
    )
    from aiovirt.model.events import (
        BalloonChangeEvent,
        ControlEvent,
        DeviceRemovedEvent,
        DomainEvent,
        Event,
        EventsLost,
        GraphicsEvent,
        IOErrorEvent,
        LifecycleDetail,
        LifecycleEvent,
        LifecycleKind,
        MonitorEvent,
        RebootEvent,
        RTCChangeEvent,
        TrayChangeEvent,
        WatchdogEvent,
    )
    from aiovirt.model.host import CpuComparison, NodeInfo
    from aiovirt.model.mac import MacAddress
    from aiovirt.model.migration import MigrationOptions
    from aiovirt.model.network import DhcpLease
    from aiovirt.model.statistics import DomainStats, StatsGroup
    from aiovirt.model.storage import Hole, PoolState, VolumeType
    from aiovirt.model.units import Bytes, GiB, KiB, MiB, TiB
    from aiovirt.model.uri import URI
    from aiovirt.objects import (
        Connection,
        Domain,
        Domains,
        FilterBinding,
        HostInterface,
        HostInterfaces,
        Network,
        NetworkFilter,
        NetworkFilters,
        NetworkPort,
        Networks,
        NodeDevice,
        NodeDevices,
        Pools,
        Secret,
        Secrets,
        StoragePool,
        StorageVolume,
    )

_NAMES = {
    "_open": ("open",),
    "config": (
        "CPU",
        "Channel",
        "Clock",
        "Console",
        "Controller",
        "Device",
        "Devices",
        "Disk",
        "DomainConfig",
        "Features",
        "Graphics",
        "HostInterfaceConfig",
        "Input",
        "Interface",
        "Memballoon",
        "Metadata",
        "NetworkConfig",
        "NetworkFilterBindingConfig",
        "NetworkFilterConfig",
        "NetworkPortConfig",
        "NodeDeviceConfig",
        "OperatingSystem",
        "Rng",
        "SecretConfig",
        "Serial",
        "StoragePoolConfig",
        "StorageVolumeConfig",
        "VCPU",
        "Video",
    ),
    "model.credentials": ("SecretBytes",),
    "model.domain": (
        "Control",
        "ControlState",
        "DomainInfo",
        "DomainRecord",
        "DomainState",
        "StateReason",
    ),
    "model.events": (
        "BalloonChangeEvent",
        "ControlEvent",
        "DeviceRemovedEvent",
        "DomainEvent",
        "Event",
        "EventsLost",
        "GraphicsEvent",
        "IOErrorEvent",
        "LifecycleDetail",
        "LifecycleEvent",
        "LifecycleKind",
        "MonitorEvent",
        "RTCChangeEvent",
        "RebootEvent",
        "TrayChangeEvent",
        "WatchdogEvent",
    ),
    "model.host": ("CpuComparison", "NodeInfo"),
    "model.mac": ("MacAddress",),
    "model.migration": ("MigrationOptions",),
    "model.network": ("DhcpLease",),
    "model.statistics": ("DomainStats", "StatsGroup"),
    "model.storage": ("Hole", "PoolState", "VolumeType"),
    "model.units": ("Bytes", "GiB", "KiB", "MiB", "TiB"),
    "model.uri": ("URI",),
    "objects": (
        "Connection",
        "Domain",
        "Domains",
        "FilterBinding",
        "HostInterface",
        "HostInterfaces",
        "Network",
        "NetworkFilter",
        "NetworkFilters",
        "NetworkPort",
        "Networks",
        "NodeDevice",
        "NodeDevices",
        "Pools",
        "Secret",
        "Secrets",
        "StoragePool",
        "StorageVolume",
    ),
}
"""Module below the package to the public names that it brings."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "CPU",
    "URI",
    "VCPU",
    "BalloonChangeEvent",
    "Bytes",
    "Channel",
    "Clock",
    "Connection",
    "Console",
    "Control",
    "ControlEvent",
    "ControlState",
    "Controller",
    "CpuComparison",
    "Device",
    "DeviceRemovedEvent",
    "Devices",
    "DhcpLease",
    "Disk",
    "Domain",
    "DomainConfig",
    "DomainEvent",
    "DomainInfo",
    "DomainRecord",
    "DomainState",
    "DomainStats",
    "Domains",
    "Event",
    "EventsLost",
    "Features",
    "FilterBinding",
    "GiB",
    "Graphics",
    "GraphicsEvent",
    "Hole",
    "HostInterface",
    "HostInterfaceConfig",
    "HostInterfaces",
    "IOErrorEvent",
    "Input",
    "Interface",
    "KiB",
    "LifecycleDetail",
    "LifecycleEvent",
    "LifecycleKind",
    "MacAddress",
    "Memballoon",
    "Metadata",
    "MiB",
    "MigrationOptions",
    "MonitorEvent",
    "Network",
    "NetworkConfig",
    "NetworkFilter",
    "NetworkFilterBindingConfig",
    "NetworkFilterConfig",
    "NetworkFilters",
    "NetworkPort",
    "NetworkPortConfig",
    "Networks",
    "NodeDevice",
    "NodeDeviceConfig",
    "NodeDevices",
    "NodeInfo",
    "OperatingSystem",
    "PoolState",
    "Pools",
    "RTCChangeEvent",
    "RebootEvent",
    "Rng",
    "Secret",
    "SecretBytes",
    "SecretConfig",
    "Secrets",
    "Serial",
    "StateReason",
    "StatsGroup",
    "StoragePool",
    "StoragePoolConfig",
    "StorageVolume",
    "StorageVolumeConfig",
    "TiB",
    "TrayChangeEvent",
    "Video",
    "VolumeType",
    "WatchdogEvent",
    "open",
]

__version__: str


def __getattr__(name: str) -> object:
    """Load a public name on its first use (PEP 562)."""
    if name == "__version__":
        value: object = import_module("importlib.metadata").version("aiovirt")
    elif name in _HOMES:
        value = getattr(import_module(f"aiovirt.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'aiovirt' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name the public surface."""
    return [*__all__, "__version__"]
