"""Operations that no row of `aiovirt.bindings` says: their procedures are more than fields.

Some tell how much room the client has, some carry descriptors beside their arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiovirt.bindings.arguments import STRINGS_WELCOME
from aiovirt.bindings.values import CPU_MAP, DOMAIN, VERSION
from aiovirt.daemon.service.calling import close_all
from aiovirt.daemon.service.handler import AnyHandler, StreamHandler
from aiovirt.errors import CallerError, ProtocolError
from aiovirt.interfaces import (
    Containers,
    Displays,
    HostInfo,
    Lifecycle,
    Monitor,
    Processors,
    Statistics,
    refuse_flags,
)
from aiovirt.model.constants import (
    DomainModificationImpact,
    DomainOpenGraphicsFlags,
    DomainQemuMonitorCommandFlags,
    DomainShutdownFlags,
)
from aiovirt.model.params import ParamValue
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_devices as v
from aiovirt.protocols.libvirt.tables import domain_tuning as t
from aiovirt.protocols.libvirt.tables import lxc as l
from aiovirt.protocols.libvirt.tables import qemu as q
from aiovirt.protocols.libvirt.tables.structs import VcpuInfo

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["HANDLERS"]

MAX_MAPS = 8388608
"""Bytes of maps of processors in one reply: REMOTE_CPUMAPS_MAX."""

MAX_CPUS = 128
"""Processors whose times are told in one reply: REMOTE_DOMAIN_GET_CPU_STATS_NCPUS_MAX."""

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


async def _version(session: Session, _args: Empty) -> c.ConnectGetVersionRet:
    text = await session.ability(HostInfo).version()
    found = _NUMBERS.search(text)
    if found is None:
        return c.ConnectGetVersionRet(0)
    return c.ConnectGetVersionRet(VERSION.send([int(number or 0) for number in found.groups()]))


async def _shutdown(session: Session, args: d.DomainShutdownFlagsArgs) -> Empty:
    flags = DomainShutdownFlags(args.flags)
    await session.ability(Lifecycle).shutdown(DOMAIN.read(args.dom), flags=flags)
    return Empty()


# --- processors -----------------------------------------------------------------------------------


async def _vcpus(session: Session, args: t.DomainGetVcpusArgs) -> t.DomainGetVcpusRet:
    _check_maps(args.maxinfo, args.maplen)
    vcpus = await session.ability(Processors).vcpus(DOMAIN.read(args.dom))
    told = vcpus[: args.maxinfo]
    info = [VcpuInfo(one.number, int(one.state), one.time_ns, one.cpu) for one in told]
    return t.DomainGetVcpusRet(info, _maps((one.affinity for one in told), args.maplen))


async def _vcpu_pins(
    session: Session, args: t.DomainGetVcpuPinInfoArgs
) -> t.DomainGetVcpuPinInfoRet:
    _check_maps(args.ncpumaps, args.maplen)
    flags = DomainModificationImpact(args.flags)
    pins = await session.ability(Processors).vcpu_pins(DOMAIN.read(args.dom), flags=flags)
    told = [pins[number] for number in sorted(pins)[: args.ncpumaps]]
    return t.DomainGetVcpuPinInfoRet(_maps(told, args.maplen), len(told))


def _check_maps(count: int, size: int) -> None:
    if count < 0 or size < 0 or count * size > MAX_MAPS:
        raise CallerError(f"{count} maps of {size} bytes are more than {MAX_MAPS} bytes")


def _maps(cpus: Iterable[Iterable[int]], size: int) -> bytes:
    """Maps, one behind the other, each as long as the client has room for."""
    return b"".join(CPU_MAP.send(one)[:size].ljust(size, b"\0") for one in cpus)


async def _cpu_stats(session: Session, args: t.DomainGetCpuStatsArgs) -> t.DomainGetCpuStatsRet:
    """A client without room for figures is told how many there are, or of how many processors."""
    refuse_flags("libvirt", "cpu_stats", args.flags, STRINGS_WELCOME)
    if args.ncpus > MAX_CPUS:
        raise CallerError(f"{args.ncpus} processors at once, but {MAX_CPUS} are the most")
    ability, domain = session.ability(Statistics), DOMAIN.read(args.dom)
    if args.ncpus == 0:
        return t.DomainGetCpuStatsRet({}, len(await ability.cpu_stats(domain)))
    times = await ability.cpu_stats(domain, start=args.start_cpu, count=args.ncpus)
    names = sorted({name for one in times for name in one})
    if args.nparams == 0:
        return t.DomainGetCpuStatsRet({}, len(names))
    told = names[: args.nparams]
    return t.DomainGetCpuStatsRet(_ByProcessor(told, times), len(told))


class _ByProcessor(dict[str, Any]):
    """Figures that are sent processor by processor: that is how clients tell them apart."""

    def __init__(self, names: Sequence[str], times: Sequence[Mapping[str, ParamValue]]) -> None:
        super().__init__({name: [one.get(name, 0) for one in times] for name in names})
        self._times = times

    def items(self) -> Any:  # noqa: ANN401 - a name comes again for each processor
        """Every name with one value, for one processor after the other."""
        return list(self._pairs())

    def _pairs(self) -> Iterator[tuple[str, ParamValue]]:
        for one in self._times:
            for name in self:
                yield name, one.get(name, 0)


# --- descriptors ----------------------------------------------------------------------------------


async def _attach_graphics(session: Session, call: Call, args: v.DomainOpenGraphicsArgs) -> None:
    if len(call.descriptors) != 1:
        raise ProtocolError(f"one descriptor belongs to this call, not {len(call.descriptors)}")
    await session.ability(Displays).attach_graphics(
        DOMAIN.read(args.dom), call.descriptors[0], index=args.idx, skip_auth=_skips(args.flags)
    )
    session.reply(call, v.DOMAIN_OPEN_GRAPHICS, Empty())


async def _open_graphics(session: Session, call: Call, args: v.DomainOpenGraphicsFdArgs) -> None:
    made = await session.ability(Displays).open_graphics(
        DOMAIN.read(args.dom), index=args.idx, skip_auth=_skips(args.flags)
    )
    with made:
        _check_way(session)
        descriptors = [made.fileno()]
        session.reply(call, v.DOMAIN_OPEN_GRAPHICS_FD, Empty(), descriptors=descriptors)


def _skips(flags: int) -> bool:
    refuse_flags("libvirt", "open_graphics", flags, DomainOpenGraphicsFlags.SKIPAUTH)
    return bool(flags & DomainOpenGraphicsFlags.SKIPAUTH)


async def _open_namespace(session: Session, call: Call, args: l.DomainOpenNamespaceArgs) -> None:
    refuse_flags("libvirt", "open_namespaces", args.flags)
    made = await session.ability(Containers).open_namespaces(DOMAIN.read(args.dom))
    try:
        _check_way(session)
        session.reply(call, l.DOMAIN_OPEN_NAMESPACE, Empty(), descriptors=made)
    finally:
        close_all(made)


async def _monitor_with_files(
    session: Session, call: Call, args: q.DomainMonitorCommandWithFilesArgs
) -> None:
    text, made = await session.ability(Monitor).monitor_text_with_files(
        DOMAIN.read(args.dom),
        args.cmd,
        call.descriptors,
        flags=DomainQemuMonitorCommandFlags(args.flags),
    )
    try:
        if made:
            _check_way(session)
        reply = q.DomainMonitorCommandWithFilesRet(text)
        procedure = q.DOMAIN_MONITOR_COMMAND_WITH_FILES
        session.reply(call, procedure, reply, descriptors=made)
    finally:
        close_all(made)


def _check_way(session: Session) -> None:
    if not session.line.passes_descriptors:
        raise CallerError("descriptors travel by Unix sockets only")


HANDLERS: Mapping[Procedure[Any, Any], AnyHandler] = {
    c.CONNECT_GET_VERSION: _version,
    d.DOMAIN_SHUTDOWN_FLAGS: _shutdown,
    t.DOMAIN_GET_VCPUS: _vcpus,
    t.DOMAIN_GET_VCPU_PIN_INFO: _vcpu_pins,
    t.DOMAIN_GET_CPU_STATS: _cpu_stats,
    v.DOMAIN_OPEN_GRAPHICS: StreamHandler(_attach_graphics),
    v.DOMAIN_OPEN_GRAPHICS_FD: StreamHandler(_open_graphics),
    l.DOMAIN_OPEN_NAMESPACE: StreamHandler(_open_namespace),
    q.DOMAIN_MONITOR_COMMAND_WITH_FILES: StreamHandler(_monitor_with_files),
}
"""What answers them."""
