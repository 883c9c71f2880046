"""Counting what the processors do for a process: perf_event_open(2), where the host allows it.

glibc has no function for it, so the system call is made by its number.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiovirt.errors import PermissionDenied, ResourceUnavailable

__all__ = ["PerfCounters"]

_CALLS: Final = {
    "x86_64": 298,
    "i686": 336,
    "aarch64": 241,
    "riscv64": 241,
    "ppc64": 319,
    "ppc64le": 319,
    "s390x": 331,
}
"""The number of the system call by machine (the kernel's syscall tables)."""

_HARDWARE, _SOFTWARE = 0, 1
_EVENTS: Final[Mapping[str, tuple[int, int]]] = {
    "cpu_cycles": (_HARDWARE, 0),
    "instructions": (_HARDWARE, 1),
    "cache_references": (_HARDWARE, 2),
    "cache_misses": (_HARDWARE, 3),
    "branch_instructions": (_HARDWARE, 4),
    "branch_misses": (_HARDWARE, 5),
    "bus_cycles": (_HARDWARE, 6),
    "stalled_cycles_frontend": (_HARDWARE, 7),
    "stalled_cycles_backend": (_HARDWARE, 8),
    "ref_cpu_cycles": (_HARDWARE, 9),
    "cpu_clock": (_SOFTWARE, 0),
    "task_clock": (_SOFTWARE, 1),
    "page_faults": (_SOFTWARE, 2),
    "context_switches": (_SOFTWARE, 3),
    "cpu_migrations": (_SOFTWARE, 4),
    "page_faults_min": (_SOFTWARE, 5),
    "page_faults_maj": (_SOFTWARE, 6),
    "alignment_faults": (_SOFTWARE, 7),
    "emulation_faults": (_SOFTWARE, 8),
}
"""libvirt's name of an event -> its type and number (linux/perf_event.h)."""

_ATTRIBUTES: Final = struct.Struct("=IIQQQQQIIQ")
"""`struct perf_event_attr` of its first version: 64 bytes."""
_INHERIT: Final = 1 << 1
_CLOEXEC: Final = 1 << 3


class PerfCounters:
    """The events that are counted for one process and its threads; close it at the end."""

    def __init__(self) -> None:
        self._open: dict[str, list[int]] = {}

    @property
    def names(self) -> frozenset[str]:
        """What is counted."""
        return frozenset(self._open)

    def start(self, name: str, pid: int) -> None:
        """Count one more event, from now on.

        Args:
            name: libvirt's name of it.
            pid: The process; of its threads those that there are and those to come.

        Raises:
            ResourceUnavailable: The host has no such counter, or the process is gone.
            PermissionDenied: It does not let us count.
        """
        if name in self._open:
            return
        found: list[int] = []
        try:
            for thread in _threads(pid):
                counter = _open(name, thread)
                if counter is not None:
                    found.append(counter)
        except BaseException:
            _close(found)
            raise
        if not found:
            raise ResourceUnavailable(f"cannot count the event {name}: process {pid} is gone")
        self._open[name] = found

    def stop(self, name: str) -> None:
        """Count an event no more; one that is not counted is none."""
        _close(self._open.pop(name, ()))

    def close(self) -> None:
        """Count nothing any more."""
        for name in list(self._open):
            self.stop(name)

    def read(self) -> dict[str, int]:
        """What has been counted, by the names of the events."""
        return {
            name: sum(int.from_bytes(os.read(each, 8), "little") for each in counters)
            for name, counters in self._open.items()
        }


def _threads(pid: int) -> Iterable[int]:
    with suppress(OSError):
        return [int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()]
    return [pid]


def _close(descriptors: Iterable[int]) -> None:
    for each in descriptors:
        os.close(each)


def _open(name: str, thread: int) -> int | None:
    """A counter of one thread, and of those that it will start; None where it has just ended."""
    event, call = _EVENTS.get(name), _CALLS.get(platform.machine())
    if event is None or call is None:
        raise ResourceUnavailable(f"this host has no counter for the event {name}")
    kind, config = event
    attributes = _ATTRIBUTES.pack(kind, _ATTRIBUTES.size, config, 0, 0, 0, _INHERIT, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(call, attributes, thread, -1, -1, _CLOEXEC)
    if found >= 0:
        return found
    number = ctypes.get_errno()
    if number == errno.ESRCH:
        return None
    text = f"cannot count the event {name}: {os.strerror(number)}"
    if number in {errno.EACCES, errno.EPERM}:
        raise PermissionDenied(text, hint="see kernel.perf_event_paranoid and CAP_PERFMON")
    raise ResourceUnavailable(text)
