"""What a group's processes have used: processor time, memory, disk I/O."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiovirt.errors import ResourceUnavailable
from aiovirt.host.cgroups.group import Group

__all__ = ["CpuUsage", "cpu_usage", "cpu_usage_by_cpu", "memory_usage"]

_TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuUsage:
    """Processor time in nanoseconds."""

    total_ns: int
    user_ns: int
    system_ns: int


def cpu_usage(group: Group) -> CpuUsage:
    """The processor time of all processes that ever were in a group.

    Raises:
        HostError: It is not counted, or the group is gone.
    """
    if group.hosts.is_unified("cpuacct"):
        rows = dict(_pairs(group.lines("cpuacct", "cpu.stat")))
        total, user, system = (rows.get(f"{name}_usec", 0) * 1000 for name in _UNIFIED)
        return CpuUsage(total, user, system)
    rows = dict(_pairs(group.lines("cpuacct", "cpuacct.stat")))
    total = int(next(group.lines("cpuacct", "cpuacct.usage")))
    return CpuUsage(total, rows.get("user", 0) * _TICK_NS, rows.get("system", 0) * _TICK_NS)


_UNIFIED: Final = ("usage", "user", "system")


def cpu_usage_by_cpu(group: Group) -> list[int]:
    """The processor time by the numbers of the host's processors, in nanoseconds.

    Raises:
        ResourceUnavailable: Only version 1 counts that.
        HostError: The group is gone.
    """
    if group.hosts.is_unified("cpuacct"):
        raise ResourceUnavailable("control groups of version 2 do not count by processor")
    return [int(word) for word in next(group.lines("cpuacct", "cpuacct.usage_percpu")).split()]


def memory_usage(group: Group) -> int:
    """The bytes of memory that a group has; errors as `cpu_usage`."""
    unified = group.hosts.is_unified("memory")
    return int(next(group.lines("memory", "memory.current" if unified else _USED)))


_USED: Final = "memory.usage_in_bytes"


def _pairs(lines: Iterator[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        name, _, value = line.partition(" ")
        yield name, int(value)
