"""A move is cancelled in each of its phases: the guest runs at one host, and nothing is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from guests import qemus_of, wait_for
from movingguests import Hosts, dots, left_of_a_move, open_hosts, slowed, under_way

from aiovirt.drivers.qemu.abilities.migration import QemuMigration
from aiovirt.drivers.qemu.migration import receiving, storage
from aiovirt.errors import InvalidState
from aiovirt.interfaces import Migration
from aiovirt.model.constants import DomainMigrateFlags as Flags
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.jobs import JobStats

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: the cancellation reaches the hosts by calls."""
    return "asyncio"


@pytest.fixture
async def hosts(tmp_path: Path, qemu: Path) -> AsyncIterator[Hosts]:
    """Return two open hosts."""
    assert qemu.exists()
    async with open_hosts(tmp_path) as opened:
        yield opened


PLACES = {
    "begin": (QemuMigration, "begin_migration"),
    "prepare": (receiving.Receiver, "receive"),
    "the copy of the disk": (storage.Mirrors, "_start"),
    "finish": (QemuMigration, "finish_migration"),
}
"""Where it is cancelled -> what is called there."""


def cancelling(scope: anyio.CancelScope, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return what does the same, and cancels a scope when it is called."""

    async def wrapped(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - of several
        scope.cancel()
        return await real(*args, **named)

    return wrapped


@pytest.mark.parametrize("phase", PLACES)
async def test_it_runs_at_one_host(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    owner, name = PLACES[phase]
    async with hosts.guest() as vm:
        xml = await hosts.elsewhere(vm, "two.qcow2")
        options = hosts.options(copy_storage="all", xml=xml)
        with anyio.CancelScope() as scope, monkeypatch.context() as patched:
            patched.setattr(owner, name, cancelling(scope, getattr(owner, name)))
            await vm.migrate(hosts.destination, options=options)
        assert scope.cancel_called
        runs_there = phase == "finish"
        there = await hosts.destination.domains.list()
        assert [each.name for each in there] == ["mig1"] * runs_there
        assert (hosts.folder / "two.qcow2").exists() is runs_there
        assert len(await hosts.source.domains.list(active=True)) == (not runs_there)
        one = there[0] if runs_there else vm
        await dots(one)
        assert await left_of_a_move(one) == []
        await one.suspend()  # it may be changed again
        await one.resume()


async def test_what_runs_there_already_is_not_given_up(hosts: Hosts) -> None:
    """It is too late with post-copy: the rest is awaited."""
    async with hosts.guest() as vm, hosts.destination.events() as events:
        await slowed(vm)
        scope = anyio.CancelScope()
        started: list[JobStats] = []

        async def switch() -> None:
            slow = {"max-postcopy-bandwidth": 1 << 17}
            await vm.monitor_command("migrate-set-parameters", slow)
            await vm.start_post_copy()
            await wait_for(events, LifecycleDetail.RESUMED_POSTCOPY)
            with pytest.raises(InvalidState, match="runs at the destination"):
                await vm.abort_job()
            scope.cancel()
            await vm.set_migrate_max_speed(1 << 30, postcopy=True)

        def look(stats: JobStats) -> None:
            if under_way(stats) and not started:
                started.append(stats)
                tasks.start_soon(switch)

        async with anyio.create_task_group() as tasks:
            with scope:
                options = hosts.options(postcopy=True)
                await vm.migrate(hosts.destination, options=options, progress=look)
        assert started
        (there,) = await hosts.destination.domains.list()
        await dots(there)
        assert await left_of_a_move(there) == []
        assert await hosts.source.domains.list(active=True) == []


async def test_a_destination_that_stops_preparing_has_nothing(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of who calls the phases one by one, and goes in the middle of one."""
    migration = hosts.destination.driver.ability(Migration)
    flags = Flags.LIVE | Flags.NON_SHARED_DISK | Flags.UNSAFE
    async with hosts.guest() as vm:
        xml = await hosts.elsewhere(vm, "two.qcow2")
        source = hosts.source.driver.ability(Migration)
        begun = await source.begin_migration(vm.key, {"destination_xml": xml}, flags=flags)
        with anyio.CancelScope() as scope, monkeypatch.context() as patched:
            owner, name = PLACES["prepare"]
            patched.setattr(owner, name, cancelling(scope, getattr(owner, name)))
            await migration.prepare_migration(
                {"destination_xml": begun.xml}, begun.cookie, flags=flags
            )
        assert scope.cancelled_caught
        assert await hosts.destination.domains.list() == []
        assert qemus_of(hosts.folder / "b") == []
        assert not (hosts.folder / "two.qcow2").exists()
