"""Devices of a machine that runs, by the few commands that the host has for that.

Disks come and go at SCSI controllers that are there, what is in a drive is connected or not, and so
are network cards.  All else takes the web API, or a machine that is off.
"""

from __future__ import annotations

from typing import Final, NoReturn

from aiovirt.config import Device, Disk, DomainConfig, Interface
from aiovirt.drivers.common.devices import find_device
from aiovirt.drivers.common.vmx.cards import network_of
from aiovirt.drivers.common.vmx.disk_writing import placed
from aiovirt.drivers.common.vmx.places import Place
from aiovirt.drivers.esxssh.context import DRIVER, Context
from aiovirt.drivers.esxssh.failures import refusal
from aiovirt.drivers.esxssh.hardware import Hardware, LiveDevice, hardware_of
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.drivers.esxssh.link import CHANGE_S, Output
from aiovirt.errors import AlreadyExists, Busy, Unresponsive, Unsupported
from aiovirt.protocols.esxcli import DatastorePath, command_line

__all__ = ["RunningMachine", "by_the_api", "shown_as_it_runs", "web_api"]

_NEWEST: Final = 99
"""The version of hardware that has every place: the host knows which ones a machine has not."""

_UNITS: Final = 16
"""Units of a SCSI controller that the commands count, of which the 7th is its own."""

_REMOVABLE: Final = frozenset({"cdrom", "floppy"})


def by_the_api(context: Context, operation: str) -> Unsupported:
    """The error for what the host's own commands cannot do while a machine runs."""
    what = f"{operation} while the domain runs"
    error = Unsupported(DRIVER, what, "the host's shell has no command for it")
    error.hint = f"stop the domain first, or use the host's web API: {web_api(context)}"
    return error


def web_api(context: Context) -> str:
    """The URI by which the same host is driven by its web API, which can do more."""
    host = context.uri.host or "HOST"
    return f"esx://[{host}]/" if ":" in host else f"esx://{host}/"


def shown_as_it_runs(config: DomainConfig, hardware: Hardware) -> None:
    """Say of drives and cards what is so now: what is not connected is not there."""
    for disk in config.disks:
        live = hardware.drives.get(placed(disk, _NEWEST))
        if disk.device in _REMOVABLE and live is not None and live.connected is False:
            disk.source = None
    for card in config.interfaces:
        live = hardware.cards.get(str(card.mac))
        if live is not None and live.connected is not None:
            card.link = None if live.connected else "down"


class RunningMachine:
    """A machine that runs, whose turn it is.

    Args:
        context: The host.
        machine: The machine.
        config: What its file says.
    """

    def __init__(self, context: Context, machine: Machine, config: DomainConfig) -> None:
        self._context = context
        self._machine = machine
        self._config = config

    # --- the three verbs ------------------------------------------------------------------------

    async def attach(self, device: Device) -> None:
        """Add a disk.

        Raises:
            Unsupported: The commands cannot add such a device, or not there.
            AlreadyExists: Its place is taken.
            AiovirtError: The host refused.
        """
        if not isinstance(device, Disk) or device.device not in {None, "disk"}:
            raise by_the_api(self._context, f"adding this {_called(device)}")
        place = self._place(device, "adding")
        if device.transient or device.shareable or device.driver.cache or device.iotune:
            raise by_the_api(self._context, "adding a disk with settings of its own")
        hardware = await self._hardware()
        if place in hardware.drives:
            raise AlreadyExists(
                f"domain {self._machine.key.name!r} has a disk {device.target.dev!r} already"
            )
        if (place.bus, place.controller) not in hardware.controllers:
            raise by_the_api(self._context, f"adding the controller of {device.target.dev!r}")
        file = await self._context.datastores.locate(DatastorePath.parse(device.source.file or ""))
        what = f"add disk {device.target.dev!r} to domain {self._machine.key.name!r}"
        seat = (str(place.controller), str(place.unit))
        output = await self._run("device.diskaddexisting", file, *seat, what=what)
        if place not in (await self._hardware()).drives:
            self._refuse(output, what)

    async def detach(self, device: Device) -> None:
        """Take a disk away; its file stays.

        Raises:
            NotFound: There is none like this.
            Unsupported: The commands cannot take such a device away.
            AiovirtError: The host refused.
        """
        found = find_device(self._config, device)
        if not isinstance(found, Disk) or found.device not in {None, "disk"}:
            raise by_the_api(self._context, f"taking away this {_called(found)}")
        place = self._place(found, "taking away")
        what = f"take disk {found.target.dev!r} from domain {self._machine.key.name!r}"
        seat = (str(place.controller), str(place.unit))
        output = await self._run("device.diskremove", *seat, "false", what=what)
        if place in (await self._hardware()).drives:
            self._refuse(output, what)

    async def update(self, device: Device) -> None:
        """Connect what is in a drive, or a card, or pull its plug.

        Raises:
            NotFound: There is none like this.
            Unsupported: Another medium or network is wanted.
            Busy: The host asks something first, such as whether to open a locked tray.
            AiovirtError: The host refused.
        """
        hardware = await self._hardware()
        if isinstance(device, Disk):
            await self._change_medium(device, hardware)
        elif isinstance(device, Interface):
            await self._change_link(device, hardware)
        else:
            raise by_the_api(self._context, f"changing this {_called(device)}")

    async def _change_medium(self, wanted: Disk, hardware: Hardware) -> None:
        found = find_device(self._config, wanted)
        assert isinstance(found, Disk)  # noqa: S101 - for the type checker
        live = hardware.drives.get(placed(found, _NEWEST))
        if found.device not in _REMOVABLE or live is None:
            raise by_the_api(self._context, f"changing this {_called(found)}")
        path = wanted.source.file or wanted.source.dev
        if path is not None and path != (live.file or found.path):
            raise by_the_api(
                self._context,
                f"putting another medium into {found.target.dev!r} than {live.file or 'none'}",
            )
        await self._connect(live, f"drive {found.target.dev!r}", there=path is not None)

    async def _change_link(self, wanted: Interface, hardware: Hardware) -> None:
        found = find_device(self._config, wanted)
        assert isinstance(found, Interface)  # noqa: S101 - for the type checker
        live = hardware.cards.get(str(found.mac))
        networks = {network_of(wanted), network_of(found)} - {None}
        if live is None or len(networks) > 1 or wanted.model not in {None, found.model}:
            raise by_the_api(self._context, f"changing more than the link of card {found.mac}")
        await self._connect(live, f"card {found.mac}", there=wanted.link != "down")

    async def _connect(self, live: LiveDevice, name: str, *, there: bool) -> None:
        if live.connected is there:
            return
        verb = "connect" if there else "disconnect"
        what = f"{verb} {name} of domain {self._machine.key.name!r}"
        word = str(there).lower()
        output = await self._run("device.connection", str(live.key), word, what=what)
        now = await self._hardware()
        states = {each.key: each.connected for each in (*now.drives.values(), *now.cards.values())}
        if states.get(live.key) is not there:
            self._refuse(output, what)

    # --- pieces ---------------------------------------------------------------------------------

    def _place(self, disk: Disk, verb: str) -> Place:
        """The place of a disk, where the commands count it."""
        place = placed(disk, _NEWEST)
        if place.bus != "scsi" or place.unit >= _UNITS:
            raise by_the_api(
                self._context, f"{verb} the disk {disk.target.dev!r} at {place.prefix}"
            )
        return place

    async def _hardware(self) -> Hardware:
        return await hardware_of(self._context.host, self._machine)

    async def _run(self, command: str, *words: str, what: str) -> Output:
        """Run a command; what counts is what the machine has then.

        Raises:
            Busy: It waits for the answer to a question of the host's.
        """
        line = command_line(["vim-cmd", f"vmsvc/{command}", str(self._machine.vmid), *words])
        try:
            return await self._context.host.link.run(line, what, bound_s=CHANGE_S)
        except Unresponsive as error:
            summary = (await self._context.inventory.get(self._machine.key)).summary
            question = summary.text("runtime.question.text")
            if question is None:
                raise
            where, number = self._context.host.where, self._machine.vmid
            raise Busy(
                f"{where} asks before it does {what}: {question}",
                hint=f"vim-cmd vmsvc/message {number} there shows and answers it",
            ) from error

    def _refuse(self, output: Output, what: str) -> NoReturn:
        raise refusal(output, f"{self._context.host.where} did not {what}")


def _called(device: Device) -> str:
    return (device.device or device.kind) if isinstance(device, Disk) else device.kind
