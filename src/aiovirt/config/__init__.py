"""Configurations as typed views over libvirt's XML: read, built, changed, written, nothing lost.

``DomainConfig`` is a domain; devices and parts of it are classes of their own, which stand here
as well.  A view reads and writes the XML tree below it; see `aiovirt.config._view` for how.
This package touches no host, no file and no network.
"""

from __future__ import annotations

from aiovirt.config._children import ViewList
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

__all__ = [
    "CPU",
    "MAX_XML_BYTES",
    "VCPU",
    "BootDevice",
    "CPUFeature",
    "CPUTopology",
    "Channel",
    "ChannelTarget",
    "CharacterDevice",
    "CharacterLog",
    "CharacterSource",
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
    "DomainConfig",
    "Features",
    "Field",
    "Graphics",
    "GraphicsListen",
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
    "Node",
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
    "Serial",
    "SerialTarget",
    "Sound",
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
