"""Plugging virtual processors into a running guest, and pulling them out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vcpus import enabled_vcpus, set_enabled_vcpus
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.impact import change_live
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import Busy, CallerError, InvalidState, Unsupported
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.cpusets import format_cpus
from aiovirt.protocols.qmp.commands import HotpluggableCpu, QueryHotpluggableCpus

__all__ = ["change_vcpus", "plug_enabled"]

GONE_BOUND_S: Final = 5.0
"""How long a guest may take to let a processor go before that is told as an error."""

_PLUGGED: Final = "/machine/peripheral/"
"""Where QEMU has what was plugged into it; what it started with is elsewhere, and stays."""


class _Place(NamedTuple):
    """A place of processors, which come and go together.

    Attributes:
        numbers: Theirs.
        cpu: What QEMU tells of it.
    """

    numbers: range
    cpu: HotpluggableCpu

    @property
    def alias(self) -> str:
        """QEMU's name of what is plugged in there."""
        return f"vcpu{self.numbers.start}"


async def _places(monitor: BoundedMonitor) -> Sequence[_Place]:
    """All places, in the order in which processors are numbered."""
    found: list[_Place] = []
    first = 0
    for cpu in sorted(await monitor.call(QueryHotpluggableCpus()), key=_order):
        found.append(_Place(range(first, first + cpu.vcpus_count), cpu))
        first += cpu.vcpus_count
    return found


def _order(cpu: HotpluggableCpu) -> list[tuple[str, int]]:
    order = ("node-id", "socket-id", "die-id", "core-id", "thread-id")
    return [(name, cpu.props.get(name, 0)) for name in order]


async def plug_enabled(monitor: BoundedMonitor, config: DomainConfig) -> None:
    """Give a guest before its first step the processors that no command line can give it.

    Raises:
        RemoteError: QEMU refused.
    """
    if config.vcpu_states:
        wanted = enabled_vcpus(config)
        for place in await _places(monitor):
            if place.cpu.qom_path is None and wanted.issuperset(place.numbers):
                await _plug(monitor, place)


async def change_vcpus(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, wanted: Collection[int]
) -> None:
    """Let a running guest have these processors; what was reached is noted in any case.

    Raises:
        CallerError: It cannot have these.
        Unsupported: One is that the guest was started with: those stay; or it is emulated.
        Busy: The guest has not let go of one in time. It may still.
        InvalidState: The guest keeps one.
        RemoteError: QEMU refused.
    """
    set_enabled_vcpus(live.config.copy(), wanted)
    monitor = domain.monitor()
    places = await _places(monitor)
    coming, going = _changes(places, wanted)
    if going and live.config.type != "kvm":
        _refuse_emulated(going[-1])
    live.vcpu_threads = None
    try:
        for place in coming:
            with anyio.CancelScope(shield=True):
                await _plug(monitor, place)
        for place in reversed(going):
            await _unplug(domain, live, monitor, place)
    finally:
        live.vcpu_threads = None
        with anyio.CancelScope(shield=True):
            await _note(engine, domain, live, monitor)


def _changes(
    places: Sequence[_Place], wanted: Collection[int]
) -> tuple[list[_Place], list[_Place]]:
    coming: list[_Place] = []
    going: list[_Place] = []
    for place in places:
        named = [number for number in place.numbers if number in wanted]
        if named and len(named) != len(place.numbers):
            raise CallerError(
                f"the virtual processors {format_cpus(list(place.numbers))} come and go together"
            )
        if named and place.cpu.qom_path is None:
            coming.append(place)
        if not named and place.cpu.qom_path is not None:
            if not place.cpu.qom_path.startswith(_PLUGGED):
                what = f"taking the virtual processor {place.numbers.start} from a running domain"
                raise Unsupported("QEMU", what, "it was started with that")
            going.append(place)
    return coming, going


def _refuse_emulated(place: _Place) -> None:
    """Keep a guest alive whose QEMU goes on using what it has freed of an emulated processor.

    It ends at some later change of the guest's memory map: seen when one is plugged in next.
    """
    raise Unsupported(
        "QEMU",
        f"taking the virtual processor {place.numbers.start} from a guest that it emulates",
        "QEMU would end sooner or later; use KVM, or let the guest's agent rest it (GUEST)",
    )


async def _plug(monitor: BoundedMonitor, place: _Place) -> None:
    arguments = {"driver": place.cpu.type, "id": place.alias, **place.cpu.props}
    await monitor.execute("device_add", arguments)


async def _unplug(
    domain: ManagedDomain, live: LiveDomain, monitor: BoundedMonitor, place: _Place
) -> None:
    leaving = live.departures.setdefault(place.alias, anyio.Event())
    live.kept.discard(place.alias)
    await monitor.execute("device_del", {"id": place.alias})
    with anyio.move_on_after(GONE_BOUND_S):
        await leaving.wait()
        if place.alias in live.kept:
            raise InvalidState(f"the guest of domain {domain.name!r} keeps its {place.alias}")
        return
    error = Busy(
        f"the guest of domain {domain.name!r} has not let go of its virtual processor "
        f"{place.numbers.start} within {GONE_BOUND_S:g} s",
        hint="it may still: look at its vcpuinfo later",
    )
    raise numbered(error, ErrorNumber.ERR_OPERATION_TIMEOUT)


async def _note(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, monitor: BoundedMonitor
) -> None:
    """Write down which there are, as QEMU says."""
    there: set[int] = set()
    plugged: set[int] = set()
    for place in await _places(monitor):
        if place.cpu.qom_path is not None:
            there.update(place.numbers)
            if place.cpu.qom_path.startswith(_PLUGGED):
                plugged.update(place.numbers)

    def write(config: DomainConfig) -> None:
        set_enabled_vcpus(config, there, hotpluggable=plugged)

    await change_live(engine, domain, live, write)
