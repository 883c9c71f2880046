"""What libvirt leaves out of a hard disk: who may write to it, and how much at a time.

``sched.scsi0:0.throughputCap`` counts operations a second, or bytes where it has a unit.
"""

from __future__ import annotations

import re

from aiovirt.config import Disk, DiskIoTune
from aiovirt.drivers.common.vmx.places import Place
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.translation import Reading, Writing

__all__ = ["read", "write"]

_SHARED = "multi-writer"
_CAP = re.compile(r"(?P<count>[0-9]{1,12}) ?(?P<unit>iops|kbps|mbps|gbps)?")
_UNITS = {"kbps": 2**10, "mbps": 2**20, "gbps": 2**30}


def read(reading: Reading, place: Place, disk: Disk) -> None:
    """Tell of it, where the disk is a hard disk.

    Raises:
        ConfigError: A value cannot be.
    """
    if disk.device != "disk":
        return
    section = reading.section(place.prefix)
    disk.shareable = section.word("sharing") == _SHARED
    disk.readonly = section.switch("readonly")
    _read_cap(reading.section(f"sched.{place.prefix}"), disk.iotune)


def _read_cap(section: Section, limits: DiskIoTune) -> None:
    said = section.word("throughputCap") or "off"
    if said == "off":
        return
    found = _CAP.fullmatch(said)
    if found is None:
        section.refuse_value("throughputCap", said, "'off', or a number such as 500IOPs or 10MBps")
    count, factor = int(found["count"]), _UNITS.get(found["unit"])
    if factor is None:
        limits.total_iops_sec = count
    else:
        limits.total_bytes_sec = count * factor


def write(writing: Writing, place: Place, disk: Disk) -> None:
    """Write it."""
    section = writing.section(place.prefix)
    section.say(
        sharing=_SHARED if disk.shareable else None,
        readonly=disk.readonly or None,
    )
    writing.section(f"sched.{place.prefix}").say(throughputCap=_cap(disk.iotune))


def _cap(limits: DiskIoTune) -> str | None:
    if limits.total_iops_sec:
        return f"{limits.total_iops_sec}IOPs"
    size = limits.total_bytes_sec
    return f"{-(-size // _UNITS['kbps'])}KBps" if size else None
