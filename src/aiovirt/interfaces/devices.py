"""Devices of a domain: plugging them in, pulling them out, changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import View
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainDeviceModifyFlags

__all__ = ["Devices"]


class Devices(Ability):
    """Changing the devices of a domain, one at a time.

    Each operation is about the running instance (`live`), about the definition (`config`), or
    about both; with neither it is about the instance of a domain that runs, else about the
    definition.  A device is a view, such as `Disk`, or its XML.

    Raises:
        NotFound: There is no such domain, or no such device.
        InvalidState: `live` of a domain that is off, or `config` of one that is transient.
        ConfigError: The device is wrong.
    """

    @operation
    async def attach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """Plug a device in; returns when the hypervisor has it."""
        raise NotImplementedError

    @operation
    async def detach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """Pull a device out: the one that looks like this; returns when it is gone.

        Raises:
            Busy: The guest did not let it go in time; it may still. The definition is unchanged.
                libvirt's daemons return without an error then: that it is gone is told by
                `DeviceRemovedEvent`.
            InvalidState: The guest keeps it.

        Cancellation: the guest was asked, and may let it go later.
        """
        raise NotImplementedError

    @operation
    async def update_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """Change what can be changed of a device: a medium, a link, a password of a display.

        Args:
            domain: Which domain.
            device: The device as it shall be; what cannot be changed must be as it is.
            live: Of the running instance.
            config: Of the definition.
            flags: libvirt's: `FORCE` opens the tray of a drive that the guest has locked.
        """
        raise NotImplementedError

    @operation
    async def detach_device_alias(
        self,
        domain: DomainKey,
        alias: str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """Ask the guest to let a device go, by its alias; returns when it was asked.

        That it is gone is told by `DeviceRemovedEvent`.
        """
        raise NotImplementedError
