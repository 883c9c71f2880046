"""Verbs about the host as a machine: its processors, and what it can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Literal

import anyio

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Plain, Record, Row
from aiovirt.errors import AiovirtError
from aiovirt.model.host import HostCpuStats

__all__ = [
    "maxvcpus",
    "nodecpumap",
    "nodecpustats",
    "nodeinfo",
    "nodesevinfo",
    "nodesuspend",
    "sysinfo",
]

KIB = 1024

SAMPLE_S = 1.0
"""Seconds between the two looks of ``nodecpustats --percent``."""

_NODE = [
    Column("model", "CPU model"),
    Column("cpus", "CPU(s)"),
    Column("mhz", "CPU frequency", show=lambda row: f"{row['mhz']} MHz"),
    Column("sockets", "CPU socket(s)"),
    Column("cores", "Core(s) per socket"),
    Column("threads", "Thread(s) per core"),
    Column("nodes", "NUMA cell(s)"),
    Column("memory", "Memory size", show=lambda row: f"{int(str(row['memory'])) // KIB} KiB"),
]


async def nodeinfo(*, session: SessionArg) -> Record:
    """Show the processors and the memory of the host.

    For example:

        aiovirt nodeinfo
    """
    info = await session.host.node_info()
    return Record(_NODE, {"name": info.model, **asdict(info)})


_TIMES = {
    "user": "user_ns",
    "system": "kernel_ns",
    "idle": "idle_ns",
    "intr": "interrupts_ns",
    "iowait": "iowait_ns",
}


async def nodecpustats(
    *,
    cpu: Annotated[int, about("Only this processor.")] = -1,
    percent: Annotated[bool, about("What they do in this second, in percent.")] = False,
    session: SessionArg,
) -> Plain:
    """Show what the processors of the host did since it started, in nanoseconds.

    For example:

        aiovirt nodecpustats
        aiovirt nodecpustats --cpu 2 --percent
    """
    stats = await session.host.cpu_stats(cpu=cpu)
    if not percent and stats.utilization is None:
        lines = _lines({name: getattr(stats, key) for name, key in _TIMES.items()}, "")
        return Plain(lines, asdict(stats), [])
    if stats.utilization is not None:
        usage: Mapping[str, float | None] = {"usage": float(stats.utilization)}
    else:
        await anyio.sleep(SAMPLE_S)
        usage = _percent(stats, await session.host.cpu_stats(cpu=cpu))
    return Plain(_lines(usage, "%"), dict(usage), [])


def _percent(before: HostCpuStats, after: HostCpuStats) -> Mapping[str, float | None]:
    """What part of the time between two looks went where."""
    spent: dict[str, int] = {}
    for name, key in _TIMES.items():
        old, new = getattr(before, key), getattr(after, key)
        if old is not None and new is not None:
            spent[name] = new - old
    total = sum(spent.values()) or 1
    busy = total - spent.get("idle", 0) - spent.get("iowait", 0)
    parts = {name: round(100 * part / total, 1) for name, part in spent.items()}
    return {"usage": round(100 * busy / total, 1), **parts}


def _lines(values: Mapping[str, object], unit: str) -> str:
    known = {name: value for name, value in values.items() if value is not None}
    return "\n".join(f"{name + ':':<8}{value!s:>20}{unit}" for name, value in known.items())


async def nodecpumap(
    *,
    pretty: Annotated[bool, about("Ranges instead of a letter each.")] = False,
    session: SessionArg,
) -> Record:
    """Show which processors of the host are on.

    For example:

        aiovirt nodecpumap --pretty
    """
    found = await session.host.cpu_map()
    letters = "".join("y" if cpu in found.online else "-" for cpu in range(found.present))
    row = {"name": None, "present": found.present, "online": sorted(found.online)}
    columns = [
        Column("present", "CPUs present"),
        Column("online", "CPUs online", show=lambda _: str(len(found.online))),
        Column("map", "CPU map", show=lambda _: ranges(row) if pretty else letters),
    ]
    return Record(columns, row)


def ranges(row: Row) -> str:
    """The numbers of the processors that are on, as ``0-3,6``."""
    numbers = row["online"]
    parts: list[list[int]] = []
    for number in numbers if isinstance(numbers, list) else ():
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


async def nodesevinfo(*, session: SessionArg) -> Plain:
    """Show what the host has of AMD's encrypted guests.

    For example:

        aiovirt nodesevinfo
    """
    found = await session.host.sev_info()
    lines = [f"{name:<18}: {value}" for name, value in found.items()]
    return Plain("\n".join(lines), dict(found), [])


async def nodesuspend(
    target: Annotated[Literal["mem", "disk", "hybrid"], about("Where its memory is meanwhile.")],
    duration: Annotated[int, about("Seconds after which it wakes, at least 60.")],
    *,
    session: SessionArg,
) -> Plain:
    """Let the host sleep, with all its guests.

    For example:

        aiovirt nodesuspend mem 600
    """
    await session.host.suspend(target, duration)
    sentence = f"The host sleeps for {duration} seconds"
    return Plain(sentence, {"target": target, "duration_s": duration}, [], chatter=True)


async def maxvcpus(
    *,
    type_: Annotated[str | None, about("The kind of guest, such as kvm.")] = None,
    session: SessionArg,
) -> Plain:
    """Print how many virtual processors a guest may have at most.

    For example:

        aiovirt maxvcpus --type kvm
    """
    try:
        most = _most_of(await session.host.domain_capabilities(virt_type=type_))
    except AiovirtError:  # a driver without that document
        most = None
    if most is None:
        most = await session.host.max_vcpus(virt_type=type_)
    return Plain(str(most), {"max_vcpus": most}, [str(most)])


def _most_of(document: str) -> int | None:
    from aiovirt.config import DomainCapabilitiesConfig  # noqa: PLC0415 - it brings lxml

    return DomainCapabilitiesConfig.parse(document).max_vcpus


async def sysinfo(*, session: SessionArg) -> Plain:
    """Print the host's SMBIOS tables as XML.

    For example:

        aiovirt sysinfo
    """
    xml = await session.host.sysinfo()
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])
