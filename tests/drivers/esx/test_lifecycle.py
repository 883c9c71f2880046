"""The life of machines: what aiovirt does is so, as an independent client sees it."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from esxhosts import opening
from guests import wait_for
from vcsimlab import Checker, Simulator

from aiovirt.errors import ConnectionLost, InvalidState, Unsupported
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


async def test_a_whole_life(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    checker, vm = check(vsphere), await host.domains.get(name)
    for verb, power, reason in (
        (vm.suspend, "suspended", StateReason.PAUSED_USER),
        (vm.resume, "poweredOn", StateReason.RUNNING_UNPAUSED),
        (vm.destroy, "poweredOff", StateReason.SHUTOFF_DESTROYED),
        (vm.start, "poweredOn", StateReason.RUNNING_BOOTED),
        (vm.reset, "poweredOn", StateReason.RUNNING_BOOTED),
        (vm.suspend, "suspended", StateReason.PAUSED_USER),
        (vm.start, "poweredOn", StateReason.RUNNING_UNPAUSED),
        (vm.suspend, "suspended", StateReason.PAUSED_USER),
        (vm.destroy, "poweredOff", StateReason.SHUTOFF_DESTROYED),
    ):
        await verb()
        assert checker.power(name) == power
        assert await vm.state() is reason


async def test_verbs_need_their_state(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(InvalidState, match="it is on"):
        await vm.start()
    await vm.destroy()
    for verb in (vm.suspend, vm.resume, vm.reset, vm.destroy, vm.shutdown, vm.reboot):
        with pytest.raises(InvalidState, match="it is off"):
            await verb()


async def test_suspending_and_resuming_twice_is_no_error(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.suspend()
    await vm.suspend()
    await vm.resume()
    await vm.resume()


async def test_a_guest_is_asked_to_shut_down(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    await vm.shutdown(wait=True)
    assert check(vsphere).power(name) == "poweredOff"


async def test_standing_still_from_the_start_is_not_esxs(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.destroy()
    with pytest.raises(Unsupported):
        await vm.start(paused=True)


async def test_changes_of_one_machine_queue(
    vsphere: Simulator, host: Connection, name: str
) -> None:
    vm = await host.domains.get(name)
    await vm.destroy()
    vsphere.delay("PowerOnVM_Task", 200)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(vm.start)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(vm.destroy)
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED


async def test_queries_do_not_wait_for_changes(
    vsphere: Simulator, host: Connection, name: str
) -> None:
    vm = await host.domains.get(name)
    vsphere.delay("SuspendVM_Task", 60_000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(vm.suspend)
        await anyio.wait_all_tasks_blocked()
        assert await vm.is_active()
        tasks.cancel_scope.cancel()
    vsphere.delay("SuspendVM_Task", 0)


async def test_one_slow_machine_holds_up_no_other(vsphere: Simulator) -> None:
    async with opening(vsphere) as host:
        slow, other = await host.domains.list()
        vsphere.delay("SuspendVM_Task", 60_000)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(slow.suspend)
            await anyio.wait_all_tasks_blocked()
            await other.destroy()
            tasks.cancel_scope.cancel()
        vsphere.delay("SuspendVM_Task", 0)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_lost_answer_is_told_and_what_was_done_is_seen(
    vsphere: Simulator, name: str, cut: str
) -> None:
    async with opening(vsphere) as host, host.events() as events:
        vm = await host.domains.get(name)
        vsphere.drop("PowerOffVM_Task", done=cut == "after")
        with pytest.raises(ConnectionLost) as caught:
            await vm.destroy()
        assert caught.value.maybe_done
        if cut == "before":
            await vm.destroy()
        await wait_for(events, LifecycleDetail.STOPPED_DESTROYED)
        assert not await vm.is_active()
