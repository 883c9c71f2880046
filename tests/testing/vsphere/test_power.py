"""Power operations of the simulator's machines, by the host and by the guest's will."""

from __future__ import annotations

import math

import anyio
import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Empty, Method, Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import hosts_methods as hm
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables import tasks_methods as tm
from aiovirt.protocols.vsphere.tables.base import ChoiceOption, ElementDescription
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineQuestionInfo
from aiovirt.protocols.vsphere.tables.tasks import TaskInfo
from aiovirt.testing.vsphere import FakeVSphere, Settings
from aiovirt.testing.vsphere.machines.machine import Machine

pytestmark = pytest.mark.anyio

ON = mm.PowerOnVMTaskArgs()
OFF: Method[Empty, Ref] = mm.POWER_OFF_VM_TASK


async def settled(machine: Machine, power: Power) -> None:
    while machine.power != power:
        await anyio.lowlevel.checkpoint()


def events(fake: FakeVSphere) -> list[str]:
    return [type(each.event).__name__ for each in fake.site.events.entries]


async def test_on_off_suspend_reset() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        steps = (
            (mm.SUSPEND_VM_TASK, Power.SUSPENDED),
            (OFF, Power.POWERED_OFF),
        )
        for method, state in steps:
            await caller.do(method, machine.ref)
            assert await caller.one(machine.ref, "summary.runtime.powerState") == state
        await caller.do(mm.POWER_ON_VM_TASK, machine.ref, ON)
        await caller.do(mm.RESET_VM_TASK, machine.ref)
        assert machine.power == Power.POWERED_ON
        assert events(fake)[1:] == [
            "VmSuspendingEvent",
            "VmSuspendedEvent",
            "VmStoppingEvent",
            "VmPoweredOffEvent",
            "VmStartingEvent",
            "VmPoweredOnEvent",
            "VmResettingEvent",
        ]


async def test_a_suspended_machine_keeps_its_memory_until_it_goes_on() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        files, _ = fake.site.place(machine.path)
        await caller.do(mm.SUSPEND_VM_TASK, machine.ref)
        assert "machine0/machine0.vmss" in files.files
        await caller.do(mm.POWER_ON_VM_TASK, machine.ref, ON)
        assert "machine0/machine0.vmss" not in files.files


@pytest.mark.parametrize("method", [OFF, mm.SUSPEND_VM_TASK, mm.RESET_VM_TASK])
async def test_a_machine_that_is_off_cannot_be_stopped(method: Method[Empty, Ref]) -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        with pytest.raises(Refused) as caught:
            await caller.do(method, fake.machine("machine0").ref)
        assert isinstance(caught.value.fault, f.InvalidPowerState)
        assert caught.value.fault.existing_state == Power.POWERED_OFF


async def test_a_machine_that_runs_cannot_be_started() -> None:
    async with calling() as (fake, caller):
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.do(mm.POWER_ON_VM_TASK, fake.machine("machine0").ref, ON)


async def test_a_machine_without_its_disk_does_not_start() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        machine = fake.machine("machine0")
        files, inner = fake.site.place("[datastore1] machine0/machine0.vmdk")
        files.delete(inner)
        with pytest.raises(Refused, match="FileNotFound"):
            await caller.do(mm.POWER_ON_VM_TASK, machine.ref, ON)


async def test_a_host_in_maintenance_starts_nothing() -> None:
    async with calling(Settings(kind="esx", running=0)) as (fake, caller):
        host = fake.machine("machine0").host
        enter = hm.EnterMaintenanceModeTaskArgs(timeout=0)
        await caller.do(hm.ENTER_MAINTENANCE_MODE_TASK, host, enter)
        with pytest.raises(Refused, match="InvalidState"):
            await caller.do(mm.POWER_ON_VM_TASK, fake.machine("machine0").ref, ON)


@pytest.mark.parametrize(
    ("method", "power", "event"),
    [
        (mm.SHUTDOWN_GUEST, Power.POWERED_OFF, "VmGuestShutdownEvent"),
        (mm.STANDBY_GUEST, Power.SUSPENDED, "VmGuestStandbyEvent"),
    ],
)
async def test_a_guest_does_what_it_is_asked_for(
    method: Method[Empty, None], power: Power, event: str
) -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        await caller.call(method, machine.ref)
        await settled(machine, power)
        assert event in events(fake)


async def test_a_guest_reboots_and_one_that_does_not_obey_runs_on() -> None:
    async with calling() as (fake, caller):
        machine, stubborn = fake.machine("machine0"), fake.machine("machine1")
        stubborn.guest.obeys = False
        began = machine.runtime.boot_time
        fake.clock.advance(100)
        await caller.call(mm.SHUTDOWN_GUEST, stubborn.ref)
        await caller.call(mm.REBOOT_GUEST, machine.ref)
        while not machine.guest.reboots:
            await anyio.lowlevel.checkpoint()
        assert machine.runtime.boot_time == began  # it was powered on then
        assert stubborn.power == Power.POWERED_ON


async def test_without_tools_a_guest_cannot_be_asked() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        machine.guest.tools = False
        with pytest.raises(Refused, match="ToolsUnavailable"):
            await caller.call(mm.SHUTDOWN_GUEST, machine.ref)
        await caller.do(OFF, machine.ref)
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.call(mm.SHUTDOWN_GUEST, machine.ref)


async def test_a_question_is_answered() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        choice = ElementDescription(key="1", label="I moved it", summary="moved")
        question = VirtualMachineQuestionInfo(
            id="7", text="Moved or copied?", choice=ChoiceOption(choice_info=(choice,))
        )
        machine.run(question=question)
        wrong = mm.AnswerVMArgs(question_id="7", answer_choice="9")
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(mm.ANSWER_VM, machine.ref, wrong)
        right = mm.AnswerVMArgs(question_id="7", answer_choice="1")
        await caller.call(mm.ANSWER_VM, machine.ref, right)
        assert await caller.one(machine.ref, "runtime.question") is None


# --- tasks ----------------------------------------------------------------------------------------


async def info(caller: Caller, task: Ref) -> TaskInfo:
    found = await caller.one(task, "info")
    assert isinstance(found, TaskInfo)
    return found


async def test_a_task_of_three_minutes_costs_no_time() -> None:
    async with calling() as (fake, caller):
        fake.plan.slow_task("PowerOffVM_Task", 180)
        machine = fake.machine("machine0")
        task = await caller.call(OFF, machine.ref)
        while (await info(caller, task)).state != "running":
            pass
        with pytest.raises(Refused, match="TaskInProgress"):
            await caller.do(OFF, machine.ref)
        assert await caller.one(machine.ref, "runtime.powerState") == Power.POWERED_ON
        fake.clock.advance(180)
        await caller.finish(task)
        assert machine.power == Power.POWERED_OFF


async def test_a_task_tells_how_far_it_is() -> None:
    async with calling() as (fake, caller):
        fake.plan.slow_task("PowerOffVM_Task", 100)
        task = await caller.call(OFF, fake.machine("machine0").ref)
        while (await info(caller, task)).state != "running":
            pass
        fake.clock.advance(50)
        while ((await info(caller, task)).progress or 0) < 50:
            pass
        assert 50 <= ((await info(caller, task)).progress or 0) < 100


async def test_a_task_that_never_ends_can_be_given_up() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        fake.plan.slow_task("CreateSnapshot_Task", math.inf)
        args = mm.CreateSnapshotTaskArgs(name="s", memory=False, quiesce=False)
        task = await caller.call(mm.CREATE_SNAPSHOT_TASK, fake.machine("machine0").ref, args)
        await caller.call(tm.CANCEL_TASK, task)
        with pytest.raises(Refused, match="RequestCanceled"):
            await caller.finish(task)
        assert (await info(caller, task)).cancelled
        with pytest.raises(Refused, match="InvalidState"):
            await caller.call(tm.CANCEL_TASK, task)


async def test_some_tasks_cannot_be_given_up() -> None:
    async with calling() as (fake, caller):
        slow = fake.plan.slow_task("PowerOffVM_Task", math.inf)
        task = await caller.call(OFF, fake.machine("machine0").ref)
        with pytest.raises(Refused, match="NotSupported"):
            await caller.call(tm.CANCEL_TASK, task)
        slow.remove()
        await caller.finish(task)


async def test_a_task_can_be_made_to_fail() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        fake.plan.fail_task("PowerOffVM_Task", f.Timedout(), nth=2)
        await caller.do(OFF, fake.machine("machine1").ref)
        with pytest.raises(Refused, match="Timedout"):
            await caller.do(OFF, machine.ref)
        assert machine.power == Power.POWERED_ON
        await caller.do(OFF, machine.ref)


async def test_recent_tasks_are_listed_and_old_ones_forgotten() -> None:
    async with calling() as (fake, caller):
        manager, ref = caller.the("task_manager"), fake.machine("machine0").ref
        for _ in range(35):
            await caller.do(OFF, ref)
            await caller.do(mm.POWER_ON_VM_TASK, ref, ON)
        recent = await caller.one(manager, "recentTask")
        assert len(recent) == 64
        assert recent[-1].value == "task-169"
