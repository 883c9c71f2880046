"""The destination: a QEMU waits for a guest, which runs in the end, or nothing is left of it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain, MovePhase
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.prepare import completed
from aiovirt.drivers.qemu.engine.start import Launching, start_in_turn
from aiovirt.drivers.qemu.engine.stop import end, goes_on
from aiovirt.drivers.qemu.hostinfo.host import read_host
from aiovirt.drivers.qemu.migration.cookie import Cookie, Disks, own_cookie
from aiovirt.drivers.qemu.migration.parameters import PAUSED, PERSIST, POSTCOPY, RESUME, Wishes
from aiovirt.drivers.qemu.migration.receiving import Arrival, Receiver
from aiovirt.drivers.qemu.migration.storage import (
    copied,
    make_images,
    remove_images,
    stop_serving,
)
from aiovirt.drivers.qemu.migration.tunnel import IncomingTunnel, socket_pair
from aiovirt.drivers.qemu.migration.watching import (
    BROKEN,
    POSTCOPY_STATES,
    in_all,
    state_of,
    until_arrived,
)
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    CallerError,
    ConfigError,
    HostError,
    InvalidState,
    NotFound,
    Unresponsive,
)
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.migration import MigrationFinished, MigrationPrepared
from aiovirt.model.params import ParamType, Typed
from aiovirt.protocols.qmp.commands import Cont

__all__ = ["Destination"]

_AWAITED: Final = "it is awaited from another host"
_GO_ON_BOUND_S: Final = 60.0
"""How long a guest may take to go on: of post-copy it may need first what is not here yet."""


class Destination:
    """The domains that come to this host."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._receiver = Receiver(engine)
        self._arrivals: dict[str, Arrival] = {}

    # --- prepare --------------------------------------------------------------------------------

    async def prepare(self, wishes: Wishes, cookie: bytes) -> MigrationPrepared:
        """See `Migration.prepare_migration`."""
        if wishes.flags & RESUME:
            return await self._prepare_again(wishes)
        arrival, remote = await self._awaited(wishes, cookie)
        if wishes.offline:
            # libvirt's clients want a place also of what sends nothing there.
            return MigrationPrepared(
                self._cookie(arrival).encode(), str(self._receiver.wanted(arrival))
            )
        try:
            arrival.place = await self._receiver.place(arrival)
            await self._launch(arrival, remote, None)
        except BaseException:
            self._forget(arrival)
            raise
        return MigrationPrepared(self._cookie(arrival).encode(), self._answer(arrival))

    @asynccontextmanager
    async def prepare_tunnel(self, wishes: Wishes, cookie: bytes) -> AsyncIterator[IncomingTunnel]:
        """See `Migration.prepare_tunnel`."""
        arrival, remote = await self._awaited(wishes, cookie)
        with socket_pair() as (ours, theirs):
            try:
                await self._launch(arrival, remote, theirs)
            except BaseException:
                self._forget(arrival)
                raise
            theirs.close()
            yield IncomingTunnel(ours, self._cookie(arrival).encode())

    def _cookie(self, arrival: Arrival) -> Cookie:
        cookie = own_cookie(arrival.source, read_host().uuid)
        if arrival.disks is None:
            return cookie
        return replace(cookie, disks=Disks(arrival.disks.port), bitmaps=arrival.bitmaps)

    async def _awaited(self, wishes: Wishes, cookie: bytes) -> tuple[Arrival, Cookie | None]:
        """Note that a domain is awaited.

        Raises:
            AlreadyExists: It runs here, or its name or UUID is another's.
            ConfigError: Its document cannot be had here.
        """
        if wishes.xml is None:
            raise CallerError("no document of the domain was given: destination_xml")
        config = DomainConfig.parse(wishes.xml)
        if config.uuid is None or not config.name:
            raise ConfigError("the domain has no name, or no UUID", field="domain/uuid")
        remote = Cookie.decode(cookie)
        name = wishes.name or config.name
        source = DomainKey(config.uuid, remote.name if remote else config.name)
        config.name = name
        self._engine.registry.check_usable(name)
        if not wishes.offline:
            config = await completed(self._engine, config)
        async with self._engine.defining:
            domain = self._vacant(DomainKey(source.uuid, name))
            domain.changes.close(_AWAITED)
        arrival = Arrival(source, domain, config, wishes)
        self._arrivals[domain.name] = arrival
        if wishes.flags & PERSIST:
            try:
                arrival.definition = await self._definition(arrival, remote)
            except BaseException:
                self._forget(arrival)
                raise
            arrival.known_as = (remote.persistent if remote else None) or ""
        return arrival, remote

    def _vacant(self, key: DomainKey) -> ManagedDomain:
        """The domain of that key, which does not run; a new one if there is none."""
        domain = self._engine.registry.existing(key)
        if domain is None:
            domain = ManagedDomain(key, None)
            self._engine.registry.add(domain)
        elif domain.live is not None or domain.definition is None or domain.changes.closed:
            raise AlreadyExists(
                f"domain {domain.name!r} is active here already",
                hint="is this the host that it is on?",
            )
        return domain

    @staticmethod
    def _answer(arrival: Arrival) -> str | None:
        """What the source is told of the place; None where it said it all."""
        place = str(arrival.place)
        return None if place == arrival.wishes.uri else place

    async def _launch(
        self, arrival: Arrival, remote: Cookie | None, theirs: socket.socket | None
    ) -> None:
        """Start the QEMU that waits for it. A failure leaves nothing."""
        engine, domain, wishes = self._engine, arrival.domain, arrival.wishes
        disks = copied(arrival.config, wishes)
        offered = remote.disks.sizes if remote and remote.disks else {}
        arrival.offered = remote.bitmaps if remote else {}
        made: list[Path] = []
        try:
            await make_images(disks, offered, wishes, engine.settings.owner, made)

            async def bring_in(monitor: BoundedMonitor) -> None:
                live = domain.live
                assert live is not None  # noqa: S101 - whoever starts it has set it
                live.move, live.made = MovePhase.AWAITED, made
                live.ending = StateReason.SHUTOFF_FAILED
                await self._receiver.receive(arrival, monitor, live, theirs)

            how = Launching(
                arrival.config,
                paused=True,
                before_first_step=bring_in,
                incoming=True,
                reason_paused=StateReason.PAUSED_MIGRATION,
            )
            await start_in_turn(engine, domain, how)
        except BaseException:
            remove_images(made)
            raise
        engine.tell(domain, LifecycleDetail.STARTED_MIGRATED)
        engine.tasks.start_soon(self._watch, arrival, domain.running())

    async def _watch(self, arrival: Arrival, live: LiveDomain) -> None:
        """Take away what is left of a QEMU that ended, as it does when it loses the source."""
        await live.ended.wait()
        if self._arrivals.get(arrival.domain.name) is arrival and arrival.domain.live is not live:
            remove_images(live.made)
            self._forget(arrival)

    # --- prepare again --------------------------------------------------------------------------

    async def _prepare_again(self, wishes: Wishes) -> MigrationPrepared:
        """Let a guest whose post-copy broke be reached anew."""
        config = DomainConfig.parse(wishes.xml or "")
        arrival = self._arrival(wishes.name or config.name or "")
        monitor = arrival.domain.monitor()
        if not arrival.running or not await self._is_broken(monitor):
            raise InvalidState(f"domain {arrival.domain.name!r} has no post-copy that broke")
        # Its source stands still now in any case: whether it is to here was said at first.
        flags = wishes.flags & ~PAUSED | arrival.wishes.flags & PAUSED
        arrival.wishes = replace(wishes, flags=flags)
        arrival.place = await self._receiver.place(arrival)
        arrival.place = await self._receiver.listen(
            arrival, monitor, arrival.place, "migrate-recover"
        )
        return MigrationPrepared(self._cookie(arrival).encode(), self._answer(arrival))

    async def _is_broken(self, monitor: BoundedMonitor) -> bool:
        """Whether a post-copy broke: also when QEMU waits for what is missing, and says nothing."""
        try:
            return (await state_of(monitor)).get("status") == BROKEN
        except Unresponsive:
            return True

    # --- finish ---------------------------------------------------------------------------------

    def _arrival(self, name: str) -> Arrival:
        arrival = self._arrivals.get(name)
        if arrival is None:
            raise NotFound(f"no domain {name!r} is awaited here, or not any more")
        return arrival

    async def finish(self, wishes: Wishes, cookie: bytes, *, cancelled: bool) -> MigrationFinished:
        """See `Migration.finish_migration`."""
        arrival = self._arrival(wishes.name or "")
        if cancelled and not await self._runs_nowhere_else(arrival):
            await self._discard(arrival)
            raise HostError(f"the migration of domain {arrival.domain.name!r} was given up")
        remote = Cookie.decode(cookie, arrival.source)
        if not arrival.running and not wishes.offline:
            await self._arrive(arrival, wishes, remote)
        if arrival.running:
            await self._receive_rest(arrival)
        elif wishes.offline:
            await self._define(arrival, remote)
        self._note_figures(arrival, remote)
        answer = self._cookie(arrival)
        if remote is not None:
            answer = replace(answer, statistics=remote.statistics)
        self._forget(arrival)
        return MigrationFinished(
            arrival.domain.key, replace(answer, disks=None, bitmaps={}).encode()
        )

    async def _runs_nowhere_else(self, arrival: Arrival) -> bool:
        """Whether it is of post-copy, and so far that the source cannot take it back."""
        if arrival.running or arrival.domain.live is None or not arrival.domain.live.booted:
            return arrival.running
        with suppress(AiovirtError):
            state = await state_of(arrival.domain.monitor())
            return state.get("status") in POSTCOPY_STATES
        return False

    async def _arrive(self, arrival: Arrival, wishes: Wishes, remote: Cookie | None) -> None:
        """Let a guest go on here; what fails before that leaves nothing of it."""
        domain = arrival.domain
        try:
            live, monitor = domain.running(), domain.monitor()
            enough = POSTCOPY_STATES if arrival.wishes.flags & POSTCOPY else ()
            postcopy = await until_arrived(domain, monitor, enough=enough) in enough
            await stop_serving(monitor)
            if wishes.flags & PERSIST:
                await self._define(arrival, remote)
            # From here on it may run here: the next process must not end it.
            live.move, live.ending, live.made = None, None, []
            await self._engine.save_status(domain, live)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._discard(arrival)
            raise
        arrival.running = postcopy
        if not postcopy:
            with anyio.CancelScope(shield=True):
                await self._go_on(arrival, StateReason.RUNNING_MIGRATED)
                await self._receiver.settle(monitor, arrival.wishes)
                domain.changes.reopen()

    async def _go_on(self, arrival: Arrival, reason: StateReason) -> None:
        """Let its processors go, unless it is to stand still."""
        domain = arrival.domain
        if not arrival.wishes.flags & PAUSED and domain.state is DomainState.PAUSED:
            domain.running().going_on = reason
            await domain.monitor().call(Cont(), bound_s=_GO_ON_BOUND_S)
            await goes_on(domain)

    async def _receive_rest(self, arrival: Arrival) -> None:
        """Wait for the rest of a guest that runs here.

        Raises:
            HostError: It does not come; it can be gone on with.
        """
        domain, monitor = arrival.domain, arrival.domain.monitor()
        try:
            if (await state_of(monitor)).get("status") != BROKEN:
                await self._go_on(arrival, StateReason.RUNNING_POSTCOPY)
            await until_arrived(domain, monitor)
        except (HostError, Unresponsive):
            self._note_broken(domain)
            raise
        if domain.state is DomainState.RUNNING:
            domain.reason = StateReason.RUNNING_MIGRATED
            self._engine.tell(domain, LifecycleDetail.RESUMED_MIGRATED)
        await self._receiver.settle(domain.monitor(), arrival.wishes)
        domain.changes.reopen()

    def _note_broken(self, domain: ManagedDomain) -> None:
        """The rest does not come, but may later: it is gone on with, or ended by its users."""
        runs = domain.state is DomainState.RUNNING
        domain.reason = (
            StateReason.RUNNING_POSTCOPY_FAILED if runs else StateReason.PAUSED_POSTCOPY_FAILED
        )
        detail = LifecycleDetail
        self._engine.tell(
            domain, detail.RESUMED_POSTCOPY_FAILED if runs else detail.SUSPENDED_POSTCOPY_FAILED
        )

    async def _definition(self, arrival: Arrival, remote: Cookie | None) -> DomainConfig:
        """Its definition here: as the source has it, or without one what runs."""
        given = (remote.persistent if remote else None) or ""
        if given == arrival.known_as and arrival.definition is not None:
            return arrival.definition
        config = DomainConfig.parse(given) if given else arrival.config.copy()
        config.name = arrival.domain.name
        drop_live(config)
        return await completed(self._engine, config)

    async def _define(self, arrival: Arrival, remote: Cookie | None) -> None:
        """Keep its definition here."""
        domain = arrival.domain
        config = await self._definition(arrival, remote)
        added = domain.definition is None
        async with self._engine.defining:
            await self._engine.root.save_definition(config)
            domain.definition = config
        detail = LifecycleDetail.DEFINED_ADDED if added else LifecycleDetail.DEFINED_UPDATED
        self._engine.tell(domain, detail)

    @staticmethod
    def _note_figures(arrival: Arrival, remote: Cookie | None) -> None:
        """Keep what the source told of the move, for those who ask here."""
        if remote is not None and remote.statistics:
            operation = Typed(ParamType.INT, int(DomainJobOperation.MIGRATION_IN))
            figures = {"operation": operation, **in_all(remote.statistics)}
            arrival.domain.ended_job = JobStats(JobKind.COMPLETED, figures)

    # --- nothing of it is left ------------------------------------------------------------------

    async def _discard(self, arrival: Arrival) -> None:
        """End the QEMU that waited, and take away what was made for it."""
        live = arrival.domain.live
        made = live.made if live is not None else []
        try:
            if live is not None:
                live.follow_up = None
                await end(self._engine, arrival.domain, ending=StateReason.SHUTOFF_FAILED)
        finally:
            remove_images(made)
            self._forget(arrival)

    def _forget(self, arrival: Arrival) -> None:
        """It is awaited no more."""
        domain, engine = arrival.domain, self._engine
        engine.ports.difference_update(arrival.ports)
        if self._arrivals.get(domain.name) is arrival:
            del self._arrivals[domain.name]
        if domain.live is None:
            domain.changes.reopen()
            if domain.definition is None:
                engine.registry.remove(domain)
