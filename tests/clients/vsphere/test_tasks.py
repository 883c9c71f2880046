"""Tasks that are waited for: short, long, failing, forgotten, given up, and over a restart."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
import pytest
from vspherescript import OWN_COLLECTOR, Raw, Script, connected, in_turn, never, refusal
from vsphereupdates import content, leave, modify, updates

from aiovirt._tasks import gather, open_task_group
from aiovirt.clients.vsphere import VSphereClient, VSphereFault
from aiovirt.errors import ConnectionLost
from aiovirt.protocols.vsphere import Ref, Request
from aiovirt.protocols.vsphere.tables.collector import RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CreateListViewArgs,
    ModifyListViewArgs,
    RetrievePropertiesExArgs,
)
from aiovirt.protocols.vsphere.tables.faults import (
    FileFault,
    LocalizedMethodFault,
    ManagedObjectNotFound,
    NotSupported,
    TaskInProgress,
)
from aiovirt.protocols.vsphere.tables.machine_methods import POWER_ON_VM_TASK, PowerOnVMTaskArgs

pytestmark = pytest.mark.anyio

VM = Ref("VirtualMachine", "vm-1")
RUNNING = {"info.state": "running", "info.progress": 10}
DONE = {"info.state": "success", "info.result": "the result"}
FAILED = {
    "info.state": "error",
    "info.error": LocalizedMethodFault(
        fault=FileFault(file="[ds] a.vmx"), localized_message="the file is locked"
    ),
}


def task(number: int = 1) -> Ref:
    return Ref("Task", f"task-{number}")


class Server:
    """A server whose tasks are as a test says.

    Attributes:
        states: What is known of tasks, for those who look.
    """

    def __init__(self, *waits: object) -> None:
        self.states: dict[Ref, Mapping[str, object]] = {}
        self.started = 0
        self.script = Script(
            {
                "PowerOnVM_Task": self._start,
                "RetrievePropertiesEx": self._look,
                "WaitForUpdatesEx": in_turn(*waits, never),
                "CancelTask": lambda _: None,
            }
        )

    def _start(self, _call: Request) -> Ref:
        self.started += 1
        return task(self.started)

    def _look(self, call: Request) -> object:
        assert isinstance(call.args, RetrievePropertiesExArgs)
        refs = [one.obj for spec in call.args.spec_set for one in spec.object_set]
        found = [content(ref, self.states[ref]) for ref in refs if ref in self.states]
        return RetrieveResult(objects=tuple(found))


async def run(client: VSphereClient) -> object:
    return await client.run_task(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs())


async def outcome(server: Server) -> object:
    async with connected(server.script) as client:
        return await run(client)


async def test_a_task_that_is_over_at_once_needs_one_look() -> None:
    server = Server()
    server.states[task()] = DONE
    assert await outcome(server) == "the result"
    names = [call.name for call in server.script.calls]
    assert names[2:] == ["PowerOnVM_Task", "RetrievePropertiesEx", "Logout"]


async def test_those_that_start_together_are_looked_at_together() -> None:
    server = Server()
    server.states = {task(number): DONE for number in range(1, 101)}
    async with connected(server.script) as client:
        await gather(*[lambda: run(client)] * 100)
    assert server.script.count("RetrievePropertiesEx") < 50


async def test_a_long_task_is_told_by_the_stream() -> None:
    server = Server(None, updates("1", modify(task(), {"info.state": "success", "info.result": 7})))
    server.states[task()] = RUNNING
    assert await outcome(server) == 7
    assert server.script.args("CreateListView") == [CreateListViewArgs(obj=(task(),))]
    assert server.script.count("RetrievePropertiesEx") == 1


async def test_progress_is_told_once_for_each_percentage() -> None:
    told = [modify(task(), {"info.progress": percent}) for percent in (10, 40, 40, 90)]
    server = Server(updates("1", *told), updates("2", modify(task(), DONE)))
    server.states[task()] = RUNNING
    seen: list[int] = []
    async with connected(server.script) as client:
        await client.run_task(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs(), progress=seen.append)
    assert seen == [10, 40, 90]


async def test_many_long_tasks_share_one_filter() -> None:
    over = anyio.Event()
    ends = [modify(task(number), DONE) for number in range(1, 31)]

    async def wait(_call: Request) -> object:
        await over.wait()
        return updates("1", *ends)

    server = Server(None, wait)
    server.states = {task(number): RUNNING for number in range(1, 31)}
    async with connected(server.script) as client, open_task_group() as group:
        for _ in ends:
            group.start_soon(run, client)
        await server.script.until_that(lambda: len(watched(server.script)) == 30)
        over.set()
    assert server.script.count("CreateFilter") == 1
    assert server.script.count("CreatePropertyCollector") == 1


def watched(script: Script) -> set[Ref]:
    """The tasks that were put onto the list."""
    found: set[Ref] = set()
    for args in script.args("CreateListView") + script.args("ModifyListView"):
        if isinstance(args, CreateListViewArgs):
            found |= set(args.obj)
        elif isinstance(args, ModifyListViewArgs):
            found |= set(args.add)
    return found


@pytest.mark.parametrize(
    "waits", [(), (updates("1", modify(task(), FAILED)),)], ids=["look", "stream"]
)
async def test_a_task_that_fails(waits: tuple[object, ...]) -> None:
    server = Server(*waits)
    server.states[task()] = RUNNING if waits else FAILED
    with pytest.raises(
        VSphereFault, match="PowerOnVM_Task of VirtualMachine vm-1: the file is lock"
    ) as caught:
        await outcome(server)
    assert caught.value.fault == FileFault(file="[ds] a.vmx")


async def test_a_task_that_is_refused_never_is_one() -> None:
    server = Server()
    server.script.handlers["PowerOnVM_Task"] = lambda _: refusal(TaskInProgress(task=task()))
    with pytest.raises(VSphereFault) as caught:
        await outcome(server)
    assert isinstance(caught.value.fault, TaskInProgress)


# --- giving up ------------------------------------------------------------------------------------


async def test_a_task_that_never_ends_is_bounded_by_the_caller_and_asked_to_end() -> None:
    def cancel(_call: Request) -> None:
        server.states[task()] = FAILED

    server = Server()
    server.states[task()] = RUNNING
    server.script.handlers["CancelTask"] = cancel
    async with (
        connected(server.script) as client,
        open_task_group() as group,
    ):
        group.start_soon(run, client)
        await server.script.until("CreateListView")
        group.cancel_scope.cancel()
    assert server.script.count("CancelTask") == 1
    assert server.script.count("RetrievePropertiesEx") == 2


async def test_a_task_that_cannot_be_cancelled_goes_on() -> None:
    server = Server()
    server.states[task()] = RUNNING
    server.script.handlers["CancelTask"] = lambda _: refusal(NotSupported())
    async with connected(server.script) as client:
        async with open_task_group() as group:
            group.start_soon(run, client)
            await server.script.until("CreateListView")
            group.cancel_scope.cancel()
        assert not await client.cancel_task(task())
    assert server.script.count("RetrievePropertiesEx") == 1


async def test_who_only_waits_leaves_the_task_alone() -> None:
    server = Server()
    server.states[task()] = RUNNING
    async with (
        connected(server.script) as client,
        open_task_group() as group,
    ):
        group.start_soon(client.wait_for_task, task())
        await server.script.until("CreateListView")
        group.cancel_scope.cancel()
    assert server.script.count("CancelTask") == 0


# --- losses ---------------------------------------------------------------------------------------


async def test_a_task_that_the_server_has_forgotten_may_be_done() -> None:
    with pytest.raises(ConnectionLost, match="does not know the task task-1 any more") as caught:
        await outcome(Server())
    assert caught.value.maybe_done


async def test_a_task_that_leaves_the_list_may_be_done() -> None:
    server = Server(updates("1", leave(task())))
    server.states[task()] = RUNNING
    with pytest.raises(ConnectionLost) as caught:
        await outcome(server)
    assert caught.value.maybe_done


async def test_a_look_that_is_cut_is_left_to_the_stream() -> None:
    server = Server(updates("1", modify(task(), DONE)))
    server.script.handlers["RetrievePropertiesEx"] = lambda _: Raw()
    assert await outcome(server) == "the result"


async def test_a_stream_that_is_cut_goes_on() -> None:
    server = Server(updates("1"), Raw(), updates("2", modify(task(), DONE)))
    server.states[task()] = RUNNING
    assert await outcome(server) == "the result"


async def test_after_a_restart_the_end_is_found() -> None:
    server = Server(
        None, refusal(ManagedObjectNotFound(obj=OWN_COLLECTOR)), updates("1", modify(task(), DONE))
    )
    server.states[task()] = RUNNING
    assert await outcome(server) == "the result"
    assert server.script.args("CreateListView") == [CreateListViewArgs(obj=(task(),))] * 2


async def test_after_a_restart_that_lost_the_task_it_may_be_done() -> None:
    server = Server(None, refusal(ManagedObjectNotFound(obj=OWN_COLLECTOR)), None)
    server.states[task()] = RUNNING
    server.script.handlers["CreateListView"] = in_turn(
        Ref("ListView", "list"), refusal(ManagedObjectNotFound(obj=task())), Ref("ListView", "anew")
    )
    with pytest.raises(ConnectionLost) as caught:
        await outcome(server)
    assert caught.value.maybe_done


@pytest.mark.parametrize("answer", [Raw(), refusal(ManagedObjectNotFound(obj=task(2))), (task(2),)])
async def test_a_second_task_that_is_unknown_harms_no_first(answer: object) -> None:
    first_ends = anyio.Event()

    async def wait(_call: Request) -> object:
        await first_ends.wait()
        return updates("1", modify(task(1), DONE), modify(task(2), DONE))

    server = Server(None, wait)
    server.states = {task(1): RUNNING, task(2): RUNNING}
    # A call that changes nothing is made once more, so that a cut must come twice to be noticed.
    server.script.handlers["ModifyListView"] = in_turn(answer, answer, ())
    outcomes: list[object] = []

    async def note(client: VSphereClient) -> None:
        try:
            outcomes.append(await run(client))
        except ConnectionLost as error:
            outcomes.append(error.maybe_done)
            first_ends.set()

    async with connected(server.script) as client, open_task_group() as group:
        group.start_soon(note, client)
        await server.script.until("WaitForUpdatesEx", 2)
        group.start_soon(note, client)
        if answer == Raw():
            await server.script.until("ModifyListView", 3)
            first_ends.set()
    assert outcomes == (["the result"] * 2 if answer == Raw() else [True, "the result"])
