"""The simulator's events: queries, and collectors with a page and a place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables import tasks_methods as tm
from aiovirt.protocols.vsphere.tables.enums import EventFilterSpecRecursionOption as Recursion
from aiovirt.protocols.vsphere.tables.tasks import (
    EventFilterSpec,
    EventFilterSpecByEntity,
    EventFilterSpecByTime,
    EventFilterSpecByUsername,
)
from aiovirt.testing.vsphere import FakeVSphere

pytestmark = pytest.mark.anyio


async def query(caller: Caller, **fields: Any) -> list[str]:  # noqa: ANN401 - of a filter
    args = tm.QueryEventsArgs(filter=EventFilterSpec(**fields))
    found = await caller.call(tm.QUERY_EVENTS, caller.the("event_manager"), args)
    return [type(each).__name__ for each in found]


async def stop(fake: FakeVSphere, caller: Caller, *names: str) -> None:
    for name in names:
        await caller.do(mm.POWER_OFF_VM_TASK, fake.machine(name).ref)


def about(ref: Ref, recursion: Recursion) -> EventFilterSpecByEntity:
    return EventFilterSpecByEntity(entity=ref, recursion=recursion)


async def test_events_are_asked_for_by_entity_type_user_and_time() -> None:
    async with calling() as (fake, caller):
        await stop(fake, caller, "machine0")
        later = fake.clock.now() + timedelta(seconds=50)
        fake.clock.advance(100)
        await stop(fake, caller, "machine1")
        vm, folder = fake.machine("machine0").ref, Ref("Folder", "group-v3")
        both = ["VmStoppingEvent", "VmPoweredOffEvent"]
        assert await query(caller, entity=about(vm, Recursion.SELF)) == both
        assert await query(caller, entity=about(folder, Recursion.SELF)) == []
        assert await query(caller, entity=about(folder, Recursion.CHILDREN)) == both * 2
        assert await query(caller, entity=about(fake.site.root, Recursion.ALL)) == both * 2
        assert await query(caller, event_type_id=("VmPoweredOffEvent",)) == both[1:] * 2
        assert await query(caller, type=("VmEvent",), max_count=1) == both[1:]
        user = EventFilterSpecByUsername(system_user=False, user_list=("nobody",))
        assert await query(caller, user_name=user) == []
        assert await query(caller, time=EventFilterSpecByTime(begin_time=later)) == both


async def test_an_event_tells_where_it_happened() -> None:
    async with calling() as (fake, caller):
        await stop(fake, caller, "machine0")
        latest = await caller.one(caller.the("event_manager"), "latestEvent")
        assert (latest.vm.name, latest.host.name) == ("machine0", "esx0.example.com")
        assert (latest.datacenter.name, latest.compute_resource.name) == ("DC0", "Cluster0")
        assert latest.user_name == "root"


async def test_a_collector_shows_the_latest_and_reads_both_ways() -> None:
    async with calling() as (fake, caller):
        manager = caller.the("event_manager")
        spec = EventFilterSpec(event_type_id=("VmPoweredOffEvent",))
        create = tm.CreateCollectorForEventsArgs(filter=spec)
        await stop(fake, caller, "machine0")
        collector = await caller.call(tm.CREATE_COLLECTOR_FOR_EVENTS, manager, create)
        await stop(fake, caller, "machine1", "machine2")

        async def read(method: Any, count: int) -> list[str]:  # noqa: ANN401 - either way
            args = method.args(max_count=count)
            return [each.vm.name for each in await caller.call(method, collector, args)]

        assert await read(tm.READ_NEXT_EVENTS, 2) == ["machine0", "machine1"]
        assert await read(tm.READ_NEXT_EVENTS, 2) == ["machine2"]
        assert await read(tm.READ_PREVIOUS_EVENTS, 2) == ["machine2", "machine1"]
        await caller.call(tm.REWIND_COLLECTOR, collector)
        assert await read(tm.READ_PREVIOUS_EVENTS, 9) == []
        size = tm.SetCollectorPageSizeArgs(max_count=2)
        await caller.call(tm.SET_COLLECTOR_PAGE_SIZE, collector, size)
        page = await caller.one(collector, "latestPage")
        assert [each.vm.name for each in page] == ["machine2", "machine1"]
        await caller.call(tm.RESET_COLLECTOR, collector)
        assert await read(tm.READ_PREVIOUS_EVENTS, 9) == ["machine0"]
        with pytest.raises(Refused, match="InvalidArgument"):
            await read(tm.READ_NEXT_EVENTS, 1001)
        await caller.call(tm.DESTROY_COLLECTOR, collector)
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await read(tm.READ_NEXT_EVENTS, 1)


async def test_a_session_has_so_many_collectors() -> None:
    async with calling() as (_, caller):
        manager = caller.the("event_manager")
        args = tm.CreateCollectorForEventsArgs(filter=EventFilterSpec())
        for _number in range(32):
            await caller.call(tm.CREATE_COLLECTOR_FOR_EVENTS, manager, args)
        with pytest.raises(Refused, match="InvalidState"):
            await caller.call(tm.CREATE_COLLECTOR_FOR_EVENTS, manager, args)


async def test_a_user_writes_an_event() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        args = tm.LogUserEventArgs(entity=ref, msg="hello")
        await caller.call(tm.LOG_USER_EVENT, caller.the("event_manager"), args)
        assert (await query(caller, entity=about(ref, Recursion.SELF))) == ["GeneralUserEvent"]
