"""What a domain can do about moving to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from aiovirt.drivers.common.moving import Move, see_through
from aiovirt.drivers.common.phases import MigrateFlags, ParamPhases, PlainPhases, parameters
from aiovirt.errors import Unsupported
from aiovirt.interfaces import Driver, Jobs, Migration
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.jobs import JobStats
from aiovirt.model.migration import MigrationOptions
from aiovirt.model.uri import URI
from aiovirt.objects._handle import Handle
from aiovirt.objects._progress import OnProgress, watched

if TYPE_CHECKING:
    from aiovirt.objects.connection import Connection
    from aiovirt.objects.domain import Domain

__all__ = ["DomainMigration"]

# libvirt's VIR_DRV_FEATURE_*, by which hosts tell what they can (libvirt_internal.h).
PEER_TO_PEER = 4
THIRD_PROTOCOL = 6
CHANGE_PROTECTION = 7
OFFLINE = 12
PARAMETERS = 13

PLAIN_ONLY = frozenset({"destination_name", "migrate_uri", "bandwidth", "destination_xml"})
"""What hosts without typed parameters can be told."""

DEFAULT = MigrationOptions()


class DomainMigration(Handle[DomainKey]):
    """The part of `Domain` that moves it."""

    @overload
    async def migrate(
        self,
        destination: Connection,
        *,
        live: bool = ...,
        offline: bool = ...,
        peer_to_peer: bool = ...,
        options: MigrationOptions = ...,
        progress: OnProgress | None = ...,
    ) -> Domain: ...
    @overload
    async def migrate(
        self,
        destination: URI | str,
        *,
        live: bool = ...,
        offline: bool = ...,
        peer_to_peer: bool = ...,
        options: MigrationOptions = ...,
        progress: OnProgress | None = ...,
    ) -> None: ...
    async def migrate(
        self,
        destination: Connection | URI | str,
        *,
        live: bool = True,
        offline: bool = False,
        peer_to_peer: bool = False,
        options: MigrationOptions = DEFAULT,
        progress: OnProgress | None = None,
    ) -> Domain | None:
        """Move it to another host; returns when it runs there.

            async with aiovirt.open("qemu+ssh://root@b/system") as b:
                moved = await vm.migrate(b, options=MigrationOptions(persistent=True))

        Args:
            destination: The other host; or its URI as this host sees it, and then the hosts do it
                between themselves, `peer_to_peer`.
            live: The guest goes on meanwhile; else it stands still.
            offline: Only the definition moves; the guest must be off.
            peer_to_peer: The hosts do it between themselves, by the destination's URI.
            options: All else.
            progress: Gets how far it is.

        Returns:
            The domain at the destination, or None when that was given as a URI.

        Raises:
            InvalidState: Its state or its disks' caches do not allow it.
            Unsupported: A host cannot do what is asked for.
            ConnectionLost: The destination was lost at the very end; with `maybe_done` it may run
                there, and stands still at the source.
            AiovirtError: It could not be moved; it runs at the source as before.

        Cancellation: the move is given up, and it runs at the source as before.
        """
        flags = _flags(options, live=live and not offline, offline=offline)
        if isinstance(destination, (URI, str)):
            await self._between_hosts(str(destination), flags, options, progress)
            return None
        if peer_to_peer:
            await self._between_hosts(str(destination.uri), flags, options, progress)
            return await destination.domains.get(options.name or self.key.name)
        return await self._by_client(destination, flags, options, progress)

    async def _between_hosts(
        self, uri: str, flags: MigrateFlags, options: MigrationOptions, progress: OnProgress | None
    ) -> None:
        """The source's host calls the other one itself."""
        migration = self._driver.ability(Migration)
        await _need(migration, PEER_TO_PEER, self._driver, "migration from peer to peer")
        await _need(migration, PARAMETERS, self._driver, "migration by parameters")
        how = flag_set("DomainMigrateFlags", flags, peer2peer=True)
        jobs = self._driver.ability(Jobs)
        await watched(
            self._driver,
            self.key,
            lambda: see_through(
                lambda: migration.perform_migration(
                    self.key, parameters(options), destination=uri, flags=how
                ),
                hurry=lambda: jobs.abort_job(self.key),
            ),
            progress,
        )

    async def _by_client(
        self,
        destination: Connection,
        flags: MigrateFlags,
        options: MigrationOptions,
        progress: OnProgress | None,
    ) -> Domain:
        """We call both hosts."""
        move = await self._move(destination.driver, flags, options)
        finished = await watched(self._driver, self.key, move.run, progress)
        return await destination.domains.get(finished.domain.uuid)

    async def _move(self, other: Driver, flags: MigrateFlags, options: MigrationOptions) -> Move:
        """How the two hosts can do it.

        Raises:
            Unsupported: One of them cannot do what is asked for.
        """
        source, destination = self._driver.ability(Migration), other.ability(Migration)
        offline = bool(flags & flag_set("DomainMigrateFlags", 0, offline=True))
        for ability, host in ((source, self._driver), (destination, other)):
            await _need(ability, THIRD_PROTOCOL, host, "the third protocol of migration")
            if offline:
                await _need(ability, OFFLINE, host, "migration of domains that are off")
        protect = await source.supports(CHANGE_PROTECTION)  # offline, too: else there is no end
        if options.change_protection and not protect:
            raise Unsupported(self._driver.name, "protection from changes while it moves")
        params = parameters(options)
        phases: ParamPhases | PlainPhases
        if await source.supports(PARAMETERS) and await destination.supports(PARAMETERS):
            phases = ParamPhases(self._driver, other, self.key, params)
        elif set(params) <= PLAIN_ONLY:
            phases = PlainPhases(self._driver, other, self.key, options)
        else:
            unknown = ", ".join(sorted(set(params) - PLAIN_ONLY))
            raise Unsupported(self._driver.name, "migration by parameters", unknown)
        return Move(self._driver, self.key, phases, flags, protect=protect, offline=offline)

    async def start_post_copy(self) -> None:
        """Let it run at the destination now; what is missing there comes when needed.

        Raises:
            InvalidState: It is not moving, or not with the option `postcopy`.
        """
        await self._driver.ability(Migration).start_post_copy(self.key)

    async def migrate_max_downtime(self) -> int:
        """How long it may stand still at the end of a move, in milliseconds."""
        return await self._driver.ability(Migration).max_downtime(self.key)

    async def set_migrate_max_downtime(self, downtime_ms: int) -> None:
        """Change how long it may stand still at the end of a move, also while it moves."""
        await self._driver.ability(Migration).set_max_downtime(self.key, downtime_ms)

    async def migrate_max_speed(self, *, postcopy: bool = False) -> int:
        """The most bytes in a second that are moved, or that are after post-copy has begun."""
        return await self._driver.ability(Migration).max_speed(self.key, postcopy=postcopy)

    async def set_migrate_max_speed(self, bandwidth: int, *, postcopy: bool = False) -> None:
        """Change the most bytes in a second that are moved: a multiple of 1 MiB."""
        ability = self._driver.ability(Migration)
        await ability.set_max_speed(self.key, bandwidth, postcopy=postcopy)

    async def migrate_compression_cache(self) -> int:
        """The bytes of the cache that compressed moves use."""
        return await self._driver.ability(Migration).compression_cache(self.key)

    async def set_migrate_compression_cache(self, size: int) -> None:
        """Change the bytes of the cache that compressed moves use."""
        await self._driver.ability(Migration).set_compression_cache(self.key, size)

    # --- jobs -----------------------------------------------------------------------------------

    async def job_stats(self, *, completed: bool = False, keep: bool = False) -> JobStats:
        """How far its long work is; the kind is `NONE` when there is none.

        Args:
            completed: The last one that ended instead.
            keep: Do not forget that one.
        """
        flags = flag_set(
            "DomainGetJobStatsFlags", 0, completed=completed, keep_completed=completed and keep
        )
        return await self._driver.ability(Jobs).job_stats(self.key, flags=flags)

    async def abort_job(self, *, postcopy: bool = False) -> None:
        """Give its long work up; whoever waits for it gets an error.

        Args:
            postcopy: Also where a move is past the point of no harm: it waits to be resumed then.

        Raises:
            InvalidState: There is none.
        """
        flags = flag_set("DomainAbortJobFlags", 0, postcopy=postcopy)
        await self._driver.ability(Jobs).abort_job(self.key, flags=flags)


def _flags(options: MigrationOptions, *, live: bool, offline: bool) -> Any:  # noqa: ANN401
    """libvirt's flags of what is asked for."""
    return flag_set(
        "DomainMigrateFlags",
        0,
        live=live,
        offline=offline,
        persist_dest=options.persistent,
        undefine_source=options.undefine_source,
        paused=options.paused,
        unsafe=options.unsafe,
        non_shared_disk=options.copy_storage == "all",
        non_shared_inc=options.copy_storage == "inc",
        non_shared_synchronous_writes=options.synchronous_writes,
        change_protection=options.change_protection,
        abort_on_error=options.abort_on_error,
        auto_converge=options.auto_converge,
        postcopy=options.postcopy,
        postcopy_resume=options.postcopy_resume,
        compressed=options.compressed,
        parallel=options.parallel,
        tls=options.tls,
        zerocopy=options.zerocopy,
        rdma_pin_all=options.rdma_pin_all,
        tunnelled=options.tunnelled,
    )


async def _need(ability: Migration, feature: int, host: Driver, what: str) -> None:
    """Refuse what a host cannot do, before anything is begun."""
    if not await ability.supports(feature):
        raise Unsupported(host.name, what)
