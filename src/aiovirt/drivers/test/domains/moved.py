"""What the host in memory tells of a job that has moved a guest's memory: all of it, once.

A guest in memory changes nothing of its own, so that one round is enough.
"""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.model.params import ParamValue

__all__ = ["PAGE", "moved"]

PAGE: Final = 4096
_SPEED: Final = 1 << 30
"""Bytes a second, where nothing slower was asked for."""
_MS: Final = 1000


def moved(machine: Machine) -> dict[str, ParamValue]:
    """The figures of pages and times, by libvirt's names; the guest stood still meanwhile."""
    total = int(machine.config.current_memory or 0)
    speed = min(machine.max_speed[False] or _SPEED, _SPEED)
    elapsed = total * _MS // speed
    return {
        "time_elapsed": elapsed,
        "downtime": elapsed,
        "setup_time": 0,
        "memory_bps": speed,
        "memory_constant": 0,
        "memory_normal": total // PAGE,
        "memory_normal_bytes": total,
        "memory_dirty_rate": 0,
        "memory_page_size": PAGE,
        "memory_iteration": 1,
        "memory_postcopy_requests": 0,
    }
