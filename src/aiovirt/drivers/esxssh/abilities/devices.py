"""Devices of machines: plugging them in, pulling them out, changing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from aiovirt.config import Device, Disk, Interface, View
from aiovirt.drivers.common.devices import check_one_configuration, device_of
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx
from aiovirt.drivers.common.vmx.cards import network_of
from aiovirt.drivers.common.vmx.plugging import plug, replug, unplug
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.describing import Descriptions
from aiovirt.drivers.esxssh.inventory import ON, Machine
from aiovirt.drivers.esxssh.plugging import RunningMachine, by_the_api
from aiovirt.drivers.esxssh.rewriting import check_off, rewrite
from aiovirt.errors import NotFound
from aiovirt.interfaces import Devices, refuse_flags
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainDeviceModifyFlags

__all__ = ["EsxDevices"]

_Verb: TypeAlias = Literal["attach", "detach", "update"]

_CHANGES: Final[Mapping[_Verb, Callable[[Vmx, DatastoreFiles, Device], Vmx]]] = {
    "attach": plug,
    "detach": unplug,
    "update": replug,
}
_NEW_DISK: Final = "make it first: aiovirt vol-create-as DATASTORE FOLDER/NAME.vmdk SIZE"
_NEW_MEDIUM: Final = "aiovirt vol-list --pool DATASTORE shows what is there"


class EsxDevices(EsxAbility, Devices):
    """See `Devices`: of a machine that is off in its file, of one that runs by the host's commands.

    A machine has one configuration, and the host keeps disks that come and go while it runs. What
    is connected or not while it runs, is so until it stops.
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
        """See `Devices.attach_device`: what a ``.vmx`` file has a word for; its file is there.

        While a machine runs: disks at SCSI controllers that it has.

        Raises:
            NotFound: A disk's file, or a card's port group, is not there.
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
        """See `Devices.detach_device`: files of disks stay. While a machine runs: SCSI disks."""
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
        """See `Devices.update_device`.

        While a machine runs: whether the medium that is in a drive, or a card, is connected; and
        that until it stops.
        """
        refuse_flags(DRIVER, "update_device", flags)
        await self._change(domain, device, "update", live=live, config=config)

    async def _change(
        self, domain: DomainKey, device: View | str, verb: _Verb, *, live: bool, config: bool
    ) -> None:
        wanted = _understood(device_of(device, "vmware"))
        async with self.context.changing(domain) as machine:
            name, active = machine.key.name, machine.active
            check_one_configuration(DRIVER, name, active=active, live=live, config=config)
            if machine.power == ON:
                if verb == "update" and config:
                    raise by_the_api(self.context, "keeping what is connected")
                await self._plug(machine, verb, wanted)
                return
            check_off(self.context, machine, "changed")
            if verb != "detach":
                await self._check_there(wanted)
            await rewrite(self.context, machine, partial(_apply, verb, wanted))

    async def _plug(self, machine: Machine, verb: _Verb, wanted: Device) -> None:
        config = await Descriptions(self.host, self.context.datastores).config(machine)
        running = RunningMachine(self.context, machine, config)
        if verb == "attach":
            await self._check_there(wanted)
        await {
            "attach": running.attach,
            "detach": running.detach,
            "update": running.update,
        }[verb](wanted)

    async def _check_there(self, wanted: Device) -> None:
        """See that the host has what a device names.

        Raises:
            NotFound: It has not.
        """
        if isinstance(wanted, Disk) and wanted.source.file:
            files = Descriptions(self.host, self.context.datastores).files
            disk = wanted.device in {None, "disk"}
            await files.check_there(wanted.source.file, _NEW_DISK if disk else _NEW_MEDIUM)
        if isinstance(wanted, Interface) and wanted.type == "bridge" and wanted.source.bridge:
            await self._check_group(wanted.source.bridge)

    async def _check_group(self, name: str) -> None:
        words = ("network", "vswitch", "standard", "portgroup", "list")
        groups = {each["Name"] for each in await self.host.table(*words, what="list its networks")}
        if name not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise NotFound(
                f"{self.host.where} has no port group {name!r}", hint=f"there are: {known}"
            )


def _apply(verb: _Verb, device: Device, vmx: Vmx, files: DatastoreFiles) -> Vmx:
    return _CHANGES[verb](vmx, files, device)


def _understood(device: Device) -> Device:
    """A device as ``.vmx`` files know it: volumes are files, networks are port groups."""
    if isinstance(device, Disk):
        source = device.source
        path = source.file or source.dev
        if source.pool and source.volume:
            path = f"[{source.pool}] {source.volume}"
        if path is not None and path.startswith("["):
            device.type, device.source = "file", None
            device.source.file = path
    if isinstance(device, Interface) and device.type == "network":
        name = network_of(device)
        device.type, device.source = "bridge", None
        device.source.bridge = name
    return device
