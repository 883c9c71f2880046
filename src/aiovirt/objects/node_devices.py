"""The host's devices, one by one and as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING

from aiovirt import interfaces
from aiovirt.config import NodeDeviceConfig
from aiovirt.errors import CallerError
from aiovirt.interfaces import Driver
from aiovirt.model.keys import NodeDeviceKey
from aiovirt.objects._handle import Handle
from aiovirt.objects._transfers import parsed

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNodeDeviceFlags, NodeDeviceUpdateFlags

__all__ = ["NodeDevice", "NodeDevices"]

OTHER_WORDS = {
    "usb": "USB_INTERFACE",
    "usb_device": "USB_DEV",
    "pci": "PCI_DEV",
    "ccw": "CCW_DEV",
    "css": "CSS_DEV",
}
"""Kinds of devices whose flag of libvirt's has another name."""


class NodeDevice(Handle[NodeDeviceKey]):
    """One device of the host: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when it is gone, and `Unsupported` for a device of a kind that
    it is not for.
    """

    @property
    def name(self) -> str:
        """libvirt's name, such as ``pci_0000_00_1f_2``."""
        return self.key.name

    def __repr__(self) -> str:
        return f"<NodeDevice {self.name!r}>"

    @property
    def _devices(self) -> interfaces.NodeDevices:
        return self._driver.ability(interfaces.NodeDevices)

    # --- what it is ---------------------------------------------------------------------------

    async def config(self) -> NodeDeviceConfig:
        """What it is and can do."""
        return await self._devices.config(self.key)

    async def xml(self) -> str:
        """The same as XML."""
        return (await self.config()).to_xml()

    async def parent(self) -> NodeDevice | None:
        """The device that it belongs to, or None for the host itself."""
        name = await self._devices.parent(self.key)
        return None if name is None else NodeDevice(self._driver, NodeDeviceKey(name))

    async def capabilities(self) -> Sequence[str]:
        """The kinds of device that it is, such as ``pci`` or ``net``."""
        most = await self._devices.count_capabilities(self.key)
        return await self._devices.capabilities(self.key, most=most)

    async def is_active(self) -> bool:
        """Whether it is there, and not only defined."""
        return await self._devices.is_active(self.key)

    async def is_persistent(self) -> bool:
        """Whether it has a definition, or is a real one."""
        return await self._devices.is_persistent(self.key)

    async def autostart(self) -> bool:
        """Whether it is made when its parent appears."""
        return await self._devices.autostart(self.key)

    # --- a device that is made ------------------------------------------------------------------

    async def start(self) -> None:
        """Make it, as it is defined."""
        await self._devices.start(self.key)

    async def destroy(self) -> None:
        """Remove it; its definition stays."""
        await self._devices.destroy(self.key)

    async def undefine(self) -> None:
        """Remove its definition."""
        await self._devices.undefine(self.key)

    async def set_autostart(self, *, autostart: bool = True) -> None:
        """Let it be made when its parent appears, or not."""
        await self._devices.set_autostart(self.key, autostart=autostart)

    async def update(
        self,
        config: NodeDeviceConfig | str | bytes,
        *,
        live: bool = False,
        persistent: bool = False,
    ) -> None:
        """Change it; for mediated devices, since libvirt 10.1.

        Args:
            config: What it is to be, or its XML.
            live: Change the device that is there.
            persistent: Change the definition. With neither, what there is of the two is changed.
        """
        flags: type[NodeDeviceUpdateFlags] = import_module(
            "aiovirt.model.constants"
        ).NodeDeviceUpdateFlags
        impact = flags.LIVE if live else flags(0)
        impact |= flags.CONFIG if persistent else flags(0)
        await self._devices.update(self.key, parsed(NodeDeviceConfig, config), flags=impact)

    # --- a device for guests ----------------------------------------------------------------------

    async def detach(self, *, driver: str | None = None) -> None:
        """Take it from the host's driver, so that a guest can have it.

        Args:
            driver: What holds it then, such as ``vfio``; None leaves it to the host.
        """
        await self._devices.detach(self.key, driver=driver)

    async def reattach(self) -> None:
        """Give it back to the host's driver."""
        await self._devices.reattach(self.key)

    async def reset(self) -> None:
        """Reset it, so that it bears nothing of its last user's."""
        await self._devices.reset(self.key)


class NodeDevices:
    """`host.node_devices`: the devices of the host."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _devices(self) -> interfaces.NodeDevices:
        return self._driver.ability(interfaces.NodeDevices)

    async def list(self, *kinds: str, active: bool | None = None) -> Sequence[NodeDevice]:
        """All devices, or those of some kinds, sorted by name.

        Args:
            kinds: Such as ``pci``, ``net`` or ``storage``.
            active: Only those that are there, or only those that are defined; for libvirt 7.3
                and later.

        Raises:
            CallerError: There is no such kind.
        """
        keys = await self._devices.keys(flags=_wanted(kinds, active=active))
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.name)]

    async def get(self, name: str) -> NodeDevice:
        """The device of libvirt's name.

        Raises:
            NotFound: There is none.
        """
        return self._handle(await self._devices.find_by_name(name))

    async def find(self, wwnn: str, wwpn: str) -> NodeDevice:
        """The Fibre Channel host adapter of that node's and port's world wide name.

        Raises:
            NotFound: There is none.
        """
        return self._handle(await self._devices.find_by_wwn(wwnn, wwpn))

    async def create(
        self, config: NodeDeviceConfig | str | bytes, *, validate: bool = False
    ) -> NodeDevice:
        """Make a device: a virtual Fibre Channel adapter, or a mediated device.

        Args:
            config: A configuration, such as `NodeDeviceConfig.mdev` gives, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
        """
        given = parsed(NodeDeviceConfig, config)
        return self._handle(await self._devices.create(given, validate=validate))

    async def define(
        self, config: NodeDeviceConfig | str | bytes, *, validate: bool = False
    ) -> NodeDevice:
        """Define a mediated device, without making it. Arguments as `create`."""
        given = parsed(NodeDeviceConfig, config)
        return self._handle(await self._devices.define(given, validate=validate))

    def _handle(self, key: NodeDeviceKey) -> NodeDevice:
        return NodeDevice(self._driver, key)


def _wanted(kinds: Sequence[str], *, active: bool | None) -> ConnectListAllNodeDeviceFlags:
    """libvirt's flags for kinds of devices and their state."""
    flags: type[ConnectListAllNodeDeviceFlags] = import_module(
        "aiovirt.model.constants"
    ).ConnectListAllNodeDeviceFlags
    chosen = [] if active is None else [flags.ACTIVE if active else flags.INACTIVE]
    for kind in kinds:
        name = f"CAP_{OTHER_WORDS.get(kind, kind.upper())}"
        if name not in flags.__members__:
            raise CallerError(f"{kind!r} is no kind of device", hint="such as pci, net, storage")
        chosen.append(flags[name])
    return reduce(or_, chosen, flags(0))
