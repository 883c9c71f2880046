"""The rows of `Statistics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aiovirt.bindings.arguments import DOM, STRINGS_WELCOME, arg, fixed, flags, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, parameters, whole
from aiovirt.bindings.values import DOMAIN, PLAIN, Value, enumeration, scaled
from aiovirt.interfaces import Statistics
from aiovirt.model.constants import ConnectGetAllDomainStatsFlags, DomainMemoryStatTags
from aiovirt.model.domain import (
    Control,
    ControlInfo,
    ControlState,
    DomainInfo,
    DomainKey,
    DomainState,
)
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import ANSWERS, DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters
from aiovirt.protocols.libvirt.tables import connect, domain_blocks, domain_jobs, structs
from aiovirt.protocols.libvirt.tables import domain as p
from aiovirt.protocols.xdr import Struct

__all__ = ["ROWS"]

KIB = scaled(1024)
MOST_PARAMS = 16
NO_FLAGS = fixed("flags", 0)
STRINGS = room("flags", STRINGS_WELCOME)

# --- all at once ------------------------------------------------------------------------------


def _read_domains(wires: list[structs.Domain]) -> list[DomainKey] | None:
    return [DOMAIN.read(wire) for wire in wires] or None


DOMAINS = Value(lambda keys: [DOMAIN.send(key) for key in keys or ()], _read_domains)
"""Some domains, or with None all of them."""


def _or_all(groups: StatsGroup) -> int:
    return 0 if groups is StatsGroup.ALL else groups.value


GROUPS = Value(
    # The state always comes along; 0 stands for all that there is, also with ENFORCE_STATS.
    lambda groups: _or_all(groups | StatsGroup.STATE),
    lambda wire: StatsGroup(wire & StatsGroup.ALL.value) if wire else StatsGroup.ALL,
)


_SINCE = "aiovirt.unresponsive.since"
_WHY = "aiovirt.unresponsive.error"
# libvirt has no name for it: its clients pass on, and virsh prints, names that they do not know.


def _read_control(figures: Mapping[str, ParamValue]) -> ControlState:
    since, why = figures.get(_SINCE), figures.get(_WHY)
    if not isinstance(since, float):
        return ANSWERS
    return ControlState(Control.UNRESPONSIVE, since, None if why is None else str(why))


def _send_control(control: ControlState) -> Mapping[str, ParamValue]:
    """What marks a domain whose hypervisor does not answer."""
    if control.control is not Control.UNRESPONSIVE:
        return {}
    told: dict[str, ParamValue] = {_SINCE: float(control.since or 0)}
    return told if control.last_error is None else {**told, _WHY: control.last_error}


def _read_stats(reply: connect.ConnectGetAllDomainStatsRet) -> list[DomainStats]:
    read = DOMAIN.read
    return [
        DomainStats(
            read(one.dom),
            one.dom.id if one.dom.id >= 0 else None,
            one.params,
            _read_control(one.params),
        )
        for one in reply.ret_stats
    ]


def _send_stats(kind: Callable[..., Struct], result: Sequence[DomainStats]) -> Struct:
    records = [
        structs.DomainStatsRecord(_with_id(one), {**one.figures, **_send_control(one.control)})
        for one in result
    ]
    return kind(records)


def _with_id(stats: DomainStats) -> structs.Domain:
    number = -1 if stats.id is None else stats.id
    return structs.Domain(stats.key.name, stats.key.uuid.bytes, number)


# --- memory -----------------------------------------------------------------------------------

_T = DomainMemoryStatTags
_AMOUNTS = {
    _T.SWAP_IN: "swap_in",
    _T.SWAP_OUT: "swap_out",
    _T.UNUSED: "unused",
    _T.AVAILABLE: "available",
    _T.ACTUAL_BALLOON: "current",
    _T.RSS: "rss",
    _T.USABLE: "usable",
    _T.DISK_CACHES: "disk_caches",
}
_COUNTS = {
    _T.MAJOR_FAULT: "major_faults",
    _T.MINOR_FAULT: "minor_faults",
    _T.LAST_UPDATE: "last_update_s",
    _T.HUGETLB_PGALLOC: "hugetlb_allocations",
    _T.HUGETLB_PGFAIL: "hugetlb_failures",
}
_TAGS: dict[int, tuple[str, int]] = {
    **{int(tag): (name, 1024) for tag, name in _AMOUNTS.items()},
    **{int(tag): (name, 1) for tag, name in _COUNTS.items()},
}


def _read_memory(reply: p.DomainMemoryStatsRet) -> BalloonStats:
    known = [(*_TAGS[item.tag], item.val) for item in reply.stats if item.tag in _TAGS]
    return BalloonStats(**{name: value * unit for name, unit, value in known})


def _send_memory(kind: Callable[..., Struct], result: BalloonStats) -> Struct:
    values = [(tag, getattr(result, name), unit) for tag, (name, unit) in sorted(_TAGS.items())]
    return kind(
        [
            structs.DomainMemoryStat(tag, value // unit)
            for tag, value, unit in values
            if value is not None
        ]
    )


_CONTROLS = tuple(Control)
CONTROL = Value(_CONTROLS.index, lambda wire: _CONTROLS[min(wire, len(_CONTROLS) - 1)])
"""libvirt's `virDomainControlState` has them in this order."""

ROWS = (
    bind(
        Statistics.info,
        p.DOMAIN_GET_INFO,
        DOM,
        returns=whole(
            DomainInfo,
            state=("state", enumeration(DomainState)),
            max_memory=("max_mem", KIB),
            memory=("memory", KIB),
            vcpus=("nr_virt_cpu", PLAIN),
            cpu_time_ns=("cpu_time", PLAIN),
        ),
    ),
    bind(
        Statistics.stats,
        connect.CONNECT_GET_ALL_DOMAIN_STATS,
        arg("domains", "doms", DOMAINS),
        arg("groups", "stats", GROUPS),
        flags(ConnectGetAllDomainStatsFlags),
        returns=Result(("ret_stats",), _read_stats, _send_stats),
    ),
    bind(
        Statistics.memory_stats,
        p.DOMAIN_MEMORY_STATS,
        DOM,
        room("max_stats", int(_T.NR)),
        NO_FLAGS,
        returns=Result(("stats",), _read_memory, _send_memory),
    ),
    bind(
        Statistics.block_stats,
        domain_blocks.DOMAIN_BLOCK_STATS_FLAGS,
        DOM,
        arg("disk", "path"),
        room("nparams", MOST_PARAMS),
        STRINGS,
        returns=parameters(),
    ),
    bind(
        Statistics.interface_stats,
        p.DOMAIN_INTERFACE_STATS,
        DOM,
        arg("interface", "device"),
        returns=whole(
            InterfaceCounters,
            rx_errors=("rx_errs", PLAIN),
            rx_drops=("rx_drop", PLAIN),
            tx_errors=("tx_errs", PLAIN),
            tx_drops=("tx_drop", PLAIN),
        ),
    ),
    bind(
        Statistics.control_info,
        domain_jobs.DOMAIN_GET_CONTROL_INFO,
        DOM,
        NO_FLAGS,
        returns=whole(
            ControlInfo,
            control=("state", CONTROL),
            details=("details", PLAIN),
            duration_ms=("state_time", PLAIN),
        ),
    ),
)
