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
from aiovirt.config.boot import (
    AcpiTable,
    FirmwareFeature,
    InitVariable,
    Loader,
    Nvram,
    OperatingSystem,
)
from aiovirt.config.capabilitypolicy import CapabilityPolicy
from aiovirt.config.clock import Clock, Timer
from aiovirt.config.containers import GroupRange, IdMap, IdRange, LxcNamespaces, UserRange
from aiovirt.config.cpu import CPU, CPUFeature, CPUTopology
from aiovirt.config.devices import Devices
from aiovirt.config.devices.base import BootDevice, Device, OtherDevice, VirtioDriver
from aiovirt.config.devices.chain import BackingStore, DiskMirror
from aiovirt.config.devices.chardev import (
    Channel,
    ChannelTarget,
    CharacterDevice,
    CharacterEnd,
    CharacterLog,
    CharacterSource,
    Console,
    ConsoleTarget,
    Parallel,
    Serial,
    SerialTarget,
)
from aiovirt.config.devices.controller import Controller, ControllerDriver, ControllerTarget
from aiovirt.config.devices.disk import Disk, DiskDriver, DiskGeometry, DiskTarget
from aiovirt.config.devices.filesystem import (
    Filesystem,
    FilesystemBinary,
    FilesystemDriver,
    FilesystemSource,
)
from aiovirt.config.devices.graphics import Graphics, GraphicsListen, SpiceChannel
from aiovirt.config.devices.hostdev import (
    Hostdev,
    MdevHostdev,
    MiscHostdev,
    NetHostdev,
    PciHostdev,
    PciHostSource,
    ScsiHostdev,
    ScsiHostSource,
    ScsiPlace,
    ScsiServer,
    StorageHostdev,
    UsbHostdev,
    UsbHostSource,
    UsbPlace,
    VhostHostdev,
)
from aiovirt.config.devices.input import Input, InputSource
from aiovirt.config.devices.interface import (
    GuestOffloads,
    HostOffloads,
    Interface,
    InterfaceDriver,
    PortForward,
    PortRange,
)
from aiovirt.config.devices.interface_source import HostPlace, InterfaceIp, InterfaceSource
from aiovirt.config.devices.iotune import DiskIoTune, ThrottleGroup
from aiovirt.config.devices.memory import MemoryDevice, MemorySource, MemoryTarget
from aiovirt.config.devices.misc import (
    Crypto,
    Hub,
    Iommu,
    Lease,
    Memballoon,
    NvramDevice,
    Panic,
    Rng,
    RngBackend,
    Shmem,
    Vsock,
    Watchdog,
)
from aiovirt.config.devices.pieces import Rom, Teaming
from aiovirt.config.devices.redirect import Redirdev, Redirfilter, UsbRule
from aiovirt.config.devices.smartcard import Smartcard
from aiovirt.config.devices.sound import Audio, AudioInput, AudioOutput, AudioStream, Sound
from aiovirt.config.devices.sources import (
    Cookie,
    Cookies,
    DiskAuth,
    DiskSlice,
    DiskSource,
    DiskSourceHost,
    Reservations,
    UnixSource,
)
from aiovirt.config.devices.tpm import Tpm, TpmBackend, TpmBanks, TpmSource
from aiovirt.config.devices.video import Video, VideoDriver, VideoModel
from aiovirt.config.domain import DomainConfig
from aiovirt.config.features import Features, HypervFeatures, KvmFeatures, XenFeatures
from aiovirt.config.memory import VCPU, HugePages, MemoryBacking
from aiovirt.config.metadata import Metadata
from aiovirt.config.numa import NumaBandwidth, NumaCache, NumaCell, NumaDistance, NumaLatency
from aiovirt.config.passthrough import (
    BhyveCommandline,
    QemuCapabilities,
    QemuCommandline,
    QemuDeviceOverride,
    QemuEnv,
    QemuOverride,
    QemuProperty,
    XenCommandline,
)
from aiovirt.config.perf import Perf, PerfEvent, PowerManagement
from aiovirt.config.security import DeviceLabel, KeyWrap, LaunchSecurity, SecurityLabel, WrappedKey
from aiovirt.config.sysinfo import (
    BaseBoard,
    BaseBoardEntry,
    BiosEntry,
    ChassisEntry,
    FirmwareFile,
    Sysinfo,
    SystemEntry,
)
from aiovirt.config.tuning.cputune import (
    CacheAllocation,
    CacheMonitor,
    CacheTune,
    CpuTune,
    EmulatorSchedule,
    IothreadPin,
    IothreadSchedule,
    MemoryBandwidth,
    MemoryMonitor,
    MemoryTune,
    Schedule,
    VcpuPin,
    VcpuSchedule,
)
from aiovirt.config.tuning.limits import BlkioDevice, BlkioTune, MemTune, Resource
from aiovirt.config.tuning.numatune import MemoryNode, NumaTune
from aiovirt.config.tuning.threads import (
    DefaultIothread,
    Iothread,
    IothreadIds,
    VcpuState,
    VcpuStates,
)

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
    "AcpiTable",
    "Audio",
    "AudioInput",
    "AudioOutput",
    "AudioStream",
    "BackingStore",
    "BackupConfig",
    "BaseBoard",
    "BaseBoardEntry",
    "BhyveCommandline",
    "BiosEntry",
    "BlkioDevice",
    "BlkioTune",
    "BootDevice",
    "CPUFeature",
    "CPUTopology",
    "CacheAllocation",
    "CacheMonitor",
    "CacheTune",
    "CapabilitiesConfig",
    "CapabilityPolicy",
    "Channel",
    "ChannelTarget",
    "CharacterDevice",
    "CharacterEnd",
    "CharacterLog",
    "CharacterSource",
    "ChassisEntry",
    "CheckpointConfig",
    "Clock",
    "Console",
    "ConsoleTarget",
    "Controller",
    "ControllerDriver",
    "ControllerTarget",
    "Cookie",
    "Cookies",
    "CpuTune",
    "Crypto",
    "DefaultIothread",
    "Device",
    "DeviceLabel",
    "Devices",
    "Disk",
    "DiskAuth",
    "DiskDriver",
    "DiskGeometry",
    "DiskIoTune",
    "DiskMirror",
    "DiskSlice",
    "DiskSource",
    "DiskSourceHost",
    "DiskTarget",
    "Document",
    "DomainCapabilitiesConfig",
    "DomainConfig",
    "EmulatorSchedule",
    "Features",
    "Field",
    "Filesystem",
    "FilesystemBinary",
    "FilesystemDriver",
    "FilesystemSource",
    "FirmwareFeature",
    "FirmwareFile",
    "Graphics",
    "GraphicsListen",
    "GroupRange",
    "GuestOffloads",
    "HostInterfaceConfig",
    "HostOffloads",
    "HostPlace",
    "Hostdev",
    "Hub",
    "HugePages",
    "HypervFeatures",
    "IdMap",
    "IdRange",
    "InitVariable",
    "Input",
    "InputSource",
    "Interface",
    "InterfaceDriver",
    "InterfaceIp",
    "InterfaceSource",
    "Iommu",
    "Iothread",
    "IothreadIds",
    "IothreadPin",
    "IothreadSchedule",
    "KeyWrap",
    "KvmFeatures",
    "LaunchSecurity",
    "Lease",
    "Loader",
    "LxcNamespaces",
    "MdevHostdev",
    "MemTune",
    "Memballoon",
    "MemoryBacking",
    "MemoryBandwidth",
    "MemoryDevice",
    "MemoryMonitor",
    "MemoryNode",
    "MemorySource",
    "MemoryTarget",
    "MemoryTune",
    "Metadata",
    "MiscHostdev",
    "NetHostdev",
    "NetworkConfig",
    "NetworkFilterBindingConfig",
    "NetworkFilterConfig",
    "NetworkPortConfig",
    "Node",
    "NodeDeviceConfig",
    "NumaBandwidth",
    "NumaCache",
    "NumaCell",
    "NumaDistance",
    "NumaLatency",
    "NumaTune",
    "Nvram",
    "NvramDevice",
    "OperatingSystem",
    "OtherDevice",
    "Panic",
    "Parallel",
    "PciHostSource",
    "PciHostdev",
    "Perf",
    "PerfEvent",
    "PortForward",
    "PortRange",
    "PowerManagement",
    "QemuCapabilities",
    "QemuCommandline",
    "QemuDeviceOverride",
    "QemuEnv",
    "QemuOverride",
    "QemuProperty",
    "Redirdev",
    "Redirfilter",
    "Reservations",
    "Resource",
    "Rng",
    "RngBackend",
    "Rom",
    "Schedule",
    "ScsiHostSource",
    "ScsiHostdev",
    "ScsiPlace",
    "ScsiServer",
    "SecretConfig",
    "SecurityLabel",
    "Serial",
    "SerialTarget",
    "Shmem",
    "Smartcard",
    "SnapshotConfig",
    "Sound",
    "SpiceChannel",
    "StorageHostdev",
    "StoragePoolConfig",
    "StoragePoolSources",
    "StorageVolumeConfig",
    "Sysinfo",
    "SystemEntry",
    "Teaming",
    "ThrottleGroup",
    "Timer",
    "Tpm",
    "TpmBackend",
    "TpmBanks",
    "TpmSource",
    "UnixSource",
    "UsbHostSource",
    "UsbHostdev",
    "UsbPlace",
    "UsbRule",
    "UserRange",
    "VcpuPin",
    "VcpuSchedule",
    "VcpuState",
    "VcpuStates",
    "VhostHostdev",
    "Video",
    "VideoDriver",
    "VideoModel",
    "View",
    "ViewList",
    "VirtioDriver",
    "Vsock",
    "Watchdog",
    "WrappedKey",
    "XenCommandline",
    "XenFeatures",
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
