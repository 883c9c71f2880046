"""Making, changing, moving and removing machines."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.protocols.vsphere.tables.enums import VirtualMachineConnectionState
from aiovirt.protocols.vsphere.tables.hosts import HostRuntimeInfo
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineCloneSpec,
    VirtualMachineConfigSpec,
    VirtualMachineRelocateSpec,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines import power
from aiovirt.testing.vsphere.machines.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.testing.vsphere.machines.making import Home, move, remove_machine
from aiovirt.testing.vsphere.machines.moving import Copy, copy_machine, home_for, move_files
from aiovirt.testing.vsphere.machines.new import (
    check_free_name,
    create_machine,
    register_machine,
    reload_machine,
    was_changed,
)
from aiovirt.testing.vsphere.machines.reconfigure import check_name, reconfigure
from aiovirt.testing.vsphere.machines.snapshots import find

LINKED = "createNewChildDiskBacking"

# Part of a specification -> the privilege that changing it needs.
_PRIVILEGES = (
    ("name", "VirtualMachine.Config.Rename"),
    ("num_cpus", "VirtualMachine.Config.CPUCount"),
    ("memory_mb", "VirtualMachine.Config.Memory"),
    ("annotation", "VirtualMachine.Config.Annotation"),
    ("cpu_allocation", "VirtualMachine.Config.Resource"),
    ("memory_allocation", "VirtualMachine.Config.Resource"),
    ("extra_config", "VirtualMachine.Config.AdvancedConfig"),
    ("device_change", "VirtualMachine.Config.EditDevice"),
)

# --- making ---------------------------------------------------------------------------------------


@handles(im.CREATE_VM_TASK)
def create_vm(call: Call, args: im.CreateVMTaskArgs) -> Ref:
    """Create a machine in a folder."""
    call.check(args.pool, "ResourcePool", "pool")
    call.check(args.host, "HostSystem", "host")
    _check_folder(call)
    return _create(call, args.config, args.pool, args.host, folder=call.this)


@handles(im.CREATE_CHILD_VM_TASK)
def create_child_vm(call: Call, args: im.CreateChildVMTaskArgs) -> Ref:
    """Create a machine in a resource pool: on a host of its own."""
    call.check(args.host, "HostSystem", "host")
    folder = call.world.get(_datacenter(call), "vmFolder", Ref)
    return _create(call, args.config, call.this, args.host, folder=folder)


def _create(
    call: Call, spec: VirtualMachineConfigSpec, pool: Ref, host: Ref | None, *, folder: Ref
) -> Ref:
    home = _home(call, folder, pool, host)

    def work() -> Ref:
        machine = create_machine(call.site, spec, home)
        _post_new(call, machine, e.VmCreatedEvent, "is created")
        return machine.ref

    return call.task(work, name="Folder.createVm")


@handles(im.REGISTER_VM_TASK)
def register_vm(call: Call, args: im.RegisterVMTaskArgs) -> Ref:
    """Take up the machine of a configuration file."""
    call.check(args.pool, "ResourcePool", "pool")
    call.check(args.host, "HostSystem", "host")
    _check_folder(call)
    if args.pool is None and not args.as_template:
        raise faults.invalid_argument("pool")
    if args.host is None and args.as_template:
        raise faults.invalid_argument("host")
    pool = args.pool
    home = _home(call, call.this, pool, args.host)

    def work() -> Ref:
        machine = register_machine(call.site, args.path, args.name, home)
        if args.as_template:
            machine.configure(template=True)
        _post_new(call, machine, e.VmRegisteredEvent, "is registered")
        return machine.ref

    return call.task(work, name="Folder.registerVm")


@handles(m.CLONE_VM_TASK)
def clone_vm(call: Call, args: m.CloneVMTaskArgs) -> Ref:
    """Copy a machine."""
    call.demand("VirtualMachine.Provisioning.Clone")
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()
    call.check(args.folder, "Folder", "folder")
    check_name(args.name)
    _check_clone(call, args.spec)

    def work() -> Ref:
        return _clone(call, args).ref

    return call.task(work, name="VirtualMachine.clone")


def _check_clone(call: Call, spec: VirtualMachineCloneSpec) -> None:
    """Refuse what cannot be, or is not simulated: customization."""
    location, template = spec.location, call.site.machine(call.this).config.template
    _check_location(call, location)
    if template and not spec.template and location.pool is None:
        raise faults.invalid_argument("spec.location.pool")
    if spec.template and spec.power_on:
        raise faults.invalid_argument("spec.powerOn")
    if location.disk_move_type == LINKED and spec.snapshot is None:
        raise faults.invalid_argument("spec.snapshot")
    if spec.customization is not None:
        raise faults.not_supported()


def _clone(call: Call, args: m.CloneVMTaskArgs) -> Machine:
    spec, site = args.spec, call.site
    source = site.machine(call.this)
    check_free_name(site, args.folder, args.name)
    home = home_for(source, spec.location)
    home = Home(args.folder, None if spec.template else home.pool, home.host)
    config = source.config if spec.snapshot is None else find(site, spec.snapshot)[1].config
    files, _ = site.place(source.path, source.ref)
    if spec.location.datastore is not None:
        files = site.files[spec.location.datastore]
    linked = spec.location.disk_move_type == LINKED
    copy = Copy(args.name, home, files, linked=linked, template=spec.template)
    machine = copy_machine(source, config, copy)
    if spec.config is not None:
        reconfigure(machine, spec.config)
    post = {"source_vm": site.events.vm(source.ref)}
    site.events.post(
        e.VmClonedEvent,
        f"{source.config.name} is cloned to {args.name}",
        about=machine.ref,
        user=call.user,
        fields=post,
    )
    if spec.power_on:
        power.power_on(machine, call.user)
    return machine


# --- changing -------------------------------------------------------------------------------------


@handles(m.RECONFIG_VM_TASK)
def reconfig_vm(call: Call, args: m.ReconfigVMTaskArgs) -> Ref:
    """Change a machine."""
    for name, privilege in _PRIVILEGES:
        if getattr(args.spec, name) not in {None, ()}:
            call.demand(privilege)

    def work() -> None:
        machine = call.site.machine(call.this)
        if args.spec.name is not None:
            folder = call.world.get(call.this, "parent", Ref)
            check_free_name(call.site, folder, args.spec.name, but=call.this)
        reconfigure(machine, args.spec)
        call.site.events.post(
            e.VmReconfiguredEvent,
            f"Reconfigured {machine.config.name}",
            about=call.this,
            user=call.user,
            fields={"config_spec": args.spec},
        )

    return call.task(work, name="VirtualMachine.reconfigure")


@handles(im.RENAME_TASK, "VirtualMachine")
def rename_vm(call: Call, args: im.RenameTaskArgs) -> Ref:
    """Give a machine another name."""
    call.demand("VirtualMachine.Config.Rename")
    check_name(args.new_name)

    def work() -> None:
        machine = call.site.machine(call.this)
        folder, old = call.world.get(call.this, "parent", Ref), machine.config.name
        check_free_name(call.site, folder, args.new_name, but=call.this)
        machine.configure(name=args.new_name)
        call.site.events.post(
            e.VmRenamedEvent,
            f"Renamed {old} to {args.new_name}",
            about=call.this,
            user=call.user,
            fields={"old_name": old, "new_name": args.new_name},
        )

    return call.task(work, name="VirtualMachine.rename")


@handles(m.MARK_AS_TEMPLATE)
def mark_as_template(call: Call, _: Empty) -> None:
    """Let a machine be a template."""
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()
    machine = call.site.machine(call.this)
    machine.demand(OFF)
    folder = call.world.get(call.this, "parent", Ref)
    move(machine, Home(folder, None, machine.host))
    machine.configure(template=True)


@handles(m.MARK_AS_VIRTUAL_MACHINE)
def mark_as_virtual_machine(call: Call, args: m.MarkAsVirtualMachineArgs) -> None:
    """Let a template be a machine."""
    call.check(args.pool, "ResourcePool", "pool")
    call.check(args.host, "HostSystem", "host")
    machine = call.site.machine(call.this)
    if not machine.config.template:
        raise faults.not_supported()
    folder = call.world.get(call.this, "parent", Ref)
    move(machine, Home(folder, args.pool, args.host or machine.host))
    machine.configure(template=False)


@handles(m.UPGRADE_VM_TASK)
def upgrade_vm(call: Call, args: m.UpgradeVMTaskArgs) -> Ref:
    """Let a machine have newer virtual hardware."""

    def work() -> None:
        machine = call.site.machine(call.this)
        machine.demand(OFF)
        wanted = args.version or call.site.settings.product.hardware
        if int(wanted.removeprefix("vmx-")) <= int(machine.config.version.removeprefix("vmx-")):
            text = "The virtual machine has the newest hardware already."
            raise faults.VimFault(f.AlreadyUpgraded(), text)
        machine.configure(version=wanted)

    return call.task(work, name="VirtualMachine.upgradeVirtualHardware")


@handles(m.REFRESH_STORAGE_INFO)
def refresh_storage_info(call: Call, _: Empty) -> None:
    """Look at the machine's files again."""
    call.site.machine(call.this).refresh()


@handles(m.RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK)
def reload_from_path(call: Call, args: m.ReloadVirtualMachineFromPathTaskArgs) -> Ref:
    """Let a machine be what another configuration file says, or its own when that was changed."""
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()

    def work() -> None:
        machine = call.site.machine(call.this)
        machine.demand(OFF, SUSPENDED)
        reload_machine(machine, args.configuration_path)
        call.site.events.post(
            e.VmReloadFromPathEvent,
            f"{machine.config.name} is reloaded from {args.configuration_path}",
            about=call.this,
            user=call.user,
            fields={"config_path": args.configuration_path},
        )

    return call.task(work, name="VirtualMachine.reloadFromPath")


@handles(im.RELOAD, "VirtualMachine")
def reload(call: Call, _: Empty) -> None:
    """Look at a machine's file again, which somebody may have changed by hand."""
    machine = call.site.machine(call.this)
    state = VirtualMachineConnectionState.CONNECTED
    if machine.power == OFF and was_changed(machine):
        try:
            reload_machine(machine, machine.path)
        except faults.VimFault:  # the method knows no faults: the machine's state tells
            state = VirtualMachineConnectionState.INVALID
    if machine.runtime.connection_state != state:
        machine.run(connection_state=state)
    machine.refresh()


# --- moving ---------------------------------------------------------------------------------------


@handles(m.RELOCATE_VM_TASK)
def relocate_vm(call: Call, args: m.RelocateVMTaskArgs) -> Ref:
    """Move a machine to another host, datastore, pool or folder."""
    _check_location(call, args.spec)
    if args.spec.host is not None and not call.site.settings.is_vcenter:
        raise faults.not_supported()

    def work() -> None:
        machine = call.site.machine(call.this)
        before = machine.host
        home = home_for(machine, args.spec)
        move_files(machine, args.spec)
        _move(call, machine, home)
        call.site.events.post(
            e.VmRelocatedEvent,
            f"{machine.config.name} is relocated",
            about=call.this,
            user=call.user,
            fields={"source_host": call.site.events.host(before)},
        )

    return call.task(work, name="VirtualMachine.relocate")


@handles(m.MIGRATE_VM_TASK)
def migrate_vm(call: Call, args: m.MigrateVMTaskArgs) -> Ref:
    """Move a machine to another host; a running one goes on running."""
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()
    call.check(args.host, "HostSystem", "host")
    call.check(args.pool, "ResourcePool", "pool")
    if args.host is None and args.pool is None:
        raise faults.invalid_argument("host")
    hot = call.site.machine(call.this).power == ON
    call.demand("Resource.HotMigrate" if hot else "Resource.ColdMigrate")

    def work() -> None:
        machine = call.site.machine(call.this)
        if args.state is not None and machine.power != args.state:
            raise faults.invalid_power_state(machine.power)
        before = machine.host
        spec = VirtualMachineRelocateSpec(host=args.host, pool=args.pool)
        _move(call, machine, home_for(machine, spec))
        call.site.events.post(
            e.VmMigratedEvent,
            f"{machine.config.name} is migrated",
            about=call.this,
            user=call.user,
            fields={"source_host": call.site.events.host(before)},
        )

    return call.task(work, name="VirtualMachine.migrate")


def _move(call: Call, machine: Machine, home: Home) -> None:
    """Let a machine be elsewhere; what it has must be there, too."""
    missing = [
        ref
        for ref in call.world.refs(machine.ref, "datastore")
        if ref not in call.world.refs(home.host, "datastore")
    ]
    if missing:
        raise faults.invalid_datastore(call.site.files[missing[0]].name)
    move(machine, home)


# --- removing -------------------------------------------------------------------------------------


@handles(m.UNREGISTER_VM)
def unregister_vm(call: Call, _: Empty) -> None:
    """Take a machine out of the inventory; its files stay."""
    machine = call.site.machine(call.this)
    call.site.tasks.demand_idle(call.this)
    machine.demand(OFF, SUSPENDED)
    _remove(call, machine)


@handles(im.DESTROY_TASK, "VirtualMachine")
def destroy_vm(call: Call, _: Empty) -> Ref:
    """Remove a machine and its files."""
    call.demand("VirtualMachine.Inventory.Delete")

    def work() -> None:
        machine = call.site.machine(call.this)
        machine.demand(OFF, SUSPENDED)
        paths = [machine.folder_path, *(path for path in _disk_paths(machine))]
        for path in paths:
            files, inner = call.site.place(path, call.this)
            if inner and files.exists(inner):
                files.delete(inner)
        _remove(call, machine)
        call.site.recount()

    return call.task(work, name="VirtualMachine.destroy")


def _disk_paths(machine: Machine) -> list[str]:
    """The files of a machine's disks that no other machine has."""
    paths = [getattr(disk.backing, "file_name", "") for disk in machine.disks]
    return [path for path in paths if machine.site.users.get(path) == {machine.ref}]


def _remove(call: Call, machine: Machine) -> None:
    power.post(machine, e.VmRemovedEvent, "is removed", call.user)
    remove_machine(machine)


# --- where ----------------------------------------------------------------------------------------


def _post_new(call: Call, machine: Machine, kind: type[e.Event], what: str) -> None:
    power.post(machine, kind, what, call.user)


def _datacenter(call: Call) -> Ref:
    found = call.site.datacenter_of(call.this)
    if found is None:
        raise faults.invalid_state()
    return found


def _check_folder(call: Call) -> None:
    """Refuse a folder that is for no machines."""
    kinds = call.world.objects[call.this].properties.get("childType", ())
    if not isinstance(kinds, tuple) or "VirtualMachine" not in kinds:
        raise faults.not_supported()


def _home(call: Call, folder: Ref, pool: Ref | None, host: Ref | None) -> Home:
    """Where a new machine is to be: a host of the pool's, which takes machines."""
    world = call.world
    if pool is None and host is not None:
        return Home(folder, None, host)
    if pool is None:
        raise faults.invalid_argument("host")
    owner = world.get(pool, "owner", Ref)
    hosts = world.refs(owner, "host")
    fit = [each for each in hosts if not _in_maintenance(call, each)]
    if host is not None:
        return Home(folder, pool, _chosen(host, hosts, fit))
    if not fit:
        fault = f.NoActiveHostInCluster(compute_resource=owner)
        raise faults.VimFault(fault, "There is no active host in the cluster.")
    return Home(folder, pool, min(fit, key=lambda ref: len(world.refs(ref, "vm"))))


def _chosen(host: Ref, hosts: Sequence[Ref], fit: Sequence[Ref]) -> Ref:
    if host not in hosts:
        raise faults.invalid_argument("host")
    if host not in fit:
        raise faults.invalid_state()
    return host


def _in_maintenance(call: Call, host: Ref) -> bool:
    return call.world.get(host, "runtime", HostRuntimeInfo).in_maintenance_mode


def _check_location(call: Call, spec: VirtualMachineRelocateSpec) -> None:
    """Refuse places that do not exist."""
    call.check(spec.host, "HostSystem", "spec.host")
    call.check(spec.pool, "ResourcePool", "spec.pool")
    call.check(spec.datastore, "Datastore", "spec.datastore")
    call.check(spec.folder, "Folder", "spec.folder")
    known = {disk.key for disk in call.site.machine(call.this).disks}
    for locator in spec.disk:
        call.check(locator.datastore, "Datastore", "spec.disk.datastore")
        if locator.disk_id not in known:
            raise faults.invalid_argument("spec.disk.diskId")
