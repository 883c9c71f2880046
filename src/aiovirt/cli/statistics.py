"""Verbs that show what domains use. Figures bear the names of `DomainStats.flat`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from typing import Annotated, TypeVar

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.results import Plain, Row
from aiovirt.cli.rows import describe
from aiovirt.cli.session import Session
from aiovirt.errors import InvalidState, NotFound, Unresponsive
from aiovirt.model.domain import Control
from aiovirt.model.statistics import BlockStats, DomainStats, InterfaceStats, StatsGroup

__all__ = ["Groups", "domblkstat", "domifstat", "dommemstat", "domstats"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Which statistics; all when nothing is said."""

    state: Annotated[bool, about("State and reason, as libvirt's numbers.")] = False
    cpu_total: Annotated[bool, about("Processor time of the hypervisor process.")] = False
    balloon: Annotated[bool, about("Memory.")] = False
    vcpu: Annotated[bool, about("Virtual processors.")] = False
    interface: Annotated[bool, about("Network interfaces.")] = False
    block: Annotated[bool, about("Disks.")] = False


_FLAGS = {
    "state": StatsGroup.STATE,
    "cpu_total": StatsGroup.CPU,
    "balloon": StatsGroup.BALLOON,
    "vcpu": StatsGroup.VCPU,
    "interface": StatsGroup.INTERFACE,
    "block": StatsGroup.BLOCK,
}


def wanted(groups: Groups) -> StatsGroup:
    """The library's flags for these options."""
    flags = [flag for name, flag in _FLAGS.items() if getattr(groups, name)]
    return reduce(or_, flags, StatsGroup(0)) or StatsGroup.ALL


async def domstats(*domains: DomainArg, groups: Groups = Groups(), session: SessionArg) -> Plain:
    """Show statistics of these domains, or of all.

    A domain whose hypervisor does not answer is there too, and says so.

    For example:

        aiovirt domstats
        aiovirt domstats --cpu-total --block web1 web2
        aiovirt domstats -o json
    """
    asked = [await session.domain(domain) for domain in domains]
    return _together(await session.host.stats(asked or None, groups=wanted(groups)))


def _together(stats: Sequence[DomainStats]) -> Plain:
    """Domain after domain, as virsh lays it out."""
    return Plain(
        "\n".join(_text(one) for one in stats),
        [_data(one) for one in stats],
        [one.record.key.name for one in stats],
    )


def _text(stats: DomainStats) -> str:
    """One domain's part."""
    lines = [f"  {name}={figure}" for name, figure in stats.flat().items()]
    if stats.record.control.control is Control.UNRESPONSIVE:
        lines.insert(0, f"  control=unresponsive: {stats.record.control.last_error or 'no answer'}")
    return "\n".join([f"Domain: '{stats.record.key.name}'", *lines, ""])


def _data(stats: DomainStats) -> Row:
    """One domain's part for programs."""
    row = describe(stats.record)
    return {key: row[key] for key in ("name", "uuid", "id", "control")} | {"stats": stats.flat()}


async def _one(session: Session, domain: str, group: StatsGroup) -> DomainStats:
    """The statistics of one domain that runs.

    Raises:
        InvalidState: It does not run.
        Unresponsive: Its hypervisor does not answer.
    """
    stats = await (await session.domain(domain)).stats(groups=group)
    record = stats.record
    if not record.state.active:
        raise InvalidState(
            f"domain '{record.key.name}' is not running: it has no such statistics",
            hint=f"aiovirt start {record.key.name}",
        )
    if record.control.control is Control.UNRESPONSIVE:
        raise Unresponsive(
            f"the hypervisor of domain '{record.key.name}' does not answer:"
            f" {record.control.last_error or 'no answer in time'}"
        )
    return stats


Device = TypeVar("Device", BlockStats, InterfaceStats)


def _device(
    kind: str, domain: str, devices: Sequence[Device] | None, name: str | None, *, uncounted: bool
) -> Device:
    """The device of that name, or the only one.

    Args:
        kind: What it is called.
        domain: The domain's name.
        devices: Those that have figures.
        name: Which.
        uncounted: Whether the domain has such devices without figures.

    Raises:
        NotFound: There is none, or no name was given and there are several.
    """
    known = {device.name: device for device in devices or ()}
    if name is None and len(known) == 1:
        (name,) = known
    if name not in known:
        none = f"no {kind} of it has figures" if uncounted else f"it has no {kind} at all"
        raise NotFound(
            f"domain '{domain}' has no figures of {kind} {name!r}"
            if name
            else f"say which {kind} of domain '{domain}'",
            hint=f"it has: {', '.join(known)}" if known else none,
        )
    return known[name]


def _figures(stats: DomainStats, values: Row) -> Plain:
    """Figures one a line: name and value; what is not known is left out."""
    known = {name: value for name, value in values.items() if value is not None}
    key = stats.record.key
    text = "\n".join(f"{name} {value}" for name, value in known.items())
    return Plain(text, {"domain": key.name, "uuid": str(key.uuid), **known}, [key.name])


async def domblkstat(
    domain: DomainArg,
    device: Annotated[str | None, about("The disk's target, such as vda.")] = None,
    *,
    session: SessionArg,
) -> Plain:
    """Show what a disk has read and written.

    Amounts are in bytes, times in nanoseconds.

    For example:

        aiovirt domblkstat web1 vda
    """
    stats = await _one(session, domain, StatsGroup.BLOCK)
    there = (await (await session.domain(domain)).config()).disks
    name = stats.record.key.name
    found = _device("disk", name, stats.blocks, device, uncounted=bool(there))
    return _figures(stats, asdict(found))


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
    stats = await _one(session, domain, StatsGroup.INTERFACE)
    there = (await (await session.domain(domain)).config()).interfaces
    # As virsh has it, an interface may be named by its address too.
    names = {str(one.mac): one.target_dev for one in there if one.mac is not None}
    named = names.get((interface or "").lower()) or interface
    name = stats.record.key.name
    found = _device("interface", name, stats.interfaces, named, uncounted=bool(there))
    return _figures(stats, asdict(found))


async def dommemstat(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Show the memory of a running domain, in bytes.

    For example:

        aiovirt dommemstat web1
    """
    stats = await _one(session, domain, StatsGroup.BALLOON)
    return _figures(stats, asdict(stats.balloon) if stats.balloon else {})
