"""Latencies, bandwidths and caches of NUMA cells, as the guest reads them (ACPI's HMAT)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import DomainConfig, NumaBandwidth, NumaCache, NumaLatency
from aiovirt.drivers.qemu.argv.words import comma_list

__all__ = ["hmat", "paths"]

_LEVELS: Final = ("memory", "first-level", "second-level", "third-level")
_ASSOCIATIVITIES: Final = {"none": "none", "direct": "direct", "full": "complex"}
_POLICIES: Final = {"none": "none", "writeback": "write-back", "writethrough": "write-through"}


def paths(config: DomainConfig) -> list[NumaLatency | NumaBandwidth]:
    """What is said of the ways from the cells to each other's memory: latencies first."""
    return [*config.cpu.numa_latencies, *config.cpu.numa_bandwidths]


def hmat(config: DomainConfig) -> Iterator[str]:
    """The ``-numa`` options of what the cells' memory is like."""
    for path in paths(config):
        yield from ("-numa", comma_list("hmat-lb", _interconnect(path)))
    for number, cell in enumerate(config.cpu.numa):
        for cache in cell.caches:
            options = _cache(number if cell.id is None else cell.id, cache)
            yield from ("-numa", comma_list("hmat-cache", options))


def _interconnect(path: NumaLatency | NumaBandwidth) -> dict[str, object]:
    what, value = _measure(path)
    return {
        "initiator": path.initiator,
        "target": path.target,
        "hierarchy": _LEVELS[path.cache or 0],
        "data-type": f"{path.type or 'access'}-{what}",
        what: value,
    }


def _measure(path: NumaLatency | NumaBandwidth) -> tuple[str, object]:
    if isinstance(path, NumaLatency):
        return "latency", path.value
    return "bandwidth", _kib(path.value or 0)


def _kib(size: int) -> str:
    return f"{int(size) // 1024}K"


def _cache(number: int, cache: NumaCache) -> dict[str, object]:
    return {
        "node-id": number,
        "size": None if cache.size is None else _kib(cache.size),
        "level": cache.level,
        "associativity": _ASSOCIATIVITIES.get(cache.associativity or ""),
        "policy": _POLICIES.get(cache.policy or ""),
        "line": None if cache.line is None else int(cache.line),
    }
