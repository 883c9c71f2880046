"""The guest's memory: how much, what backs it on the host, and its NUMA cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import DomainConfig, MemoryNode, NumaCell, NumaTune
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.hmat import hmat, paths
from aiovirt.drivers.qemu.argv.words import as_json, comma_list

__all__ = [
    "aligned",
    "backend",
    "backend_id",
    "cells_in_order",
    "hmat_is_wanted",
    "memory",
    "startup_size",
]

_KIB: Final = 1024
_MIB: Final = 1024**2


def memory(guest: Guest) -> Iterator[str]:
    """The size of the memory, what backs it, and the NUMA cells that it is in."""
    config = guest.config
    size, limit = startup_size(guest), config.max_memory
    options = {
        "size": _kib(size),
        "slots": config.max_memory_slots,
        "maxmem": _kib(limit) if limit else None,
    }
    yield from ("-m", comma_list(None, options))
    name = backend_id(guest)
    if name is not None:
        yield from ("-object", as_json(backend(guest, name, size, system=True)))
    by_size = _by_size(guest)
    if by_size and config.memory_backing.allocation == "immediate":
        yield "-mem-prealloc"
    for number, cell in cells_in_order(config):
        yield from _cell(guest, number, cell, by_size=by_size)
    yield from _distances(config)
    yield from hmat(config)


def _kib(size: int) -> str:
    return f"{aligned(size) // _KIB}k"


def aligned(size: int, step: int = _MIB) -> int:
    """A size of memory as QEMU gets it: whole steps, as libvirt rounds it."""
    whole = int(step)
    return -(-int(size) // whole) * whole


def startup_size(guest: Guest) -> int:
    """The memory that is not in modules: that of the cells, or what the modules leave.

    Raises:
        XMLError: They leave none.
    """
    config, step = guest.config, guest.family.memory_step
    cells = [aligned(cell.memory or 0, step) for cell in config.cpu.numa]
    if cells:
        return sum(cells)
    plugged = sum(int(memory.target.size or 0) for memory in config.devices.memories)
    left = int(config.memory or 0) - plugged
    if left <= 0:
        raise DomainConfig.memory.error(config, "the modules leave nothing of the memory")
    return aligned(left, step)


def cells_in_order(config: DomainConfig) -> list[tuple[int, NumaCell]]:
    """The NUMA cells with their numbers, by number."""
    cells = [
        (number if cell.id is None else cell.id, cell)
        for number, cell in enumerate(config.cpu.numa)
    ]
    return sorted(cells, key=lambda each: each[0])


def backend_id(guest: Guest) -> str | None:
    """The id of the memory backend, or None when QEMU's own will do."""
    config = guest.config
    backing = config.memory_backing
    wanted = (
        backing.hugepages
        or backing.source in {"file", "memfd"}
        or backing.access
        or backing.allocation
        or _is_bound(config)
    )
    if not wanted or len(config.cpu.numa):
        return None
    machine = guest.binary.machine(config.os.machine or "")
    return machine.ram_id if machine else None


def _is_bound(config: DomainConfig) -> bool:
    """Whether it is said from where on the host all memory comes."""
    tune = config.numatune
    return any((tune.mode, tune.placement, tune.nodeset))


def backend(
    guest: Guest, name: str, size: int, *, cell: int | None = None, system: bool = False
) -> dict[str, object]:
    """The object that backs memory on the host.

    Args:
        guest: The guest.
        name: The object's id.
        size: In bytes: whole steps of what it is for, see `aligned`.
        cell: The NUMA cell that the memory is in, or None.
        system: Whether it is all of the machine's own memory.
    """
    backing = guest.config.memory_backing
    page = _page_size(guest.config, cell)
    access = _access(guest.config, cell)
    kind, where = _kind(guest, name, access=access, huge=page is not None)
    threads = backing.allocation_threads
    immediate = backing.allocation == "immediate"
    return {
        "qom-type": kind,
        "id": name,
        **where,
        "hugetlb": True if page is not None else None,
        "hugetlbsize": page or None,
        "share": None if kind == _RAM else _shared(guest.config, access),
        # memory that is in no file is gone with the guest anyway
        "discard-data": _discards(guest.config, cell) if kind == _FILE else None,
        # under the name that libvirt gives it, so that a guest can move between the two
        "x-use-canonical-path-for-ramblock-id": False if system and kind != _RAM else None,
        "prealloc": True if immediate or page is not None else None,
        "prealloc-threads": threads if immediate else None,
        "size": size,
        **_policy(guest.config, cell),
    }


_RAM: Final = "memory-backend-ram"
_FILE: Final = "memory-backend-file"


def _shared(config: DomainConfig, access: str | None) -> bool | None:
    """Whether other processes may have the memory; QEMU shares memfd unless told not to."""
    if access is None:
        return None if config.memory_backing.source else False
    return access == "shared"


def _kind(
    guest: Guest, name: str, *, access: str | None, huge: bool
) -> tuple[str, dict[str, object]]:
    source = guest.config.memory_backing.source
    if huge or source == "memfd" or (source is None and access == "shared"):
        return "memory-backend-memfd", {}
    if source == "file" or access:
        path = str(guest.resources.folder / name)
        return _FILE, {"mem-path": path}
    return _RAM, {}


def _cell_of(config: DomainConfig, number: int | None) -> NumaCell | None:
    return dict(cells_in_order(config)).get(number) if number is not None else None


def _access(config: DomainConfig, number: int | None) -> str | None:
    cell = _cell_of(config, number)
    return (cell.mem_access if cell else None) or config.memory_backing.access


def _discards(config: DomainConfig, number: int | None) -> bool | None:
    cell = _cell_of(config, number)
    if cell is not None and cell.discard is not None:
        return cell.discard
    return True if config.memory_backing.discard else None


def _page_size(config: DomainConfig, number: int | None) -> int | None:
    """The size of the huge pages of a cell; 0 for the host's usual ones, None for none."""
    backing = config.memory_backing
    if not backing.hugepages:
        return None
    if not backing.pages:
        return 0
    for page in backing.pages:
        nodes = page.nodeset
        if nodes is None or (number is not None and number in _numbers(nodes)):
            size = int(page.size or 0)
            return size if size > _SMALL_PAGE else None
    return None


_SMALL_PAGE: Final = 4096


def _numbers(ranges: str) -> set[int]:
    """The numbers of a set such as ``0-3,^2``."""
    found: set[int] = set()
    for part in ranges.split(","):
        first, _, last = part.strip().removeprefix("^").partition("-")
        numbers = set(range(int(first), int(last or first) + 1))
        found = found - numbers if part.strip().startswith("^") else found | numbers
    return found


_POLICIES: Final = {"strict": "bind", "preferred": "preferred", "interleave": "interleave"}


def _policy(config: DomainConfig, number: int | None) -> dict[str, object]:
    """The host's NUMA nodes that the memory is taken from."""
    tune: NumaTune | MemoryNode = config.numatune
    for each in config.numatune.memnodes:
        if number is not None and each.cellid == number:
            tune = each
    policy = _POLICIES.get(tune.mode or "strict")
    if tune.nodeset is None or policy is None:  # restrictive: the control group sees to it
        return {}
    return {"host-nodes": sorted(_numbers(tune.nodeset)), "policy": policy}


def _by_size(guest: Guest) -> bool:
    """Whether the cells are told by their sizes, and the memory is the machine's own.

    So old machines have it, if nothing is asked of it, and so a guest can move between the two.
    """
    machine = guest.binary.machine(guest.config.os.machine or "")
    cells = cells_in_order(guest.config)
    if machine is None or not machine.numa_mem or not cells:
        return False
    made = (backend(guest, "", 0, cell=number) for number, _ in cells)
    return all(
        each["qom-type"] == _RAM and not {"host-nodes", "policy"} & each.keys() for each in made
    )


def _cell(guest: Guest, number: int, cell: NumaCell, *, by_size: bool) -> Iterator[str]:
    name = f"ram-node{number}"
    parts = ["node", f"nodeid={number}"]
    parts += [f"cpus={part}" for part in (cell.cpus or "").split(",") if part]
    initiator = _initiator(guest.config, number, cell)
    parts += [f"initiator={initiator}"] if initiator is not None else []
    if cell.memory and by_size:
        parts.append(f"mem={aligned(cell.memory, guest.family.memory_step) // _MIB}")
    elif cell.memory:
        size = aligned(cell.memory, guest.family.memory_step)
        made = backend(guest, name, size, cell=number)
        yield from ("-object", as_json(made))
        parts.append(f"memdev={name}")
    yield from ("-numa", ",".join(parts))


def _initiator(config: DomainConfig, number: int, cell: NumaCell) -> int | None:
    """The cell whose processors reach this one's memory best, which QEMU is told with HMAT."""
    if not hmat_is_wanted(config):
        return None
    if cell.cpus:
        return number
    own = (path.initiator for path in paths(config) if path.target == number)
    fallback = next((n for n, each in cells_in_order(config) if each.cpus), 0)
    return next((initiator for initiator in own if initiator is not None), fallback)


def hmat_is_wanted(config: DomainConfig) -> bool:
    """Whether latencies, bandwidths or caches of the cells are told."""
    return bool(paths(config)) or any(len(cell.caches) for cell in config.cpu.numa)


_NEAR, _FAR = 10, 20


def _distances(config: DomainConfig) -> Iterator[str]:
    """How far the cells are from each other; what is not said is near or far."""
    cells = cells_in_order(config)
    said = {
        (number, sibling.id or 0): sibling.value or _FAR
        for number, cell in cells
        for sibling in cell.distances
    }
    if not said:
        return
    for source, _ in cells:
        for target, _ in cells:
            usual = _NEAR if source == target else said.get((target, source), _FAR)
            options = {"src": source, "dst": target, "val": said.get((source, target), usual)}
            yield from ("-numa", comma_list("dist", options))
