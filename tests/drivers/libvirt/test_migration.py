"""Guests of a real libvirtd move to another one: live, off, between the hosts, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from bootsectors import DIRTY_MEMORY, boot_image
from labsamples import guest_xml
from libvirtlab import Lab
from libvirtlab.fixtures import run_new_lab

from aiovirt import _open
from aiovirt._tasks import open_task_group
from aiovirt.drivers.common.moving import Move
from aiovirt.drivers.common.phases import MigrateFlags, ParamPhases, PlainPhases, parameters
from aiovirt.errors import AiovirtError, ConnectionLost, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import LegacyMigration, Migration
from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.domain import DomainState
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.migration import MigrationFinished, MigrationOptions, MigrationPrepared
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(120)]

MIB = 1024 * 1024
LIVE = DomainMigrateFlags.LIVE | DomainMigrateFlags.UNSAFE


@pytest.fixture(scope="module")
def other_lab() -> Iterator[Lab]:
    """Run a second libvirtd beside the session's."""
    with ExitStack() as stack:
        yield run_new_lab(stack)


@dataclass
class Hosts:
    """Two hosts, and a place that both see."""

    source: Connection
    destination: Connection
    destination_uri: str
    folder: Path

    def options(self, **more: object) -> MigrationOptions:
        """Return options whose data goes along a socket that both hosts see."""
        return MigrationOptions(uri=f"unix://{self.folder}/move", unsafe=True, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def open_hosts(lab: Lab, other_lab: Lab, folder: Path) -> AsyncIterator[Hosts]:
    """Open two hosts."""
    uri = other_lab.uri("unix")
    async with _open.open(lab.uri("unix")) as source, _open.open(uri) as destination:
        yield Hosts(source, destination, uri, folder)


@pytest.fixture
async def hosts(lab: Lab, other_lab: Lab, tmp_path: Path) -> AsyncIterator[Hosts]:
    """Return two open hosts."""
    async with open_hosts(lab, other_lab, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def guest(hosts: Hosts, *, busy: bool = False) -> AsyncIterator[Domain]:
    """A running guest, gone from both hosts at the end; a busy one never stops to write."""
    disks = (boot_image(hosts.folder / "busy.qcow2", DIRTY_MEMORY),) if busy else ()
    vm = await hosts.source.domains.define(guest_xml("mig1", disks=disks))
    await vm.start()
    try:
        yield vm
    finally:
        with anyio.CancelScope(shield=True):
            for host in (hosts.source, hosts.destination):
                await remove(host)


async def remove(host: Connection) -> None:
    """End the guest on a host and forget it, as far as it is there."""
    for record in await host.domains.records():
        vm = await host.domains.get(record.key.uuid)
        if record.state.active:
            await vm.destroy()
        if record.persistent:
            await vm.undefine()


async def names(host: Connection) -> list[str]:
    """Return the names of a host's domains."""
    return [vm.name for vm in await host.domains.list()]


def under_way(stats: JobStats) -> bool:
    """Return whether memory is being moved, not for the first time."""
    return (stats.figure("memory_iteration") or 0) > 1


async def test_live(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        moved = await vm.migrate(
            hosts.destination, options=hosts.options(undefine_source=True, persistent=True)
        )
        state = await moved.state()
        assert (state.state, state.label) == (DomainState.RUNNING, "migrated")
        assert (await moved.record()).persistent
        assert await names(hosts.source) == []
        ended = await moved.job_stats(completed=True)
        assert ended.kind is JobKind.COMPLETED


async def test_a_paused_guest_stays_paused_under_another_name(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        await vm.suspend()
        moved = await vm.migrate(hosts.destination, options=hosts.options(name="mig2"))
        assert (await moved.state()).state is DomainState.PAUSED
        assert await names(hosts.destination) == ["mig2"]
        assert (await vm.state()).state is DomainState.SHUTOFF


async def test_cancelled_in_the_middle(hosts: Hosts) -> None:
    seen: list[JobStats] = []
    async with guest(hosts, busy=True) as vm:
        await vm.set_migrate_max_speed(1 * MIB)
        await vm.set_migrate_max_downtime(1)
        with anyio.CancelScope() as scope:

            def look(stats: JobStats) -> None:
                seen.append(stats)
                if stats.processed:  # in the first pass: a later one may be the last
                    scope.cancel()

            await vm.migrate(hosts.destination, options=hosts.options(), progress=look)
        assert scope.cancelled_caught
        assert (await vm.state()).state is DomainState.RUNNING
        assert await names(hosts.destination) == []
        assert not (await vm.job_stats()).active
    assert seen[-1].processed
    assert seen[-1].fraction is not None


async def test_failing_at_the_destination(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        occupied = await hosts.destination.domains.define(guest_xml("mig1"))
        with pytest.raises(AiovirtError, match="mig1"):
            await vm.migrate(hosts.destination, options=hosts.options())
        assert (await vm.state()).state is DomainState.RUNNING
        assert not (await vm.job_stats()).active
        await occupied.undefine()


async def test_destination_gone_at_the_end(hosts: Hosts) -> None:
    async with guest(hosts, busy=True) as vm:
        await vm.set_migrate_max_speed(1 * MIB)
        await vm.set_migrate_max_downtime(1)

        asked: list[bool] = []

        def look(stats: JobStats) -> None:
            if under_way(stats) and not asked:
                asked.append(True)
                tasks.start_soon(destroy_there)

        async def destroy_there() -> None:
            (there,) = await hosts.destination.domains.list()
            await there.destroy()

        async with anyio.create_task_group() as tasks:
            with pytest.raises(AiovirtError):
                await vm.migrate(hosts.destination, options=hosts.options(), progress=look)
        assert (await vm.state()).state is DomainState.RUNNING


async def test_offline(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        await vm.destroy()
        moved = await vm.migrate(
            hosts.destination, offline=True, options=MigrationOptions(persistent=True)
        )
        assert (await moved.state()).state is DomainState.SHUTOFF
        assert await names(hosts.source) == ["mig1"]


async def test_between_the_hosts(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        await vm.migrate(hosts.destination_uri, options=hosts.options())
        assert await names(hosts.destination) == ["mig1"]
        assert (await vm.state()).state is DomainState.SHUTOFF


async def test_between_the_hosts_through_a_tunnel(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        moved = await vm.migrate(
            hosts.destination,
            peer_to_peer=True,
            options=MigrationOptions(tunnelled=True, unsafe=True),
        )
        assert (await moved.state()).state is DomainState.RUNNING


async def test_post_copy(hosts: Hosts) -> None:
    async with guest(hosts, busy=True) as vm:
        await vm.set_migrate_max_speed(1 * MIB)
        await vm.set_migrate_max_downtime(1)
        asked: list[bool] = []

        def look(stats: JobStats) -> None:
            if under_way(stats) and not asked:
                asked.append(True)
                tasks.start_soon(vm.start_post_copy)

        async with anyio.create_task_group() as tasks:
            moved = await vm.migrate(
                hosts.destination, options=hosts.options(postcopy=True), progress=look
            )
            assert (await moved.state()).state is DomainState.RUNNING


async def test_limits(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        await vm.set_migrate_max_speed(7 * MIB)
        assert await vm.migrate_max_speed() == 7 * MIB
        await vm.set_migrate_max_downtime(123)
        assert await vm.migrate_max_downtime() == 123
        await vm.set_migrate_compression_cache(64 * MIB)
        assert await vm.migrate_compression_cache() == 64 * MIB
        await vm.set_migrate_max_speed(5 * MIB, postcopy=True)
        assert await vm.migrate_max_speed(postcopy=True) == 5 * MIB
        with pytest.raises(InvalidState):
            await vm.start_post_copy()
        for postcopy in (False, True):
            with pytest.raises(InvalidState):
                await vm.abort_job(postcopy=postcopy)


async def test_without_parameters(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        phases = PlainPhases(hosts.source.driver, hosts.destination.driver, vm.key, hosts.options())
        move = Move(hosts.source.driver, vm.key, phases, LIVE, protect=True, offline=False)
        finished = await move.run()
        assert finished.domain.name == "mig1"
        assert await names(hosts.destination) == ["mig1"]


class LosesTheDestination(ParamPhases):
    """Phases of which the last finds a destination that hears, and dies before it answers."""

    lab: Lab

    async def finish(
        self,
        prepared: MigrationPrepared,
        cookie: bytes,
        flags: MigrateFlags,
        *,
        cancelled: bool,
    ) -> MigrationFinished:
        """Let the destination die while it is asked."""
        self.lab.freeze()
        async with open_task_group() as tasks:
            tasks.start_soon(self.die)
            await super().finish(prepared, cookie, flags, cancelled=cancelled)
        raise AssertionError

    async def die(self) -> None:
        """Kill the destination once the call is under way."""
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(self.lab.kill)


async def test_where_it_runs_is_not_known(lab: Lab, other_lab: Lab, tmp_path: Path) -> None:
    async with open_hosts(lab, other_lab, tmp_path) as hosts, guest(hosts) as vm:
        params = parameters(hosts.options())
        phases = LosesTheDestination(hosts.source.driver, hosts.destination.driver, vm.key, params)
        phases.lab = other_lab
        move = Move(hosts.source.driver, vm.key, phases, LIVE, protect=True, offline=False)
        with pytest.raises(ConnectionLost, match="is not known") as caught:
            await move.run()
        assert caught.value.maybe_done
        assert (await vm.state()).state is DomainState.PAUSED
        await anyio.to_thread.run_sync(other_lab.restart)


async def test_second_protocol_is_refused_where_it_cannot_be(hosts: Hosts) -> None:
    there = hosts.destination.driver.ability(LegacyMigration)
    async with guest(hosts) as vm:
        xml = await vm.xml()
        with pytest.raises(Unsupported, match="unsupported scheme"):
            await there.prepare2("nonsense://", xml, flags=LIVE)
        with pytest.raises(NotFound):
            await there.finish2("mig1", b"", "tcp://localhost", failed=1, flags=LIVE)


async def test_first_protocol_is_not_known_to_the_test_driver(lab: Lab) -> None:
    """libvirt's QEMU driver has forgotten it, and crashes the daemon when it is asked for data."""
    async with _open.open(lab.uri("unix", "test:///default")) as host:
        legacy = host.driver.ability(LegacyMigration)
        vm = await host.domains.get("test")
        with pytest.raises(Unsupported):
            await legacy.prepare1(None)
        with pytest.raises(Unsupported):
            await legacy.perform1(vm.key, b"", "tcp://localhost")
        with pytest.raises(Unsupported):
            await legacy.finish1("test", b"", "tcp://localhost")
        with pytest.raises(Unsupported):
            async with legacy.prepare_tunnel1(await vm.xml()):
                pass
        with pytest.raises(Unsupported):
            await vm.migrate("test:///default")


async def test_a_tunnel_that_is_given_up(hosts: Hosts) -> None:
    async with guest(hosts) as vm:
        migration = hosts.destination.driver.ability(Migration)
        legacy = hosts.destination.driver.ability(LegacyMigration)
        here = hosts.source.driver.ability(Migration)
        flags = LIVE | DomainMigrateFlags.TUNNELLED
        begun = await here.begin_migration(vm.key, {}, flags=LIVE)
        params = {"destination_xml": begun.xml}
        async with migration.prepare_tunnel(params, begun.cookie, flags=flags) as tunnel:
            assert tunnel.cookie
            await tunnel.send(b"no migration stream")
        named = {"destination_name": "mig1"}
        with pytest.raises(AiovirtError):
            await migration.finish_migration(named, b"", flags=flags, cancelled=True)
        async with legacy.prepare_tunnel3(begun.xml, begun.cookie, flags=flags) as tunnel:
            assert tunnel.cookie
        with pytest.raises(AiovirtError):
            await legacy.finish3("mig1", flags=flags, cancelled=True)
        with pytest.raises(NotFound):
            await hosts.destination.domains.get("mig1")
