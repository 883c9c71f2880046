"""Plugging devices of domains of the host in memory in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from aiovirt.config import Device, Disk, DomainConfig, Interface, View
from aiovirt.drivers.test.domains import devicetree
from aiovirt.drivers.test.domains.base import DomainAbility, meant_all
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.images import source_of
from aiovirt.drivers.test.domains.living import alias_of, give_tap, name_devices
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.errors import Unsupported
from aiovirt.interfaces import Devices
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import DeviceAddedEvent, DeviceRemovedEvent, TrayChangeEvent
from aiovirt.model.flags import flag_set

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainDeviceModifyFlags

__all__ = ["TestDevices"]

Change = Callable[[DomainConfig], str]
"""Changes a configuration, and tells the name of the device."""


class TestDevices(DomainAbility, Devices):
    """Guests let devices go at once."""

    __test__ = False

    async def attach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.attach_device`."""
        machine = self.get(domain)
        alias = self._change(
            machine,
            lambda each: _add(each, device),
            flag_set("DomainDeviceModifyFlags", flags, live=live, config=config),
        )
        self._tell(DeviceAddedEvent, machine, alias)

    async def detach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.detach_device`."""
        self._detach(
            self.get(domain),
            lambda each: devicetree.find(each, devicetree.parsed(each, device)),
            flag_set("DomainDeviceModifyFlags", flags, live=live, config=config),
        )

    async def detach_device_alias(
        self,
        domain: DomainKey,
        alias: str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.detach_device_alias`."""
        self._detach(
            self.get(domain),
            lambda each: devicetree.find_alias(each, alias),
            flag_set("DomainDeviceModifyFlags", flags, live=live, config=config),
        )

    async def update_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.update_device`."""
        machine = self.get(domain)
        trays: list[str] = []
        self._change(
            machine,
            lambda each: _update(each, devicetree.parsed(each, device), trays),
            flag_set("DomainDeviceModifyFlags", flags, live=live, config=config),
        )
        for alias in trays:
            for opened in (True, False):
                self.world.publish(
                    TrayChangeEvent(
                        time=self.world.now(), domain=machine.key, alias=alias, opened=opened
                    )
                )

    def _detach(self, machine: Machine, find: Callable[[DomainConfig], Device], flags: int) -> None:
        def take_out(config: DomainConfig) -> str:
            device = find(config)
            alias = alias_of(config, device)
            devicetree.remove(config, device)
            return alias

        self._tell(DeviceRemovedEvent, machine, self._change(machine, take_out, flags))

    def _tell(
        self,
        kind: type[DeviceAddedEvent | DeviceRemovedEvent],
        machine: Machine,
        alias: str | None,
    ) -> None:
        if alias is not None:
            self.world.publish(kind(time=self.world.now(), domain=machine.key, alias=alias))

    def _change(self, machine: Machine, change: Change, flags: int) -> str | None:
        """Change all configurations that are meant, or none; the device's name if it is live."""
        changed = []
        for config in meant_all(machine, flags):
            new = config.copy()
            changed.append((config, new, change(new)))
        found = None
        for old, new, alias in changed:
            if machine.live is not None and machine.live.config is old:
                found = alias
                _settle_live(new, [each.live.config for each in self.domains if each.live])
                machine.live.config = new
            else:
                machine.definition = new
        return found


def _settle_live(config: DomainConfig, others: list[DomainConfig]) -> None:
    if is_real(config):
        name_devices(config)
        taken = {card.target_dev for each in others for card in each.interfaces}
        for card in config.interfaces:
            give_tap(card, taken)


def _add(config: DomainConfig, device: View | str) -> str:
    added = devicetree.add(config, devicetree.parsed(config, device))
    return alias_of(config, added)


def _update(config: DomainConfig, new: Device, trays: list[str]) -> str:
    old = devicetree.find(config, new)
    alias = alias_of(config, old)
    if isinstance(old, Disk) and isinstance(new, Disk) and source_of(old) != source_of(new):
        if old.device not in {"cdrom", "floppy"} and config.id is not None:
            raise Unsupported("TEST", f"another source for the disk {old.target.dev!r}, which runs")
        if config.id is not None:
            trays.append(alias)
    if isinstance(old, Interface) and isinstance(new, Interface):
        new.mac = new.mac or old.mac
        new.target_dev = new.target_dev or old.target_dev
    devicetree.replace(config, old, new)
    return alias
