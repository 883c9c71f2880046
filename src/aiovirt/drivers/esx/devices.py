"""The devices that a machine has, and which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiovirt.drivers.common.vmx.places import Place, names_of
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.protocols.vsphere.tables import devices as d

__all__ = ["BUSES", "Drive", "cards_of", "devices_of", "drives_in", "of_kind", "place_in"]

D = TypeVar("D", bound=d.VirtualDevice)

_DEVICES: Final = "config.hardware.device"

BUSES: Final[Mapping[type[d.VirtualController], str]] = {
    d.VirtualSCSIController: "scsi",
    d.VirtualSATAController: "sata",
    d.VirtualNVMEController: "nvme",
    d.VirtualIDEController: "ide",
    d.VirtualSIOController: "fdc",
}
"""The buses that drives sit at, in libvirt's words."""

Drive = d.VirtualDisk | d.VirtualCdrom | d.VirtualFloppy
"""What domain XML has as a disk."""


async def devices_of(session: Session, machine: Machine) -> Sequence[d.VirtualDevice]:
    """All devices of a machine, asked for now.

    Raises:
        AiovirtError: The server does not tell.
    """
    what = f"tell the devices of domain {machine.name!r}"
    found = await session.get(machine.ref, _DEVICES, what=what)
    return found.get(_DEVICES) or ()


async def cards_of(session: Session, machine: Machine) -> Sequence[d.VirtualEthernetCard]:
    """The network cards of a machine.

    Raises:
        AiovirtError: As `devices_of`.
    """
    return of_kind(await devices_of(session, machine), d.VirtualEthernetCard)


def of_kind(devices: Iterable[d.VirtualDevice], kind: type[D]) -> list[D]:
    """Those of a kind, or of one that is derived from it, in the order of their keys."""
    found = [each for each in devices if isinstance(each, kind)]
    return sorted(found, key=lambda each: each.key)


def drives_in(devices: Iterable[d.VirtualDevice]) -> dict[str, Drive]:
    """Disks, CD-ROM and floppy drives, by the names of their targets in domain XML."""
    by_key = {each.key: each for each in devices}
    places: dict[Place, Drive] = {}
    for device in by_key.values():
        if isinstance(device, Drive):
            place = place_in(by_key, device)
            if place is not None:
                places[place] = device
    names = names_of(places, unique=True)
    return {names[place]: places[place] for place in sorted(places)}


def place_in(devices: Mapping[int, d.VirtualDevice], device: d.VirtualDevice) -> Place | None:
    """Where a drive sits, or None where that cannot be told.

    Args:
        devices: All of the machine's, by their keys.
        device: The drive.
    """
    controller = devices.get(device.controller_key or 0)
    bus: Any = next((word for kind, word in BUSES.items() if isinstance(controller, kind)), None)
    if bus is None or not isinstance(controller, d.VirtualController):
        return None
    return Place(bus, controller.bus_number, device.unit_number or 0)
