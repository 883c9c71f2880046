"""The simulator's property collector: what it reads, how it pages, what it tells of changes."""

from __future__ import annotations

import anyio
import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
    RetrieveOptions,
    SelectionSpec,
    TraversalSpec,
    UpdateSet,
)
from aiovirt.testing.vsphere import FakeVSphere, Settings

pytestmark = pytest.mark.anyio


def inventory(root: Ref, *specs: PropertySpec) -> PropertyFilterSpec:
    """All that is below a folder, by the walk that VMware's documentation shows."""
    again = (SelectionSpec(name="folder"), SelectionSpec(name="datacenter"))
    return PropertyFilterSpec(
        prop_set=specs,
        object_set=(
            ObjectSpec(
                obj=root,
                select_set=(
                    TraversalSpec(
                        name="folder", type="Folder", path="childEntity", select_set=again
                    ),
                    TraversalSpec(
                        name="datacenter", type="Datacenter", path="vmFolder", select_set=again
                    ),
                ),
            ),
        ),
    )


def names(kind: str = "VirtualMachine") -> PropertySpec:
    return PropertySpec(type=kind, path_set=("name",))


async def retrieve(
    caller: Caller, spec: PropertyFilterSpec, most: int | None = None
) -> list[list[str]]:
    """The names in each page."""
    collector = caller.the("property_collector")
    args = cm.RetrievePropertiesExArgs(spec_set=(spec,), options=RetrieveOptions(max_objects=most))
    page = await caller.call(cm.RETRIEVE_PROPERTIES_EX, collector, args)
    found = []
    while page is not None:
        found.append([str(each.prop_set[0].val) for each in page.objects])
        if page.token is None:
            break
        more = cm.ContinueRetrievePropertiesExArgs(token=page.token)
        page = await caller.call(cm.CONTINUE_RETRIEVE_PROPERTIES_EX, collector, more)
    return found


async def test_a_walk_finds_what_is_below_a_folder() -> None:
    async with calling(Settings(machines=3)) as (fake, caller):
        (found,) = await retrieve(caller, inventory(fake.site.root, names()))
        assert found == ["machine0", "machine1", "machine2"]
        (entities,) = await retrieve(caller, inventory(fake.site.root, names("ManagedEntity")))
        assert entities[:3] == ["Datacenters", "DC0", "vm"]


@pytest.mark.parametrize(("server", "client"), [(2, None), (None, 2), (2, 3), (3, 2)])
async def test_long_answers_come_in_pages(server: int | None, client: int | None) -> None:
    async with calling(Settings(machines=5, page_size=server)) as (fake, caller):
        pages = await retrieve(caller, inventory(fake.site.root, names()), client)
        assert [len(page) for page in pages] == [2, 2, 1]


async def test_a_page_can_be_given_up_and_a_token_used_once() -> None:
    async with calling() as (fake, caller):
        collector = caller.the("property_collector")
        args = cm.RetrievePropertiesExArgs(
            spec_set=(inventory(fake.site.root, names()),),
            options=RetrieveOptions(max_objects=1),
        )
        page = await caller.call(cm.RETRIEVE_PROPERTIES_EX, collector, args)
        assert page is not None
        cancel = cm.CancelRetrievePropertiesExArgs(token=page.token or "")
        await caller.call(cm.CANCEL_RETRIEVE_PROPERTIES_EX, collector, cancel)
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(cm.CANCEL_RETRIEVE_PROPERTIES_EX, collector, cancel)


@pytest.mark.parametrize("path", ["nonsense", "config.nonsense", "name.x", "config.hardware."])
async def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    async with calling() as (fake, caller):
        with pytest.raises(Refused) as caught:
            await caller.one(fake.machine("machine0").ref, path)
        assert isinstance(caught.value.fault, f.InvalidProperty)
        assert caught.value.fault.name == path


async def test_paths_lead_into_arrays() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        path = "config.hardware.device[2000].deviceInfo.label"
        assert await caller.one(ref, path) == "Hard disk 1"
        assert await caller.get(ref, "snapshot", "config.hardware.device[77]") == {}


async def test_an_object_that_has_gone_is_told() -> None:
    async with calling() as (_, caller):
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await caller.one(Ref("VirtualMachine", "vm-999"), "name")


# --- updates --------------------------------------------------------------------------------------


def told(update: UpdateSet | None) -> list[tuple[str, str, list[str]]]:
    """What an update says: of which object, how, and by which paths."""
    assert update is not None
    return [
        (str(each.kind), each.obj.value, [change.name for change in each.change_set])
        for found in update.filter_set
        for each in found.object_set
    ]


async def watching(
    fake: FakeVSphere, caller: Caller, *, partial: bool = False
) -> tuple[Ref, UpdateSet]:
    """A collector that watches all machines, and the first update."""
    collector = await caller.call(cm.CREATE_PROPERTY_COLLECTOR, caller.the("property_collector"))
    paths = ("name", "runtime", "config.annotation")
    spec = inventory(fake.site.root, PropertySpec(type="VirtualMachine", path_set=paths))
    args = cm.CreateFilterArgs(spec=spec, partial_updates=partial)
    await caller.call(cm.CREATE_FILTER, collector, args)
    first = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, caller.wait_args())
    assert first is not None
    return collector, first


async def test_the_first_update_tells_all() -> None:
    async with calling(Settings(machines=2)) as (fake, caller):
        _, update = await watching(fake, caller)
        paths = ["name", "runtime", "config.annotation"]
        assert told(update) == [("enter", "vm-21", paths), ("enter", "vm-22", paths)]


@pytest.mark.parametrize(
    ("partial", "paths"),
    [
        (False, {"runtime"}),
        (True, {"runtime.powerState", "runtime.bootTime", "runtime.cleanPowerOff"}),
    ],
)
async def test_changes_are_told_whole_or_in_part(partial: bool, paths: set[str]) -> None:  # noqa: FBT001
    async with calling() as (fake, caller):
        collector, first = await watching(fake, caller, partial=partial)
        await caller.do(mm.POWER_OFF_VM_TASK, fake.machine("machine0").ref)
        args = caller.wait_args(first.version, seconds=0)
        update = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
        ((kind, value, changed),) = told(update)
        assert (kind, value) == ("modify", "vm-21")
        assert paths <= set(changed)


async def test_what_comes_and_goes_enters_and_leaves() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        collector, first = await watching(fake, caller)
        await caller.call(mm.UNREGISTER_VM, fake.machine("machine1").ref)
        args = caller.wait_args(first.version, seconds=0)
        update = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
        assert told(update) == [("leave", "vm-22", [])]


async def test_without_news_the_wait_ends_in_time() -> None:
    async with calling() as (fake, caller):
        collector, first = await watching(fake, caller)
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                args = caller.wait_args(first.version, seconds=60)
                assert await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args) is None

            tasks.start_soon(wait)
            while not any(
                each.waiting
                for session in fake.site.sessions.open.values()
                for each in session.collectors.values()
            ):
                await anyio.lowlevel.checkpoint()
            fake.clock.advance(60)


async def test_long_updates_come_in_pages_and_may_be_asked_for_again() -> None:
    async with calling(Settings(machines=5, page_size=2)) as (fake, caller):
        collector, page = await watching(fake, caller)
        seen = [told(page)]
        while page.truncated:
            args = caller.wait_args(page.version, seconds=0)
            again = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
            repeated = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
            assert again is not None
            assert told(repeated) == told(again)
            page = again
            seen.append(told(page))
        assert [len(each) for each in seen] == [2, 2, 1]
        assert not page.filter_set[0].missing_set


async def test_an_older_version_tells_all_since_then() -> None:
    async with calling() as (fake, caller):
        collector, first = await watching(fake, caller)
        version = first.version
        for name in ("machine0", "machine1"):
            await caller.do(mm.POWER_OFF_VM_TASK, fake.machine(name).ref)
            args = caller.wait_args(version, seconds=0)
            update = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
            assert update is not None
            version = update.version
        args = caller.wait_args(first.version, seconds=0)
        update = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
        assert {value for _, value, _ in told(update)} == {"vm-21", "vm-22"}


async def test_a_version_that_was_never_told_is_refused() -> None:
    async with calling() as (fake, caller):
        collector, _ = await watching(fake, caller)
        with pytest.raises(Refused, match="InvalidCollectorVersion"):
            await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, caller.wait_args("77"))


@pytest.mark.parametrize(
    ("end", "fault"),
    [("cancel", "RequestCanceled"), ("expire", "NotAuthenticated"), ("destroy", "NotFound")],
)
async def test_a_wait_that_is_ended_says_why(end: str, fault: str) -> None:
    async with calling() as (fake, caller), anyio.create_task_group() as tasks:
        collector, first = await watching(fake, caller)
        other = Caller(fake.port, cookie=caller.cookie, content=caller.content)

        async def wait() -> None:
            with pytest.raises(Refused, match=fault):
                await other.call(cm.WAIT_FOR_UPDATES_EX, collector, caller.wait_args(first.version))
            await other.close()

        tasks.start_soon(wait)
        (session,) = fake.site.sessions.open.values()
        while not session.collectors[collector].waiting:
            await anyio.lowlevel.checkpoint()
        if end == "cancel":
            await caller.call(cm.CANCEL_WAIT_FOR_UPDATES, collector)
        elif end == "destroy":
            await caller.call(cm.DESTROY_PROPERTY_COLLECTOR, collector)
        else:
            fake.expire_sessions()


async def test_a_filter_that_is_dropped_tells_no_more() -> None:
    async with calling() as (fake, caller):
        collector = caller.the("property_collector")
        ref = fake.machine("machine0").ref
        dropped = await caller.watch(collector, ref, "runtime")
        await caller.watch(collector, ref, "name")
        first = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, caller.wait_args())
        assert first is not None
        assert len(first.filter_set) == 2
        await caller.call(cm.DESTROY_PROPERTY_FILTER, dropped)
        await caller.do(mm.POWER_OFF_VM_TASK, ref)
        args = caller.wait_args(first.version, seconds=0)
        assert await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, args) is None


async def test_missing_objects_are_told_where_that_is_asked_for() -> None:
    async with calling() as (fake, caller):
        gone = Ref("VirtualMachine", "vm-999")
        spec = PropertyFilterSpec(
            prop_set=(names(),),
            object_set=(ObjectSpec(obj=gone), ObjectSpec(obj=fake.machine("machine0").ref)),
            report_missing_objects_in_results=True,
        )
        collector = caller.the("property_collector")
        args = cm.CreateFilterArgs(spec=spec, partial_updates=False)
        await caller.call(cm.CREATE_FILTER, collector, args)
        update = await caller.call(cm.WAIT_FOR_UPDATES_EX, collector, caller.wait_args())
        assert update is not None
        assert [each.obj for each in update.filter_set[0].missing_set] == [gone]
