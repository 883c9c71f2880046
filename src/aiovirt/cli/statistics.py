"""Verbs that show what domains use. Figures bear the names that virsh gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, Row, done
from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.model.domain import Control, DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup

__all__ = [
    "Filters",
    "Groups",
    "Manner",
    "cpu_stats",
    "domblkstat",
    "domifstat",
    "dommemstat",
    "domstats",
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Which statistics; all when nothing is said."""

    state: Annotated[bool, about("State and reason, as libvirt's numbers.")] = False
    cpu_total: Annotated[bool, about("Processor time.")] = False
    balloon: Annotated[bool, about("Memory.")] = False
    vcpu: Annotated[bool, about("Virtual processors.")] = False
    interface: Annotated[bool, about("Network interfaces.")] = False
    block: Annotated[bool, about("Disks.")] = False
    perf: Annotated[bool, about("Performance events that are turned on.")] = False
    iothread: Annotated[bool, about("IO threads.")] = False
    memory: Annotated[bool, about("Bandwidth of memory.")] = False
    dirty_rate: Annotated[bool, about("How fast the guest writes to its memory.")] = False
    vm: Annotated[bool, about("What the hypervisor counts of the machine.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Only some of the domains."""

    list_active: Annotated[bool, about("Active ones.")] = False
    list_inactive: Annotated[bool, about("Inactive ones.")] = False
    list_persistent: Annotated[bool, about("Those with a definition.")] = False
    list_transient: Annotated[bool, about("Those without a definition.")] = False
    list_running: Annotated[bool, about("Running ones.")] = False
    list_paused: Annotated[bool, about("Paused ones.")] = False
    list_shutoff: Annotated[bool, about("Those that are shut off.")] = False
    list_other: Annotated[bool, about("Those in any other state.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How they are asked."""

    raw: Annotated[bool, about("Figures as they come: they always do.")] = False
    enforce: Annotated[bool, about("Fail if a group is not known.")] = False
    backing: Annotated[bool, about("Each image of the chains of disks.")] = False
    nowait: Annotated[bool, about("Leave out what a domain that is busy would tell.")] = False


_FLAGS = {
    "state": StatsGroup.STATE,
    "cpu_total": StatsGroup.CPU,
    "balloon": StatsGroup.BALLOON,
    "vcpu": StatsGroup.VCPU,
    "interface": StatsGroup.INTERFACE,
    "block": StatsGroup.BLOCK,
    "perf": StatsGroup.PERF,
    "iothread": StatsGroup.IOTHREAD,
    "memory": StatsGroup.MEMORY,
    "dirty_rate": StatsGroup.DIRTY_RATE,
    "vm": StatsGroup.VM,
}


def wanted(groups: Groups) -> StatsGroup:
    """The library's flags for these options."""
    flags = [flag for name, flag in _FLAGS.items() if getattr(groups, name)]
    return reduce(or_, flags, StatsGroup(0)) or StatsGroup.ALL


async def domstats(
    *domains: DomainArg,
    groups: Groups = Groups(),
    filters: Filters = Filters(),
    manner: Manner = Manner(),
    session: SessionArg,
) -> Plain:
    """Show statistics of these domains, or of all.

    A domain whose hypervisor does not answer is there too, and says so.

    For example:

        aiovirt domstats
        aiovirt domstats --cpu-total --block web1 web2
        aiovirt domstats --list-running -o json
    """
    asked = [await session.domain(domain) for domain in domains]
    flags = flag_set(
        "ConnectGetAllDomainStatsFlags",
        0,
        **{name.removeprefix("list_"): is_set for name, is_set in asdict(filters).items()},
        enforce_stats=manner.enforce,
        backing=manner.backing,
        nowait=manner.nowait,
    )
    chosen = wanted(groups)
    found = await session.host.stats(asked or None, groups=chosen, flags=flags)
    return Plain(
        "\n".join(_text(one, chosen) for one in found),
        [_data(one, chosen) for one in found],
        [one.key.name for one in found],
    )


def _figures_of(stats: DomainStats, groups: StatsGroup) -> dict[str, ParamValue]:
    """The figures that were asked for: the state always comes along."""
    shown = StatsGroup.STATE in groups
    return {
        name: value
        for name, value in stats.figures.items()
        if shown or not name.startswith("state.")
    }


def _text(stats: DomainStats, groups: StatsGroup) -> str:
    """One domain's part, as virsh lays it out."""
    figures = _figures_of(stats, groups)
    lines = [f"  {name}={_shown(value)}" for name, value in figures.items()]
    if stats.control.control is Control.UNRESPONSIVE:
        lines.insert(0, f"  control=unresponsive: {stats.control.last_error or 'no answer'}")
    return "\n".join([f"Domain: '{stats.key.name}'", *lines, ""])


def _shown(value: ParamValue) -> str:
    """A figure as virsh shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, float) else str(value)


def _data(stats: DomainStats, groups: StatsGroup) -> Row:
    """One domain's part for programs."""
    return {
        "name": stats.key.name,
        "uuid": str(stats.key.uuid),
        "id": stats.id,
        "control": stats.control.control.value,
        "stats": _figures_of(stats, groups),
    }


def _plain(domain: DomainKey, words: Mapping[str, object], data: Row) -> Plain:
    """Figures one a line: name and value; what is not known is left out."""
    text = "\n".join(f"{name} {value}" for name, value in words.items() if value is not None)
    known = {name: value for name, value in data.items() if value is not None}
    return Plain(text, {"domain": domain.name, "uuid": str(domain.uuid), **known}, [domain.name])


# --- one device -----------------------------------------------------------------------------------

# libvirt's name, virsh's word, the key in the structured formats, and what it is.
_BLOCK = (
    ("rd_operations", "rd_req", "rd_reqs", "number of read operations"),
    ("rd_bytes", "rd_bytes", "rd_bytes", "number of bytes read"),
    ("wr_operations", "wr_req", "wr_reqs", "number of write operations"),
    ("wr_bytes", "wr_bytes", "wr_bytes", "number of bytes written"),
    ("errs", "errs", "errors", "error count"),
    ("flush_operations", "flush_operations", "fl_reqs", "number of flush operations"),
    ("rd_total_times", "rd_total_times", "rd_times_ns", "total duration of reads (ns)"),
    ("wr_total_times", "wr_total_times", "wr_times_ns", "total duration of writes (ns)"),
    ("flush_total_times", "flush_total_times", "fl_times_ns", "total duration of flushes (ns)"),
)

_INTERFACE = (
    *(("rx_bytes", "rx_bytes"), ("rx_packets", "rx_packets")),
    *(("rx_errs", "rx_errors"), ("rx_drop", "rx_drops")),
    *(("tx_bytes", "tx_bytes"), ("tx_packets", "tx_packets")),
    *(("tx_errs", "tx_errors"), ("tx_drop", "tx_drops")),
)


async def domblkstat(
    domain: DomainArg,
    device: Annotated[str | None, about("The disk's target, such as vda; or its path.")] = None,
    *,
    human: Annotated[bool, about("Say in words what each figure is.")] = False,
    session: SessionArg,
) -> Plain:
    """Show what a disk has read and written.

    Without a device it is the only one, or all together. Amounts are in bytes, times in
    nanoseconds.

    For example:

        aiovirt domblkstat web1 vda
        aiovirt domblkstat --human web1
    """
    found = await session.domain(domain)
    disks = [disk.target.dev or "" for disk in (await found.config()).disks]
    name = device or (disks[0] if len(disks) == 1 else "")
    try:
        figures = await found.block_stats(name)
    except InvalidState:
        raise
    except AiovirtError as error:
        raise _among(error, "disk", disks) from error
    words = {(word if not human else text): figures.get(key) for key, word, _, text in _BLOCK}
    # A bare path or target stands before each figure, as virsh has it.
    lines = {(f" {text}:" if human else f"{name} {text}"): value for text, value in words.items()}
    plain = _plain(found.key, lines, {key: figures.get(own) for own, _, key, _ in _BLOCK})
    if not human:
        return plain
    return Plain(f"Device: {name}\n{plain.text}", plain.data, plain.names)


async def domifstat(
    domain: DomainArg,
    interface: Annotated[str | None, about("Its name on the host, or its address.")] = None,
    *,
    session: SessionArg,
) -> Plain:
    """Show what an interface has received and sent.

    For example:

        aiovirt domifstat web1 vnet0
    """
    found = await session.domain(domain)
    cards = (await found.config()).interfaces
    names = [card.target_dev for card in cards if card.target_dev]
    # As virsh has it, an interface may be named by its address too.
    by_address = {str(card.mac): card.target_dev for card in cards if card.mac is not None}
    if interface is None and len(names) != 1:
        if not await found.is_active():
            raise InvalidState(f"domain '{found.name}' is not running")
        raise _among(NotFound(f"say which interface of domain '{found.name}'"), "interface", names)
    name = interface or names[0]
    name = by_address.get(name.lower()) or name
    try:
        counters = asdict(await found.interface_stats(name))
    except InvalidState:
        raise
    except AiovirtError as error:
        raise _among(error, "interface", names) from error
    words = {f"{name} {word}": counters.get(key) for word, key in _INTERFACE}
    return _plain(found.key, words, {"name": name, **counters})


def _among(error: AiovirtError, kind: str, names: Sequence[str]) -> AiovirtError:
    """The error, with the names of the devices that there are as its hint."""
    if error.hint is None:
        error.hint = f"it has: {', '.join(names)}" if names else f"it has no {kind} with a name"
    return error


# virsh's word, and the key in the structured formats; the amounts are in KiB for people.
_MEMORY = (
    *(("actual", "current"), ("swap_in", "swap_in"), ("swap_out", "swap_out")),
    *(("major_fault", "major_faults"), ("minor_fault", "minor_faults")),
    *(("unused", "unused"), ("available", "available"), ("usable", "usable")),
    *(("last_update", "last_update_s"), ("disk_caches", "disk_caches")),
    *(("hugetlb_pgalloc", "hugetlb_allocations"), ("hugetlb_pgfail", "hugetlb_failures")),
    ("rss", "rss"),
)
_COUNTS = (
    "major_faults",
    "minor_faults",
    "last_update_s",
    "hugetlb_allocations",
    "hugetlb_failures",
)
_KIB = 1024


async def dommemstat(
    domain: DomainArg,
    *,
    period: Annotated[
        int | None, about("Let the guest tell every so many seconds; 0 for never.")
    ] = None,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show what is known of the memory of a running domain, in KiB, or set how often it tells.

    The structured formats have bytes.

    For example:

        aiovirt dommemstat web1
        aiovirt dommemstat web1 --period 10 --live --config
    """
    if period is not None and period < 0:
        raise UsageError(f"--period {period}: seconds are not negative")
    affects.check()
    found = await session.domain(domain)
    if period is not None:
        await found.set_memory_stats_period(period, **affects.meant)
        often = f"every {period} s" if period else "no more"
        return done(found.key, "changed", f"Domain '{found.name}' tells of its memory {often}")
    known = asdict(await found.memory_stats())
    words = {
        word: value if value is None or key in _COUNTS else value // _KIB
        for word, key in _MEMORY
        for value in [known[key]]
    }
    return _plain(found.key, words, known)


# --- processors of the host -----------------------------------------------------------------------

_NS = 1_000_000_000


async def cpu_stats(
    domain: DomainArg,
    *,
    total: Annotated[bool, about("Only the sum.")] = False,
    start: Annotated[int, about("The first processor.")] = 0,
    count: Annotated[int | None, about("How many; all if left out.")] = None,
    session: SessionArg,
) -> Plain:
    """Show how much time of which processor of the host a domain took.

    For example:

        aiovirt cpu-stats web1
        aiovirt cpu-stats --total web1
    """
    found = await session.domain(domain)
    whole = total or (start == 0 and count is None)
    each = [] if total else list(await found.cpu_stats(start=start, count=count))
    (sums,) = await found.cpu_stats(start=-1) if whole else [None]
    parts = [_times(f"CPU{start + place}", one) for place, one in enumerate(each)]
    parts += [] if sums is None else [_times("Total", sums)]
    data = {"name": found.name, "uuid": str(found.uuid), "cpus": each, "total": sums}
    return Plain("\n".join(parts), data, [found.name])


def _times(title: str, times: Mapping[str, ParamValue]) -> str:
    """The times of one processor, as virsh has them."""
    lines = [f"\t{name:<12} {_seconds(value)} seconds" for name, value in times.items()]
    return "\n".join([f"{title}:", *lines])


def _seconds(value: ParamValue) -> str:
    whole, rest = divmod(value if isinstance(value, int) else 0, _NS)
    return f"{whole:>9}.{rest:09}"
