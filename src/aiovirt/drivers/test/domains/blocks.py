"""Disks of domains of the host in memory, and the work on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from lxml import etree

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.test.domains.base import meant, meant_all
from aiovirt.drivers.test.domains.blockjobs import TestBlockJobs
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import CallerError, InvalidState
from aiovirt.interfaces import immediate
from aiovirt.model.blocks import BlockInfo
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import BlockThresholdEvent, TunableEvent
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainBlockResizeFlags, DomainModificationImpact

__all__ = ["TestBlocks"]

_BYTES: Final = 1
_MOST: Final = 4 * 1024 * 1024

_WHATS: Final = (
    "total_bytes",
    "read_bytes",
    "write_bytes",
    "total_iops",
    "read_iops",
    "write_iops",
)
_LIMITS: Final = (
    *(f"{what}_sec" for what in _WHATS),
    *(f"{what}_sec_max" for what in _WHATS),
    "size_iops_sec",
    "group_name",
    *(f"{what}_sec_max_length" for what in _WHATS),
)
"""What an ``<iotune>`` may say, in libvirt's order."""


class TestBlocks(TestBlockJobs):
    """Disks whose images are as large as somebody said, and hold zeros until they are written."""

    __test__ = False

    @immediate
    async def block_info(self, domain: DomainKey, disk: str) -> BlockInfo:
        """See `Blocks.block_info`."""
        path = source_of(disk_of(self.get(domain).config, disk))
        if path is None:
            error = InvalidState(f"disk {disk!r} of domain {domain.name!r} is empty")
            raise numbered(error, ErrorNumber.ERR_INVALID_ARG)
        return self.world.room(Images).info(path)

    async def block_resize(
        self,
        domain: DomainKey,
        disk: str,
        size: int,
        *,
        flags: DomainBlockResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `Blocks.block_resize`."""
        del flags
        path = source_of(disk_of(self.running(domain).config, disk))
        if path is None or size < 1:
            raise CallerError(f"disk {disk!r} of domain {domain.name!r} cannot have {size} bytes")
        self.world.room(Images).at(path).capacity = size
        if path in self.world.files:
            self.world.files.find(path).resize(size)

    @immediate
    async def block_peek(self, domain: DomainKey, disk: str, offset: int, size: int) -> bytes:
        """See `Blocks.block_peek`."""
        _check_size(size)
        path = source_of(disk_of(self.get(domain).config, disk))
        capacity = 0 if path is None else self.world.room(Images).at(path).capacity
        if path is None or offset + size > capacity:
            raise CallerError(f"disk {disk!r} has {capacity} bytes")
        data = self.world.files.find(path).read(offset, size) if path in self.world.files else b""
        return data.ljust(size, b"\0")

    @immediate
    async def memory_peek(
        self, domain: DomainKey, offset: int, size: int, *, physical: bool = False
    ) -> bytes:
        """See `Blocks.memory_peek`: all of it is zeros."""
        del physical
        _check_size(size)
        memory = int(self.running(domain).config.memory or 0)
        if offset + size > memory:
            raise CallerError(f"domain {domain.name!r} has {memory} bytes of memory")
        return bytes(size)

    # --- limits ---------------------------------------------------------------------------------

    @immediate
    async def io_tune(
        self,
        domain: DomainKey,
        disk: str | None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """See `Blocks.io_tune`."""
        config = meant(self.get(domain), flags)
        if not disk:
            return {name: _limit(name, None) for name in _LIMITS}
        return _limits(disk_of(config, disk))

    async def set_io_tune(
        self,
        domain: DomainKey,
        disk: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Blocks.set_io_tune`."""
        machine = self.get(domain)
        configs = meant_all(machine, flags)
        for config in configs:
            _set_limits(config.copy(), disk, limits)
        for config in configs:
            _set_limits(config, disk, limits)
        if machine.live is not None and machine.live.config in configs:
            params = {f"blkdeviotune.{name}": value for name, value in limits.items()}
            params["blkdeviotune.disk"] = disk
            self.world.publish(
                TunableEvent(time=self.world.now(), domain=machine.key, params=params)
            )

    @immediate
    async def disk_errors(self, domain: DomainKey) -> Mapping[str, str]:
        """See `Blocks.disk_errors`: none has one."""
        self.running(domain)
        return {}

    async def set_block_threshold(self, domain: DomainKey, disk: str, threshold: int) -> None:
        """See `Blocks.set_block_threshold`: what is reached already is told at once."""
        machine = self.get(domain)
        live = machine.running()
        found = disk_of(live.config, disk.partition("[")[0])
        path, dev = source_of(found), found.target.dev or ""
        used = 0 if path is None else self.world.room(Images).at(path).allocation
        live.thresholds[dev] = threshold
        if threshold and used >= threshold:
            del live.thresholds[dev]
            self.world.publish(
                BlockThresholdEvent(
                    time=self.world.now(),
                    domain=machine.key,
                    disk=disk,
                    path=path,
                    threshold=threshold,
                    excess=used - threshold,
                )
            )


def _check_size(size: int) -> None:
    if not 0 <= size <= _MOST:
        raise CallerError(f"at most {_MOST} bytes are looked at, not {size}")


def _limit(name: str, text: str | None) -> Typed:
    if name == "group_name":
        return Typed(ParamType.STRING, text or "")
    return Typed(ParamType.ULLONG, int(text or 0))


def _limits(disk: Disk) -> dict[str, ParamValue]:
    node = node_of(disk)
    return {name: _limit(name, node.findtext(f"iotune/{name}")) for name in _LIMITS}


def _set_limits(config: DomainConfig, disk: str, limits: TypedParams) -> None:
    """Set limits; a total takes the place of those by direction, and the other way round."""
    found = disk_of(config, disk)
    known = {name: plain(value) for name, value in _limits(found).items()}
    for name, value in limits.items():
        if name not in known:
            raise CallerError(f"there is no limit {name!r} of disks")
        known[name] = plain(value)
    for unit in ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"):
        for name in _overruled(unit, known, set(limits)):
            known[name] = 0
    node = node_of(found)
    old = node.find("iotune")
    if old is not None:
        node.remove(old)
    new = etree.Element("iotune")
    for name, value in known.items():
        if value:
            etree.SubElement(new, name).text = str(value)
    if len(new):
        node.append(new)


def _overruled(unit: str, known: Mapping[str, object], given: set[str]) -> set[str]:
    """The limits that those that are given take the place of.

    Raises:
        CallerError: Those that are given are against each other.
    """
    total, ways = f"total_{unit}", {f"read_{unit}", f"write_{unit}"}
    if not known[total] or not any(known[way] for way in ways):
        return set()
    if total in given and ways & given:
        raise CallerError(f"either {total} is limited, or reading and writing are")
    return {total} if ways & given else ways
