"""A domain's devices: plugging in, pulling out, changing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiovirt.interfaces import Devices
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.objects._handle import Handle

if TYPE_CHECKING:
    from aiovirt.config import View

__all__ = ["DomainDevices"]


class DomainDevices(Handle[DomainKey]):
    """The part of `Domain` that changes its devices.

    With neither `live` nor `config` it is the running instance of a domain that runs, and else
    the definition.  Every verb raises `ConfigError` for a device that is wrong.
    """

    async def attach(self, device: View | str, *, live: bool = False, config: bool = False) -> None:
        """Plug a device in; returns when the hypervisor has it.

            await vm.attach(Disk.file("data.qcow2", target="vdb"), live=True, config=True)

        Args:
            device: The device, or its XML.
            live: The running instance.
            config: The definition: from the next start on.
        """
        await self._devices.attach_device(self.key, device, live=live, config=config)

    async def detach(self, device: View | str, *, live: bool = False, config: bool = False) -> None:
        """Pull a device out: the one that looks like this; returns when it is gone.

        Args:
            device: The device, or its XML, or as much of it as tells it from others.
            live: The running instance.
            config: The definition.

        Raises:
            Busy: The guest did not let it go in time; it may still, which `DeviceRemovedEvent`
                tells. A libvirt daemon returns without an error then.
            InvalidState: The guest keeps it.

        Cancellation: the guest was asked, and may let it go later.
        """
        await self._devices.detach_device(self.key, device, live=live, config=config)

    async def detach_alias(self, alias: str, *, live: bool = False, config: bool = False) -> None:
        """Ask the guest to let a device go; returns when it was asked.

        Args:
            alias: The device's alias, such as ``ua-data``.
            live: The running instance.
            config: The definition.
        """
        await self._devices.detach_device_alias(self.key, alias, live=live, config=config)

    async def update_device(
        self,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        force: bool = False,
    ) -> None:
        """Change what can be changed of a device: a medium, a link, the password of a display.

        Args:
            device: The device as it shall be, or its XML.
            live: The running instance.
            config: The definition.
            force: Open the tray of a drive that the guest has locked.
        """
        flags = flag_set("DomainDeviceModifyFlags", 0, force=force)
        await self._devices.update_device(self.key, device, live=live, config=config, flags=flags)

    @property
    def _devices(self) -> Devices:
        return self._driver.ability(Devices)
