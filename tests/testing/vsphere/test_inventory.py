"""The simulator's inventory: folders, pools, names, searches, what users add to entities."""

from __future__ import annotations

from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import performance_methods as pm
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.protocols.vsphere.tables.base import OptionValue
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo, ResourceConfigSpec
from aiovirt.protocols.vsphere.tables.performance import (
    PerfEntityMetric,
    PerfEntityMetricCSV,
    PerfMetricId,
    PerfMetricIntSeries,
    PerfQuerySpec,
)
from aiovirt.testing.vsphere import Settings

pytestmark = pytest.mark.anyio

VMS = Ref("Folder", "group-v3")
POOL = Ref("ResourcePool", "resgroup-8")
DC = Ref("Datacenter", "datacenter-2")


async def test_the_inventory_is_the_same_on_every_run() -> None:
    seen = []
    for _ in range(2):
        async with calling() as (fake, _caller):
            config = fake.machine("machine3").config
            seen.append((list(fake.site.world.objects), config.uuid, config.hardware))
    assert seen[0] == seen[1]


# --- folders --------------------------------------------------------------------------------------


async def folder(caller: Caller, name: str, at: Ref = VMS) -> Ref:
    return await caller.call(im.CREATE_FOLDER, at, im.CreateFolderArgs(name=name))


async def test_folders_hold_machines_and_are_removed_empty() -> None:
    async with calling() as (fake, caller):
        made, vm = await folder(caller, "lab"), fake.machine("machine0").ref
        with pytest.raises(Refused, match="DuplicateName"):
            await folder(caller, "lab")
        await caller.do(im.MOVE_INTO_FOLDER_TASK, made, im.MoveIntoFolderTaskArgs(list=(vm,)))
        assert await caller.one(made, "childEntity") == (vm,)
        assert await caller.one(vm, "parent") == made
        with pytest.raises(Refused, match="ResourceInUse"):
            await caller.do(im.DESTROY_TASK, made)
        await caller.do(im.MOVE_INTO_FOLDER_TASK, VMS, im.MoveIntoFolderTaskArgs(list=(vm,)))
        await caller.do(im.DESTROY_TASK, made)
        assert made not in await caller.one(VMS, "childEntity")


async def test_what_does_not_fit_into_a_folder() -> None:
    async with calling() as (_, caller):
        made = await folder(caller, "lab")
        wrong = im.MoveIntoFolderTaskArgs(list=(Ref("HostSystem", "host-20"),))
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.do(im.MOVE_INTO_FOLDER_TASK, made, wrong)
        inside = im.MoveIntoFolderTaskArgs(list=(VMS,))
        with pytest.raises(Refused, match="InvalidFolder"):
            await caller.do(im.MOVE_INTO_FOLDER_TASK, made, inside)


async def test_a_host_of_its_own_has_no_folders_to_make() -> None:
    async with calling(Settings(kind="esx")) as (_, caller):
        with pytest.raises(Refused, match="NotSupported"):
            await folder(caller, "lab", Ref("Folder", "ha-folder-vm"))


async def test_a_datacenter_is_made_and_renamed() -> None:
    async with calling() as (fake, caller):
        args = im.CreateDatacenterArgs(name="DC1")
        ref = await caller.call(im.CREATE_DATACENTER, fake.site.root, args)
        assert await caller.one(await caller.one(ref, "vmFolder"), "name") == "vm"
        await caller.do(im.RENAME_TASK, ref, im.RenameTaskArgs(new_name="DC2"))
        with pytest.raises(Refused, match="DuplicateName"):
            await caller.do(im.RENAME_TASK, ref, im.RenameTaskArgs(new_name="DC0"))


# --- pools ----------------------------------------------------------------------------------------


def shares(reservation: int = 0, limit: int = -1) -> ResourceConfigSpec:
    each = ResourceAllocationInfo(reservation=reservation, limit=limit, expandable_reservation=True)
    return ResourceConfigSpec(cpu_allocation=each, memory_allocation=each)


async def test_pools_are_made_changed_and_removed() -> None:
    async with calling() as (fake, caller):
        args = im.CreateResourcePoolArgs(name="gold", spec=shares(100))
        ref = await caller.call(im.CREATE_RESOURCE_POOL, POOL, args)
        with pytest.raises(Refused, match="DuplicateName"):
            await caller.call(im.CREATE_RESOURCE_POOL, POOL, args)
        change = im.UpdateConfigArgs(name="silver", config=shares(50))
        await caller.call(im.UPDATE_CONFIG, ref, change)
        told = await caller.get(ref, "name", "summary.config.cpuAllocation.reservation")
        assert set(told.values()) == {"silver", 50}
        vm = fake.machine("machine0").ref
        move = im.MoveIntoResourcePoolArgs(list=(vm,))
        await caller.call(im.MOVE_INTO_RESOURCE_POOL, ref, move)
        assert await caller.one(vm, "resourcePool") == ref
        await caller.do(im.DESTROY_TASK, ref)
        assert await caller.one(vm, "resourcePool") == POOL
        wrong = im.UpdateConfigArgs(config=shares(100, 50))
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(im.UPDATE_CONFIG, POOL, wrong)


# --- searching ------------------------------------------------------------------------------------


async def test_entities_are_found_by_what_is_known_of_them() -> None:
    async with calling() as (fake, caller):
        machine, index = fake.machine("machine1"), caller.the("search_index")

        async def find(method: Any, args: Any) -> Any:  # noqa: ANN401 - any search
            return await caller.call(method, index, args)

        uuid = cm.FindByUuidArgs(uuid=machine.config.uuid, vm_search=True)
        path = cm.FindByDatastorePathArgs(datacenter=DC, path=machine.path)
        for method, args in (
            (cm.FIND_BY_UUID, uuid),
            (cm.FIND_BY_IP, cm.FindByIpArgs(ip="198.51.100.2", vm_search=True)),
            (cm.FIND_BY_DNS_NAME, cm.FindByDnsNameArgs(dns_name="machine1", vm_search=True)),
            (cm.FIND_BY_DATASTORE_PATH, path),
            (
                cm.FIND_BY_INVENTORY_PATH,
                cm.FindByInventoryPathArgs(inventory_path="DC0/vm/machine1"),
            ),
            (cm.FIND_CHILD, cm.FindChildArgs(entity=VMS, name="machine1")),
        ):
            assert await find(method, args) == machine.ref
        host = cm.FindByInventoryPathArgs(inventory_path="/DC0/host/Cluster0/esx0.example.com")
        assert await find(cm.FIND_BY_INVENTORY_PATH, host) == Ref("HostSystem", "host-20")
        gone = cm.FindByUuidArgs(uuid="gone", vm_search=True)
        assert await find(cm.FIND_BY_UUID, gone) is None


# --- what users add -------------------------------------------------------------------------------


async def test_fields_of_the_users_own() -> None:
    async with calling() as (fake, caller):
        manager, vm = caller.the("custom_fields_manager"), fake.machine("machine0").ref
        add = im.AddCustomFieldDefArgs(name="owner", mo_type="VirtualMachine")
        made = await caller.call(im.ADD_CUSTOM_FIELD_DEF, manager, add)
        with pytest.raises(Refused, match="DuplicateName"):
            await caller.call(im.ADD_CUSTOM_FIELD_DEF, manager, add)
        value = im.SetFieldArgs(entity=vm, key=made.key, value="me")
        await caller.call(im.SET_FIELD, manager, value)
        (told,) = await caller.one(vm, "summary.customValue")
        assert (told.key, told.value) == (made.key, "me")
        wrong = im.SetFieldArgs(entity=VMS, key=made.key, value="me")
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(im.SET_FIELD, manager, wrong)
        named = im.SetCustomValueArgs(key="owner", value="")
        await caller.call(im.SET_CUSTOM_VALUE, vm, named)
        assert not await caller.one(vm, "customValue")
        gone = im.RemoveCustomFieldDefArgs(key=made.key)
        await caller.call(im.REMOVE_CUSTOM_FIELD_DEF, manager, gone)
        assert not await caller.one(vm, "availableField")


async def test_options() -> None:
    async with calling() as (_, caller):
        manager = caller.the("setting")
        args = sm.UpdateOptionsArgs(changed_value=(OptionValue(key="a.b", value="1"),))
        await caller.call(sm.UPDATE_OPTIONS, manager, args)
        (found,) = await caller.call(sm.QUERY_OPTIONS, manager, sm.QueryOptionsArgs(name="a."))
        assert (found.key, found.value) == ("a.b", "1")
        with pytest.raises(Refused, match="InvalidName"):
            await caller.call(sm.QUERY_OPTIONS, manager, sm.QueryOptionsArgs(name="gone"))


# --- figures --------------------------------------------------------------------------------------


async def test_figures_of_a_machine() -> None:
    async with calling() as (fake, caller):
        manager, vm = caller.the("perf_manager"), fake.machine("machine0").ref
        counters = await caller.one(manager, "perfCounter")
        (usage,) = [
            each.key
            for each in counters
            if (each.group_info.key, each.name_info.key) == ("cpu", "usage")
        ]
        metric = PerfMetricId(counter_id=usage, instance="")
        spec = PerfQuerySpec(entity=vm, metric_id=(metric,), interval_id=20, max_sample=3)
        args = pm.QueryPerfArgs(query_spec=(spec,))
        (told,) = await caller.call(pm.QUERY_PERF, manager, args)
        again = await caller.call(pm.QUERY_PERF, manager, args)
        assert isinstance(told, PerfEntityMetric)
        assert isinstance(told.value[0], PerfMetricIntSeries)
        assert (len(told.sample_info), len(told.value[0].value)) == (3, 3)
        assert again == (told,)
        fake.machine("machine0").run(power_state="poweredOff")
        assert await caller.call(pm.QUERY_PERF, manager, args) == ()


async def test_figures_as_text_and_figures_that_are_none() -> None:
    async with calling() as (_, caller):
        manager, host = caller.the("perf_manager"), Ref("HostSystem", "host-20")
        every = PerfMetricId(counter_id=148, instance="*")
        spec = PerfQuerySpec(entity=host, metric_id=(every,), max_sample=2, format="csv")
        (told,) = await caller.call(pm.QUERY_PERF, manager, pm.QueryPerfArgs(query_spec=(spec,)))
        assert isinstance(told, PerfEntityMetricCSV)
        assert len((told.value[0].value or "").split(",")) == 2
        wrong = PerfQuerySpec(entity=host, metric_id=(PerfMetricId(counter_id=1, instance=""),))
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(pm.QUERY_PERF, manager, pm.QueryPerfArgs(query_spec=(wrong,)))
