"""Verbs that show or change what a domain may use of its host."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects, figures, size
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.errors import Unsupported
from aiovirt.model.cpusets import format_cpus, parse_cpus
from aiovirt.model.params import ParamValue, plain
from aiovirt.model.units import Bytes

__all__ = [
    "blkiotune",
    "domiftune",
    "memtune",
    "numatune",
    "perf",
    "schedinfo",
    "setmaxmem",
    "setmem",
]

KIB = 1024
UNLIMITED = 9007199254740991
"""libvirt's `VIR_DOMAIN_MEMORY_PARAM_UNLIMITED`."""

NUMA_MODES = ("strict", "preferred", "interleave", "restrictive")
SizeArg = Annotated[str, about("How much; a bare number is KiB.")]


async def setmem(
    domain: DomainArg, amount: SizeArg, *, affects: Affects = AFFECTS, session: SessionArg
) -> Plain:
    """Change the memory of a domain; a running guest gives back what it can, later.

    For example:

        aiovirt setmem web1 2GiB --live --config
    """
    found = await session.domain(domain)
    wanted = size(amount)
    await found.set_memory(int(wanted), **affects.meant)
    said = f"Domain '{found.name}' gets {wanted} of memory"
    with suppress(Unsupported):
        most = await found.max_memory()
        # To ESX it is a limit of the host's memory for the domain, which no domain exceeds.
        if 0 < most < wanted:
            size_is = f"all of its {Bytes(most)} of memory"
            said = f"Domain '{found.name}' may have {size_is}; setmaxmem gives it more"
    return done(found.key, "changed", said)


async def setmaxmem(
    domain: DomainArg, amount: SizeArg, *, affects: Affects = AFFECTS, session: SessionArg
) -> Plain:
    """Change the memory that a domain may have.

    For example:

        aiovirt setmaxmem web1 4GiB --config
    """
    found = await session.domain(domain)
    await found.set_memory(int(size(amount)), maximum=True, **affects.meant)
    return done(found.key, "changed", f"Domain '{found.name}' may have {size(amount)} of memory")


def _typed(text: str) -> ParamValue:
    """A value as a user writes it: a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


async def schedinfo(
    domain: DomainArg,
    *assignments: Annotated[str, about("NAME=VALUE, to change it.")],
    weight: Annotated[int | None, about("The same as weight=VALUE.")] = None,
    cap: Annotated[int | None, about("The same as cap=VALUE.")] = None,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change how processor time is shared out.

    For example:

        aiovirt schedinfo web1
        aiovirt schedinfo web1 cpu_shares=2048 vcpu_quota=50000 --live
    """
    params: dict[str, ParamValue] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError(f"{text!r} is no NAME=VALUE", hint="such as cpu_shares=2048")
        params[name] = _typed(value)
    params |= {name: n for name, n in (("weight", weight), ("cap", cap)) if n is not None}
    found = await session.domain(domain)
    if params:
        await found.set_scheduler_parameters(params, **affects.meant)
    scheduler = await found.scheduler()
    told = await found.scheduler_parameters(**affects.meant)
    values = {name: plain(value) for name, value in told.items()}
    data = {"scheduler": scheduler.name, "parameters": values}
    return figures(found.key, data, {"Scheduler": scheduler.name, **values})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimits:
    """Limits of memory: an amount, of which a bare number is KiB; -1 for none."""

    hard_limit: Annotated[str | None, about("Memory at most.")] = None
    soft_limit: Annotated[str | None, about("Memory at most where the host is short of it.")] = None
    swap_hard_limit: Annotated[str | None, about("Memory and swap space at most.")] = None
    min_guarantee: Annotated[str | None, about("Memory at least.")] = None


async def memtune(
    domain: DomainArg,
    *,
    limits: MemoryLimits = MemoryLimits(),
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change the limits of a domain's memory.

    For example:

        aiovirt memtune web1
        aiovirt memtune web1 --hard-limit 4GiB --live
    """
    found = await session.domain(domain)
    params = {
        name: UNLIMITED if text == "-1" else int(size(text)) // KIB
        for name, text in asdict(limits).items()
        if text is not None
    }
    if params:
        await found.set_memory_parameters(params, **affects.meant)
        return done(found.key, "changed", f"Memory limits of domain '{found.name}' changed")
    values = await found.memory_parameters(**affects.meant)
    shown = {name: "unlimited" if n == UNLIMITED else n for name, n in values.items()}
    data = {name: None if n == UNLIMITED else int(str(n)) * KIB for name, n in values.items()}
    return figures(found.key, data, shown)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DiskShares:
    """How the host's disks are shared; of devices as PATH,NUMBER,PATH,NUMBER."""

    weight: Annotated[int | None, about("The weight, from 10 to 1000; 0 for none.")] = None
    device_weights: Annotated[str | None, about("Weights of devices.")] = None
    device_read_iops_sec: Annotated[str | None, about("Reads in a second at most.")] = None
    device_write_iops_sec: Annotated[str | None, about("Writes in a second at most.")] = None
    device_read_bytes_sec: Annotated[str | None, about("Bytes read in a second.")] = None
    device_write_bytes_sec: Annotated[str | None, about("Bytes written in a second.")] = None


async def blkiotune(
    domain: DomainArg,
    *,
    shares: DiskShares = DiskShares(),
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change how the host's disks are shared.

    For example:

        aiovirt blkiotune web1 --weight 500 --live
        aiovirt blkiotune web1 --device-weights /dev/sda,200
    """
    found = await session.domain(domain)
    given = {name: value for name, value in asdict(shares).items() if value is not None}
    if given:
        names = {"device_weights": "device_weight"}
        params = {names.get(name, name): value for name, value in given.items()}
        await found.set_blkio_parameters(params, **affects.meant)
        return done(found.key, "changed", f"Disk shares of domain '{found.name}' changed")
    values = await found.blkio_parameters(**affects.meant)
    return figures(found.key, values, values)


async def numatune(
    domain: DomainArg,
    *,
    mode: Annotated[str | None, about(f"One of {', '.join(NUMA_MODES)}.")] = None,
    nodeset: Annotated[str | None, about("Which of the host's nodes, such as 0-1.")] = None,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change on which of the host's nodes a domain's memory is.

    For example:

        aiovirt numatune web1
        aiovirt numatune web1 --mode strict --nodeset 0 --config
    """
    found = await session.domain(domain)
    params: dict[str, ParamValue] = {}
    if mode is not None:
        if mode not in NUMA_MODES:
            raise UsageError(f"{mode!r} is none of {', '.join(NUMA_MODES)}")
        params["numa_mode"] = NUMA_MODES.index(mode)
    if nodeset is not None:
        params["numa_nodeset"] = format_cpus(parse_cpus(nodeset))
    if params:
        await found.set_numa_parameters(params, **affects.meant)
        return done(found.key, "changed", f"NUMA nodes of domain '{found.name}' changed")
    values = dict(await found.numa_parameters(**affects.meant))
    number = values.get("numa_mode")
    if isinstance(number, int) and number < len(NUMA_MODES):
        values["numa_mode"] = NUMA_MODES[number]
    return figures(found.key, values, values)


def _rates(way: str, text: str) -> Mapping[str, int]:
    """AVERAGE,PEAK,BURST[,FLOOR] as libvirt's parameters."""
    names = ("average", "peak", "burst", "floor")
    parts = text.split(",")
    if len(parts) > len(names) or not all(part == "" or part.isdecimal() for part in parts):
        raise UsageError(f"--{way} {text}: write AVERAGE,PEAK,BURST, in KiB/s, KiB/s and KiB")
    return {f"{way}.{name}": int(part) for name, part in zip(names, parts, strict=False) if part}


async def domiftune(
    domain: DomainArg,
    interface: Annotated[str, about("The host's device, or the MAC address.")],
    *,
    inbound: Annotated[str | None, about("AVERAGE,PEAK,BURST of what comes in.")] = None,
    outbound: Annotated[str | None, about("AVERAGE,PEAK,BURST of what goes out.")] = None,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change how fast an interface may be.

    For example:

        aiovirt domiftune web1 vnet0
        aiovirt domiftune web1 vnet0 --inbound 1000,5000,1024 --live
    """
    found = await session.domain(domain)
    params = {
        name: value
        for way, text in (("inbound", inbound), ("outbound", outbound))
        if text is not None
        for name, value in _rates(way, text).items()
    }
    if params:
        await found.set_interface_parameters(interface, params, **affects.meant)
        return done(found.key, "changed", f"Speed of {interface} of '{found.name}' changed")
    values = await found.interface_parameters(interface, **affects.meant)
    return figures(found.key, values, values)


async def perf(
    domain: DomainArg,
    *,
    enable: Annotated[str | None, about("Events to count, with commas between.")] = None,
    disable: Annotated[str | None, about("Events to count no more.")] = None,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change which of the host's performance events are counted.

    For example:

        aiovirt perf web1
        aiovirt perf web1 --enable cpu_cycles,instructions --live
    """
    found = await session.domain(domain)
    params = {
        name: wanted
        for text, wanted in ((enable, True), (disable, False))
        for name in (text or "").split(",")
        if name
    }
    if params:
        await found.set_perf_events(params, **affects.meant)
        return done(found.key, "changed", f"Performance events of domain '{found.name}' changed")
    values = await found.perf_events(**affects.meant)
    shown = {name: "enabled" if value else "disabled" for name, value in values.items()}
    return figures(found.key, values, shown)
