"""Verbs about virtual processors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.affects import AFFECTS, Affects, cpus, told
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row, Rows, done
from aiovirt.errors import InvalidState
from aiovirt.model.cpusets import format_cpus
from aiovirt.model.tuning import VcpuState

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = ["emulatorpin", "setvcpu", "setvcpus", "vcpucount", "vcpuinfo", "vcpupin"]

NS = 1_000_000_000
STATES = {VcpuState.OFFLINE: "offline", VcpuState.RUNNING: "running", VcpuState.BLOCKED: "blocked"}
CpuListArg = Annotated[
    str | None, Parameter(help="The host's processors, such as 0-3,^2; r for all of them.")
]


async def vcpuinfo(
    domain: DomainArg,
    *,
    pretty: Annotated[bool, about("Show the host's processors as ranges.")] = False,
    session: SessionArg,
) -> Plain:
    """Show the virtual processors of a domain.

    For example:

        aiovirt vcpuinfo web1
        aiovirt vcpuinfo web1 -o json
    """
    found = await session.domain(domain)
    count = await found.host_cpu_count()
    try:
        rows = await _running(found)
    except InvalidState:
        rows = await _off(found)
    text = "\n\n".join(_block(row, count, pretty=pretty) for row in rows)
    shown = [{**row, "affinity": format_cpus(_affinity(row))} for row in rows]
    return Plain(text, told(found.key, vcpus=shown), [found.name])


async def _running(found: Domain) -> list[Row]:
    return [
        {
            "vcpu": one.number,
            "cpu": one.cpu if one.cpu >= 0 else None,
            "state": STATES.get(one.state, "no state"),
            "cpu_time_ns": one.time_ns,
            "affinity": one.affinity,
        }
        for one in await found.vcpus()
    ]


async def _off(found: Domain) -> list[Row]:
    """Those of a domain that is off: where they may run is all that is known."""
    pins = await found.vcpu_pins(config=True)
    return [
        {"vcpu": number, "cpu": None, "state": None, "cpu_time_ns": None, "affinity": affinity}
        for number, affinity in list(pins.items())[: await found.vcpu_count(config=True)]
    ]


def _affinity(row: Row) -> frozenset[int]:
    affinity = row["affinity"]
    return affinity if isinstance(affinity, frozenset) else frozenset()


def _block(row: Row, count: int, *, pretty: bool) -> str:
    """One processor as virsh shows it."""
    affinity, time = _affinity(row), row["cpu_time_ns"]
    where = (
        f"{format_cpus(affinity)} (out of {count})"
        if pretty
        else "".join("y" if cpu in affinity else "-" for cpu in range(count))
    )
    pairs = {
        "VCPU": row["vcpu"],
        "CPU": "N/A" if row["cpu"] is None else row["cpu"],
        "State": row["state"] or "N/A",
        "CPU time": f"{time / NS:.1f}s" if isinstance(time, int) else "N/A",
        "CPU Affinity": where,
    }
    return "\n".join(f"{name + ':':<15} {value}" for name, value in pairs.items())


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CountOf:
    """Which count; all of them when nothing is said."""

    maximum: Annotated[bool, about("How many it may have.")] = False
    active: Annotated[bool, about("How many it has.")] = False
    guest: Annotated[bool, about("How many its guest uses; the agent is asked.")] = False


async def vcpucount(
    domain: DomainArg,
    *,
    which: CountOf = CountOf(),
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show how many virtual processors a domain has.

    For example:

        aiovirt vcpucount web1
        aiovirt vcpucount web1 --maximum --config
    """
    found = await session.domain(domain)
    if which.guest or which.maximum or which.active or affects != AFFECTS:
        count = await found.vcpu_count(maximum=which.maximum, guest=which.guest, **affects.meant)
        return Plain(str(count), told(found.key, count=count), [str(count)])
    record = await found.record()
    counts: dict[str, int] = {}
    for maximum, word in ((True, "maximum"), (False, "current")):
        for live, there in ((False, record.persistent), (True, record.state.active)):
            if there:
                counts[f"{word}_{'live' if live else 'config'}"] = await found.vcpu_count(
                    maximum=maximum, live=live, config=not live
                )
    text = "\n".join(_count(name, count) for name, count in counts.items())
    return Plain(text, told(found.key, **counts), [found.name])


def _count(name: str, count: int) -> str:
    """One count as virsh shows it."""
    word, _, place = name.partition("_")
    return f"{word:<12} {place:<12} {count:3d}"


async def vcpupin(
    domain: DomainArg,
    vcpu: Annotated[int | None, about("Which virtual processor; all to look at if none.")] = None,
    cpulist: CpuListArg = None,
    *,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Rows | Plain:
    """Show or change on which of the host's processors a virtual one may run.

    For example:

        aiovirt vcpupin web1
        aiovirt vcpupin web1 0 2-3 --live --config
    """
    found = await session.domain(domain)
    if cpulist is not None:
        if vcpu is None:
            raise UsageError("vcpupin needs the number of a virtual processor to pin")
        chosen = cpus(cpulist, await found.host_cpu_count())
        await found.pin_vcpu(vcpu, chosen, **affects.meant)
        return done(found.key, "pinned", f"vCPU {vcpu} of domain '{found.name}' pinned")
    pins = await found.vcpu_pins(**affects.meant)
    rows = [
        {"name": found.name, "vcpu": number, "cpus": format_cpus(affinity)}
        for number, affinity in pins.items()
        if vcpu in {None, number}
    ]
    return Rows([Column("vcpu", "VCPU"), Column("cpus", "CPU Affinity")], rows)


async def emulatorpin(
    domain: DomainArg,
    cpulist: CpuListArg = None,
    *,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or change on which of the host's processors the hypervisor's own threads may run.

    For example:

        aiovirt emulatorpin web1
        aiovirt emulatorpin web1 0-1 --config
    """
    found = await session.domain(domain)
    if cpulist is not None:
        chosen = cpus(cpulist, await found.host_cpu_count())
        await found.pin_emulator(chosen, **affects.meant)
        return done(found.key, "pinned", f"emulator of domain '{found.name}' pinned")
    text = format_cpus(await found.emulator_pin(**affects.meant))
    return Plain(
        f"emulator: CPU Affinity\n{'-' * 34}\n       *: {text}", told(found.key, cpus=text), [text]
    )


async def setvcpus(
    domain: DomainArg,
    count: Annotated[int, Parameter(help="How many.", validator=Number(gt=0))],
    *,
    maximum: Annotated[bool, about("How many it may have; needs --config.")] = False,
    guest: Annotated[bool, about("How many its guest uses; the agent is told.")] = False,
    hotpluggable: Annotated[bool, about("Let those that come be taken away again.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Change how many virtual processors a domain has.

    For example:

        aiovirt setvcpus web1 4 --live --config
        aiovirt setvcpus web1 8 --maximum --config
    """
    found = await session.domain(domain)
    await found.set_vcpu_count(
        count, maximum=maximum, guest=guest, hotpluggable=hotpluggable, **affects.meant
    )
    return done(found.key, "changed", f"Domain '{found.name}' has {count} virtual processors")


async def setvcpu(
    domain: DomainArg,
    vcpulist: Annotated[str, about("Which virtual processors, such as 2-3.")],
    *,
    enable: Annotated[bool, about("Plug them in.")] = False,
    disable: Annotated[bool, about("Plug them out.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Plug virtual processors in, or out.

    For example:

        aiovirt setvcpu web1 2-3 --enable --live
    """
    if enable is disable:
        raise UsageError("setvcpu needs one of --enable and --disable")
    found = await session.domain(domain)
    await found.set_vcpu(cpus(vcpulist), enable=enable, **affects.meant)
    word = "plugged in" if enable else "plugged out"
    return done(found.key, "changed", f"vCPUs {vcpulist} of domain '{found.name}' {word}")
