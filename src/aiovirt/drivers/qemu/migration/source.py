"""The source: what is begun and ended here around the moving of the data.

Until the destination has all, whatever fails leaves the guest running here. After that only the
destination knows whether it runs there, and it stands still here until somebody says so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain, MovePhase
from aiovirt.drivers.qemu.engine.moves import at_work
from aiovirt.drivers.qemu.engine.stop import end, goes_on, halt
from aiovirt.drivers.qemu.engine.transient import refuse_transient
from aiovirt.drivers.qemu.engine.undefine import undefine
from aiovirt.drivers.qemu.hostinfo.host import read_host
from aiovirt.drivers.qemu.migration.bitmaps import offered
from aiovirt.drivers.qemu.migration.cookie import Cookie, Disks, own_cookie
from aiovirt.drivers.qemu.migration.parameters import (
    LIVE,
    OFFLINE,
    PERSIST,
    POSTCOPY,
    PROTECT,
    RESUME,
    UNDEFINE,
    UNSAFE,
    Wishes,
)
from aiovirt.drivers.qemu.migration.places import Place
from aiovirt.drivers.qemu.migration.safety import check_alike, check_safe
from aiovirt.drivers.qemu.migration.sending import Road, Sent, send
from aiovirt.drivers.qemu.migration.storage import copied, sizes, target_of
from aiovirt.drivers.qemu.migration.watching import MoveJob, given_up, is_over_there, until_over
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.errors import AiovirtError, CallerError, HostError, InvalidState, QMPCommandError
from aiovirt.interfaces import MigrationTunnel
from aiovirt.model.constants import DomainJobOperation, DomainUndefineFlags
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import JobCompletedEvent, LifecycleDetail
from aiovirt.model.migration import MigrationBegun
from aiovirt.model.params import ParamValue
from aiovirt.protocols.qmp.commands import Cont, QueryBlockJobs

__all__ = ["Source", "go_back"]

log = logging.getLogger("aiovirt.qemu")

_MOVING: Final = "it is moving to another host"
_RECORDS: Final = (
    DomainUndefineFlags.MANAGED_SAVE
    | DomainUndefineFlags.SNAPSHOTS_METADATA
    | DomainUndefineFlags.CHECKPOINTS_METADATA
    | DomainUndefineFlags.KEEP_NVRAM
)


@dataclass
class Departure:
    """One domain that leaves.

    Attributes:
        may_postcopy: Whether it may go on there before all is there.
        orphaned: Whether nobody asks for the end of it any more.
        over: Set when nothing of one that runs there follows any more.
        problem: Why not all of it is there; None once it is.
    """

    may_postcopy: bool = False
    orphaned: bool = False
    over: anyio.Event = field(default_factory=anyio.Event)
    problem: str | None = "its QEMU has ended here"


class Source:
    """The domains that leave this host."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._departures: dict[UUID, Departure] = {}

    # --- begin ----------------------------------------------------------------------------------

    async def begin(self, domain: ManagedDomain, wishes: Wishes) -> MigrationBegun:
        """See `Migration.begin_migration`."""
        if wishes.flags & RESUME:
            self._check_broken(domain)
            return MigrationBegun(self._cookie(domain).encode(), _document(domain, wishes))
        async with domain.changes:
            await self._check(domain, wishes)
            config = domain.config()
            disks = copied(config, wishes)
            monitor = None if wishes.offline else domain.monitor()
            document = _document(domain, wishes)
            cookie = self._cookie(domain)
            if wishes.flags & PERSIST:
                cookie = replace(cookie, persistent=_kept(domain, wishes))
            if monitor is not None and wishes.copies:
                found = Disks(sizes=await sizes(monitor, config, disks))
                noted = await offered(monitor, config, disks)
                cookie = replace(cookie, disks=found, bitmaps=noted)
            if wishes.flags & PROTECT and not wishes.offline:
                self._admit(domain)
        return MigrationBegun(cookie.encode(), document)

    async def _check(self, domain: ManagedDomain, wishes: Wishes) -> None:
        """See that a domain may leave.

        Raises:
            InvalidState: It may not.
        """
        if wishes.flags & OFFLINE:
            if domain.live is not None:
                raise InvalidState(f"domain {domain.name!r} runs: it does not move offline")
            return
        config = domain.running().config
        if self._engine.root.has_points("snapshots", domain.key.uuid):
            raise InvalidState(
                f"domain {domain.name!r} has snapshots, which do not move",
                hint="delete them, or their records alone (snapshot-delete --metadata)",
            )
        if await domain.monitor().call(QueryBlockJobs()):
            raise InvalidState(
                f"domain {domain.name!r} has a block job", hint="wait for its end, or abort it"
            )
        refuse_transient(config, f"domain {domain.name!r} cannot move")
        if not wishes.flags & UNSAFE:
            check_safe(config, {target_of(disk) for disk in copied(config, wishes)})

    def _admit(self, domain: ManagedDomain) -> Departure:
        """Note that a domain leaves; nobody changes it meanwhile."""
        domain.changes.close(_MOVING)
        departure = self._departures[domain.key.uuid] = Departure()
        return departure

    def _cookie(self, domain: ManagedDomain) -> Cookie:
        return own_cookie(domain.key, read_host().uuid)

    # --- perform --------------------------------------------------------------------------------

    async def perform(
        self,
        domain: ManagedDomain,
        wishes: Wishes,
        cookie: bytes,
        *,
        tunnel: MigrationTunnel | None = None,
    ) -> bytes:
        """See `Migration.perform_migration`.

        Cancellation: the move is given up, and the guest goes on here.
        """
        remote = Cookie.decode(cookie, domain.key)
        if tunnel is None and not wishes.uri:
            raise CallerError("the destination did not say where it waits: migrate_uri")
        place = None if tunnel else Place.parse(wishes.uri or "")
        road = Road(place, tunnel, remote, self._engine.settings.migration_tls)
        if wishes.flags & RESUME:
            await self._resume(domain, wishes, road)
            return self._cookie(domain).encode()
        departure = self._departures.get(domain.key.uuid)
        if departure is None:
            async with domain.changes:
                await self._check(domain, wishes)
                departure = self._admit(domain)
        statistics = await self._move(domain, departure, wishes, road)
        # A libvirtd ends its NBD server only if it is told of the disks once more.
        disks = remote.disks if remote else None
        made = replace(self._cookie(domain), statistics=statistics, disks=disks)
        if wishes.flags & PERSIST:
            made = replace(made, persistent=_kept(domain, wishes))
        return made.encode()

    async def _move(
        self, domain: ManagedDomain, departure: Departure, wishes: Wishes, road: Road
    ) -> Mapping[str, ParamValue]:
        """Move the data; the figures of it. What fails leaves the guest running here."""
        live = domain.running()
        if live.move is not None:
            raise InvalidState(f"domain {domain.name!r} is moving already")
        departure.may_postcopy = bool(wishes.flags & POSTCOPY)
        live.ran = domain.state is DomainState.RUNNING
        live.move, live.pause = MovePhase.LEAVING, StateReason.PAUSED_MIGRATION
        live.going_on = StateReason.RUNNING_MIGRATION_CANCELED
        job = MoveJob(DomainJobOperation.MIGRATION_OUT, monitor=domain.monitor())
        sent: Sent | None = None
        try:
            await self._engine.save_status(domain, live)
            async with at_work(domain, job):
                if not wishes.flags & LIVE:
                    await halt(domain, StateReason.PAUSED_MIGRATION)
                sent = await send(
                    domain.monitor(), live.config, wishes, road, speed=domain.max_speed
                )
                live.move, live.going_on = MovePhase.LEFT, None
                await self._engine.save_status(domain, live)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._broken_off(domain, live, over_there=sent is Sent.POSTCOPY)
            raise
        with anyio.CancelScope(shield=True):  # whoever gives up now, the rest is followed
            await _stands(domain)
        if sent is Sent.POSTCOPY:
            self.follow(domain, live)
        return domain.ended_job.params if domain.ended_job else {}

    async def _broken_off(
        self, domain: ManagedDomain, live: LiveDomain, *, over_there: bool
    ) -> None:
        """Let a guest go on here whose move broke off, unless it goes on at the destination."""
        self._departures.pop(domain.key.uuid, None)
        if live.move is MovePhase.SWITCHING:
            status = None
            with anyio.move_on_after(ANSWER_BOUND_S):
                status = await given_up(live)
            over_there = status is None or is_over_there(live, status)
        if over_there and not live.ended.is_set():
            self.follow(domain, live, orphaned=True)
        else:
            await go_back(self._engine, domain, live)

    # --- post-copy ------------------------------------------------------------------------------

    async def start_post_copy(self, domain: ManagedDomain) -> None:
        """See `Migration.start_post_copy`."""
        live, monitor = domain.running(), domain.monitor()
        if live.move is not MovePhase.LEAVING:
            raise InvalidState(f"domain {domain.name!r} is not moving")
        departure = self._departures.get(domain.key.uuid)
        if departure is None or not departure.may_postcopy:  # QEMU would, of bitmaps alone
            raise InvalidState(
                f"domain {domain.name!r} does not move so that post-copy can begin",
                hint="allow post-copy when the move is begun",
            )
        live.move, live.pause = MovePhase.SWITCHING, StateReason.PAUSED_POSTCOPY
        try:
            await self._engine.save_status(domain, live)
            await monitor.execute("migrate-start-postcopy")
        except QMPCommandError as error:
            live.move, live.pause = MovePhase.LEAVING, StateReason.PAUSED_MIGRATION
            raise InvalidState(
                f"the post-copy of domain {domain.name!r} cannot begin: {error}"
            ) from error

    @staticmethod
    def _check_broken(domain: ManagedDomain) -> None:
        """See that a domain's post-copy broke.

        Raises:
            InvalidState: It did not.
        """
        if domain.reason is not StateReason.PAUSED_POSTCOPY_FAILED:
            raise InvalidState(f"domain {domain.name!r} has no post-copy that broke")

    async def _resume(self, domain: ManagedDomain, wishes: Wishes, road: Road) -> None:
        """Go on with a post-copy that broke."""
        self._check_broken(domain)
        live = domain.running()
        await send(domain.monitor(), live.config, wishes, road, speed=domain.max_speed)
        self.follow(domain, live)

    def follow(self, domain: ManagedDomain, live: LiveDomain, *, orphaned: bool = False) -> None:
        """Watch what still follows to a guest that runs there; in the driver's background.

        Args:
            domain: Which guest.
            live: What is left of it here.
            orphaned: Whether that ends by itself once all is there, since nobody will confirm it.
        """
        live.move, domain.reason = MovePhase.LEFT, StateReason.PAUSED_POSTCOPY
        departure = self._departures[domain.key.uuid] = Departure(orphaned=orphaned)
        cannot = f"domain {domain.name!r} runs at the destination already"
        domain.job = MoveJob(DomainJobOperation.MIGRATION_OUT, monitor=live.monitor, cannot=cannot)
        self._engine.tasks.start_soon(self._watch, domain, live, departure)

    async def _watch(self, domain: ManagedDomain, live: LiveDomain, departure: Departure) -> None:
        try:
            status = await until_over(live)
            if status is not None:
                broke = f"its post-copy broke: QEMU says {status}"
                departure.problem = None if status == "completed" else broke
        finally:
            domain.job = None
            departure.over.set()
        if status is None or domain.live is not live:
            return
        if departure.problem is not None:
            domain.reason = StateReason.PAUSED_POSTCOPY_FAILED
            self._engine.tell(domain, LifecycleDetail.SUSPENDED_POSTCOPY_FAILED)
        elif departure.orphaned:
            try:
                await self._end(domain)
            except AiovirtError as error:
                log.warning("domain %s has moved, and is not ended here: %s", domain.name, error)

    # --- confirm --------------------------------------------------------------------------------

    async def confirm(self, domain: ManagedDomain, wishes: Wishes, *, cancelled: bool) -> None:
        """See `Migration.confirm_migration`."""
        if cancelled:
            await self._take_back(domain)
            return
        if not wishes.offline:
            await self._let_go(domain)
        if wishes.flags & UNDEFINE and domain.definition is not None:
            await undefine(self._engine, domain, _RECORDS)

    async def _take_back(self, domain: ManagedDomain) -> None:
        """Let a domain go on here; one of post-copy cannot: it ends here when it is all there."""
        if domain.runs_elsewhere:
            departure = self._departures.get(domain.key.uuid)
            if departure is None:
                return  # it is being ended
            if departure.over.is_set() and departure.problem is None:
                await self._end(domain)
            departure.orphaned = True
            with anyio.move_on_after(ANSWER_BOUND_S):  # what the destination saw is seen here soon
                await departure.over.wait()
            return
        self._departures.pop(domain.key.uuid, None)
        if domain.live is not None:
            await go_back(self._engine, domain, domain.live)
        domain.changes.reopen()

    async def _let_go(self, domain: ManagedDomain) -> None:
        """End what is left here of a domain that runs there.

        Raises:
            InvalidState: It has not moved.
            HostError: Its post-copy broke.
        """
        live = domain.running()
        if live.move is not MovePhase.LEFT:
            raise InvalidState(f"domain {domain.name!r} has not moved to another host")
        departure = self._departures.get(domain.key.uuid)
        if domain.runs_elsewhere and departure is not None:
            await departure.over.wait()
            if departure.problem is not None:
                raise HostError(f"domain {domain.name!r} has not moved: {departure.problem}")
            if departure.orphaned:  # who follows it ends it
                with anyio.move_on_after(ANSWER_BOUND_S):
                    await live.ended.wait()
                return
        await self._end(domain)

    async def _end(self, domain: ManagedDomain) -> None:
        """End what is left here of a domain that runs there."""
        self._departures.pop(domain.key.uuid, None)
        figures = domain.ended_job.params if domain.ended_job else {}
        with anyio.CancelScope(shield=True):
            await end(self._engine, domain, ending=StateReason.SHUTOFF_MIGRATED)
        self._engine.publish(
            JobCompletedEvent(time=self._engine.now(), domain=domain.key, params=figures)
        )


async def _stands(domain: ManagedDomain) -> None:
    """Wait until it was told that the processors stand."""
    with anyio.move_on_after(ANSWER_BOUND_S):
        await domain.until(*(state for state in DomainState if state is not DomainState.RUNNING))


async def go_back(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    """Let a guest go on here as before its move, if it ran; its failures are logged alone."""
    try:
        if domain.live is live and live.move is not None:
            live.move, live.pause = None, StateReason.PAUSED_USER
            if live.ran and domain.reason is not StateReason.PAUSED_USER:
                live.going_on = StateReason.RUNNING_MIGRATION_CANCELED
                await domain.monitor().call(Cont())
                with suppress(AiovirtError):
                    await goes_on(domain)
            live.going_on = None
            await engine.save_status(domain, live)
    except AiovirtError as error:
        log.warning("domain %s goes not on here after its move: %s", domain.name, error)
    finally:
        domain.changes.reopen()


def _document(domain: ManagedDomain, wishes: Wishes) -> str:
    """The document for the destination.

    Raises:
        ConfigError: The one that was given is another guest's.
    """
    config = domain.config(inactive=wishes.offline).copy()
    drop_live(config)
    if wishes.xml is None:
        return config.to_xml(secure=True)
    given = DomainConfig.parse(wishes.xml)
    drop_live(given)
    check_alike(config, given)
    return given.to_xml(secure=True)


def _kept(domain: ManagedDomain, wishes: Wishes) -> str | None:
    """The definition that the destination keeps; None leaves it to what runs."""
    if wishes.persistent_xml is not None:
        return DomainConfig.parse(wishes.persistent_xml).to_xml(secure=True)
    return None if domain.definition is None else domain.definition.to_xml(secure=True)
