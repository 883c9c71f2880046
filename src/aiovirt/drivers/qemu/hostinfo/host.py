"""What this host is: architecture, processors, memory, as the kernel tells in /proc and /sys.

Knows no XML and no QEMU.  All paths lie below a root that tests may set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from aiovirt.drivers.qemu.binaries.find import host_arch

__all__ = ["Cache", "Cell", "Host", "Processor", "read_host"]

_PAGES = re.compile(r"hugepages-(\d+)kB")
_KIB = re.compile(r"(\d+)K")
_VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD", "HygonGenuine": "Hygon"}


@dataclass(frozen=True)
class Processor:
    """One online processor (a hardware thread) and where it sits."""

    id: int
    socket: int
    die: int
    core: int
    siblings: str


@dataclass(frozen=True)
class Cell:
    """One NUMA cell.

    Attributes:
        id: The node's number.
        memory_kib: Its memory.
        pages: How many pages there are of each size in KiB.
        distances: The distance to each node, by its number.
        processors: Its online processors.
    """

    id: int
    memory_kib: int
    pages: dict[int, int]
    distances: dict[int, int]
    processors: tuple[Processor, ...]


@dataclass(frozen=True)
class Cache:
    """A cache of some processors.

    Attributes:
        id: Its number among those of its level.
        level: How far it is from the processors.
        kind: ``both``, ``code`` or ``data``.
        size_kib: Its size.
        cpus: The processors, such as ``0-3``.
    """

    id: int
    level: int
    kind: str
    size_kib: int
    cpus: str


@dataclass(frozen=True)
class Host:
    """What a host is.

    Attributes:
        arch: Its architecture in libvirt's words.
        vendor: The processors' vendor in libvirt's words, or None.
        model_name: The processors' marketing name, possibly empty.
        uuid: The machine's UUID, or None when it is not readable.
        cells: Its NUMA cells; a host without NUMA has one.
        caches: Its caches, by level and number.
    """

    arch: str
    vendor: str | None
    model_name: str
    uuid: UUID | None
    cells: tuple[Cell, ...]
    caches: tuple[Cache, ...] = ()

    @property
    def processors(self) -> tuple[Processor, ...]:
        """All online processors."""
        return tuple(processor for cell in self.cells for processor in cell.processors)

    @property
    def memory_kib(self) -> int:
        """The memory of all cells."""
        return sum(cell.memory_kib for cell in self.cells)


def read_host(root: Path = Path("/")) -> Host:
    """Read the host's facts; what the kernel does not tell is left out, not guessed."""
    info = _cpuinfo(root)
    cells = tuple(_cells(root)) or (_only_cell(root),)
    return Host(
        arch=host_arch(),
        vendor=_VENDORS.get(info.get("vendor_id", "")),
        model_name=info.get("model name", ""),
        uuid=_uuid(root),
        cells=cells,
        caches=_caches(root),
    )


_KINDS = {"Unified": "both", "Instruction": "code", "Data": "data"}


def _caches(root: Path) -> tuple[Cache, ...]:
    """Each cache once, though each of its processors has a folder of it."""
    found: dict[tuple[int, int, str], Cache] = {}
    for folder in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cache/index[0-9]*"):
        level, number = _number(folder / "level"), _number(folder / "id")
        kind, size = _KINDS.get(_text(folder / "type")), _KIB.fullmatch(_text(folder / "size"))
        if kind and size:
            cpus = _text(folder / "shared_cpu_list")
            found[level, number, kind] = Cache(number, level, kind, int(size[1]), cpus)
    return tuple(found[key] for key in sorted(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.lstrip("-").isdecimal() else 0


def _cpuinfo(root: Path) -> dict[str, str]:
    first = _text(root / "proc/cpuinfo").partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _uuid(root: Path) -> UUID | None:
    # libvirt's order: the firmware's UUID, else the operating system's
    for source in ("sys/class/dmi/id/product_uuid", "etc/machine-id"):
        try:
            return UUID(_text(root / source))
        except ValueError:
            continue
    return None


def _cells(root: Path) -> Iterator[Cell]:
    nodes = root / "sys/devices/system/node"
    numbers = sorted(int(path.name[4:]) for path in nodes.glob("node[0-9]*"))
    for number in numbers:
        folder = nodes / f"node{number}"
        memory = _meminfo_kib(folder / "meminfo")
        distances = (int(word) for word in _text(folder / "distance").split())
        yield Cell(
            id=number,
            memory_kib=memory,
            pages=_pages(folder / "hugepages", memory),
            distances=dict(zip(numbers, distances, strict=False)),
            processors=_processors(root, folder.glob("cpu[0-9]*")),
        )


def _only_cell(root: Path) -> Cell:
    memory = _meminfo_kib(root / "proc/meminfo")
    processors = _processors(root, (root / "sys/devices/system/cpu").glob("cpu[0-9]*"))
    pages = _pages(root / "sys/kernel/mm/hugepages", memory)
    return Cell(id=0, memory_kib=memory, pages=pages, distances={}, processors=processors)


def _meminfo_kib(path: Path) -> int:
    match = re.search(r"MemTotal:\s+(\d+) kB", _text(path))
    return int(match[1]) if match else 0


def _pages(folder: Path, memory_kib: int) -> dict[int, int]:
    """The huge pages that are reserved; what is left is counted in pages of 4 KiB."""
    huge = {
        int(match[1]): _number(path / "nr_hugepages")
        for path in folder.glob("hugepages-*")
        if (match := _PAGES.fullmatch(path.name))
    }
    small = (memory_kib - sum(size * count for size, count in huge.items())) // 4
    return dict(sorted({4: max(0, small), **huge}.items()))


def _processors(root: Path, folders: Iterator[Path]) -> tuple[Processor, ...]:
    numbers = sorted(int(path.name[3:]) for path in folders)
    known = (root / f"sys/devices/system/cpu/cpu{number}/topology" for number in numbers)
    return tuple(
        Processor(
            id=number,
            socket=max(0, _number(topology / "physical_package_id")),
            die=max(0, _number(topology / "die_id")),
            core=max(0, _number(topology / "core_id")),
            siblings=_text(topology / "thread_siblings_list") or str(number),
        )
        for number, topology in zip(numbers, known, strict=True)
        if topology.is_dir()
    )
