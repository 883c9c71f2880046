"""The simulator's views follow the inventory, or keep what they were given."""

from __future__ import annotations

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.testing.vsphere import Settings

pytestmark = pytest.mark.anyio


async def container(caller: Caller, at: Ref, *kinds: str, recursive: bool = True) -> Ref:
    args = cm.CreateContainerViewArgs(container=at, type=kinds, recursive=recursive)
    return await caller.call(cm.CREATE_CONTAINER_VIEW, caller.the("view_manager"), args)


async def test_a_container_view_finds_each_once() -> None:
    async with calling(Settings(machines=3)) as (fake, caller):
        view = await container(caller, fake.site.root, "VirtualMachine")
        found = await caller.one(view, "view")
        assert [ref.value for ref in found] == ["vm-21", "vm-22", "vm-23"]
        every = await caller.one(await container(caller, fake.site.root), "view")
        assert len(every) == len(set(every))
        assert {"Datacenter", "ClusterComputeResource", "HostSystem", "Datastore"} <= {
            ref.kind for ref in every
        }


async def test_one_that_is_not_recursive_has_the_children_only() -> None:
    async with calling() as (fake, caller):
        found = await caller.one(await container(caller, fake.site.root, recursive=False), "view")
        assert [ref.kind for ref in found] == ["Datacenter"]


async def test_a_container_view_follows_the_inventory() -> None:
    async with calling(Settings(machines=2, running=0)) as (fake, caller):
        view = await container(caller, fake.site.root, "VirtualMachine")
        await caller.call(mm.UNREGISTER_VM, fake.machine("machine0").ref)
        assert [ref.value for ref in await caller.one(view, "view")] == ["vm-22"]


async def test_containers_and_kinds_that_are_none_are_refused() -> None:
    async with calling() as (fake, caller):
        with pytest.raises(Refused, match="InvalidArgument"):
            await container(caller, fake.machine("machine0").ref)
        with pytest.raises(Refused, match="InvalidArgument"):
            await container(caller, fake.site.root, "Nonsense")


async def test_a_list_view_is_changed_by_hand() -> None:
    async with calling() as (fake, caller):
        one, two = (fake.machine(f"machine{number}").ref for number in (0, 1))
        gone = Ref("VirtualMachine", "vm-999")
        args = cm.CreateListViewArgs(obj=(one,))
        view = await caller.call(cm.CREATE_LIST_VIEW, caller.the("view_manager"), args)
        change = cm.ModifyListViewArgs(add=(two, gone), remove=(one,))
        assert await caller.call(cm.MODIFY_LIST_VIEW, view, change) == (gone,)
        assert await caller.one(view, "view") == (two,)
        await caller.call(cm.RESET_LIST_VIEW, view, cm.ResetListViewArgs(obj=(one,)))
        assert await caller.one(view, "view") == (one,)


async def test_a_view_is_given_up() -> None:
    async with calling() as (fake, caller):
        view = await container(caller, fake.site.root)
        await caller.call(cm.DESTROY_VIEW, view)
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await caller.call(cm.DESTROY_VIEW, view)
