"""`NodeDevices` of the in-memory host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config import NodeDeviceConfig
from aiovirt.config.nodedev import MdevCapability, ScsiHostCapability
from aiovirt.drivers.common.managed import chosen, wanted
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER, checked
from aiovirt.drivers.test.resources.node_devices import MemoryDevice, NodeDeviceRoom, kinds_of
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import NodeDevices, refuse_flags
from aiovirt.interfaces.ability import immediate
from aiovirt.model.constants import ConnectListAllNodeDeviceFlags, NodeDeviceUpdateFlags
from aiovirt.model.events import NodeDeviceUpdateEvent
from aiovirt.model.keys import NodeDeviceKey

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import NodeDeviceCreateXMLFlags, NodeDeviceDefineXMLFlags

__all__ = ["TestNodeDevices"]

_LIST = ConnectListAllNodeDeviceFlags
_WORDS = {
    _LIST.CAP_PCI_DEV: "pci",
    _LIST.CAP_USB_DEV: "usb_device",
    _LIST.CAP_USB_INTERFACE: "usb",
    _LIST.CAP_CCW_DEV: "ccw",
    _LIST.CAP_CSS_DEV: "css",
}
_CAPS = {
    flag: _WORDS.get(flag, (flag.name or "").removeprefix("CAP_").lower())
    for flag in _LIST
    if (flag.name or "").startswith("CAP_")
}
_KNOWN = sum(_CAPS) | _LIST.ACTIVE | _LIST.INACTIVE

_DRIVERS = {None: "vfio-pci", "vfio": "vfio-pci", "kvm": "pci-stub"}
"""What holds a device for guests -> the driver of the host's kernel that it is then."""


class TestNodeDevices(TestAbility, NodeDevices):
    """See `aiovirt.interfaces.NodeDevices`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(NodeDeviceRoom)

    @immediate
    async def keys(
        self, *, flags: ConnectListAllNodeDeviceFlags | Literal[0] = 0
    ) -> Sequence[NodeDeviceKey]:
        """See `NodeDevices`."""
        refuse_flags(DRIVER, "NodeDevices.keys", flags, _KNOWN)
        active = wanted(flags, _LIST.ACTIVE, _LIST.INACTIVE)
        kinds = {kind for flag, kind in _CAPS.items() if flags & flag}
        return [
            device.key
            for device in self.room
            if chosen(active, device.active)
            and (not kinds or not kinds.isdisjoint(kinds_of(device.config)))
        ]

    @immediate
    async def find_by_name(self, name: str) -> NodeDeviceKey:
        """See `NodeDevices`."""
        return self.room.of(name).key

    @immediate
    async def find_by_wwn(self, wwnn: str, wwpn: str) -> NodeDeviceKey:
        """See `NodeDevices`."""
        return self.room.by_wwn(wwnn, wwpn).key

    @immediate
    async def config(self, device: NodeDeviceKey) -> NodeDeviceConfig:
        """See `NodeDevices`."""
        return self.room.of(device.name).config.copy()

    @immediate
    async def parent(self, device: NodeDeviceKey) -> str | None:
        """See `NodeDevices`."""
        return self.room.of(device.name).config.parent

    @immediate
    async def count_capabilities(self, device: NodeDeviceKey) -> int:
        """See `NodeDevices`."""
        return len(kinds_of(self.room.of(device.name).config))

    @immediate
    async def capabilities(self, device: NodeDeviceKey, *, most: int = 64) -> Sequence[str]:
        """See `NodeDevices`."""
        return kinds_of(self.room.of(device.name).config)[:most]

    # --- devices that are made ------------------------------------------------------------------

    async def create(
        self,
        config: NodeDeviceConfig,
        *,
        validate: bool = False,
        flags: NodeDeviceCreateXMLFlags | Literal[0] = 0,
    ) -> NodeDeviceKey:
        """See `NodeDevices`."""
        return self.room.create(
            await checked("NodeDevices.create", _to_be_made(config), validate=validate, flags=flags)
        ).key

    async def define(
        self,
        config: NodeDeviceConfig,
        *,
        validate: bool = False,
        flags: NodeDeviceDefineXMLFlags | Literal[0] = 0,
    ) -> NodeDeviceKey:
        """See `NodeDevices`."""
        return self.room.define(
            await checked("NodeDevices.define", _to_be_made(config), validate=validate, flags=flags)
        ).key

    async def undefine(self, device: NodeDeviceKey) -> None:
        """See `NodeDevices`."""
        self.room.undefine(self.room.of(device.name))

    async def start(self, device: NodeDeviceKey) -> None:
        """See `NodeDevices`."""
        self.room.start(self.room.of(device.name))

    async def destroy(self, device: NodeDeviceKey) -> None:
        """See `NodeDevices`."""
        self.room.destroy(self.room.of(device.name))

    async def update(
        self,
        device: NodeDeviceKey,
        config: NodeDeviceConfig,
        *,
        flags: NodeDeviceUpdateFlags | Literal[0] = 0,
    ) -> None:
        """See `NodeDevices`."""
        found = self.room.of(device.name)
        given = (await checked("NodeDevices.update", config)).find(MdevCapability)
        if found.config.find(MdevCapability) is None or given is None:
            raise Unsupported(DRIVER, "NodeDevices.update", f"{found.name} is not mediated")
        targets = _affected(found, flags)
        for target in targets:
            own = target.find(MdevCapability)
            if own is not None and own.type_id != given.type_id:
                raise CallerError("the type of a mediated device cannot be changed")
        for target in targets:
            own = target.find(MdevCapability)
            if own is not None:
                own.attributes = list(given.attributes)
        self.world.publish(NodeDeviceUpdateEvent(time=self.world.now(), device=found.key))

    @immediate
    async def autostart(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices`."""
        return self.room.of(device.name).autostart

    async def set_autostart(self, device: NodeDeviceKey, *, autostart: bool) -> None:
        """See `NodeDevices`."""
        found = self.room.of(device.name)
        if found.definition is None:
            raise InvalidState(f"node device {found.name!r} has no definition")
        found.autostart = autostart

    @immediate
    async def is_active(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices`."""
        return self.room.of(device.name).active

    @immediate
    async def is_persistent(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices`."""
        found = self.room.of(device.name)
        return found.real or found.definition is not None

    # --- devices for guests ---------------------------------------------------------------------

    async def detach(self, device: NodeDeviceKey, *, driver: str | None = None) -> None:
        """See `NodeDevices`."""
        found = self.room.of(device.name)
        found.check_pci()
        if driver not in _DRIVERS:
            raise CallerError(f"there is no driver {driver!r} for guests' devices")
        if found.detached is None:
            found.detached = found.config.driver or ""
        found.config.driver = _DRIVERS[driver]

    async def reattach(self, device: NodeDeviceKey) -> None:
        """See `NodeDevices`."""
        found = self.room.of(device.name)
        found.check_pci()
        if found.detached is not None:
            found.config.driver = found.detached or None
            found.detached = None

    async def reset(self, device: NodeDeviceKey) -> None:
        """See `NodeDevices`."""
        self.room.of(device.name).check_pci()


def _to_be_made(config: NodeDeviceConfig) -> NodeDeviceConfig:
    """A copy with what a device that is to be made need not say: its name, its number."""
    given = config.copy()
    if given.name is None:
        given.name = "new device"
    adapter = given.find(ScsiHostCapability)
    if adapter is not None and adapter.host is None:
        adapter.host = 0
    return given


def _affected(device: MemoryDevice, flags: int) -> list[NodeDeviceConfig]:
    """What an update is to change.

    Raises:
        InvalidState: The device lacks it.
    """
    known = NodeDeviceUpdateFlags.LIVE | NodeDeviceUpdateFlags.CONFIG
    refuse_flags(DRIVER, "NodeDevices.update", flags, known)
    asked = flags or (NodeDeviceUpdateFlags.LIVE if device.active else NodeDeviceUpdateFlags.CONFIG)
    found: list[NodeDeviceConfig] = []
    for flag, config in (
        (NodeDeviceUpdateFlags.LIVE, device.live),
        (NodeDeviceUpdateFlags.CONFIG, device.definition),
    ):
        if asked & flag and config is None:
            raise InvalidState(f"node device {device.name!r} has nothing that could be changed so")
        if asked & flag and config is not None:
            found.append(config)
    return found
