"""Limits of memory and of transfer, and the group of the host that they are set on."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Number, PathText, Size, Text, file_path, number, size, text
from aiovirt.config._view import View

__all__ = ["BlkioDevice", "BlkioTune", "MemTune", "Resource"]

MIN_WEIGHT, MAX_WEIGHT = 100, 1000
_APPID = shaped("[ -~]{1,128}", "1 to 128 printable ASCII characters")


def _weight() -> Number:
    return number("weight", low=MIN_WEIGHT, high=MAX_WEIGHT)


class MemTune(View, tag="memtune"):
    """Limits of the memory that the host gives the domain, the hypervisor's own included."""

    hard_limit: Size = size("hard_limit")
    soft_limit: Size = size("soft_limit")
    min_guarantee: Size = size("min_guarantee")
    swap_hard_limit: Size = size("swap_hard_limit")


class BlkioDevice(View, tag="device"):
    """Limits of the transfer to one of the host's block devices, a second."""

    path: PathText = file_path("path")
    weight: Number = _weight()
    read_iops_sec: Number = number("read_iops_sec")
    write_iops_sec: Number = number("write_iops_sec")
    read_bytes_sec: Number = number("read_bytes_sec", high=MAX_UINT64)
    write_bytes_sec: Number = number("write_bytes_sec", high=MAX_UINT64)

    _laws_ = (Always(("path",)),)


class BlkioTune(View, tag="blkiotune"):
    """The weight of the domain's transfers beside those of others, and limits by device."""

    weight: Number = _weight()
    devices: Many[BlkioDevice] = children("device", BlkioDevice)


class Resource(View, tag="resource"):
    """The group of the host that the domain belongs to.

    Attributes:
        partition: Its path below the host's groups, such as ``/production``.
        fibrechannel_appid: By what Fibre Channel switches know the domain's transfers.
    """

    partition: PathText = file_path("partition")
    fibrechannel_appid: Text = text("fibrechannel/@appid", form=_APPID, required=True)
