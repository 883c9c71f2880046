"""Verbs about the long work that a domain is at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.affects import told
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.results import Plain, done
from aiovirt.model.jobs import JobKind, JobStats

__all__ = ["domdirtyrate_calc", "domjobabort", "domjobinfo"]

_MIB = 1024**2

OPERATIONS = (
    "Unknown",
    "Start",
    "Save",
    "Restore",
    "Incoming migration",
    "Outgoing migration",
    "Snapshot",
    "Snapshot revert",
    "Dump",
    "Backup",
    "Snapshot delete",
)
"""libvirt's `virDomainJobOperation` in virsh's words."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
STEP = 1024
Mode = Literal["page-sampling", "dirty-bitmap", "dirty-ring"]


def _size(count: int) -> str:
    """An amount in the unit that makes it readable."""
    value, unit = float(count), 0
    while value >= STEP and unit + 1 < len(UNITS):
        value, unit = value / STEP, unit + 1
    return f"{value:.3f} {UNITS[unit]}"


def _in(unit: str) -> Callable[[int], str]:
    """A number with its unit, in virsh's columns."""
    return lambda count: f"{count:<12} {unit}".rstrip()


def _speed(count: int) -> str:
    return f"{_size(count)}/s"


def _group(name: str, word: str) -> Iterator[tuple[str, str, Callable[[int], str], str | None]]:
    """The lines about one kind of data, which are there when there is any."""
    for part in ("processed", "remaining", "total"):
        yield f"{name}_{part}", f"{word} {part}", _size, f"{name}_total"


LINES = (
    ("time_elapsed", "Time elapsed", _in("ms"), None),
    ("time_elapsed_net", "Time elapsed w/o network", _in("ms"), None),
    ("time_remaining", "Time remaining", _in("ms"), None),
    *_group("data", "Data"),
    *_group("memory", "Memory"),
    ("memory_bps", "Memory bandwidth", _speed, "memory_bps"),
    ("memory_dirty_rate", "Dirty rate", _in("pages/s"), None),
    ("memory_page_size", "Page size", _in("bytes"), None),
    ("memory_iteration", "Iteration", _in(""), None),
    ("memory_postcopy_requests", "Postcopy requests", _in(""), None),
    *_group("disk", "File"),
    ("disk_bps", "File bandwidth", _speed, "disk_bps"),
    ("memory_constant", "Constant pages", _in(""), None),
    ("memory_normal", "Normal pages", _in(""), None),
    ("memory_normal_bytes", "Normal data", _size, None),
    ("downtime", "Expected downtime", _in("ms"), None),
    ("downtime_net", "Downtime w/o network", _in("ms"), None),
    ("setup_time", "Setup time", _in("ms"), None),
    ("compression_cache", "Compression cache", _size, None),
    ("compression_bytes", "Compressed data", _size, None),
    ("compression_pages", "Compressed pages", _in(""), None),
    ("compression_cache_misses", "Compression cache misses", _in(""), None),
    ("compression_overflow", "Compression overflows", _in(""), None),
    ("auto_converge_throttle", "Auto converge throttle", _in(""), "auto_converge_throttle"),
    ("disk_temp_used", "Temporary disk space use", _size, None),
    ("disk_temp_total", "Temporary disk space total", _size, None),
)
"""Of each figure: libvirt's name, virsh's words, how it is shown, and what must not be 0 for it."""


def _shown(stats: JobStats) -> Iterator[tuple[str, str]]:
    """A job as virsh shows it, line by line."""
    yield "Job type", stats.kind.name.capitalize()
    number = stats.figure("operation")
    if stats.kind is JobKind.NONE:
        return
    if number is not None:
        yield "Operation", OPERATIONS[number if number < len(OPERATIONS) else 0]
    for name, words, show, needed in LINES:
        count = stats.figure(name)
        if count is None or (needed and not stats.figure(needed)):
            continue
        if name == "downtime" and stats.kind is JobKind.COMPLETED:
            yield "Total downtime", show(count)
        elif name != "time_remaining" or stats.kind is JobKind.BOUNDED:
            yield words, show(count)


def _lines(stats: JobStats) -> str:
    return "\n".join(f"{name + ':':<17} {value}" for name, value in _shown(stats))


async def domjobinfo(  # virsh's options
    domain: DomainArg,
    *,
    completed: Annotated[bool, about("The last one that ended.")] = False,
    keep_completed: Annotated[bool, about("Do not forget that one.")] = False,
    anystats: Annotated[bool, about("Figures of one that failed, too.")] = False,
    rawstats: Annotated[bool, about("All figures, with libvirt's names.")] = False,
    session: SessionArg,
) -> Plain:
    """Show how far a domain's long work is: saving, moving, a backup.

    For example:

        aiovirt domjobinfo web1
        aiovirt domjobinfo web1 --completed -o json
    """
    found = await session.domain(domain)
    stats = await found.job_stats(completed=completed or keep_completed, keep=keep_completed)
    data = told(found.key, type=stats.kind.name.lower(), figures=dict(stats.params))
    if rawstats:
        text = "\n".join(f"{name}: {value}" for name, value in stats.params.items())
    elif stats.kind in {JobKind.FAILED, JobKind.CANCELLED} and not anystats:
        text = _lines(JobStats(stats.kind, {}))
    else:
        text = _lines(stats)
    return Plain(text, data, [found.name])


async def domjobabort(
    domain: DomainArg,
    *,
    postcopy: Annotated[bool, about("Also where it is past the point of no harm.")] = False,
    session: SessionArg,
) -> Plain:
    """Give up a domain's long work.

    For example:

        aiovirt domjobabort web1
    """
    found = await session.domain(domain)
    await found.abort_job(postcopy=postcopy)
    return done(found.key, "asked", f"The job of domain '{found.name}' is given up")


async def domdirtyrate_calc(
    domain: DomainArg,
    *,
    seconds: Annotated[int, Parameter(help="For how long.", validator=Number(gte=1, lte=60))] = 1,
    mode: Annotated[Mode, about("By which method.")] = "page-sampling",
    wait: Annotated[bool, about("Wait for the result, and print it.")] = False,
    session: SessionArg,
) -> Plain:
    """Begin to measure how much memory a guest changes; domstats tells the result.

    For example:

        aiovirt domdirtyrate-calc web1 --seconds 5
        aiovirt domdirtyrate-calc web1 --wait
    """
    found = await session.domain(domain)
    if wait:
        async with session.progress(f"{found.name}: measuring"):
            rate = (await found.dirty_rate(seconds, mode=mode)).rate
        text = f"{(rate or 0) // _MIB} MiB/s"
        return Plain(text, told(found.key, bytes_per_second=rate), [str(rate)])
    await found.measure_dirty_rate(seconds, mode=mode)
    sentence = f"Start to calculate domain's memory dirty rate successfully: {found.name}"
    return done(found.key, "begun", sentence)
