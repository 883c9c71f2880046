"""The performance events that are counted of a domain: what its configuration says, and live."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aiovirt.config import DomainConfig, Perf, PerfEvent
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.impact import change_live, looked_at, meant, redefine
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import CallerError, HostError
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.params import ParamType, ParamValue, Typed
from aiovirt.model.tuning import PERF_EVENTS

__all__ = ["perf_events", "set_perf_events", "start_counting"]

log = logging.getLogger("aiovirt.qemu")


def perf_events(domain: ManagedDomain, flags: int) -> Mapping[str, ParamValue]:
    """Which events are counted, by libvirt's names; see `Resources.perf_events`."""
    found = meant(domain, flags)
    enabled = found.live.perf.names if found.live else _enabled(looked_at(domain, flags))
    return {name: Typed(ParamType.BOOLEAN, value=name in enabled) for name in PERF_EVENTS}


async def set_perf_events(
    engine: Engine, domain: ManagedDomain, wanted: Mapping[str, bool], flags: int
) -> None:
    """Count events, or count them no more; see `Resources.set_perf_events`.

    Raises:
        CallerError: There is no such event.
        HostError: The host cannot count one, or does not let us; nothing has changed.
    """
    for name in wanted:
        if name not in PERF_EVENTS:
            raise CallerError(f"there is no performance event {name!r}")

    def change(config: DomainConfig) -> None:
        _write(config, wanted)

    async with engine.works.work(), domain.changes:
        what = meant(domain, flags)
        if what.live is not None:
            _count(what.live, wanted)
            await change_live(engine, domain, what.live, change)
        if what.definition is not None:
            await redefine(engine, domain, change)


def start_counting(live: LiveDomain) -> None:
    """Count what a configuration names, for a QEMU that begins, or that is found running.

    As libvirt does, what the host cannot count is left out, not an error.
    """
    for name in _enabled(live.config):
        try:
            live.perf.start(name, live.process.pid)
        except HostError as error:
            log.warning("domain %s: %s", live.config.name, error)
            _write(live.config, {name: False})


def _count(live: LiveDomain, wanted: Mapping[str, bool]) -> None:
    begun: list[str] = []
    try:
        for name, on in wanted.items():
            if on and name not in live.perf.names:
                live.perf.start(name, live.process.pid)
                begun.append(name)
    except HostError as error:
        for name in begun:
            live.perf.stop(name)
        raise numbered(error, ErrorNumber.ERR_SYSTEM_ERROR) from error.__cause__
    for name, on in wanted.items():
        if not on:
            live.perf.stop(name)


def _enabled(config: DomainConfig) -> list[str]:
    return [each.name for each in config.perf.events if each.enabled and each.name]


def _write(config: DomainConfig, wanted: Mapping[str, bool]) -> None:
    events = {each.name or "": bool(each.enabled) for each in config.perf.events} | dict(wanted)
    config.perf = Perf(events=[PerfEvent(name=name, enabled=on) for name, on in events.items()])
