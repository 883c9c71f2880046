"""Guests that check their own data move between two hosts, or do not, and nothing is left."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from certificates import Authority
from guests import poll, qemus_of, wait_for
from movingguests import Hosts, dots, left_of_a_move, open_hosts, slowed, stands, under_way

from aiovirt.drivers.qemu.migration import receiving
from aiovirt.drivers.qemu.migration.places import Place, listening
from aiovirt.errors import AiovirtError, ConnectionLost, InvalidState
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.jobs import JobStats
from aiovirt.model.migration import MigrationOptions

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
async def hosts(
    tmp_path: Path, qemu: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hosts]:
    """Return two open hosts."""
    assert qemu.exists()
    monkeypatch.setenv("AIOVIRT_CHECK_QMP", "1")
    async with open_hosts(tmp_path) as opened:
        yield opened


async def names(hosts: Hosts) -> tuple[list[str], list[str]]:
    """Return which domains each host has."""
    here, there = await hosts.source.domains.list(), await hosts.destination.domains.list()
    return [vm.name for vm in here], [vm.name for vm in there]


async def test_with_its_disk_and_back_by_post_copy(hosts: Hosts) -> None:
    async with hosts.guest() as vm, hosts.destination.events() as events:
        xml = await hosts.elsewhere(vm, "two.qcow2")
        moved = await vm.migrate(
            hosts.destination,
            options=hosts.options(
                copy_storage="all", xml=xml, persistent=True, undefine_source=True, name="mig2"
            ),
        )
        assert await moved.state() is StateReason.RUNNING_MIGRATED
        assert await names(hosts) == ([], ["mig2"])
        assert (await moved.job_stats(completed=True)).figure("disk_total") is not None
        await wait_for(events, LifecycleDetail.RESUMED_MIGRATED)
        await dots(moved)
        assert await left_of_a_move(moved) == []

        asked: list[JobStats] = []

        def look(stats: JobStats) -> None:
            if under_way(stats) and not asked:
                asked.append(stats)
                tasks.start_soon(moved.start_post_copy)

        await slowed(moved)
        async with anyio.create_task_group() as tasks:
            back = await moved.migrate(
                hosts.source, options=hosts.options(postcopy=True), progress=look
            )
            assert asked
            await dots(back)
            assert await left_of_a_move(back) == []
            assert await names(hosts) == (["mig2"], ["mig2"])


async def test_given_up_while_memory_moves(hosts: Hosts) -> None:
    async with hosts.guest() as vm:
        xml = await hosts.elsewhere(vm, "two.qcow2")
        await slowed(vm)
        with anyio.CancelScope() as scope:

            def look(stats: JobStats) -> None:
                if under_way(stats):
                    scope.cancel()

            await vm.migrate(
                hosts.destination, options=hosts.options(copy_storage="all", xml=xml), progress=look
            )
        assert scope.cancelled_caught
        assert await names(hosts) == (["mig1"], [])
        assert not (hosts.folder / "two.qcow2").exists()
        await dots(vm)
        assert await left_of_a_move(vm) == []


@pytest.mark.parametrize("root", ["a", "b"])
async def test_a_qemu_is_killed_in_the_middle(hosts: Hosts, root: str) -> None:
    async with hosts.guest() as vm:
        await slowed(vm)
        killed: list[int] = []

        def look(stats: JobStats) -> None:
            if under_way(stats) and not killed:
                killed.extend(qemus_of(hosts.folder / root))
                os.kill(killed[0], signal.SIGKILL)

        with pytest.raises(AiovirtError):
            await vm.migrate(hosts.destination, options=hosts.options(), progress=look)
        assert killed
        await poll(lambda: not qemus_of(hosts.folder / "b"))
        assert await names(hosts) == (["mig1"], [])
        if root == "b":
            await dots(vm)
        else:
            await poll(lambda: not qemus_of(hosts.folder / "a"))


async def test_post_copy_that_broke_goes_on(tmp_path: Path, qemu: Path) -> None:
    """In another process, too, and after one that could not."""
    assert qemu.exists()
    async with (
        open_hosts(tmp_path) as hosts,
        hosts.guest() as vm,
        hosts.destination.events() as events,
    ):
        await slowed(vm)
        broken: list[JobStats] = []
        options = hosts.options(postcopy=True)

        async def switch() -> None:
            slow = {"max-postcopy-bandwidth": 1 << 17}
            await vm.monitor_command("migrate-set-parameters", slow)
            await vm.start_post_copy()
            async for event in events:
                if getattr(event, "data", {}).get("status") == "postcopy-active":
                    break
            (there,) = await hosts.destination.domains.list()
            status: Any = {"status": "inmigrate"}
            while status["status"] == "inmigrate":  # a break before that is the end of the guest
                status = await there.monitor_command("query-status")
            await vm.monitor_command("migrate-pause")

        def look(stats: JobStats) -> None:
            if under_way(stats) and not broken:
                broken.append(stats)
                tasks.start_soon(switch)

        async with anyio.create_task_group() as tasks:
            with pytest.raises(AiovirtError):
                await vm.migrate(hosts.destination, options=options, progress=look)
        assert await vm.state() is StateReason.PAUSED_POSTCOPY_FAILED
        with pytest.raises(InvalidState, match="runs at its destination"):
            await vm.abort_job()
        await hosts.reopen()
        (left,) = await hosts.source.domains.list(active=True)
        await stands(left, StateReason.PAUSED_POSTCOPY_FAILED)
        again = hosts.options(postcopy=True, postcopy_resume=True)
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
            there_is_no_place = replace(again, uri=f"tcp://127.0.0.1:{taken.getsockname()[1]}")
            with pytest.raises(AiovirtError, match="in use"):
                await left.migrate(hosts.destination, options=there_is_no_place)
        with pytest.raises(InvalidState):  # it was not taken back
            await left.resume()
        await left.set_migrate_max_speed(1 << 30, postcopy=True)
        moved = await left.migrate(hosts.destination, options=again)
        await dots(moved)
        assert await left_of_a_move(moved) == []
        assert (await left.state()).state is DomainState.SHUTOFF


async def test_ports_that_others_take_at_the_last_moment(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both that were chosen, for the disks and for the memory, just before QEMU listens there."""
    calls: list[int] = []

    with ExitStack() as thieves:

        async def robbed(listen: str | None, port: int) -> Place:
            if len(calls) in {0, 2}:
                thief = socket.create_server(
                    ("::", port), family=socket.AF_INET6, dualstack_ipv6=True
                )
                thieves.callback(thief.close)
            calls.append(port)
            return await listening(listen, port)

        monkeypatch.setattr(receiving, "listening", robbed)
        async with hosts.guest() as vm:
            xml = await hosts.elsewhere(vm, "two.qcow2")
            moved = await vm.migrate(
                hosts.destination, options=hosts.options(copy_storage="all", xml=xml)
            )
            await dots(moved)
            assert await left_of_a_move(moved) == []
    assert len(set(calls)) == len(calls) == 4


async def test_encrypted_by_several_connections(tmp_path: Path, qemu: Path) -> None:
    assert qemu.exists()
    authority, pki = Authority(tmp_path / "ca"), tmp_path / "pki"
    pki.mkdir()
    (pki / "ca-cert.pem").write_bytes(authority.certificate.read_bytes())
    for end in ("server", "client"):
        made = authority.sign(f"{end}.test", hosts=["127.0.0.1"])
        (pki / f"{end}-cert.pem").write_bytes(made.certificate.read_bytes())
        (pki / f"{end}-key.pem").write_bytes(made.key.read_bytes())
    async with (
        open_hosts(tmp_path, f"&migration_tls={pki}") as hosts,
        hosts.guest() as vm,
    ):
        xml = await hosts.elsewhere(vm, "two.qcow2")
        options = hosts.options(tls=True, parallel=True, copy_storage="all", xml=xml)
        moved = await vm.migrate(hosts.destination, options=options)
        await dots(moved)
        assert await left_of_a_move(moved) == []


async def test_as_clients_that_know_no_parameters_do_it(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain `migrate` of libvirt's bindings is one."""
    features = "aiovirt.drivers.qemu.abilities.migration._FEATURES"
    monkeypatch.setattr(features, frozenset({4, 6, 7}))
    async with hosts.guest() as vm:
        moved = await vm.migrate(hosts.destination, options=hosts.options(name="mig2"))
        await dots(moved)
        assert await names(hosts) == (["mig1"], ["mig2"])


async def test_what_would_lose_data_is_refused(hosts: Hosts) -> None:
    async with hosts.guest() as vm:
        with pytest.raises(InvalidState, match="not safe"):
            await vm.migrate(hosts.destination, options=MigrationOptions())
        with pytest.raises(AiovirtError, match="active here already"):
            await vm.migrate(hosts.source, options=hosts.options())
        assert await vm.state() is StateReason.RUNNING_BOOTED
        await vm.suspend()  # it may be changed again
        await vm.resume()


async def test_nobody_answers_at_the_end(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not told whether it runs there lets it go on here by two steps, not by one."""

    async def lost(*_args: object, **_named: object) -> None:
        raise ConnectionLost("the destination has gone", maybe_done=True)

    async with hosts.guest() as vm:
        name = "aiovirt.drivers.qemu.abilities.migration.QemuMigration.finish_migration"
        with monkeypatch.context() as patched:
            patched.setattr(name, lost)
            with pytest.raises(ConnectionLost, match="stands still"):
                await vm.migrate(hosts.destination, options=hosts.options())
        (there,) = await hosts.destination.domains.list()
        await there.destroy()
        with pytest.raises(InvalidState):
            await vm.resume()
        await vm.abort_job()
        await vm.resume()
        await dots(vm)
