"""The inventory's shape: folders, datacenters, pools, names, removing."""

from __future__ import annotations

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import inventory_methods as m
from aiovirt.protocols.vsphere.tables.inventory import (
    ResourceAllocationInfo,
    ResourceConfigSpec,
    ResourcePoolSummary,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.building import places
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.making import Home, move
from aiovirt.testing.vsphere.machines.new import check_free_name
from aiovirt.testing.vsphere.machines.reconfigure import check_name

_RENAME = {
    "Folder": "Folder.Rename",
    "Datacenter": "Datacenter.Rename",
    "ResourcePool": "Resource.RenamePool",
    "Datastore": "Datastore.Rename",
    "ComputeResource": "Host.Inventory.RenameCluster",
    "Network": "Network.Config",
    "DistributedVirtualSwitch": "DVSwitch.Modify",
}
_DELETE = {"Folder": "Folder.Delete", "Datacenter": "Datacenter.Delete"}

# --- making ---------------------------------------------------------------------------------------


@handles(m.CREATE_FOLDER)
def create_folder(call: Call, args: m.CreateFolderArgs) -> Ref:
    """Make a folder in a folder, for the same kinds of things."""
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()
    check_name(args.name)
    check_free_name(call.site, call.this, args.name)
    kinds = call.world.get(call.this, "childType", tuple)
    ref = Ref("Folder", call.world.number("group-v", 100).replace("-v-", "-v"))
    return places.make_folder(call.world, ref, args.name, call.this, kinds)


@handles(m.CREATE_DATACENTER)
def create_datacenter(call: Call, args: m.CreateDatacenterArgs) -> Ref:
    """Make a datacenter."""
    if "Datacenter" not in call.world.get(call.this, "childType", tuple):
        raise faults.not_supported()
    check_name(args.name)
    check_free_name(call.site, call.this, args.name)
    number = call.world.number("datacenter", 100)
    folders = [Ref("Folder", f"group-{each}{number.rpartition('-')[2]}") for each in "vhsn"]
    ref = Ref("Datacenter", number)
    places.make_datacenter(call.world, ref, args.name, call.this, folders)
    call.site.events.post(
        e.DatacenterCreatedEvent,
        f"Created datacenter {args.name}",
        about=ref,
        user=call.user,
        fields={"parent": call.site.events.folder(call.this)},
    )
    return ref


# --- pools ----------------------------------------------------------------------------------------


@handles(m.CREATE_RESOURCE_POOL)
def create_resource_pool(call: Call, args: m.CreateResourcePoolArgs) -> Ref:
    """Make a pool in a pool."""
    check_name(args.name)
    _check_free_pool(call, call.this, args.name)
    _check_allocations(args.spec)
    ref = Ref("ResourcePool", call.world.number("resgroup", 100))
    owner = call.world.get(call.this, "owner", Ref)
    config = replace(args.spec, entity=ref)
    return places.make_pool(
        call.world, ref, args.name, parent=call.this, owner=owner, config=config
    )


@handles(m.UPDATE_CONFIG)
def update_config(call: Call, args: m.UpdateConfigArgs) -> None:
    """Give a pool another name, or other shares."""
    call.demand("Resource.EditPool")
    if args.name is not None:
        check_name(args.name)
        _check_free_pool(call, call.world.get(call.this, "parent", Ref), args.name, but=call.this)
        call.world.put(call.this, name=args.name)
    if args.config is not None:
        _check_allocations(args.config)
        call.world.put(call.this, config=replace(args.config, entity=call.this))
    summary = call.world.get(call.this, "summary", ResourcePoolSummary)
    call.world.put(
        call.this,
        summary=replace(
            summary,
            name=call.world.get(call.this, "name", str),
            config=call.world.get(call.this, "config", ResourceConfigSpec),
        ),
    )


@handles(m.MOVE_INTO_RESOURCE_POOL)
def move_into_resource_pool(call: Call, args: m.MoveIntoResourcePoolArgs) -> None:
    """Let machines and pools be in a pool."""
    call.demand("Resource.AssignVMToPool")
    for ref in args.list:
        call.check(ref, "ManagedEntity", "list")
        if is_kind(ref.kind, "VirtualMachine"):
            machine = call.site.machine(ref)
            move(machine, Home(call.world.get(ref, "parent", Ref), call.this, machine.host))
        elif is_kind(ref.kind, "ResourcePool") and ref not in set(call.site.up(call.this)):
            call.world.take_from(call.world.get(ref, "parent", Ref), "resourcePool", ref)
            call.world.put(ref, parent=call.this)
            call.world.add_to(call.this, "resourcePool", ref)
        else:
            raise faults.invalid_argument("list")


@handles(m.DESTROY_TASK, "ResourcePool")
def destroy_pool(call: Call, _: Empty) -> Ref:
    """Remove a pool; what is in it goes to the pool above."""
    call.demand("Resource.DeletePool")
    parent = call.world.get(call.this, "parent", Ref)
    if not is_kind(parent.kind, "ResourcePool"):
        raise faults.not_supported()

    def work() -> None:
        for ref in call.world.refs(call.this, "vm"):
            machine = call.site.machine(ref)
            move(machine, Home(call.world.get(ref, "parent", Ref), parent, machine.host))
        for ref in call.world.refs(call.this, "resourcePool"):
            call.world.put(ref, parent=parent)
            call.world.add_to(parent, "resourcePool", ref)
        call.world.take_from(parent, "resourcePool", call.this)
        call.world.remove(call.this)

    return call.task(work, name="ResourcePool.destroy")


def _check_free_pool(call: Call, parent: Ref, name: str, but: Ref | None = None) -> None:
    for ref in call.world.refs(parent, "resourcePool"):
        if ref != but and call.world.find(ref, "name", str) == name:
            raise faults.duplicate_name(name, ref)


def _check_allocations(spec: ResourceConfigSpec) -> None:
    for name, each in (("cpu", spec.cpu_allocation), ("memory", spec.memory_allocation)):
        if not _reasonable(each):
            raise faults.invalid_argument(f"spec.{name}Allocation")


def _reasonable(allocation: ResourceAllocationInfo) -> bool:
    reservation, limit = allocation.reservation or 0, allocation.limit
    unlimited = limit is None or limit < 0
    return reservation >= 0 and (unlimited or (limit or 0) >= reservation)


# --- names, places, removing ----------------------------------------------------------------------


@handles(m.RENAME_TASK)
def rename(call: Call, args: m.RenameTaskArgs) -> Ref:
    """Give an entity another name."""
    for kind, privilege in _RENAME.items():
        if is_kind(call.this.kind, kind):
            call.demand(privilege)
    check_name(args.new_name)

    def work() -> None:
        parent = call.world.find(call.this, "parent", Ref)
        if parent is None:
            raise faults.not_supported()
        if is_kind(parent.kind, "Folder"):
            check_free_name(call.site, parent, args.new_name, but=call.this)
        call.world.put(call.this, name=args.new_name)
        if call.this in call.site.files:
            call.site.files[call.this].name = args.new_name
            call.site.recount()

    return call.task(work, name="ManagedEntity.rename")


@handles(m.MOVE_INTO_FOLDER_TASK)
def move_into_folder(call: Call, args: m.MoveIntoFolderTaskArgs) -> Ref:
    """Let entities be in a folder."""
    kinds = call.world.get(call.this, "childType", tuple)
    for ref in args.list:
        call.check(ref, "ManagedEntity", "list")
        if not any(is_kind(ref.kind, kind) for kind in kinds):
            raise faults.invalid_argument("list")
        if ref in set(call.site.up(call.this)):
            text = "A folder cannot be moved into itself."
            raise faults.VimFault(f.InvalidFolder(target=call.this), text)

    def work() -> None:
        for ref in args.list:
            check_free_name(call.site, call.this, call.world.get(ref, "name", str), but=ref)
            call.world.take_from(call.world.get(ref, "parent", Ref), "childEntity", ref)
            call.world.put(ref, parent=call.this)
            call.world.add_to(call.this, "childEntity", ref)

    return call.task(work, name="Folder.moveInto")


@handles(m.DESTROY_TASK, "Folder")
@handles(m.DESTROY_TASK, "Datacenter")
def destroy_empty(call: Call, _: Empty) -> Ref:
    """Remove a folder or a datacenter that holds nothing which is of use."""
    call.demand(_DELETE[call.this.kind])
    parent = call.world.find(call.this, "parent", Ref)
    if parent is None or not is_kind(parent.kind, "Folder"):
        raise faults.not_supported()
    folders = _folders(call, call.this)

    def work() -> None:
        if any(call.world.refs(each, "childEntity") for each in folders):
            fault = f.ResourceInUse(type=call.this.kind, name=call.this.value)
            raise faults.VimFault(fault, "The resource is in use.")
        call.world.take_from(parent, "childEntity", call.this)
        for each in {*folders, call.this}:
            call.world.remove(each)

    return call.task(work, name=f"{call.this.kind}.destroy")


def _folders(call: Call, ref: Ref) -> list[Ref]:
    if is_kind(ref.kind, "Folder"):
        return [ref]
    names = ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder")
    return [call.world.get(ref, name, Ref) for name in names]


@handles(m.RELOAD)
def reload(_: Call, __: Empty) -> None:
    """Look at an entity again; of all but machines nothing is kept elsewhere."""
