"""The simulator's alarms: where they are told, who may take note of them, what events say."""

from __future__ import annotations

from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables import tasks_methods as tm
from aiovirt.protocols.vsphere.tables.collector_methods import WAIT_FOR_UPDATES_EX
from aiovirt.protocols.vsphere.tables.tasks import AlarmFilterSpec, EventFilterSpec
from aiovirt.testing.vsphere import FakeVSphere, Settings
from aiovirt.testing.vsphere.faults import VimFault

pytestmark = pytest.mark.anyio

HEARTBEAT = "Guest heartbeat"


def vm(fake: FakeVSphere) -> Ref:
    return fake.machine("machine0").ref


async def told(caller: Caller, ref: Ref) -> list[tuple[str, str, bool | None]]:
    """What is told of an object: the keys, the colours, and whether somebody knows."""
    states = await caller.one(ref, "triggeredAlarmState")
    return [(each.key, each.overall_status, each.acknowledged) for each in states]


async def acknowledge(caller: Caller, alarm: Ref, entity: Ref) -> None:
    args = tm.AcknowledgeAlarmArgs(alarm=alarm, entity=entity)
    await caller.call(tm.ACKNOWLEDGE_ALARM, caller.the("alarm_manager"), args)


async def events(caller: Caller) -> tuple[Any, ...]:
    args = tm.QueryEventsArgs(filter=EventFilterSpec(type=("AlarmEvent",)))
    return await caller.call(tm.QUERY_EVENTS, caller.the("event_manager"), args)


async def test_it_is_told_of_all_that_an_object_is_in() -> None:
    async with calling() as (fake, caller):
        key = fake.site.alarms.show(HEARTBEAT, vm(fake), "red")
        for ref in (vm(fake), Ref("Folder", "group-v3"), Ref("Datacenter", "datacenter-2")):
            assert await told(caller, ref) == [(key, "red", False)]
        assert await told(caller, fake.site.root) == [(key, "red", False)]
        assert await told(caller, Ref("Folder", "group-h4")) == []
        fake.site.alarms.show(HEARTBEAT, vm(fake), "green")
        assert await told(caller, fake.site.root) == await told(caller, vm(fake)) == []


async def test_alarms_are_defined_of_the_root() -> None:
    async with calling() as (fake, caller):
        manager = caller.the("alarm_manager")
        alarms = await caller.call(tm.GET_ALARM, manager, tm.GetAlarmArgs())
        infos = [await caller.one(each, "info") for each in alarms]
        assert HEARTBEAT in {each.name for each in infos}
        assert {each.entity for each in infos} == {fake.site.root}
        of_machine = tm.GetAlarmArgs(entity=vm(fake))
        assert await caller.call(tm.GET_ALARM, manager, of_machine) == ()


async def test_who_knows_of_it_knows_until_it_was_green() -> None:
    async with calling() as (fake, caller):
        alarms, machine = fake.site.alarms, vm(fake)
        key = alarms.show(HEARTBEAT, machine, "yellow")
        await acknowledge(caller, alarms.defined[HEARTBEAT], machine)
        (state,) = await caller.one(fake.site.root, "triggeredAlarmState")
        assert state.acknowledged_by_user == "root"
        assert state.time <= state.acknowledged_time <= fake.clock.now()
        alarms.show(HEARTBEAT, machine, "red")
        assert await told(caller, machine) == [(key, "red", True)]
        alarms.show(HEARTBEAT, machine, "gray")
        alarms.show(HEARTBEAT, machine, "red")
        assert await told(caller, machine) == [(key, "red", False)]


async def test_only_what_was_set_off_can_be_acknowledged() -> None:
    async with calling() as (fake, caller):
        alarm = fake.site.alarms.defined[HEARTBEAT]
        await acknowledge(caller, alarm, vm(fake))
        assert await events(caller) == ()
        with pytest.raises(Refused, match="InvalidArgument"):
            await acknowledge(caller, alarm, Ref("HostSystem", "host-20"))
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await acknowledge(caller, Ref("Alarm", "alarm-999"), vm(fake))


async def test_it_takes_a_privilege() -> None:
    async with calling(user="reader") as (fake, caller):
        fake.site.alarms.show(HEARTBEAT, vm(fake), "red")
        with pytest.raises(Refused) as caught:
            await acknowledge(caller, fake.site.alarms.defined[HEARTBEAT], vm(fake))
        assert getattr(caught.value.fault, "privilege_id", None) == "Alarm.Acknowledge"


async def test_events_tell_what_becomes_of_it() -> None:
    async with calling() as (fake, caller):
        alarms, machine = fake.site.alarms, vm(fake)
        alarms.show(HEARTBEAT, machine, "yellow")
        alarms.show(HEARTBEAT, machine, "yellow")
        await acknowledge(caller, alarms.defined[HEARTBEAT], machine)
        manager = caller.the("alarm_manager")
        for status in ("red", "yellow"):
            spec = tm.ClearTriggeredAlarmsArgs(filter=AlarmFilterSpec(status=(status,)))
            await caller.call(tm.CLEAR_TRIGGERED_ALARMS, manager, spec)
        found = await events(caller)
        assert [type(each).__name__ for each in found] == [
            "AlarmStatusChangedEvent",
            "AlarmAcknowledgedEvent",
            "AlarmClearedEvent",
        ]
        assert (found[0].from_, found[0].to) == ("green", "yellow")
        assert {(each.alarm.name, each.entity.name) for each in found} == {(HEARTBEAT, "machine0")}
        assert await told(caller, fake.site.root) == []


async def test_nothing_stays_of_an_object_that_goes() -> None:
    async with calling() as (fake, caller):
        fake.site.alarms.show(HEARTBEAT, vm(fake), "red")
        folder = await caller.call(
            im.CREATE_FOLDER, Ref("Folder", "group-v3"), im.CreateFolderArgs(name="web")
        )
        move = im.MoveIntoFolderTaskArgs(list=(vm(fake),))
        await caller.do(im.MOVE_INTO_FOLDER_TASK, folder, move)
        assert len(await told(caller, folder)) == 1
        await caller.do(mm.POWER_OFF_VM_TASK, vm(fake))
        await caller.do(im.DESTROY_TASK, vm(fake))
        assert await told(caller, folder) == await told(caller, fake.site.root) == []


async def test_the_stream_may_keep_silent_of_them() -> None:
    async with calling(Settings(announced=False)) as (fake, caller):
        collector = caller.the("property_collector")
        await caller.watch(collector, fake.site.root, "triggeredAlarmState")
        args = caller.wait_args
        first = await caller.call(WAIT_FOR_UPDATES_EX, collector, args(seconds=0))
        assert first is not None
        key = fake.site.alarms.show(HEARTBEAT, vm(fake), "red")
        nothing = args(first.version, seconds=0)
        assert await caller.call(WAIT_FOR_UPDATES_EX, collector, nothing) is None
        assert await told(caller, fake.site.root) == [(key, "red", False)]


async def test_what_a_test_asks_for_is_checked() -> None:
    async with calling(user=None) as (fake, _):
        with pytest.raises(VimFault):
            fake.site.alarms.show("none", vm(fake), "red")
        with pytest.raises(VimFault):
            fake.site.alarms.show(HEARTBEAT, fake.site.root, "red")
