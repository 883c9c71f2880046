"""Machines are moved between the hosts of one vCenter, as another client sees it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import pytest
from esxhosts import opening
from vcsimlab import Checker, Simulator

from aiovirt import _open
from aiovirt.errors import CallerError, InvalidState, RemoteError, Unsupported
from aiovirt.interfaces import Jobs, Migration
from aiovirt.model.credentials import Login
from aiovirt.model.jobs import JobKind
from aiovirt.model.migration import MigrationOptions
from aiovirt.objects import Connection
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio
real = pytest.mark.real

Check = Callable[[Simulator], Checker]

HERE, THERE = "/DC0/DC0_H0", "/DC0/DC0_C0/DC0_C0_H0"


@real
async def test_a_running_machine_moves(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter, HERE) as here, opening(vcenter, THERE) as there:
        vm = await here.domains.get("DC0_H0_VM0")
        moved = await vm.migrate(there)
        assert check(vcenter).machine("DC0_H0_VM0").host == "DC0_C0_H0"
        assert moved.key.uuid == vm.key.uuid
        assert (await moved.info()).vcpus == 1
        assert "DC0_H0_VM0" not in {each.name for each in await here.domains.list()}


@real
async def test_what_cannot_be(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter, HERE) as here, opening(vcenter, THERE) as there:
        vm = await here.domains.get("DC0_H0_VM0")
        with pytest.raises(InvalidState, match="stand still"):
            await vm.migrate(there, live=False)
        with pytest.raises(Unsupported, match="destination_name"):
            await vm.migrate(there, options=MigrationOptions(name="other"))
        migration = here.driver.ability(Migration)
        for uri, error in (
            ("qemu+ssh://there/system", CallerError),
            ("vpxmigr://00000000-0000-0000-0000-000000000000/resgroup-1/host-1", Unsupported),
        ):
            with pytest.raises(error):
                await migration.perform_migration(vm.key, {"migrate_uri": uri})
        assert check(vcenter).machine("DC0_H0_VM0").host == "DC0_H0"


@real
async def test_a_host_alone_moves_nothing(esx: Simulator) -> None:
    async with opening(esx) as host:
        migration = host.driver.ability(Migration)
        assert not await migration.supports(6)
        with pytest.raises(Unsupported, match="vpx://"):
            await migration.prepare_migration({})


# --- how far, and giving it up: on the fake vCenter, whose tasks take as long as they are told ----


def to_host(fake: FakeVSphere, number: int) -> AbstractAsyncContextManager[Connection]:
    """Open one of the two hosts of the fake vCenter."""
    path = f"/DC0/Cluster0/esx{number}.example.com"
    uri = f"vpx://root@127.0.0.1:{fake.port}{path}?transport=http"
    return _open.open(uri, credentials=Login("root", "secret"))


async def until_begun(fake: FakeVSphere) -> None:
    """Wait until the server has begun the task, and the client has had a look at it."""
    for method in ("RelocateVM_Task", "RetrievePropertiesEx"):
        before = fake.plan.calls[method]
        while fake.plan.calls[method] == before:
            await anyio.lowlevel.checkpoint()


async def test_a_move_is_given_up() -> None:
    async with (
        run_fake_vsphere(Settings(kind="vcenter", hosts=2), tls=False) as fake,
        to_host(fake, 0) as here,
        to_host(fake, 1) as there,
    ):
        fake.plan.slow_task("RelocateVM_Task", math.inf)
        vm = (await here.domains.list())[0]
        jobs = here.driver.ability(Jobs)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_is_given_up, here, there, vm.name)
            await until_begun(fake)
            assert (await jobs.job_stats(vm.key)).kind is JobKind.BOUNDED
            await jobs.abort_job(vm.key)
        assert (await jobs.job_stats(vm.key)).kind is JobKind.NONE
        with pytest.raises(InvalidState, match="no job"):
            await jobs.abort_job(vm.key)
        assert fake.plan.calls["CancelTask"] == 1


async def _is_given_up(here: Connection, there: Connection, name: str) -> None:
    vm = await here.domains.get(name)
    with pytest.raises(RemoteError, match="given up"):
        await vm.migrate(there)


async def test_a_move_is_given_up_while_it_begins() -> None:
    """Its task is cancelled all the same, once the server has told which one it is."""
    async with (
        run_fake_vsphere(Settings(kind="vcenter", hosts=2), tls=False) as fake,
        to_host(fake, 0) as here,
        to_host(fake, 1) as there,
    ):
        fake.plan.slow_task("RelocateVM_Task", math.inf)
        held = fake.plan.hang("RelocateVM_Task", when="after")
        vm = (await here.domains.list())[0]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_is_given_up, here, there, vm.name)
            await held.reached.wait()
            await here.driver.ability(Jobs).abort_job(vm.key)
            held.remove()
        assert fake.plan.calls["CancelTask"] == 1
