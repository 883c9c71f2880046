"""I/O threads of a domain, and where its threads may run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.iothreads import (
    add_iothread,
    delete_iothread,
    iothread_ids,
    set_polling,
)
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.impact import change_live, looked_at, meant, redefine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.pins import apply_to_threads, part_threads, pinned, set_pin
from aiovirt.drivers.qemu.engine.pins import iothread_ids as running_threads
from aiovirt.errors import CallerError, NotFound
from aiovirt.host.scheduling import affinity, set_affinity
from aiovirt.interfaces import Processors
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams, plain
from aiovirt.model.tuning import IOThread

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["QemuIOThreads"]

_Pin: TypeAlias = tuple[str, tuple[str, int] | None]
_Threads: TypeAlias = Callable[[LiveDomain], Awaitable[Collection[int]]]
_CarryOut: TypeAlias = Callable[[BoundedMonitor], Awaitable[object]]
_PROPERTIES: Final = {
    "poll_max_ns": "poll-max-ns",
    "poll_grow": "poll-grow",
    "poll_shrink": "poll-shrink",
    "thread_pool_min": "thread-pool-min",
    "thread_pool_max": "thread-pool-max",
}


class QemuIOThreads(QemuAbility, Processors):
    """The part of `Processors` that is about I/O threads."""

    async def iothreads(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Sequence[IOThread]:
        """See `Processors.iothreads`."""
        managed = self._registry.get(domain)
        what = meant(managed, flags)
        if what.live is None:
            config = looked_at(managed, flags)
            numbers = iothread_ids(config)
            pins = {n: pinned(config, "iothreadpin", ("iothread", n)) for n in numbers}
            return [IOThread(number, cpus) for number, cpus in pins.items()]
        async with self._engine.works.work():
            found = await running_threads(managed.monitor())
            return [IOThread(number, affinity(found[number])) for number in sorted(found)]

    async def pin_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_iothread`."""
        managed = self._registry.get(domain)

        async def threads(_live: LiveDomain) -> Collection[int]:
            found = await running_threads(managed.monitor())
            if iothread not in found:
                raise NotFound(f"domain {managed.name!r} has no I/O thread {iothread}")
            return [found[iothread]]

        pin = ("iothreadpin", ("iothread", iothread))
        await self._pin(managed, pin, frozenset(cpus), threads, flags)

    async def add_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.add_iothread`."""
        options = {"qom-type": "iothread", "id": f"iothread{iothread}"}

        async def carry_out(monitor: BoundedMonitor) -> None:
            await monitor.execute("object-add", options)

        await self._change_threads(domain, partial(add_iothread, number=iothread), carry_out, flags)

    async def delete_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.delete_iothread`."""

        async def carry_out(monitor: BoundedMonitor) -> None:
            await monitor.execute("object-del", {"id": f"iothread{iothread}"})

        change = partial(delete_iothread, number=iothread)
        await self._change_threads(domain, change, carry_out, flags)

    async def set_iothread(
        self,
        domain: DomainKey,
        iothread: int,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.set_iothread`: the bounds of its pool of workers, too."""

        async def carry_out(monitor: BoundedMonitor) -> None:
            path = f"/objects/iothread{iothread}"
            for name, value in params.items():
                row = {"path": path, "property": _PROPERTIES[name], "value": plain(value)}
                await monitor.execute("qom-set", row)

        change = partial(set_polling, number=iothread, params=params)
        await self._change_threads(domain, change, carry_out, flags)

    async def _change_threads(
        self,
        domain: DomainKey,
        change: Callable[[DomainConfig], None],
        carry_out: _CarryOut,
        flags: int,
    ) -> None:
        """Change what the flags mean; what is refused is so before anything has changed."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            for config in (what.live and what.live.config, what.definition):
                if config:
                    change(config.copy())
            if what.live is not None:
                await carry_out(managed.monitor())
                await change_live(self._engine, managed, what.live, change)
                await apply_to_threads(managed.monitor(), what.live)
            if what.definition is not None:
                await redefine(self._engine, managed, change)
            if what.live is not None:
                await part_threads(what.live)

    async def _pin(
        self,
        managed: ManagedDomain,
        pin: _Pin,
        cpus: frozenset[int],
        threads: _Threads,
        flags: int,
    ) -> None:
        """Hold threads to processors, and write that down."""
        if not cpus:
            raise CallerError("a thread needs a processor that it may run on")
        change = partial(_write_pin, pin, cpus)
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            if what.live is not None:
                set_affinity(await threads(what.live), cpus)
                await change_live(self._engine, managed, what.live, change)
            if what.definition is not None:
                await redefine(self._engine, managed, change)


def _write_pin(pin: _Pin, cpus: frozenset[int], config: DomainConfig) -> None:
    set_pin(config, *pin, cpus)
