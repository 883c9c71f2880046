"""Configurations as typed views over libvirt's XML: read, built, changed, written, nothing lost.

``DomainConfig`` is a domain; devices and parts of it are classes of their own, which stand here
as well.  For each of libvirt's other documents there is a class too, loaded when it is first
used; their parts stand in the package of the kind, such as `aiovirt.config.network`.  A view reads
and writes the XML tree below it; see `aiovirt.config._view` for how.
This package touches no host, no file and no network.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from aiovirt.config._children import ViewList
from aiovirt.config._document import Document
from aiovirt.config._tree import MAX_XML_BYTES, Node, error_at
from aiovirt.config._view import Field, View, element, problems
from aiovirt.config.boot import Loader, Nvram, OperatingSystem
from aiovirt.config.clock import Clock, Timer
from aiovirt.config.cpu import CPU, CPUFeature, CPUTopology, NumaCell
from aiovirt.config.devices import Devices
from aiovirt.config.devices.base import BootDevice, Device, OtherDevice, VirtioDriver
from aiovirt.config.devices.chardev import (
    Channel,
    ChannelTarget,
    CharacterDevice,
    CharacterLog,
    CharacterSource,
    Console,
    ConsoleTarget,
    Parallel,
    Serial,
    SerialTarget,
)
from aiovirt.config.devices.disk import (
    Disk,
    DiskDriver,
    DiskGeometry,
    DiskIoTune,
    DiskSource,
    DiskSourceHost,
    DiskTarget,
)
from aiovirt.config.devices.graphics import Graphics, GraphicsListen, Video, VideoModel
from aiovirt.config.devices.interface import (
    Interface,
    InterfaceDriver,
    InterfaceIp,
    InterfaceSource,
    PortForward,
    PortRange,
)
from aiovirt.config.devices.misc import (
    Controller,
    ControllerDriver,
    ControllerTarget,
    Input,
    InputSource,
    Memballoon,
    Panic,
    Rng,
    RngBackend,
    Sound,
    Vsock,
    Watchdog,
)
from aiovirt.config.domain import DomainConfig, QemuCommandline, QemuEnv
from aiovirt.config.features import Features, HypervFeatures, KvmFeatures
from aiovirt.config.memory import VCPU, MemoryBacking
from aiovirt.config.metadata import Metadata

if TYPE_CHECKING:
    from aiovirt.config.capabilities import CapabilitiesConfig, DomainCapabilitiesConfig
    from aiovirt.config.hostinterface import HostInterfaceConfig
    from aiovirt.config.network import NetworkConfig, NetworkPortConfig
    from aiovirt.config.nodedev import NodeDeviceConfig
    from aiovirt.config.nwfilter import NetworkFilterBindingConfig, NetworkFilterConfig
    from aiovirt.config.secret import SecretConfig
    from aiovirt.config.snapshot import BackupConfig, CheckpointConfig, SnapshotConfig
    from aiovirt.config.storage import StoragePoolConfig, StoragePoolSources, StorageVolumeConfig

_NAMES = {
    "capabilities": ("CapabilitiesConfig", "DomainCapabilitiesConfig"),
    "hostinterface": ("HostInterfaceConfig",),
    "network": (
        "NetworkConfig",
        "NetworkPortConfig",
    ),
    "nodedev": ("NodeDeviceConfig",),
    "nwfilter": (
        "NetworkFilterBindingConfig",
        "NetworkFilterConfig",
    ),
    "secret": ("SecretConfig",),
    "snapshot": (
        "BackupConfig",
        "CheckpointConfig",
        "SnapshotConfig",
    ),
    "storage": (
        "StoragePoolConfig",
        "StoragePoolSources",
        "StorageVolumeConfig",
    ),
}
"""Module below the package to the documents that are loaded when they are first used."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "CPU",
    "MAX_XML_BYTES",
    "VCPU",
    "BackupConfig",
    "BootDevice",
    "CPUFeature",
    "CPUTopology",
    "CapabilitiesConfig",
    "Channel",
    "ChannelTarget",
    "CharacterDevice",
    "CharacterLog",
    "CharacterSource",
    "CheckpointConfig",
    "Clock",
    "Console",
    "ConsoleTarget",
    "Controller",
    "ControllerDriver",
    "ControllerTarget",
    "Device",
    "Devices",
    "Disk",
    "DiskDriver",
    "DiskGeometry",
    "DiskIoTune",
    "DiskSource",
    "DiskSourceHost",
    "DiskTarget",
    "Document",
    "DomainCapabilitiesConfig",
    "DomainConfig",
    "Features",
    "Field",
    "Graphics",
    "GraphicsListen",
    "HostInterfaceConfig",
    "HypervFeatures",
    "Input",
    "InputSource",
    "Interface",
    "InterfaceDriver",
    "InterfaceIp",
    "InterfaceSource",
    "KvmFeatures",
    "Loader",
    "Memballoon",
    "MemoryBacking",
    "Metadata",
    "NetworkConfig",
    "NetworkFilterBindingConfig",
    "NetworkFilterConfig",
    "NetworkPortConfig",
    "Node",
    "NodeDeviceConfig",
    "NumaCell",
    "Nvram",
    "OperatingSystem",
    "OtherDevice",
    "Panic",
    "Parallel",
    "PortForward",
    "PortRange",
    "QemuCommandline",
    "QemuEnv",
    "Rng",
    "RngBackend",
    "SecretConfig",
    "Serial",
    "SerialTarget",
    "SnapshotConfig",
    "Sound",
    "StoragePoolConfig",
    "StoragePoolSources",
    "StorageVolumeConfig",
    "Timer",
    "Video",
    "VideoModel",
    "View",
    "ViewList",
    "VirtioDriver",
    "Vsock",
    "Watchdog",
    "element",
    "error_at",
    "problems",
]


def __getattr__(name: str) -> object:
    """Load a document's class on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'aiovirt.config' has no attribute {name!r}")
    value: object = getattr(import_module(f"aiovirt.config.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
