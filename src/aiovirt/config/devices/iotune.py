"""Limits of a disk's transfer."""

from __future__ import annotations

from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._laws import Always, Apart
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._view import View

__all__ = ["DiskIoTune", "ThrottleGroup"]


class DiskIoTune(View, tag="iotune"):
    """Limits of the transfer, in bytes or operations a second; 0 is no limit.

    Attributes:
        group_name: The disks of one name share the limits.
        size_iops_sec: From how many bytes on an operation counts as several.
        total_bytes_sec_max_length: For how many seconds the maximum may last, as of the others.
    """

    total_bytes_sec: Number = number("total_bytes_sec", high=MAX_UINT64)
    read_bytes_sec: Number = number("read_bytes_sec", high=MAX_UINT64)
    write_bytes_sec: Number = number("write_bytes_sec", high=MAX_UINT64)
    total_iops_sec: Number = number("total_iops_sec", high=MAX_UINT64)
    read_iops_sec: Number = number("read_iops_sec", high=MAX_UINT64)
    write_iops_sec: Number = number("write_iops_sec", high=MAX_UINT64)
    total_bytes_sec_max: Number = number("total_bytes_sec_max", high=MAX_UINT64)
    read_bytes_sec_max: Number = number("read_bytes_sec_max", high=MAX_UINT64)
    write_bytes_sec_max: Number = number("write_bytes_sec_max", high=MAX_UINT64)
    total_iops_sec_max: Number = number("total_iops_sec_max", high=MAX_UINT64)
    read_iops_sec_max: Number = number("read_iops_sec_max", high=MAX_UINT64)
    write_iops_sec_max: Number = number("write_iops_sec_max", high=MAX_UINT64)
    size_iops_sec: Number = number("size_iops_sec", high=MAX_UINT64)
    group_name: Text = text("group_name")
    total_bytes_sec_max_length: Number = number("total_bytes_sec_max_length", high=MAX_UINT64)
    read_bytes_sec_max_length: Number = number("read_bytes_sec_max_length", high=MAX_UINT64)
    write_bytes_sec_max_length: Number = number("write_bytes_sec_max_length", high=MAX_UINT64)
    total_iops_sec_max_length: Number = number("total_iops_sec_max_length", high=MAX_UINT64)
    read_iops_sec_max_length: Number = number("read_iops_sec_max_length", high=MAX_UINT64)
    write_iops_sec_max_length: Number = number("write_iops_sec_max_length", high=MAX_UINT64)

    _laws_ = tuple(
        Apart((f"total_{kind}",), (f"read_{kind}", f"write_{kind}"))
        for unit in ("bytes", "iops")
        for kind in (f"{unit}_sec", f"{unit}_sec_max", f"{unit}_sec_max_length")
    )


class ThrottleGroup(DiskIoTune, tag="throttlegroup"):
    """Limits with a name, `group_name`, that disks go through (libvirt 11.2 and later)."""

    _laws_ = (*DiskIoTune._laws_, Always(("group_name",)))
