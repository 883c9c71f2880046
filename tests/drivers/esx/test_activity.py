"""Alarms and tasks: from memory, as others make and end them, after losses, and as events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import pytest
from esxfakes import faked
from esxhosts import FIRST, opening
from vcsimlab import Simulator
from vcsimlab.fixtures import Check
from vcsimlab.session import vim

from aiovirt import _open
from aiovirt.errors import AiovirtError, InvalidState, NotFound, PermissionDenied, Unsupported
from aiovirt.interfaces import EventStream
from aiovirt.model.activity import AlarmChange, AlarmStatus, HostAlarm, HostTask, TaskState
from aiovirt.model.credentials import Login
from aiovirt.model.events import AlarmEvent
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.faults import InsufficientResourcesFault, NoPermission
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

T = TypeVar("T")

HEARTBEAT, CONNECTION, STORE, LICENCE = (
    "Guest heartbeat",
    "Host connection state",
    "Datastore access",
    "Licence expiry",
)
TRIGGERED, CHANGED, ACKNOWLEDGED, CLEARED = (
    AlarmChange.TRIGGERED,
    AlarmChange.CHANGED,
    AlarmChange.ACKNOWLEDGED,
    AlarmChange.CLEARED,
)
SILENT = pytest.mark.parametrize("announced", [True, False], ids=["announced", "silent"])


@asynccontextmanager
async def opened(
    *, announced: bool = True, path: str = "", user: str = "root", machines: int = 3
) -> AsyncGenerator[tuple[FakeVSphere, Connection], None]:
    """Run a vCenter, and open it as a whole, or a part of it."""
    async with run_fake_vsphere(Settings(machines=machines, announced=announced)) as fake:
        uri = fake.uri.replace("/DC0/Cluster0/esx0.example.com", path).replace("root@", f"{user}@")
        async with _open.open(uri, credentials=Login(user, "secret")) as host:
            yield fake, host


def show(fake: FakeVSphere, status: str, name: str = "machine0") -> str:
    """Let the heartbeat of a machine have a colour."""
    return fake.site.alarms.show(HEARTBEAT, fake.machine(name).ref, status)


def requests(fake: FakeVSphere) -> int:
    """Return how many there were, but for the streams' own."""
    return fake.plan.calls.total() - fake.plan.calls["WaitForUpdatesEx"]


async def for_nothing(fake: FakeVSphere, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until that costs no request: what is under way beside may cost some."""
    with anyio.fail_after(20):
        while True:
            before = requests(fake)
            found = await ask()
            if requests(fake) == before:
                return found
            await anyio.wait_all_tasks_blocked()


async def alarms(host: Connection, count: int) -> list[HostAlarm]:
    """Wait until so many alarms are told."""
    with anyio.fail_after(20):
        while len(found := list(await host.alarms())) != count:
            await anyio.wait_all_tasks_blocked()
    return found


async def told(events: EventStream, count: int) -> list[AlarmEvent]:
    """Read the next events of alarms."""
    found: list[AlarmEvent] = []
    with anyio.fail_after(20):
        async for event in events:
            if isinstance(event, AlarmEvent):
                found.append(event)
            if len(found) == count:
                break
    return found


async def announced_tasks(fake: FakeVSphere, host: Connection, theirs: Connection) -> None:
    """Let tasks come and go until one was announced: the first may still have been listed."""
    vm = await theirs.domains.get("machine0")
    with anyio.fail_after(20):
        while True:
            await vm.suspend()
            await vm.resume()
            before = requests(fake)
            await host.tasks()
            if requests(fake) == before:
                return


async def running(host: Connection, state: TaskState = TaskState.RUNNING) -> HostTask:
    """Wait until the newest task is in a state."""
    with anyio.fail_after(20):
        while not (found := await host.tasks()) or found[0].state is not state:
            await anyio.wait_all_tasks_blocked()
    return found[0]


# --- alarms ---------------------------------------------------------------------------------------


@SILENT
async def test_alarms_are_told_by_name_and_from_memory(announced: bool) -> None:  # noqa: FBT001
    async with opened(announced=announced) as (fake, host):
        assert await host.alarms() == []
        fake.site.alarms.show(CONNECTION, Ref("HostSystem", "host-20"), "yellow")
        key = show(fake, "red")
        first, second = await alarms(host, 2)
        assert (first.key, first.name, first.target) == (key, HEARTBEAT, "machine0")
        assert first.description == "A guest gives no sign of life"
        assert (first.target_kind, second.target_kind) == ("domain", "host")
        assert (first.status, second.status) == (AlarmStatus.RED, AlarmStatus.YELLOW)
        assert await for_nothing(fake, host.alarms) == [first, second]


async def test_opening_and_listing_cost_no_request_more() -> None:
    async with opened() as (fake, host):
        show(fake, "red")
        await host.domains.list()
        await host.domains.list()
        assert requests(fake) == sum(fake.plan.calls[name] for name in _OPENING)
        assert all(fake.plan.calls[name] == 1 for name in _OPENING)


_OPENING = (
    "RetrieveServiceContent",
    "Login",
    "CreatePropertyCollector",
    "CreateContainerView",
    "CreateFilter",
)


@SILENT
async def test_what_becomes_of_an_alarm_is_an_event(announced: bool) -> None:  # noqa: FBT001
    async with opened(announced=announced) as (fake, host), host.events() as events:
        await for_nothing(fake, host.alarms)
        key = show(fake, "yellow")
        (seen,) = await told(events, 1)
        assert (seen.alarm.name, seen.alarm.target) == (HEARTBEAT, "machine0")
        show(fake, "red")
        seen_all = [seen, *await told(events, 1)]
        await host.acknowledge_alarm(key)
        seen_all += await told(events, 1)
        show(fake, "green")
        seen_all += await told(events, 1)
        assert [event.change for event in seen_all] == [
            *(TRIGGERED, CHANGED, ACKNOWLEDGED, CLEARED),
        ]
        colours = [event.alarm.status for event in seen_all]
        assert colours == ["yellow", "red", "red", "green"]
        assert seen_all[2].alarm.acknowledged_by == "root"
        assert not any(event.synthetic for event in seen_all)
        assert await host.alarms() == []


async def test_acknowledging_takes_the_alarm_and_the_privilege() -> None:
    async with opened(user="reader") as (fake, host):
        with pytest.raises(NotFound, match=r"'none' that is set off") as caught:
            await host.acknowledge_alarm("none")
        assert "aiovirt alarms" in (caught.value.hint or "")
        key = show(fake, "red")
        await alarms(host, 1)
        with pytest.raises(PermissionDenied, match=r"Alarm\.Acknowledge") as denied:
            await host.acknowledge_alarm(key)
        assert "domain 'machine0'" in str(denied.value)


@pytest.mark.parametrize(("announced", "loss"), [(True, "expire_sessions"), (False, "restart")])
async def test_losses_leave_alarms_and_tasks_right(
    announced: bool,  # noqa: FBT001
    loss: str,
) -> None:
    async with opened(announced=announced) as (fake, host), host.events() as events:
        await host.tasks()
        gone, stays = show(fake, "red"), show(fake, "yellow", "machine1")
        await alarms(host, 2)
        await told(events, 2)
        hold = fake.plan.hang("*", times=None)
        getattr(fake, loss)()
        await hold.reached.wait()
        show(fake, "green")
        new = show(fake, "red", "machine2")
        hold.remove()
        seen = await told(events, 2)
        assert {(event.alarm.key, event.change) for event in seen} == {
            (gone, CLEARED),
            (new, TRIGGERED),
        }
        assert all(event.synthetic for event in seen)
        assert [each.key for each in await host.alarms()] == [new, stays]
        await (await host.domains.get("machine0")).destroy()
        assert (await running(host, TaskState.SUCCESS)).target == "machine0"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", {"machine0", "machine1", "nfs1", "Datacenters"}),
        ("/DC0", {"machine0", "machine1", "nfs1"}),
        ("/DC0/Cluster0/esx0.example.com", {"machine0", "nfs1"}),
    ],
)
async def test_alarms_are_those_of_the_uris_part(path: str, shown: set[str]) -> None:
    async with opened(path=path) as (fake, host):
        site = fake.site
        show(fake, "red")
        show(fake, "red", "machine1")  # of the other host
        site.alarms.show(STORE, Ref("Datastore", "datastore-12"), "red")
        site.alarms.show(LICENCE, site.root, "yellow")
        assert {each.target for each in await host.alarms()} == shown


async def test_an_alarm_goes_with_its_machine() -> None:
    async with opened(path="/DC0/Cluster0") as (fake, host), host.events() as events:
        show(fake, "red")
        await told(events, 1)
        machine = await host.domains.get("machine0")
        await machine.destroy()
        await machine.delete()
        (seen,) = await told(events, 1)
        assert (seen.change, seen.alarm.target) == (CLEARED, "machine0")


async def test_alarms_are_told_where_events_may_not_be_read() -> None:
    async with opened(announced=False) as (fake, host):
        fault = NoPermission(privilege_id="System.View")
        fake.plan.fail("CreateCollectorForEvents", fault, times=None)
        assert await host.alarms() == []
        show(fake, "red")
        assert len(await host.alarms()) == 1


async def test_a_name_that_is_changed_is_learnt_anew() -> None:
    async with opened() as (fake, host):
        show(fake, "red")
        await alarms(host, 1)
        fake.site.alarms.rename(HEARTBEAT, "Sign of life")
        with anyio.fail_after(20):
            while (await host.alarms())[0].name != "Sign of life":
                await anyio.wait_all_tasks_blocked()


@pytest.mark.real
async def test_what_is_written_of_alarms_lets_them_be_read_anew(
    vcenter: Simulator, check: Check
) -> None:
    session = check(vcenter).session
    root = session.content.rootFolder
    about = vim.event.ManagedEntityEventArgument(name="Datacenters", entity=root)
    alarm = vim.event.AlarmEventArgument(name="Licence", alarm=vim.alarm.Alarm("alarm-1"))
    colours = {"from": "green", "to": "red"}
    told = {"key": 0, "chainId": 0, "userName": "", "createdTime": session.instance.CurrentTime()}
    event = vim.event.AlarmStatusChangedEvent(
        alarm=alarm, source=about, entity=about, **colours, **told
    )
    async with opening(vcenter) as host:
        before = -1
        with anyio.fail_after(20):
            while before != (before := vcenter.counts().get("RetrievePropertiesEx", 0)):
                assert await host.alarms() == []  # it has no alarms, but events of them
        session.content.eventManager.PostEvent(event)
        with anyio.fail_after(20):
            while vcenter.counts()["RetrievePropertiesEx"] == before:
                await anyio.wait_all_tasks_blocked()
        assert await host.alarms() == []


# --- tasks ----------------------------------------------------------------------------------------


@SILENT
async def test_tasks_of_others_are_seen_and_cancelled(announced: bool) -> None:  # noqa: FBT001
    async with (
        opened(announced=announced) as (fake, host),
        _open.open(fake.uri, credentials=Login("root", "secret")) as theirs,
    ):
        slow = fake.plan.slow_task("CloneVM_Task", float("inf"))
        assert await host.tasks() == []
        if announced:
            await announced_tasks(fake, host, theirs)
        async with anyio.create_task_group() as tasks:

            async def clone() -> None:
                vm = await theirs.domains.get("machine0")
                with pytest.raises(AiovirtError, match="canceled"):
                    await vm.clone("copy")

            tasks.start_soon(clone)
            task = await running(host)
            assert (task.operation, task.target) == ("VirtualMachine.clone", "machine0")
            assert (task.target_kind, task.user, task.cancelable) == ("domain", "root", True)
            assert task.ended is None
            if announced:
                assert (await for_nothing(fake, host.tasks))[0] == task
            await host.cancel_task(task.key)
            failed = await running(host, TaskState.ERROR)
            assert (failed.key, failed.cancelled) == (task.key, True)
            assert "canceled" in (failed.error or "")
            assert failed.ended is not None
            with pytest.raises(InvalidState):
                await host.cancel_task(task.key)
        with pytest.raises(NotFound):
            await host.cancel_task("task-none")
        slow.remove()


async def test_progress_is_told_and_why_a_task_failed() -> None:
    async with opened() as (fake, host):
        vm = await host.domains.get("machine0")
        fake.plan.fail_task("SuspendVM_Task", InsufficientResourcesFault())
        with pytest.raises(AiovirtError):
            await vm.suspend()
        failed = await running(host, TaskState.ERROR)
        assert "InsufficientResourcesFault" in (failed.error or "")
        slow = fake.plan.slow_task("PowerOffVM_Task", float("inf"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vm.destroy)
            task = await running(host)
            fake.site.tasks.set_progress(Ref("Task", task.key), 40)
            with anyio.fail_after(20):
                while (await running(host)).progress != 40:
                    await anyio.wait_all_tasks_blocked()
            with pytest.raises(Unsupported):
                await host.cancel_task(task.key)
            slow.remove()
            assert (await running(host, TaskState.SUCCESS)).key == task.key


async def test_tasks_are_those_of_the_uris_part() -> None:
    async with (
        opened() as (fake, whole),
        _open.open(fake.uri, credentials=Login("root", "secret")) as part,
    ):
        for name in ("machine0", "machine1"):  # of this host, and of the other
            await (await whole.domains.get(name)).destroy()
        assert {task.target for task in await whole.tasks()} == {"machine0", "machine1"}
        assert {task.target for task in await part.tasks()} == {"machine0"}


async def test_a_host_alone_has_tasks_and_no_alarms() -> None:
    async with faked() as (_, host):
        await (await host.domains.get("machine0")).destroy()
        (task,) = await host.tasks()
        assert (task.operation, task.state) == ("VirtualMachine.powerOff", TaskState.SUCCESS)
        with pytest.raises(Unsupported, match="a vCenter has alarms"):
            await host.alarms()


@pytest.mark.real
async def test_tasks_are_those_another_client_sees(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    async with opening(vsphere) as host:
        before = {task.key for task in await host.tasks()}
        checker.power_off(FIRST[vsphere.kind])
        with anyio.fail_after(20):
            while not (new := [t for t in await host.tasks() if t.key not in before]):
                await anyio.wait_all_tasks_blocked()
        recent = checker.session.of(checker.session.content.taskManager, "recentTask")
        assert new[0].key == recent["recentTask"][-1]._GetMoId()
        assert (new[0].target, new[0].target_kind) == (FIRST[vsphere.kind], "domain")
        assert "powerOff" in new[0].operation
