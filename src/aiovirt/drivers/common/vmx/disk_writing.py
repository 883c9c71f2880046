"""Disks, CD-ROM and floppy drives of a domain, written to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.common.vmx import disk_limits
from aiovirt.drivers.common.vmx.disks import (
    AUTO,
    EMPTY,
    HOST_CDROMS,
    IMAGE,
    NONPERSISTENT,
    PASSED_THROUGH,
)
from aiovirt.drivers.common.vmx.places import BUSES, Place, place_of
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.translation import Writing, wrong

__all__ = ["placed", "write"]

_TYPES = {"scsi": "scsi-hardDisk", "ide": "ata-hardDisk"}
_BY_PREFIX = {"sd": "scsi", "hd": "ide", "fd": "fdc", "nv": "nvme"}


def placed(disk: Disk, hardware: int) -> Place:
    """Where a drive of domain XML sits.

    Raises:
        XMLError: There is no such place on this hardware.
    """
    bus = _bus(disk)
    place = place_of(disk, bus)
    if not place.is_on(hardware):
        raise wrong(disk, f"hardware version {hardware} has no place {place.prefix}")
    return place


def _bus(disk: Disk) -> str:
    bus = disk.target.bus or _BY_PREFIX.get((disk.target.dev or "")[:2], "ide")
    if bus not in BUSES or (bus == "fdc") != (disk.device == "floppy"):
        what = f"a {disk.device or 'disk'} cannot be at the bus {bus!r}"
        raise wrong(disk, what, expected=", ".join(map(repr, BUSES)))
    return bus


def write(writing: Writing, config: DomainConfig) -> None:
    """Write all drives; what holds them is written elsewhere.

    Raises:
        XMLError: VMware has no such drive.
    """
    for unit in range(BUSES["fdc"].units):
        # one that is not spoken of is there
        writing.section(f"floppy{unit}").put("present", value=False)
    for disk in config.disks:
        if disk.type not in {None, "file", "block"}:
            raise wrong(disk, f"the type cannot be {disk.type!r}", expected="'file' or 'block'")
        place = placed(disk, writing.hardware)
        section = writing.section(place.prefix)
        section.put("present", value=True)
        _WRITERS[disk.device or "disk"](writing, section, disk, place)


def _write_floppy(writing: Writing, section: Section, disk: Disk, _: Place) -> None:
    source = disk.source
    block = disk.type == "block"
    section.put("fileType", "device" if block else "file")
    path = source.dev if block else source.file
    if path:
        section.put("fileName", path if block else writing.file(disk, path))


def _write_cdrom(writing: Writing, section: Section, disk: Disk, _: Place) -> None:
    if disk.type == "block":
        _write_host_drive(section, disk, "atapi-cdrom")
        return
    path = disk.source.file
    section.put("deviceType", IMAGE)
    section.put("fileName", writing.file(disk, path) if path else EMPTY)


def _write_lun(_: Writing, section: Section, disk: Disk, place: Place) -> None:
    passed = place.bus == "scsi" and (disk.source.dev or "").startswith(HOST_CDROMS)
    if disk.type != "block":
        raise wrong(disk, "a lun is a device of the host", expected="type='block'")
    _write_host_drive(section, disk, PASSED_THROUGH if passed else "cdrom-raw")


def _write_host_drive(section: Section, disk: Disk, kind: str) -> None:
    path = disk.source.dev
    section.put("deviceType", kind)
    if path:
        section.put("fileName", path)
    elif disk.source.startup_policy == "optional":
        section.say(autodetect=True, fileName=AUTO)
    else:
        expected = "<source dev='…'/> or <source startupPolicy='optional'/>"
        raise wrong(disk, "the drive names no device", expected=expected)


def _write_hard_disk(writing: Writing, section: Section, disk: Disk, place: Place) -> None:
    section.put("deviceType", _TYPES.get(place.bus, "disk"))
    section.put("fileName", writing.file(disk, _image_of(disk)))
    section.say(
        writeThrough=_writes_through(disk) or None,
        mode=NONPERSISTENT if disk.transient else None,
    )
    disk_limits.write(writing, place, disk)


def _image_of(disk: Disk) -> str:
    path = disk.source.file or ""
    if disk.type == "block" or not path.lower().endswith(".vmdk"):
        raise wrong(disk, f"a disk cannot be in {disk.path!r}", expected="a .vmdk file")
    return path


def _writes_through(disk: Disk) -> bool:
    cache = disk.driver.cache
    if cache not in {None, "default", "writethrough"}:
        raise wrong(disk, f"the cache cannot be {cache!r}", expected="'default' or 'writethrough'")
    return cache == "writethrough"


_WRITERS: Mapping[str, Callable[[Writing, Section, Disk, Place], None]] = {
    "disk": _write_hard_disk,
    "cdrom": _write_cdrom,
    "lun": _write_lun,
    "floppy": _write_floppy,
}
