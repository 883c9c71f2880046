"""The devices of the in-memory host, and those that can be made of them. State only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from aiovirt.config import NodeDeviceConfig
from aiovirt.config.nodedev import (
    ApMatrixCapability,
    CssCapability,
    FibreChannelHost,
    MdevCapability,
    MdevType,
    MdevTypes,
    PciCapability,
    ScsiHostCapability,
    VirtualPorts,
)
from aiovirt.config.nodedev.base import NodeCapability, SubCapability
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.errors import (
    AlreadyExists,
    Busy,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
)
from aiovirt.model.constants import NodeDeviceEventLifecycleType
from aiovirt.model.events import NodeDeviceLifecycleEvent
from aiovirt.model.keys import NodeDeviceKey

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = ["MemoryDevice", "NodeDeviceRoom", "kinds_of"]

_KIND = NodeDeviceEventLifecycleType
_SUBKINDS = {"fc_host": "fc_host", "vport_ops": "vports", "mdev_types": "mdev_types", "vpd": "vpd"}
"""What a part of a capability makes the device besides, in libvirt's list of its kinds."""


@dataclass(eq=False)
class MemoryDevice:
    """One device.

    Attributes:
        name: libvirt's name of it.
        live: What it is while it is there, or None.
        definition: What it is to be, of a mediated device that is defined; or None.
        real: Whether it was not made.
        autostart: Whether it is made when its parent appears.
        detached: The driver that holds it for guests, or None.
        user: The guest that has it, or None.
    """

    name: str
    live: NodeDeviceConfig | None = None
    definition: NodeDeviceConfig | None = None
    real: bool = False
    autostart: bool = False
    detached: str | None = None
    user: str | None = None

    @property
    def key(self) -> NodeDeviceKey:
        """Its name."""
        return NodeDeviceKey(self.name)

    @property
    def active(self) -> bool:
        """Whether it is there."""
        return self.live is not None

    @property
    def config(self) -> NodeDeviceConfig:
        """What it is, or is to be."""
        found = self.live or self.definition
        if found is None:  # then it is not in the room
            raise AssertionError
        return found

    def check_pci(self) -> None:
        """See that guests can be given it.

        Raises:
            CallerError: It is no PCI device.
            Busy: A guest has it.
        """
        if self.config.find(PciCapability) is None:
            raise CallerError(f"device {self.name!r} is no PCI device")
        if self.user is not None:
            raise Busy(f"device {self.name!r} is in use by domain {self.user!r}")


def kinds_of(config: NodeDeviceConfig) -> list[str]:
    """The kinds of device that it is, as libvirt counts them."""
    kinds: list[str] = []
    for capability in config.capabilities:
        kinds.append(capability.type or "")
        kinds += [_SUBKINDS[sub] for sub in map(_type, _parts(capability)) if sub in _SUBKINDS]
    return kinds


def _type(part: SubCapability) -> str:
    return part.type or ""


def _parts(capability: NodeCapability) -> list[SubCapability]:
    known = (PciCapability, ScsiHostCapability, CssCapability, ApMatrixCapability)
    return list(capability.capabilities) if isinstance(capability, known) else []


def _wwns(config: NodeDeviceConfig) -> tuple[str | None, str | None, str | None]:
    """World wide names of node, port and fabric of a Fibre Channel adapter."""
    for capability in config.capabilities:
        for part in _parts(capability):
            if isinstance(part, FibreChannelHost):
                return part.wwnn, part.wwpn, part.fabric_wwn
    return None, None, None


class NodeDeviceRoom:
    """The devices of one host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._devices: dict[str, MemoryDevice] = {}

    def __iter__(self) -> Iterator[MemoryDevice]:
        """All devices, those that are only defined among them."""
        return iter(list(self._devices.values()))

    def of(self, name: str) -> MemoryDevice:
        """The device of that name.

        Raises:
            NotFound: There is none.
        """
        found = self._devices.get(name)
        if found is None:
            raise NotFound(f"there is no node device {name!r}")
        return found

    def tell(self, device: MemoryDevice, kind: NodeDeviceEventLifecycleType) -> None:
        """Publish that something happened to it."""
        event = NodeDeviceLifecycleEvent(time=self.world.now(), device=device.key, kind=kind)
        self.world.publish(event)

    def add(self, config: NodeDeviceConfig) -> MemoryDevice:
        """Put a device there: of the host from the beginning. Nobody is told.

        Raises:
            AlreadyExists: There is one of its name.
        """
        name = config.name or ""
        if name in self._devices:
            raise AlreadyExists(f"there is a node device {name!r} already")
        made = self._devices[name] = MemoryDevice(name, live=config.copy(), real=True)
        return made

    def by_wwn(self, wwnn: str, wwpn: str) -> MemoryDevice:
        """The Fibre Channel adapter of these names.

        Raises:
            NotFound: There is none.
        """
        for device in self:
            if device.live is not None and _wwns(device.live)[:2] == (wwnn, wwpn):
                return device
        raise NotFound(f"there is no adapter with the names {wwnn}, {wwpn}")

    # --- devices that are made ------------------------------------------------------------------

    def create(self, config: NodeDeviceConfig) -> MemoryDevice:
        """See `NodeDevices.create`."""
        if config.find(MdevCapability) is not None:
            device = self._mediated(config)
            if device.active:
                raise AlreadyExists(f"there is a node device {device.name!r} already")
            device.live = self._take_instance(device, config)
            self._devices[device.name] = device
        else:
            device = self._virtual_port(config)
        self.tell(device, _KIND.CREATED)
        return device

    def define(self, config: NodeDeviceConfig) -> MemoryDevice:
        """See `NodeDevices.define`."""
        device = self._mediated(config)
        if device.definition is not None:
            raise AlreadyExists(f"mediated device {device.name!r} is defined already")
        device.definition = self._named(device, config)
        self._devices[device.name] = device
        self.tell(device, _KIND.DEFINED)
        return device

    def undefine(self, device: MemoryDevice) -> None:
        """See `NodeDevices.undefine`."""
        if device.definition is None:
            raise InvalidState(f"node device {device.name!r} has no definition")
        device.definition, device.autostart = None, False
        self.tell(device, _KIND.UNDEFINED)
        if not device.active:
            del self._devices[device.name]

    def start(self, device: MemoryDevice) -> None:
        """See `NodeDevices.start`."""
        if device.active:
            raise InvalidState(f"node device {device.name!r} is active already")
        device.live = self._take_instance(device, device.config)
        self.tell(device, _KIND.CREATED)

    def destroy(self, device: MemoryDevice) -> None:
        """See `NodeDevices.destroy`."""
        if device.real:
            raise Unsupported(DRIVER, "NodeDevices.destroy", f"{device.name} is a real device")
        if not device.active:
            raise InvalidState(f"node device {device.name!r} is not active")
        if device.config.find(MdevCapability) is not None:
            kind = self._mdev_type(device.config)
            kind.available_instances = (kind.available_instances or 0) + 1
        device.live = None
        if device.definition is None:
            del self._devices[device.name]
        self.tell(device, _KIND.DELETED)

    def _mediated(self, config: NodeDeviceConfig) -> MemoryDevice:
        """The mediated device of that configuration: the one that is there, or a new one."""
        capability = config.find(MdevCapability)
        if capability is None:
            raise NodeDeviceConfig.capabilities.error(config, "only mediated devices are defined")
        self._mdev_type(config)
        if capability.uuid is None:
            capability.uuid = self.world.new_uuid()
        parent = self._parent(config)
        place = _address(parent) or parent.name
        name = re.sub(r"[^0-9a-zA-Z]", "_", f"mdev_{capability.uuid}_{place}")
        return self._devices.get(name) or MemoryDevice(name)

    def _named(self, device: MemoryDevice, config: NodeDeviceConfig) -> NodeDeviceConfig:
        """A copy that says what a host says of a mediated device."""
        given = config.copy()
        parent = self._parent(given)
        given.name, given.parent = device.name, parent.name
        capability = given.find(MdevCapability)
        if capability is not None:
            capability.parent_address = _address(parent)
        return given

    def _take_instance(self, device: MemoryDevice, config: NodeDeviceConfig) -> NodeDeviceConfig:
        kind = self._mdev_type(config)
        if not kind.available_instances:
            raise InvalidState(f"no instance of the type {kind.id} is left")
        kind.available_instances -= 1
        given = self._named(device, config)
        capability = given.find(MdevCapability)
        uuid = None if capability is None else capability.uuid
        given.path = f"/sys/bus/mdev/devices/{uuid}"
        given.driver = "vfio_mdev"
        return given

    def _mdev_type(self, config: NodeDeviceConfig) -> MdevType:
        """The type of a mediated device, at its parent.

        Raises:
            ConfigError: The parent has no such type.
        """
        parent, capability = self._parent(config), config.find(MdevCapability)
        wanted = None if capability is None else capability.type_id
        for own in parent.config.capabilities:
            for part in _parts(own):
                for kind in part.types if isinstance(part, MdevTypes) else ():
                    if kind.id == wanted:
                        return kind
        raise ConfigError(f"device {parent.name!r} has no type {wanted!r}", field="type")

    def _virtual_port(self, config: NodeDeviceConfig) -> MemoryDevice:
        capability = config.find(ScsiHostCapability)
        wwnn, wwpn, _ = _wwns(config)
        if capability is None or wwnn is None or wwpn is None:
            raise NodeDeviceConfig.capabilities.error(
                config, "it cannot be made", expected="a mediated device, or an fc_host with WWNs"
            )
        if any(device.live and _wwns(device.live)[:2] == (wwnn, wwpn) for device in self):
            raise AlreadyExists(f"there is an adapter with the names {wwnn}, {wwpn} already")
        parent = self._parent(config)
        host = next(n for n in count(12) if f"scsi_host{n}" not in self._devices)
        fabric = _wwns(parent.config)[2]
        made = NodeDeviceConfig(
            name=f"scsi_host{host}",
            parent=parent.name,
            capabilities=[
                ScsiHostCapability(
                    host=host,
                    unique_id=host - 1,
                    capabilities=[FibreChannelHost(wwnn=wwnn, wwpn=wwpn, fabric_wwn=fabric)],
                )
            ],
        )
        name = f"scsi_host{host}"
        device = self._devices[name] = MemoryDevice(name, live=made)
        return device

    def _parent(self, config: NodeDeviceConfig) -> MemoryDevice:
        """The device that one to be made belongs to.

        Raises:
            NotFound: There is none of that name.
            ConfigError: None fits.
        """
        if config.parent:
            return self.of(config.parent)
        names = (config.parent_wwnn, config.parent_wwpn)
        for device in self:
            found = _wwns(device.config)
            if config.parent_wwnn and found[:2] == names:
                return device
            if config.parent_fabric_wwn and found[2] == config.parent_fabric_wwn:
                return device
            if not any((*names, config.parent_fabric_wwn)) and _offers_ports(device.config):
                return device
        raise NodeDeviceConfig.parent.error(config, "no device fits as the parent")


def _offers_ports(config: NodeDeviceConfig) -> bool:
    parts = (part for capability in config.capabilities for part in _parts(capability))
    return any(isinstance(part, VirtualPorts) for part in parts)


def _address(device: MemoryDevice) -> str | None:
    """Where a PCI device sits, as ``0000:00:02.0``."""
    found = device.config.find(PciCapability)
    if found is None:
        return None
    place = (found.domain or 0, found.bus or 0, found.slot or 0, found.function or 0)
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*place)
