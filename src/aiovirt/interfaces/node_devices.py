"""The host's devices, and those that can be made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import NodeDeviceKey

if TYPE_CHECKING:
    from aiovirt.config import NodeDeviceConfig
    from aiovirt.model.constants import (
        ConnectListAllNodeDeviceFlags,
        NodeDeviceCreateXMLFlags,
        NodeDeviceDefineXMLFlags,
        NodeDeviceUpdateFlags,
    )

__all__ = ["NodeDevices"]


class NodeDevices(Ability):
    """Operations on the host's devices; each raises `NotFound` for one that is not there."""

    @operation
    async def keys(
        self, *, flags: ConnectListAllNodeDeviceFlags | Literal[0] = 0
    ) -> Sequence[NodeDeviceKey]:
        """The devices that the flags choose, in the host's order; all without flags."""
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> NodeDeviceKey:
        """The device of libvirt's name, such as ``pci_0000_00_1f_2``."""
        raise NotImplementedError

    @operation
    async def find_by_wwn(self, wwnn: str, wwpn: str) -> NodeDeviceKey:
        """The Fibre Channel host adapter of that node's and port's world wide name."""
        raise NotImplementedError

    @operation
    async def config(self, device: NodeDeviceKey) -> NodeDeviceConfig:
        """What the device is."""
        raise NotImplementedError

    @operation
    async def parent(self, device: NodeDeviceKey) -> str | None:
        """The name of the device that it belongs to, or None for the host itself."""
        raise NotImplementedError

    @operation
    async def count_capabilities(self, device: NodeDeviceKey) -> int:
        """How many kinds of device it is."""
        raise NotImplementedError

    @operation
    async def capabilities(self, device: NodeDeviceKey, *, most: int = 64) -> Sequence[str]:
        """The kinds of device that it is, such as ``pci``, `most` at most."""
        raise NotImplementedError

    # --- devices that are made ------------------------------------------------------------------

    @operation
    async def create(
        self,
        config: NodeDeviceConfig,
        *,
        validate: bool = False,
        flags: NodeDeviceCreateXMLFlags | Literal[0] = 0,
    ) -> NodeDeviceKey:
        """Make a device: a virtual Fibre Channel adapter, or a mediated device.

        It is gone when it is destroyed, or the host is started anew.

        Args:
            config: What it is to be.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
        """
        raise NotImplementedError

    @operation
    async def define(
        self,
        config: NodeDeviceConfig,
        *,
        validate: bool = False,
        flags: NodeDeviceDefineXMLFlags | Literal[0] = 0,
    ) -> NodeDeviceKey:
        """Define a mediated device, without making it.

        Args:
            config: What it is to be.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, device: NodeDeviceKey) -> None:
        """Remove the definition of a mediated device."""
        raise NotImplementedError

    @operation
    async def start(self, device: NodeDeviceKey) -> None:
        """Make a device that is defined."""
        raise NotImplementedError

    @operation
    async def destroy(self, device: NodeDeviceKey) -> None:
        """Remove a device that was made.

        Raises:
            Unsupported: It is a real one.
        """
        raise NotImplementedError

    @operation
    async def update(
        self,
        device: NodeDeviceKey,
        config: NodeDeviceConfig,
        *,
        flags: NodeDeviceUpdateFlags | Literal[0] = 0,
    ) -> None:
        """Change a mediated device; since libvirt 10.1.

        Args:
            device: Which device.
            config: What it is to be.
            flags: What is changed: the device, its definition, or both.
        """
        raise NotImplementedError

    @operation
    async def autostart(self, device: NodeDeviceKey) -> bool:
        """Whether it is made when its parent appears."""
        raise NotImplementedError

    @operation
    async def set_autostart(self, device: NodeDeviceKey, *, autostart: bool) -> None:
        """Let it be made when its parent appears, or not.

        Raises:
            InvalidState: It has no definition.
        """
        raise NotImplementedError

    @operation
    async def is_active(self, device: NodeDeviceKey) -> bool:
        """Whether it is there, and not only defined."""
        raise NotImplementedError

    @operation
    async def is_persistent(self, device: NodeDeviceKey) -> bool:
        """Whether it has a definition, or is a real one."""
        raise NotImplementedError

    # --- devices for guests -----------------------------------------------------------------------

    @operation
    async def detach(self, device: NodeDeviceKey, *, driver: str | None = None) -> None:
        """Take a device from the host's driver, so that a guest can have it.

        Args:
            device: Which device, of PCI.
            driver: What holds it then, such as ``vfio``; None leaves it to the host.

        Raises:
            Busy: A guest has it.
        """
        raise NotImplementedError

    @operation
    async def reattach(self, device: NodeDeviceKey) -> None:
        """Give a device back to the host's driver.

        Raises:
            Busy: A guest has it.
        """
        raise NotImplementedError

    @operation
    async def reset(self, device: NodeDeviceKey) -> None:
        """Reset a device, so that it bears nothing of its last user's.

        Raises:
            Busy: A guest has it, or it shares its reset with a device in use.
        """
        raise NotImplementedError
