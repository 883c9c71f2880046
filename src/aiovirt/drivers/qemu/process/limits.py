"""libvirt's parameters of tuning, put on a guest's control group and on those of its threads.

Errors of all: `ConfigError` when the kernel refuses a figure, `ResourceUnavailable` when the host
cannot do what is asked for, `HostError` when we may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tuning import UNLIMITED, read_numa
from aiovirt.errors import ConfigError
from aiovirt.host.cgroups import Group
from aiovirt.host.cgroups.knobs import DEVICE_KNOBS, put, put_devices, set_cpuset
from aiovirt.model.params import ParamValue, plain

__all__ = [
    "STRICT_MODES",
    "THREAD_PARAMS",
    "WHOLE_PARAMS",
    "place_threads",
    "put_blkio",
    "put_memory",
    "put_nodes",
    "put_threads",
    "put_whole",
]

_KIB: Final = 1024

WHOLE_PARAMS: Final = {
    "cpu_shares": "shares",
    "global_period": "period",
    "global_quota": "quota",
}
"""libvirt's parameters of the whole guest, and the knobs of its group."""

_KINDS: Final = ("vcpu", "emulator", "iothread")

THREAD_PARAMS: Final = {
    f"{kind}_{knob}": (kind, knob) for kind in _KINDS for knob in ("period", "quota")
}
"""libvirt's parameters of some of its threads: which ones, and the knobs of their groups."""

_MEMORY_KNOBS: Final = {
    "hard_limit": "memory",
    "soft_limit": "soft_memory",
    "swap_hard_limit": "swap",
}
STRICT_MODES: Final = (0, 3)  # VIR_DOMAIN_NUMATUNE_MEM_STRICT, _RESTRICTIVE


def _number(value: ParamValue) -> int:
    """A parameter's number."""
    number = plain(value)
    if not isinstance(number, int):
        raise ConfigError(f"{number!r} is no number", field="params")
    return number


def _limit(value: ParamValue) -> int | None:
    number = _number(value)
    return None if number < 0 else number


def put_whole(group: Group, params: Mapping[str, ParamValue]) -> None:
    """Set the parameters of `WHOLE_PARAMS`; others are let alone."""
    for name, knob in WHOLE_PARAMS.items():
        if name in params:
            put(group, knob, _limit(params[name]))


def put_memory(group: Group, params: Mapping[str, ParamValue]) -> None:
    """Set limits of memory, which are in KiB.

    The limit with swap can never be below the one without: which is set first depends on that.
    """
    limits = {name: _bytes(value) for name, value in params.items() if name in _MEMORY_KNOBS}
    order = sorted(limits, key=lambda name: name == "swap_hard_limit")
    try:
        for name in order:
            put(group, _MEMORY_KNOBS[name], limits[name])
    except ConfigError:
        for name in reversed(order):
            put(group, _MEMORY_KNOBS[name], limits[name])


def _bytes(value: ParamValue) -> int | None:
    number = _number(value)
    return None if number >= UNLIMITED else number * _KIB


def put_blkio(group: Group, params: Mapping[str, ParamValue]) -> None:
    """Set weights and limits of the host's disks."""
    for name, value in params.items():
        if name == "weight":
            put(group, "weight", _number(value))
            continue
        knob = name.removeprefix("device_")
        if knob in DEVICE_KNOBS:
            words = str(plain(value)).split(",")
            pairs = zip(words[::2], words[1::2], strict=False)
            put_devices(group, knob, {Path(path): int(number) for path, number in pairs})


def put_nodes(group: Group, config: DomainConfig, *, migrate: bool = False) -> None:
    """Hold a guest's memory to the host's nodes that it may be on.

    Only where that is strict: else QEMU itself prefers or interleaves them.
    """
    params = {name: plain(value) for name, value in read_numa(config).items()}
    nodes = str(params["numa_nodeset"])
    if nodes and params["numa_mode"] in STRICT_MODES:
        set_cpuset(group, nodes=nodes, migrate=migrate)


def put_threads(
    group: Group, params: Mapping[str, ParamValue], threads: Mapping[str, Iterable[int]]
) -> None:
    """Set the parameters of `THREAD_PARAMS`, each thread of a kind in a group of its own.

    Args:
        group: The guest's.
        params: libvirt's parameters; others are let alone.
        threads: The threads of the groups, by their names: ``emulator``, ``vcpu0``, ….
    """
    for name, members in threads.items():
        kind = name.rstrip("0123456789")
        wanted = {
            knob: _limit(params[param])
            for param, (whose, knob) in THREAD_PARAMS.items()
            if whose == kind and param in params
        }
        if wanted:
            below = _placed(group, name, members)
            for knob, value in wanted.items():
                put(below, knob, value)


def place_threads(group: Group, threads: Mapping[str, Iterable[int]]) -> None:
    """Give the threads their groups as libvirt does, and remove those of threads that are gone.

    The host then weighs a virtual processor against QEMU's own work, and counts each apart.  One
    thread that is several processors, as TCG may have it, is the first of them.
    """
    placed: set[int] = set()
    for name, members in threads.items():
        fresh = set(members) - placed
        if fresh:
            _placed(group, name, fresh)
        placed |= fresh
    for left in set(group.children()) - threads.keys():
        if left.rstrip("0123456789") in _KINDS:
            group.child(left).removed()


def _placed(group: Group, name: str, members: Iterable[int]) -> Group:
    below = group.child(name)
    below.make_for_threads()
    for thread in set(members) - below.threads():  # the kernel makes all forks wait for each move
        below.take_thread(thread)
    return below
