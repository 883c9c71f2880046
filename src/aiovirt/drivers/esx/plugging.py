"""Devices of domain XML as the server is told them: to be added, changed and taken away.

It asks nobody.  What a machine has already is given; numbers below 0 stand for devices that are
not there yet, as the API has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from aiovirt.config import Controller, Device, Disk, Interface, Serial
from aiovirt.drivers.common.devices import missing
from aiovirt.drivers.common.vmx.cards import network_of
from aiovirt.drivers.common.vmx.disk_writing import placed
from aiovirt.drivers.common.vmx.places import Place
from aiovirt.drivers.common.vmx.section import uuid_text
from aiovirt.drivers.esx.devices import BUSES, drives_in, of_kind, place_in
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.errors import AlreadyExists, ConfigError, Unsupported
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.enums import (
    VirtualDeviceConfigSpecOperation as Operation,
)
from aiovirt.protocols.vsphere.tables.enums import VirtualSCSISharing
from aiovirt.protocols.vsphere.tables.networks import DistributedVirtualSwitchPortConnection

__all__ = ["Cable", "Plan", "file_in"]

K = TypeVar("K")
V = TypeVar("V")

Cable = Callable[[str], d.VirtualDeviceBackingInfo]
"""Gives the connection to a network of a name."""

_CARDS: Final[Mapping[str, type[d.VirtualEthernetCard]]] = {
    "e1000": d.VirtualE1000,
    "e1000e": d.VirtualE1000e,
    "vlance": d.VirtualPCNet32,
    "vmxnet": d.VirtualVmxnet,
    "vmxnet2": d.VirtualVmxnet2,
    "vmxnet3": d.VirtualVmxnet3,
}
_NEWEST_CARD: Final = "vmxnet3"

_SCSI: Final[Mapping[str, type[d.VirtualSCSIController]]] = {
    "buslogic": d.VirtualBusLogicController,
    "lsilogic": d.VirtualLsiLogicController,
    "lsisas1068": d.VirtualLsiLogicSASController,
    "vmpvscsi": d.ParaVirtualSCSIController,
}
_NEWEST: Final = 99
"""The version of hardware that has every place: the server knows which ones a machine has not."""

_SCHEMES: Final = {None: "tcp", "raw": "tcp", "telnet": "telnet", "telnets": "telnets"}
_CONTROLLERS: Final = ("scsi", "sata", "nvme")
"""The buses whose controllers can be added; the others are in every machine."""


def _choose(what: str, word: K, table: Mapping[K, V]) -> V:
    """What a table says of a word.

    Raises:
        ConfigError: It does not say anything of it.
    """
    if word not in table:
        known = ", ".join(map(repr, table))
        raise ConfigError(f"{what} cannot be {word!r}", field=what, hint=f"it is one of {known}")
    return table[word]


class Plan:
    """What is to be changed of a machine's devices, in one step.

    Args:
        name: The machine's name, for messages.
        devices: What it has.
        cable: Gives connections to networks.

    Attributes:
        changes: What the server is to be told.
    """

    def __init__(self, name: str, devices: Sequence[d.VirtualDevice], cable: Cable) -> None:
        self._name = name
        self._devices = {each.key: each for each in devices}
        self._cable = cable
        self.changes: list[d.VirtualDeviceConfigSpec] = []

    # --- the three verbs ------------------------------------------------------------------------

    def attach(self, device: Device) -> None:
        """Add a device.

        Raises:
            ConfigError: Something of it is wrong.
            AlreadyExists: Its place is taken.
            Unsupported: VMware has no such device, or none that can be added so.
        """
        made = _choose("device", device.kind, _MAKERS)(self, device)
        self._change(Operation.ADD, made)

    def detach(self, device: Device) -> None:
        """Take a device away; files of disks stay.

        Raises:
            NotFound: There is none like this.
        """
        self._change(Operation.REMOVE, self._find(device))

    def update(self, device: Device) -> None:
        """Change the device that is meant: a medium, a network, a cable.

        Raises:
            NotFound: There is none like this.
            Unsupported: Nothing of such a device can be changed.
        """
        found = self._find(device)
        for kind, edit in _EDITORS.items():
            if isinstance(found, kind):
                self._change(Operation.EDIT, edit(self, found, device))
                return
        raise Unsupported(
            DRIVER, f"changing a {device.kind}", "detach it, and attach the one that it shall be"
        )

    def _change(self, operation: Operation, device: d.VirtualDevice) -> None:
        self.changes.append(d.VirtualDeviceConfigSpec(operation=operation, device=device))

    def _new_key(self) -> int:
        return -1 - len(self.changes)

    # --- finding --------------------------------------------------------------------------------

    def _find(self, device: Device) -> d.VirtualDevice:
        found = _choose("device", device.kind, _FINDERS)(self, device)
        if found is None:
            raise missing(f"domain {self._name!r} has no {device.kind} like this")
        return found

    def find_drive(self, disk: Disk) -> d.VirtualDevice | None:
        """The drive of a target, else that of a file."""
        drives = drives_in(self._devices.values())
        if disk.target.dev:
            return drives.get(disk.target.dev)
        path = _file_of(disk)
        return next((each for each in drives.values() if path and file_in(each) == path), None)

    def find_card(self, card: Interface) -> d.VirtualEthernetCard | None:
        """The card of an address; the only one there is where none is told."""
        cards = of_kind(self._devices.values(), d.VirtualEthernetCard)
        if card.mac is None:
            return cards[0] if len(cards) == 1 else None
        wanted = str(card.mac)
        return next((each for each in cards if (each.mac_address or "").lower() == wanted), None)

    def find_port(self, serial: Serial) -> d.VirtualSerialPort | None:
        """The serial port of a number; the only one there is where none is told."""
        ports = of_kind(self._devices.values(), d.VirtualSerialPort)
        number = serial.target.port
        if number is None:
            return ports[0] if len(ports) == 1 else None
        return ports[number] if number < len(ports) else None

    def find_controller(self, controller: Controller) -> d.VirtualController | None:
        """The controller of a kind and a number."""
        return self._controller_at(controller.type or "", controller.index or 0)

    def _controller_at(self, bus: str, number: int) -> d.VirtualController | None:
        kinds = tuple(kind for kind, word in BUSES.items() if word == bus)
        for each in of_kind(self._devices.values(), d.VirtualController):
            if isinstance(each, kinds) and each.bus_number == number:
                return each
        return None

    # --- making ---------------------------------------------------------------------------------

    def make_drive(self, disk: Disk) -> d.VirtualDevice:
        """A disk that is there already, or a drive with its medium."""
        kind = disk.device or "disk"
        make = _choose("disk/@device", kind, _DRIVES)
        place = placed(disk, _NEWEST)
        taken = {place_in(self._devices, each) for each in self._devices.values()}
        if place in taken:
            raise AlreadyExists(f"domain {self._name!r} has a disk {disk.target.dev!r} already")
        return make(self, disk, self._hang(place), place.unit)

    def _hang(self, place: Place) -> int:
        """The key of the controller of a place; one is added where there is none."""
        found = self._controller_at(place.bus, place.controller)
        if found is not None:
            return found.key
        if place.bus not in _CONTROLLERS:
            raise Unsupported(
                DRIVER, f"attaching to {place.bus}", f"domain {self._name!r} has no such controller"
            )
        others = of_kind(self._devices.values(), d.VirtualSCSIController)
        model = type(others[0]) if others else d.VirtualLsiLogicController
        return self._add_controller(place.bus, place.controller, model)

    def _add_controller(self, bus: str, number: int, model: type[d.VirtualSCSIController]) -> int:
        made = _controller(self._new_key(), bus, number, model)
        self._devices[made.key] = made
        self._change(Operation.ADD, made)
        return made.key

    def make_disk(self, disk: Disk, controller: int, unit: int) -> d.VirtualDisk:
        """A disk whose file is there."""
        path = _file_of(disk)
        if path is None or not path.lower().endswith(".vmdk"):
            raise ConfigError(
                f"the disk {disk.target.dev!r} is not in a .vmdk file of a datastore",
                field="source",
                hint="create one: aiovirt vol-create-as DATASTORE FOLDER/NAME.vmdk SIZE; then "
                "<source file='[DATASTORE] FOLDER/NAME.vmdk'/>",
            )
        backing = d.VirtualDiskFlatVer2BackingInfo(
            file_name=path,
            disk_mode="independent_nonpersistent" if disk.transient else "persistent",
            write_through=True if disk.driver.cache == "writethrough" else None,
            sharing="sharingMultiWriter" if disk.shareable else None,
        )
        return d.VirtualDisk(
            key=self._new_key(),
            backing=backing,
            controller_key=controller,
            unit_number=unit,
            capacity_in_kb=0,  # that of the file counts
        )

    def make_cdrom(self, disk: Disk, controller: int, unit: int) -> d.VirtualCdrom:
        """A CD-ROM drive, with a medium or without."""
        return d.VirtualCdrom(
            key=self._new_key(),
            backing=_medium(disk),
            connectable=_connected(there=_has_medium(disk)),
            controller_key=controller,
            unit_number=unit,
        )

    def make_lun(self, disk: Disk, controller: int, unit: int) -> d.VirtualDisk:
        """A device of the host as a disk; nothing tells whether it is whose data is wanted."""
        del controller, unit
        raise Unsupported(
            DRIVER,
            f"attaching the host's device {disk.source.dev!r}",
            "map it with VMware's own tools: what is mapped wrongly is overwritten",
        )

    def make_card(self, card: Interface) -> d.VirtualEthernetCard:
        """A network card."""
        kind = _choose("interface/model/@type", card.model or _NEWEST_CARD, _CARDS)
        if card.mac is not None and self.find_card(card) is not None:
            raise AlreadyExists(f"domain {self._name!r} has an interface {card.mac} already")
        backing = self._plugged(card)
        if backing is None:
            raise ConfigError(
                "the interface names no port group",
                field="source",
                hint="<interface type='bridge'><source bridge='VM Network'/>…",
            )
        return kind(
            key=self._new_key(),
            backing=backing,
            connectable=_connected(there=card.link != "down", start=True),
            address_type="generated" if card.mac is None else "manual",
            mac_address=None if card.mac is None else str(card.mac),
        )

    def make_port(self, serial: Serial) -> d.VirtualSerialPort:
        """A serial port."""
        make = _choose("serial/@type", serial.type or "", _PORTS)
        return d.VirtualSerialPort(
            key=self._new_key(), backing=make(serial), connectable=_connected(), yield_on_poll=True
        )

    def make_controller(self, controller: Controller) -> d.VirtualController:
        """A controller of SCSI, SATA or NVMe, or of USB."""
        bus, number = controller.type or "", controller.index or 0
        if bus == "usb":
            return d.VirtualUSBXHCIController(key=self._new_key(), bus_number=0)
        _choose("controller/@type", bus, dict.fromkeys((*_CONTROLLERS, "usb")))
        if self._controller_at(bus, number) is not None:
            raise AlreadyExists(f"domain {self._name!r} has a {bus} controller {number} already")
        model = _choose("controller/@model", controller.model or "lsilogic", _SCSI)
        return _controller(self._new_key(), bus, number, model)

    # --- changing -------------------------------------------------------------------------------

    def edit_cdrom(self, cdrom: d.VirtualCdrom, disk: Disk) -> d.VirtualCdrom:
        """Another medium, or none."""
        there = _has_medium(disk)
        return replace(cdrom, backing=_medium(disk), connectable=_connected(there=there))

    def edit_card(self, found: d.VirtualEthernetCard, card: Interface) -> d.VirtualEthernetCard:
        """Another network, or the cable pulled or put in."""
        kept = found.connectable
        start = kept.start_connected if kept is not None else True
        return replace(
            found,
            backing=self._plugged(card) or found.backing,
            connectable=_connected(there=card.link != "down", start=start),
        )

    def _plugged(self, card: Interface) -> d.VirtualDeviceBackingInfo | None:
        """What a card is to be connected to; None where that is not said."""
        if card.type == "vds":
            return _port_of(card)
        name = network_of(card)
        return None if name is None else self._cable(name)


# --- pieces ---------------------------------------------------------------------------------------


def _controller(
    key: int, bus: str, number: int, model: type[d.VirtualSCSIController]
) -> d.VirtualController:
    if bus == "scsi":
        return model(key=key, bus_number=number, shared_bus=VirtualSCSISharing.NO_SHARING)
    kind = d.VirtualAHCIController if bus == "sata" else d.VirtualNVMEController
    return kind(key=key, bus_number=number)


def file_in(device: d.VirtualDevice) -> str | None:
    """The file that a drive is in, as the server names it: ``[datastore] folder/file``."""
    backing = device.backing
    return backing.file_name if isinstance(backing, d.VirtualDeviceFileBackingInfo) else None


def _file_of(disk: Disk) -> str | None:
    source = disk.source
    if source.pool and source.volume:
        return f"[{source.pool}] {source.volume}"
    return source.file or None


def _has_medium(disk: Disk) -> bool:
    return bool(_file_of(disk) or disk.source.dev)


def _medium(disk: Disk) -> d.VirtualDeviceBackingInfo:
    path = _file_of(disk)
    if path:
        return d.VirtualCdromIsoBackingInfo(file_name=path)
    if disk.source.dev:
        return d.VirtualCdromAtapiBackingInfo(device_name=disk.source.dev)
    # An empty drive is one of a client that has put nothing in, as VMware's own programs have it.
    return d.VirtualCdromRemotePassthroughBackingInfo(device_name="", exclusive=False)


def _connected(*, there: bool = True, start: bool | None = None) -> d.VirtualDeviceConnectInfo:
    return d.VirtualDeviceConnectInfo(
        start_connected=there if start is None else start, allow_guest_control=True, connected=there
    )


def _port_of(card: Interface) -> d.VirtualDeviceBackingInfo:
    source = card.source
    port = DistributedVirtualSwitchPortConnection(
        switch_uuid=uuid_text(source.switchid) if source.switchid is not None else "",
        portgroup_key=source.portgroupid,
    )
    return d.VirtualEthernetCardDistributedVirtualPortBackingInfo(port=port)


def _port_file(serial: Serial) -> d.VirtualDeviceBackingInfo:
    return d.VirtualSerialPortFileBackingInfo(file_name=serial.source.path or "")


def _port_device(serial: Serial) -> d.VirtualDeviceBackingInfo:
    return d.VirtualSerialPortDeviceBackingInfo(device_name=serial.source.path or "")


def _port_pipe(serial: Serial) -> d.VirtualDeviceBackingInfo:
    return d.VirtualSerialPortPipeBackingInfo(
        pipe_name=serial.source.path or "", endpoint="client", no_rx_loss=False
    )


def _port_network(serial: Serial) -> d.VirtualDeviceBackingInfo:
    source = serial.source
    scheme = _choose("serial/protocol/@type", serial.protocol, _SCHEMES)
    host = source.host or ""
    return d.VirtualSerialPortURIBackingInfo(
        service_uri=f"{scheme}://{f'[{host}]' if ':' in host else host}:{source.service or ''}",
        direction="client" if source.mode == "connect" else "server",
    )


_PORTS: Final[Mapping[str, Callable[[Serial], d.VirtualDeviceBackingInfo]]] = {
    "file": _port_file,
    "dev": _port_device,
    "pipe": _port_pipe,
    "tcp": _port_network,
}
_DRIVES: Final[Mapping[str, Callable[[Plan, Disk, int, int], d.VirtualDevice]]] = {
    "disk": Plan.make_disk,
    "cdrom": Plan.make_cdrom,
    "lun": Plan.make_lun,
}
_MAKERS: Final[Mapping[str, Callable[[Plan, Any], d.VirtualDevice]]] = {
    "disk": Plan.make_drive,
    "interface": Plan.make_card,
    "serial": Plan.make_port,
    "controller": Plan.make_controller,
}
_FINDERS: Final[Mapping[str, Callable[[Plan, Any], d.VirtualDevice | None]]] = {
    "disk": Plan.find_drive,
    "interface": Plan.find_card,
    "serial": Plan.find_port,
    "controller": Plan.find_controller,
}
_EDITORS: Final[Mapping[type[d.VirtualDevice], Callable[[Plan, Any, Any], d.VirtualDevice]]] = {
    d.VirtualCdrom: Plan.edit_cdrom,
    d.VirtualEthernetCard: Plan.edit_card,
}
