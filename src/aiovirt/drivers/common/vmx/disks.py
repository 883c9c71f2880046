"""Disks, CD-ROM and floppy drives of a file.

Of which kind a drive is, libvirt tells by its ``deviceType`` and, where that says nothing, by the
suffix of its file (vmx.c, virVMXParseDisk); a drive that is the viewer's own is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from aiovirt.config import Disk, DiskDriver, DiskSource, DiskTarget, DomainConfig, element
from aiovirt.drivers.common.vmx import disk_limits
from aiovirt.drivers.common.vmx.places import BUSES, Place, names_of
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.translation import Reading

__all__ = ["AUTO", "EMPTY", "HOST_CDROMS", "IMAGE", "NONPERSISTENT", "PASSED_THROUGH", "read"]

EMPTY = "emptyBackingString"
"""The file of a drive without a medium."""

AUTO = "auto detect"
"""The device of a drive that takes what the host has."""

IMAGE = "cdrom-image"
PASSED_THROUGH = "scsi-passthru"
HOST_CDROMS = "/vmfs/devices/cdrom/"
NONPERSISTENT = "independent-nonpersistent"

_ORDER = tuple(BUSES)
_HARD_DISKS = {
    "scsi": ("scsi-harddisk", "disk", "rawdisk"),
    "ide": ("ata-harddisk", "disk", "rawdisk"),
}
"""The types that a hard disk can have; on other buses any."""

_HOST_DRIVES: Mapping[str, str] = {
    "atapi-cdrom": "cdrom",
    "cdrom-raw": "lun",
    PASSED_THROUGH: "lun",
}
"""The types of drives that are the host's own, with what they are in domain XML."""


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of all drives.

    Raises:
        ConfigError: One cannot be understood, or its file is missing.
    """
    found = {place: disk for place in _places(reading) if (disk := _drive(reading, place))}
    names = names_of(found, unique=reading.extended)
    for place, disk in found.items():
        disk.target = DiskTarget(dev=names[place], bus=place.bus)
        disk.address = place.address if place.bus != "nvme" else None
        config.disks.append(disk)


def _places(reading: Reading) -> list[Place]:
    """The places of this hardware that the file says anything of, in libvirt's order."""
    prefixes = {key.lower().partition(".")[0] for key in reading.vmx}
    found = [place for prefix in prefixes if (place := Place.of(prefix))]
    found.sort(key=lambda place: (_ORDER.index(place.bus), place))
    buses = _ORDER if reading.extended else _ORDER[:-1]  # the last is unknown to libvirt
    return [place for place in found if place.bus in buses and place.is_on(reading.hardware)]


def _drive(reading: Reading, place: Place) -> Disk | None:
    if not _is_there(reading, place):
        return None
    section = reading.section(place.prefix)
    make = _floppy if place.bus == "fdc" else _disk
    disk = make(reading, section, place.bus)
    if disk is not None and reading.extended:
        disk_limits.read(reading, place, disk)
    return disk


def _is_there(reading: Reading, place: Place) -> bool:
    section = reading.section(place.prefix)
    if not section.switch("present") or section.switch("clientDevice"):
        return False
    controller = reading.section(f"{place.bus}{place.controller}")
    return place.bus in {"ide", "fdc"} or controller.switch("present")


def _floppy(reading: Reading, section: Section, _: str) -> Disk:
    kind = section.choice("fileType", {"device": "block", "file": "file"})
    name = section.text("fileName")
    if kind is None:
        section.refuse("fileType", "the entry is missing (expected 'device' or 'file')")
    if kind == "block" or not name:
        return _made(kind, "floppy", name)
    return _made(kind, "floppy", reading.file_there(section, "fileName", name))


def _disk(reading: Reading, section: Section, bus: str) -> Disk | None:
    kind, name = section.word("deviceType") or "", (section.text("fileName") or "").lower()
    make = next((make for is_one, make in _KINDS if is_one(kind, name)), _refused)
    return make(reading, section, bus)


def _refused(_: Reading, section: Section, __: str) -> Disk | None:
    kind, name = section.text("deviceType"), section.text("fileName")
    what = f"a drive of the type {kind!r} cannot have the file {name!r}"
    section.refuse("fileName", what, hint="A disk is a .vmdk file, a CD-ROM an .iso file.")


def _nothing(_: Reading, __: Section, ___: str) -> Disk | None:
    """A CD-ROM drive with a disk in it: libvirt shows none."""
    return None


def _hard_disk(reading: Reading, section: Section, bus: str) -> Disk:
    kind = section.word("deviceType")
    allowed = _HARD_DISKS.get(bus)
    if kind is not None and allowed is not None and kind not in allowed:
        section.refuse_value("deviceType", kind, " or ".join(map(repr, allowed[:2])))
    path = reading.file_there(section, "fileName", section.needed("fileName"))
    disk = _made("file", "disk", path)
    if section.switch("writeThrough"):
        disk.driver = DiskDriver(cache="writethrough")
    disk.transient = section.word("mode") == NONPERSISTENT
    return disk


def _image(reading: Reading, section: Section, _: str) -> Disk:
    section.choice("deviceType", {IMAGE: None})
    name = section.text("fileName") or EMPTY
    path = None if name == EMPTY else reading.file(section, "fileName", name)
    return _made("file", "cdrom", path)


def _host_drive(_: Reading, section: Section, __: str) -> Disk:
    name = section.text("fileName") or EMPTY
    device = section.choice("deviceType", _HOST_DRIVES) or "cdrom"
    if name.lower() == AUTO:
        disk = _made("block", device, None)
        disk.source = DiskSource(startup_policy="optional")
        return disk
    if name.lower().endswith(".iso"):
        section.choice("deviceType", {IMAGE: None})
    return _made("block", device, None if name == EMPTY else name)


def _made(kind: str, device: str, path: str | None) -> Disk:
    disk = Disk(type=kind, device=device, readonly=device in {"cdrom", "lun"})
    if path:
        disk.source = DiskSource()
        node = element(disk.source)
        if node is not None:
            # as the host says it: a path of another system's is no absolute one here
            node.set("file" if kind == "file" else "dev", path)
    return disk


_Test: TypeAlias = Callable[[str, str], bool]
_Maker: TypeAlias = Callable[[Reading, Section, str], Disk | None]


def _is_cdrom_with_disk(kind: str, name: str) -> bool:
    return name.endswith(".vmdk") and kind in {IMAGE, "atapi-cdrom", "cdrom-raw"}


def _is_host_drive(kind: str, name: str) -> bool:
    passed = kind == PASSED_THROUGH
    return name.startswith(HOST_CDROMS) if passed else kind in _HOST_DRIVES


def _is_image(kind: str, name: str) -> bool:
    return kind == IMAGE or name == EMPTY.lower() or name.endswith(".iso")


def _is_hard_disk(_: str, name: str) -> bool:
    return name.endswith(".vmdk")


_KINDS: tuple[tuple[_Test, _Maker], ...] = (
    (_is_cdrom_with_disk, _nothing),
    (_is_host_drive, _host_drive),
    (_is_image, _image),
    (_is_hard_disk, _hard_disk),
)
"""The kinds of drives: the first whose test holds of the type and the file, in small letters."""
