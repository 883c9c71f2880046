"""What the host's processors and memory are used for now, as the kernel tells in /proc and /sys.

All paths lie below a root that tests may set.  Amounts are bytes, times nanoseconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiovirt.errors import CallerError
from aiovirt.host.files import host_error
from aiovirt.model.cpusets import parse_cpus
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats

__all__ = [
    "KSM",
    "alloc_pages",
    "cells",
    "cpu_map",
    "cpu_mhz",
    "cpu_stats",
    "free_pages",
    "ksm_parameters",
    "memory_stats",
    "set_ksm_parameter",
]

ROOT: Final = Path("/")
KIB: Final = 1024
_TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_NODES: Final = "sys/devices/system/node"

KSM: Final = {
    "shm_pages_to_scan": "pages_to_scan",
    "shm_sleep_millisecs": "sleep_millisecs",
    "shm_pages_shared": "pages_shared",
    "shm_pages_sharing": "pages_sharing",
    "shm_pages_unshared": "pages_unshared",
    "shm_pages_volatile": "pages_volatile",
    "shm_full_scans": "full_scans",
    "shm_merge_across_nodes": "merge_across_nodes",
}
"""libvirt's names of what the kernel tells in /sys/kernel/mm/ksm."""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error


def cells(root: Path = ROOT) -> Sequence[int]:
    """The numbers of the NUMA nodes; a host without NUMA has node 0."""
    found = sorted(int(path.name[4:]) for path in (root / _NODES).glob("node[0-9]*"))
    return found or [0]


def cpu_stats(cpu: int = -1, root: Path = ROOT) -> HostCpuStats:
    """What a processor did since the host was started, or with -1 all of them.

    Raises:
        CallerError: There is no such processor.
    """
    name = "cpu" if cpu < 0 else f"cpu{cpu}"
    rows = (line.split() for line in _text(root / "proc/stat").splitlines())
    for row in rows:
        if row and row[0] == name:
            user, nice, system, idle, iowait, irq, softirq = (
                int(word) * _TICK_NS for word in row[1:8]
            )
            return HostCpuStats(
                kernel_ns=system + irq + softirq,
                user_ns=user + nice,
                idle_ns=idle,
                iowait_ns=iowait,
            )
    raise CallerError(f"the host has no processor {cpu} that is on")


def cpu_map(root: Path = ROOT) -> HostCpuMap:
    """Which processors there are, and which are on."""
    folder = root / "sys/devices/system/cpu"
    present = parse_cpus(_text(folder / "present").strip())
    return HostCpuMap(len(present), parse_cpus(_text(folder / "online").strip()))


def cpu_mhz(root: Path = ROOT) -> int:
    """The frequency of the first processor; 0 where it is not told."""
    found = re.search(r"cpu MHz\s*:\s*(\d+)", _text(root / "proc/cpuinfo"))
    return int(found[1]) if found else 0


def memory_stats(cell: int = -1, root: Path = ROOT) -> HostMemoryStats:
    """What the memory is used for, of one NUMA node or with -1 of all.

    Raises:
        CallerError: There is no such node.
    """
    if cell >= 0 and cell not in cells(root):
        raise CallerError(f"the host has no NUMA node {cell}")
    found = dict(re.findall(r"(\w+):\s+(\d+) kB", _text(_meminfo(cell, root))))

    def amount(name: str) -> int | None:
        return int(found[name]) * KIB if name in found else None

    buffers, cached = ("Buffers", "Cached") if cell < 0 else ("", "")
    return HostMemoryStats(
        total=amount("MemTotal"),
        free=amount("MemFree"),
        buffers=amount(buffers),
        cached=amount(cached),
    )


def _meminfo(cell: int, root: Path) -> Path:
    """The file that tells of a node's memory; of all where the host has no NUMA."""
    own = root / _NODES / f"node{cell}/meminfo"
    return own if cell >= 0 and own.exists() else root / "proc/meminfo"


# --- huge pages -----------------------------------------------------------------------------------


def _pages(cell: int, size: int, root: Path) -> Path:
    """The folder in which the kernel tells of pages of that size on a node.

    Raises:
        CallerError: There are none of that size.
    """
    name = f"hugepages/hugepages-{size // KIB}kB"
    path = root / _NODES / f"node{cell}" / name
    if not path.exists():
        path = root / "sys/kernel/mm" / name
    if not path.exists():
        raise CallerError(f"the host has no pages of {size // KIB} KiB on node {cell}")
    return path


def free_pages(sizes: Sequence[int], first: int, count: int, root: Path = ROOT) -> list[int]:
    """How many pages of these sizes are free, node after node.

    Raises:
        CallerError: There is no such size or node.
    """
    known = cells(root)
    wanted = [cell for cell in known if first <= cell < first + count]
    if first not in known:
        raise CallerError(f"the host has no NUMA node {first}")
    return [_free(cell, size, root) for cell in wanted for size in sizes]


def _free(cell: int, size: int, root: Path) -> int:
    if size == os.sysconf("SC_PAGE_SIZE"):
        return (memory_stats(cell, root).free or 0) // size
    return int(_text(_pages(cell, size, root) / "free_hugepages"))


def alloc_pages(
    sizes: Mapping[int, int], chosen: Sequence[int], *, add: bool, root: Path = ROOT
) -> int:
    """Make huge pages of each size (size -> how many) on nodes; gives how many were changed.

    Raises:
        CallerError: There is no such size or node.
        HostError: The kernel refuses, or has no room.
    """
    changed = 0
    for cell in chosen:
        for size, count in sizes.items():
            path = _pages(cell, size, root) / "nr_hugepages"
            before = int(_text(path))
            wanted = before + count if add else count
            if wanted != before:
                _write(path, wanted)
                changed += 1
    return changed


def _write(path: Path, number: int) -> None:
    try:
        path.write_text(f"{number}\n", encoding="ascii")
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error


# --- sharing of equal pages -----------------------------------------------------------------------


def ksm_parameters(root: Path = ROOT) -> dict[str, int]:
    """How the kernel shares equal pages, by libvirt's names; what it does not tell is left out."""
    return dict(_ksm(root / "sys/kernel/mm/ksm"))


def _ksm(folder: Path) -> Iterator[tuple[str, int]]:
    for name, file in KSM.items():
        with suppress(OSError, ValueError):
            yield name, int((folder / file).read_text(encoding="ascii"))


def set_ksm_parameter(name: str, value: int, root: Path = ROOT) -> None:
    """Change how the kernel shares equal pages.

    Raises:
        HostError: The kernel refuses.
    """
    _write(root / "sys/kernel/mm/ksm" / KSM[name], value)
