"""The devices of the host, and its network interfaces: what there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from anyio import to_thread

from aiovirt.config import HostInterfaceConfig, NodeDeviceConfig
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.hostinfo.devices import HostDevice, read_devices
from aiovirt.drivers.qemu.hostinfo.interfaces import read_interface, read_interfaces
from aiovirt.errors import NotFound
from aiovirt.interfaces import HostInterfaces, NodeDevices
from aiovirt.model.constants import ConnectListAllNodeDeviceFlags as Listed
from aiovirt.model.keys import HostInterfaceKey, NodeDeviceKey
from aiovirt.model.network import HostInterfaceRecord

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNodeDeviceFlags

__all__ = ["QemuHostInterfaces", "QemuNodeDevices"]

_KINDS: Final = {
    "system": Listed.CAP_SYSTEM,
    "pci": Listed.CAP_PCI_DEV,
    "net": Listed.CAP_NET,
    "storage": Listed.CAP_STORAGE,
}
_ALL: Final = (1 << 22) - 1
_STATES: Final = 0xC0000000
_INACTIVE: Final = 0x40000000


class QemuNodeDevices(QemuAbility, NodeDevices):
    """What the kernel tells of devices, read anew for each question."""

    async def _devices(self) -> dict[str, HostDevice]:
        found = await to_thread.run_sync(read_devices)
        return {device.name: device for device in found}

    async def _of(self, name: str) -> HostDevice:
        devices = await self._devices()
        if name not in devices:
            raise NotFound(f"the host has no device {name!r}")
        return devices[name]

    async def keys(
        self, *, flags: ConnectListAllNodeDeviceFlags | Literal[0] = 0
    ) -> Sequence[NodeDeviceKey]:
        """See `NodeDevices.keys`."""
        if flags & _STATES == _INACTIVE:
            return []
        devices = (await self._devices()).values()
        kinds = flags & _ALL
        return [
            NodeDeviceKey(device.name)
            for device in devices
            if not kinds or kinds & _KINDS[device.kind]
        ]

    async def find_by_name(self, name: str) -> NodeDeviceKey:
        """See `NodeDevices.find_by_name`."""
        return NodeDeviceKey((await self._of(name)).name)

    async def config(self, device: NodeDeviceKey) -> NodeDeviceConfig:
        """See `NodeDevices.config`."""
        return NodeDeviceConfig.parse((await self._of(device.name)).xml)

    async def parent(self, device: NodeDeviceKey) -> str | None:
        """See `NodeDevices.parent`."""
        return (await self._of(device.name)).parent

    async def count_capabilities(self, device: NodeDeviceKey) -> int:
        """See `NodeDevices.count_capabilities`."""
        await self._of(device.name)
        return 1

    async def capabilities(self, device: NodeDeviceKey, *, most: int = 64) -> Sequence[str]:
        """See `NodeDevices.capabilities`."""
        return [(await self._of(device.name)).kind][:most]

    async def is_active(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices.is_active`."""
        await self._of(device.name)
        return True

    async def is_persistent(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices.is_persistent`."""
        await self._of(device.name)
        return True

    async def autostart(self, device: NodeDeviceKey) -> bool:
        """See `NodeDevices.autostart`."""
        await self._of(device.name)
        return True


class QemuHostInterfaces(QemuAbility, HostInterfaces):
    """What the kernel tells of network interfaces."""

    async def keys(self, *, active: bool | None = None) -> Sequence[HostInterfaceKey]:
        """See `HostInterfaces.keys`."""
        found = await self.records()
        return [each.key for each in found if active in {None, each.active}]

    async def records(self) -> Sequence[HostInterfaceRecord]:
        """See `HostInterfaces.records`."""
        return await to_thread.run_sync(read_interfaces)

    async def _of(self, name: str) -> HostInterfaceRecord:
        for each in await self.records():
            if each.key.name == name:
                return each
        raise NotFound(f"the host has no network interface {name!r}")

    async def find_by_name(self, name: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_name`."""
        return (await self._of(name)).key

    async def find_by_mac(self, mac: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_mac`."""
        for each in await self.records():
            if each.key.mac == mac.lower():
                return each.key
        raise NotFound(f"the host has no network interface with the address {mac}")

    async def config(
        self, interface: HostInterfaceKey, *, inactive: bool = False
    ) -> HostInterfaceConfig:
        """See `HostInterfaces.config`: as it is now."""
        del inactive
        found = await self._of(interface.name)
        return await to_thread.run_sync(read_interface, found.key.name)

    async def is_active(self, interface: HostInterfaceKey) -> bool:
        """See `HostInterfaces.is_active`."""
        return (await self._of(interface.name)).active
