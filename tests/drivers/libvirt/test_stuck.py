"""A guest that holds up its daemon: other calls go on, or fail by their own deadline."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest
from labsamples import guest_xml
from libvirtlab import Lab

from aiovirt import _open
from aiovirt.clients.libvirt._calls import AHEAD, DEFAULT_WINDOW
from aiovirt.drivers.libvirt.driver import LibvirtDriver
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@contextmanager
def stopped(lab: Lab, name: str) -> Iterator[None]:
    """Stop a guest's QEMU for the length of the block."""
    pid = lab.guest_pid(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def five_stuck_calls(lab: Lab) -> AsyncIterator[tuple[Connection, Domain]]:
    """Open a host with five calls that wait for a guest whose QEMU stands still.

    The guest runs: the daemon would pause a paused one without asking QEMU.
    """
    async with _open.open(lab.uri("unix")) as host:
        vm = await host.domains.define(guest_xml("stuck1"))
        await vm.start()
        async with anyio.create_task_group() as tasks:
            with stopped(lab, "stuck1"):
                for _ in range(5):
                    tasks.start_soon(vm.suspend)
                await anyio.wait_all_tasks_blocked()
                yield host, vm
        await vm.destroy()
        await vm.undefine()


async def test_calls_that_no_guest_can_hold_up_are_answered(lab: Lab) -> None:
    async with five_stuck_calls(lab) as (host, _vm):
        assert await host.hostname() == lab.hostname
        assert [vm.name for vm in await host.domains.list()] == ["stuck1"]


async def test_calls_that_may_run_ahead_are_not_held_up(lab: Lab) -> None:
    async with five_stuck_calls(lab) as (_host, vm), anyio.create_task_group() as tasks:
        for _ in range(5 * DEFAULT_WINDOW * AHEAD):
            tasks.start_soon(vm.info)


async def test_others_fail_by_their_deadline_and_leave_no_trace(lab: Lab) -> None:
    async with five_stuck_calls(lab) as (host, vm):
        for _ in range(3 * DEFAULT_WINDOW):
            with pytest.raises(TimeoutError), anyio.fail_after(0.02):
                await vm.resume()
        assert await host.hostname() == lab.hostname


async def test_the_connection_is_told_from_a_dead_one(lab: Lab) -> None:
    async with five_stuck_calls(lab) as (host, _vm):
        assert isinstance(host.driver, LibvirtDriver)
        client = await host.driver.link.client()
        assert not client.lost.is_set()
        assert client.in_flight == DEFAULT_WINDOW - 1


async def test_calls_that_nobody_waits_for_are_counted_until_they_are_answered(lab: Lab) -> None:
    async with _open.open(lab.uri("unix")) as host:
        vm = await host.domains.define(guest_xml("stuck2"))
        await vm.start()
        assert isinstance(host.driver, LibvirtDriver)
        client = await host.driver.link.client()
        with stopped(lab, "stuck2"):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(vm.suspend)
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
            assert client.stuck == 1
        while client.stuck:  # until the answer has come, now that the guest goes on
            await host.hostname()
        await vm.destroy()
        await vm.undefine()
