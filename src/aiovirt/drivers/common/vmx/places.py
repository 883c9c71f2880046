"""Where disks sit: ``scsi0:1`` of a ``.vmx`` file, and the name and address of domain XML.

libvirt counts 15 disks to a SCSI controller, 30 to one of SATA and four to IDE (vmx.c), and names
them so: ``scsi1:0`` is ``sdp``.  A disk with a unit above 15, which newer hardware has, is named as
the first of the next controller; where that is there too, one of the two gets another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from aiovirt.config import Disk, error_at
from aiovirt.drivers.common.tree import node_of
from aiovirt.model.addresses import DeviceAddress, DriveAddress

__all__ = ["BUSES", "Bus", "Place", "names_of", "place_of"]

_CONTROLLER_UNIT = 7  # a SCSI controller is itself a unit of its bus
_WIDE_SCSI = 13  # since this hardware version a SCSI controller has 64 units
_NEWEST = 99
_LIBVIRTS_SATA = 6
_LETTERS = 26
_NAME = re.compile("[a-z]{1,3}")
_PREFIX = re.compile("(scsi|sata|ide|nvme)([0-9]):([0-9]{1,2})|floppy([0-9])")
_NVME = re.compile("nvme([0-9]{1,2})n([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Bus:
    """A kind of bus.

    Attributes:
        prefix: What the names of its disks begin with.
        controllers: How many controllers of the kind, of IDE channels, a machine has.
        units: How many units each has.
        wide: How many it has on newer hardware.
        counted: How many names libvirt has for each.
        behind: The number of its first name that is no usual one of any bus, nor behind another's.
    """

    prefix: str
    controllers: int
    units: int
    wide: int
    counted: int
    behind: int


BUSES: Mapping[str, Bus] = {
    "scsi": Bus("sd", 4, 16, 65, 15, 240),
    "sata": Bus("sd", 4, 30, 30, 30, 120),
    "ide": Bus("hd", 2, 2, 2, 2, 4),
    "fdc": Bus("fd", 1, 2, 2, 2, 2),
    "nvme": Bus("nvme", 4, 64, 64, 0, 0),
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place on a bus.

    Attributes:
        bus: The word of libvirt's for it.
        controller: The controller, or the channel of IDE.
        unit: The unit there.
    """

    bus: str
    controller: int
    unit: int

    @property
    def prefix(self) -> str:
        """The prefix of its keys: ``scsi0:1``, ``floppy0``."""
        if self.bus == "fdc":
            return f"floppy{self.unit}"
        return f"{self.bus}{self.controller}:{self.unit}"

    @property
    def address(self) -> DriveAddress:
        """The address in domain XML: the channels of IDE are buses of one controller."""
        if self.bus == "ide":
            return DriveAddress(bus=self.controller, unit=self.unit)
        return DriveAddress(controller=self.controller, unit=self.unit)

    @classmethod
    def of(cls, prefix: str) -> Self | None:
        """The place that keys with a prefix are about; None where that is no place."""
        found = _PREFIX.fullmatch(prefix)
        if found is None:
            return None
        bus, controller, unit, floppy = found.groups()
        return cls("fdc", 0, int(floppy)) if floppy else cls(bus, int(controller), int(unit))

    def is_on(self, hardware: int) -> bool:
        """Whether a version of the virtual hardware has it."""
        bus = BUSES[self.bus]
        units = bus.wide if hardware >= _WIDE_SCSI else bus.units
        taken = self.bus == "scsi" and self.unit == _CONTROLLER_UNIT
        return 0 <= self.controller < bus.controllers and 0 <= self.unit < units and not taken


def names_of(places: Iterable[Place], *, unique: bool) -> dict[Place, str]:
    """A name for each place of a machine.

    Args:
        places: The places that drives sit at.
        unique: Whether no two names may be the same.  libvirt's own are not: it names the first
            disk of SCSI and that of SATA ``sda``.
    """
    found: dict[Place, str] = {}
    for place in sorted(places, key=_is_beyond):
        name = _usual_name(place)
        if unique and name in found.values():
            name = _name_behind(place)
        found[place] = name
    return found


def _is_beyond(place: Place) -> bool:
    return place.bus == "scsi" and place.unit >= BUSES["scsi"].units


def _usual_name(place: Place) -> str:
    if place.bus == "nvme":
        return f"nvme{place.controller}n{place.unit + 1}"
    bus = BUSES[place.bus]
    after = place.bus == "scsi" and place.unit > _CONTROLLER_UNIT
    return bus.prefix + _letters(place.controller * bus.counted + place.unit - after)


def _name_behind(place: Place) -> str:
    bus = BUSES[place.bus]
    return bus.prefix + _letters(bus.behind + place.controller * bus.wide + place.unit)


def _letters(index: int) -> str:
    """The letters of a number: a to z, aa, ab, …."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, _LETTERS)
        text = chr(ord("a") + rest) + text
    return text


def place_of(disk: Disk, bus: str) -> Place:
    """Where a disk of domain XML sits: by its address, else by its name.

    Raises:
        XMLError: There is no such place, or the two contradict each other.
    """
    dev = disk.target.dev or ""
    address = disk.address
    place = _named(dev, bus) if address is None else _addressed(address, dev, bus)
    if place is None or not place.is_on(_NEWEST):
        where = "" if address is None else f" with the address {address}"
        raise error_at(
            node_of(disk),
            f"there is no place for {dev!r}{where} at {bus}",
            hint=f"Leave the address out, and name it {_usual_name(Place(bus, 0, 0))!r} or so.",
        )
    return place


def _addressed(address: DeviceAddress, dev: str, bus: str) -> Place | None:
    if not isinstance(address, DriveAddress):
        return None
    place = _at(address, bus)
    if place is not None and dev in {_usual_name(place), _name_behind(place)}:
        return place
    named = _named(dev, bus)
    return named if named is not None and _sata_address(dev, bus) == address else None


def _at(address: DriveAddress, bus: str) -> Place | None:
    controller, other = address.controller, address.bus
    if bus == "ide":
        controller, other = other, controller
    return None if address.target or other else Place(bus, controller, address.unit)


def _sata_address(dev: str, bus: str) -> DriveAddress | None:
    """The address that libvirt gives a SATA disk by its name: it counts six to a controller."""
    index = _index(dev, "sd") if bus == "sata" else None
    if index is None:
        return None
    return DriveAddress(controller=index // _LIBVIRTS_SATA, unit=index % _LIBVIRTS_SATA)


def _named(dev: str, bus: str) -> Place | None:
    if (found := _NVME.fullmatch(dev)) is not None:
        return Place(bus, int(found[1]), int(found[2]) - 1) if bus == "nvme" else None
    kind = BUSES[bus]
    index = _index(dev, kind.prefix)
    if index is None or index >= kind.controllers * kind.counted:
        return None
    controller, unit = divmod(index, kind.counted)
    return Place(bus, controller, unit + (bus == "scsi" and unit >= _CONTROLLER_UNIT))


def _index(dev: str, prefix: str) -> int | None:
    letters = dev.removeprefix(prefix)
    if letters == dev or _NAME.fullmatch(letters) is None:
        return None
    index = 0
    for letter in letters:
        index = index * _LETTERS + ord(letter) - ord("a") + 1
    return index - 1
