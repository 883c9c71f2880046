"""Plugging devices in, pulling them out, changing them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import Device, DomainConfig, View
from aiovirt.drivers.common.devices import (
    add_device,
    check_new,
    device_of,
    find_alias,
    find_device,
    remove_device,
    replace_device,
)
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.binaries import BinaryCapabilities
from aiovirt.drivers.qemu.devices import complete, drop_live
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.emulators import binary_of
from aiovirt.drivers.qemu.engine.impact import (
    CONFIG,
    LIVE,
    Meant,
    change_live,
    meant,
    redefine,
)
from aiovirt.drivers.qemu.engine.plugging import plug, unplug
from aiovirt.drivers.qemu.engine.updating import updated
from aiovirt.interfaces import Devices, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainDeviceModifyFlags

__all__ = ["QemuDevices"]

FORCE: Final = 0x4
"""Of `DomainDeviceModifyFlags`."""


class QemuDevices(QemuAbility, Devices):
    """The face of `engine.plugging` and `engine.updating`."""

    @asynccontextmanager
    async def _changing(
        self, domain: DomainKey, name: str, flags: int
    ) -> AsyncIterator[tuple[ManagedDomain, Meant]]:
        """Hold off other changes of a domain; tells what of it is meant."""
        refuse_flags(self.driver_name, name, flags, LIVE | CONFIG | FORCE)
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            yield managed, meant(managed, flags & (LIVE | CONFIG))

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
        given = device_of(device)
        flags = flag_set("DomainDeviceModifyFlags", flags, live=live, config=config)
        async with self._changing(domain, "attach_device", flags) as (managed, what):
            binary = await binary_of(self._engine, managed.config())
            add = partial(_added, given, binary)
            if what.definition is not None:
                add(what.definition.copy())
            if what.live is not None:
                check_new(what.live.config, given)
                await plug(self._engine, managed, what.live, given, binary)
            if what.definition is not None:
                await redefine(self._engine, managed, add)

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
        find = partial(find_device, wanted=device_of(device))
        flags = flag_set("DomainDeviceModifyFlags", flags, live=live, config=config)
        await self._detach(domain, "detach_device", find, flags, wait=True)

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
        find = partial(find_alias, alias=alias)
        flags = flag_set("DomainDeviceModifyFlags", flags, live=live, config=config)
        await self._detach(domain, "detach_device_alias", find, flags, wait=False)

    async def _detach(
        self,
        domain: DomainKey,
        name: str,
        find: Callable[[DomainConfig], Device],
        flags: int,
        *,
        wait: bool,
    ) -> None:
        async with self._changing(domain, name, flags) as (managed, what):
            if what.definition is not None:
                find(what.definition)
            if what.live is not None:
                device, late = find(what.live.config), self._engine.settings.late_detach
                await unplug(self._engine, managed, what.live, device, wait=wait, late=late)
            if what.definition is not None:
                await redefine(
                    self._engine, managed, lambda changed: remove_device(changed, find(changed))
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
        given = device_of(device)
        flags = flag_set("DomainDeviceModifyFlags", flags, live=live, config=config)
        async with self._changing(domain, "update_device", flags) as (managed, what):
            if what.definition is not None:
                find_device(what.definition, given)
            if what.live is not None:
                old = find_device(what.live.config, given)
                new = await updated(
                    self._engine, managed, what.live, old, given, force=bool(flags & FORCE)
                )
                change = partial(_swapped, given, new)
                await change_live(self._engine, managed, what.live, change)
            if what.definition is not None:
                binary = await binary_of(self._engine, what.definition)
                await redefine(self._engine, managed, partial(_replaced, given, binary))


def _added(device: Device, binary: BinaryCapabilities, config: DomainConfig) -> None:
    check_new(config, device)
    add_device(config, device)
    drop_live(config)
    complete(config, binary)


def _swapped(given: Device, new: Device, config: DomainConfig) -> None:
    replace_device(config, find_device(config, given), new)


def _replaced(device: Device, binary: BinaryCapabilities, config: DomainConfig) -> None:
    old = find_device(config, device)
    replace_device(config, old, device)
    drop_live(config)
    complete(config, binary)
