"""Verbs about the threads that do the I/O of disks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.affects import AFFECTS, Affects, cpus
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Rows, done
from aiovirt.model.cpusets import format_cpus

__all__ = ["iothreadadd", "iothreaddel", "iothreadinfo", "iothreadpin", "iothreadset"]

NumberArg = Annotated[int, Parameter(help="The thread's number.", validator=Number(gt=0))]


async def iothreadinfo(
    domain: DomainArg, *, affects: Affects = AFFECTS, session: SessionArg
) -> Rows:
    """List the I/O threads of a domain.

    For example:

        aiovirt iothreadinfo web1
    """
    found = await session.domain(domain)
    rows = [
        {"name": found.name, "iothread": one.number, "cpus": format_cpus(one.affinity)}
        for one in await found.iothreads(**affects.meant)
    ]
    return Rows([Column("iothread", "IOThread ID"), Column("cpus", "CPU Affinity")], rows)


async def iothreadpin(
    domain: DomainArg,
    iothread: NumberArg,
    cpulist: Annotated[str, about("The host's processors, such as 0-3,^2; r for all.")],
    *,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Change on which of the host's processors an I/O thread may run.

    For example:

        aiovirt iothreadpin web1 1 2-3 --live
    """
    found = await session.domain(domain)
    chosen = cpus(cpulist, await found.host_cpu_count())
    await found.pin_iothread(iothread, chosen, **affects.meant)
    return done(found.key, "pinned", f"I/O thread {iothread} of domain '{found.name}' pinned")


async def iothreadadd(
    domain: DomainArg, iothread: NumberArg, *, affects: Affects = AFFECTS, session: SessionArg
) -> Plain:
    """Add an I/O thread to a domain.

    For example:

        aiovirt iothreadadd web1 2 --live --config
    """
    found = await session.domain(domain)
    await found.add_iothread(iothread, **affects.meant)
    return done(found.key, "added", f"I/O thread {iothread} added to domain '{found.name}'")


async def iothreaddel(
    domain: DomainArg, iothread: NumberArg, *, affects: Affects = AFFECTS, session: SessionArg
) -> Plain:
    """Take an I/O thread away from a domain; no disk may use it.

    For example:

        aiovirt iothreaddel web1 2 --live --config
    """
    found = await session.domain(domain)
    await found.delete_iothread(iothread, **affects.meant)
    return done(found.key, "removed", f"I/O thread {iothread} of domain '{found.name}' removed")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """How a thread looks for work."""

    poll_max_ns: Annotated[int | None, about("Nanoseconds of looking at most; 0 for none.")] = None
    poll_grow: Annotated[int | None, about("The factor by which looking gets longer.")] = None
    poll_shrink: Annotated[int | None, about("The divisor by which it gets shorter.")] = None
    thread_pool_min: Annotated[int | None, about("Helping threads at least.")] = None
    thread_pool_max: Annotated[int | None, about("Helping threads at most.")] = None


async def iothreadset(
    domain: DomainArg,
    iothread: NumberArg,
    *,
    polling: Polling = Polling(),
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Change how an I/O thread looks for work.

    For example:

        aiovirt iothreadset web1 1 --poll-max-ns 32768 --live
    """
    params: dict[str, int] = {
        name: value for name, value in asdict(polling).items() if value is not None
    }
    if not params:
        raise UsageError("iothreadset needs something to change", hint="such as --poll-max-ns 0")
    found = await session.domain(domain)
    meant = affects.meant
    await found.set_iothread(iothread, live=meant["live"], config=meant["config"], **params)
    return done(found.key, "changed", f"I/O thread {iothread} of domain '{found.name}' changed")
