"""Devices of machines: plugging them in, pulling them out, changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import Device, Interface, View
from aiovirt.drivers.common.devices import check_one_configuration, device_of
from aiovirt.drivers.esx.cabling import cable_to
from aiovirt.drivers.esx.devices import devices_of
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import OFF
from aiovirt.drivers.esx.plugging import Plan
from aiovirt.drivers.esx.redefining import reconfigure
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import Devices, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainDeviceModifyFlags

__all__ = ["EsxDevices"]

_FORCE = 0x4


class EsxDevices(EsxAbility, Devices):
    """See `Devices`: a machine has one configuration, so that a change holds at once and stays.

    What the guest's hardware cannot do while it runs, the server refuses in words of its own.
    """

    async def attach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.attach_device`: disks, drives, network cards, serial ports, controllers.

        A disk's file is there before; a controller that it needs is added with it.
        """
        refuse_flags(DRIVER, "attach_device", flags)
        await self._change(domain, device, "attach", live=live, config=config)

    async def detach_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.detach_device`: files of disks stay."""
        refuse_flags(DRIVER, "detach_device", flags)
        await self._change(domain, device, "detach", live=live, config=config)

    async def update_device(
        self,
        domain: DomainKey,
        device: View | str,
        *,
        live: bool = False,
        config: bool = False,
        flags: DomainDeviceModifyFlags | Literal[0] = 0,
    ) -> None:
        """See `Devices.update_device`: media of CD-ROM drives, networks and cables of cards.

        A drive that the guest has locked asks a question; `auto_answer` of the URI answers it.
        """
        refuse_flags(DRIVER, "update_device", flags, _FORCE)
        await self._change(domain, device, "update", live=live, config=config)

    async def _change(
        self,
        domain: DomainKey,
        device: View | str,
        verb: Literal["attach", "detach", "update"],
        *,
        live: bool,
        config: bool,
    ) -> None:
        wanted = device_of(device, "vmware")
        async with self.session.changing(domain) as machine:
            active = machine.power != OFF
            check_one_configuration(DRIVER, machine.name, active=active, live=live, config=config)
            card = wanted if isinstance(wanted, Interface) and verb != "detach" else None
            cable = await cable_to(self.session, machine, card)
            plan = Plan(machine.name, await devices_of(self.session, machine), cable)
            {"attach": plan.attach, "detach": plan.detach, "update": plan.update}[verb](wanted)
            spec = VirtualMachineConfigSpec(device_change=tuple(plan.changes))
            what = f"{verb} {_called(wanted)} of domain {machine.name!r}"
            await reconfigure(self.session, machine, spec, what=what)


def _called(device: Device) -> str:
    return f"the {device.kind}"
