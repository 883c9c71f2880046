"""Changing what a domain may use: a running one's control group, its card's speed, its document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias

from aiovirt.config import DomainConfig
from aiovirt.drivers.common import tuning
from aiovirt.drivers.common.tuning import BLKIO, MEMORY, SCHEDULER
from aiovirt.drivers.qemu.argv.resources import TAP_TYPES
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.impact import change_live, meant, redefine
from aiovirt.drivers.qemu.engine.pins import look_up_threads
from aiovirt.drivers.qemu.process.limits import (
    STRICT_MODES,
    THREAD_PARAMS,
    put_blkio,
    put_memory,
    put_nodes,
    put_threads,
    put_whole,
)
from aiovirt.errors import InvalidState, ResourceUnavailable
from aiovirt.host.cgroups import Group
from aiovirt.host.shaping import Speed, shape
from aiovirt.model.params import TypedParams, plain

__all__ = [
    "set_blkio",
    "set_memory",
    "set_nodes",
    "set_scheduler",
    "set_speed",
    "shape_interface",
    "shape_interfaces",
]

Change: TypeAlias = Callable[[DomainConfig], None]


async def _tune(
    engine: Engine,
    domain: ManagedDomain,
    flags: int,
    change: Change,
    carry_out: Callable[[LiveDomain], Awaitable[None]],
) -> bool:
    """Change what the flags mean; whether the running domain is among that.

    Args:
        engine: The driver.
        domain: Which domain.
        flags: libvirt's.
        change: Changes a configuration; it is tried on a copy before anything else.
        carry_out: Changes the running domain.

    Raises:
        CallerError: A parameter is unknown or wrong; nothing has changed.
        InvalidState: What is meant is not there.
        ResourceUnavailable, HostError: The host cannot do it.
    """
    async with engine.works.work(), domain.changes:
        what = meant(domain, flags)
        if what.live is not None:
            change(what.live.config.copy())
            await carry_out(what.live)
            await change_live(engine, domain, what.live, change)
        if what.definition is not None:
            await redefine(engine, domain, change)
        return what.live is not None


def _group(live: LiveDomain) -> Group:
    """The control group of a running domain.

    Raises:
        ResourceUnavailable: It has none.
    """
    if live.group is None:
        raise ResourceUnavailable(
            f"domain {live.config.name!r} runs without a control group, which that needs",
            hint="change its configuration, or run the driver as root where groups can be made",
        )
    return live.group


async def set_scheduler(
    engine: Engine, domain: ManagedDomain, params: TypedParams, flags: int
) -> bool:
    """Change how processor time is shared out; returns and raises as `_tune`."""

    async def carry_out(live: LiveDomain) -> None:
        group = _group(live)
        put_whole(group, params)
        if not THREAD_PARAMS.keys().isdisjoint(params):
            async with live.placing:
                threads = await look_up_threads(domain.monitor(), live.process.pid)
                put_threads(group, params, threads.by_group())

    change = partial(tuning.write, params=params, table=SCHEDULER)
    return await _tune(engine, domain, flags, change, carry_out)


async def set_memory(
    engine: Engine, domain: ManagedDomain, params: TypedParams, flags: int
) -> None:
    """Change limits of memory; raises as `_tune`."""

    async def carry_out(live: LiveDomain) -> None:
        put_memory(_group(live), params)

    change = partial(tuning.write, params=params, table=MEMORY)
    await _tune(engine, domain, flags, change, carry_out)


async def set_blkio(engine: Engine, domain: ManagedDomain, params: TypedParams, flags: int) -> None:
    """Change how the host's disks are shared; raises as `_tune`."""

    async def carry_out(live: LiveDomain) -> None:
        put_blkio(_group(live), params)

    change = partial(tuning.write, params=params, table=BLKIO)
    await _tune(engine, domain, flags, change, carry_out)


async def set_nodes(engine: Engine, domain: ManagedDomain, params: TypedParams, flags: int) -> None:
    """Change on which of the host's nodes memory is, which goes there; raises as `_tune`."""
    change = partial(tuning.write_numa, params=params)

    async def carry_out(live: LiveDomain) -> None:
        config = live.config.copy()
        change(config)
        _check_nodes(live.config, config)
        put_nodes(_group(live), config, migrate=True)

    await _tune(engine, domain, flags, change, carry_out)


def _check_nodes(now: DomainConfig, then: DomainConfig) -> None:
    """See that the memory of a running domain can be where it is to be: the group alone moves it.

    Raises:
        InvalidState: Its mode cannot change, or does not let it be moved.
    """
    old, new = (plain(tuning.read_numa(each)["numa_mode"]) for each in (now, then))
    if old != new:
        raise InvalidState(
            f"domain {now.name!r} is running: the mode of its memory on nodes cannot change now",
            hint="change its configuration (--config)",
        )
    if new not in STRICT_MODES:
        raise InvalidState(
            f"domain {now.name!r} is running, and only strict or restrictive memory moves to "
            "other nodes meanwhile",
            hint="change its configuration (--config)",
        )


# --- the speed of interfaces ----------------------------------------------------------------------


async def set_speed(
    engine: Engine, domain: ManagedDomain, interface: str, params: TypedParams, flags: int
) -> None:
    """Change how fast an interface may be; raises as `_tune`, and `NotFound`."""
    change = partial(tuning.write_bandwidth, interface=interface, params=params)

    async def carry_out(live: LiveDomain) -> None:
        config = live.config.copy()
        change(config)
        await shape_interface(config, interface)

    await _tune(engine, domain, flags, change, carry_out)


async def shape_interfaces(config: DomainConfig) -> None:
    """Limit the interfaces of a domain that is being started, as its configuration says.

    Raises:
        ResourceUnavailable: The host cannot do it, or not for such an interface.
    """
    for card in config.interfaces:
        address = str(card.mac)
        if any(plain(value) for value in tuning.read_bandwidth(config, address).values()):
            await shape_interface(config, address)


async def shape_interface(config: DomainConfig, interface: str) -> None:
    """Limit an interface of a running domain as a configuration says; errors as of all."""
    card = tuning.card_of(config, interface)
    if card.type not in TAP_TYPES or not card.target_dev:
        raise ResourceUnavailable(
            f"the speed of an interface of type {card.type!r} cannot be limited: it has no device "
            "on the host",
            hint="limit one of type bridge, network or ethernet",
        )
    found = {name: plain(value) for name, value in tuning.read_bandwidth(config, interface).items()}
    await shape(card.target_dev, _speed(found, "inbound"), _speed(found, "outbound"))


def _speed(found: Mapping[str, object], way: str) -> Speed:
    average, peak, burst = (found.get(f"{way}.{word}") for word in ("average", "peak", "burst"))
    return Speed(*(value if isinstance(value, int) else 0 for value in (average, peak, burst)))
