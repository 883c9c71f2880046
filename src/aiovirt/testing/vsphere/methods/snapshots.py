"""Snapshots: taking, going back, renaming, removing, consolidating."""

from __future__ import annotations

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines import snapshots
from aiovirt.testing.vsphere.machines.machine import ON, Machine
from aiovirt.testing.vsphere.machines.reconfigure import check_name


@handles(m.CREATE_SNAPSHOT_TASK)
def create_snapshot(call: Call, args: m.CreateSnapshotTaskArgs) -> Ref:
    """Take a snapshot."""
    return _take(call, args.name, args.description, memory=args.memory, quiesce=args.quiesce)


@handles(m.CREATE_SNAPSHOT_EX_TASK)
def create_snapshot_ex(call: Call, args: m.CreateSnapshotExTaskArgs) -> Ref:
    """Take a snapshot, with more to say about the guest's rest."""
    quiesce = args.quiesce_spec is not None
    return _take(call, args.name, args.description, memory=args.memory, quiesce=quiesce)


def _take(call: Call, name: str, description: str | None, *, memory: bool, quiesce: bool) -> Ref:
    check_name(name)

    def work() -> Ref:
        machine = call.site.machine(call.this)
        _check(machine, memory=memory, quiesce=quiesce)
        return snapshots.take(machine, name, description or "", memory=memory, quiesce=quiesce)

    return call.task(work, name="VirtualMachine.createSnapshot")


def _check(machine: Machine, *, memory: bool, quiesce: bool) -> None:
    if machine.config.flags.snapshot_disabled:
        raise faults.VimFault(f.SnapshotDisabled(), "Snapshots are disabled for this machine.")
    if machine.config.template:
        raise faults.not_supported()
    if machine.power == ON and memory:
        _check_memory(machine)
    if machine.power == ON and quiesce and not machine.tools_run:
        text = "The guest cannot be quiesced: VMware Tools are not running."
        raise faults.VimFault(f.FilesystemQuiesceFault(), text)


def _check_memory(machine: Machine) -> None:
    if any(_independent(disk) for disk in machine.disks):
        text = "A memory snapshot cannot be taken of a machine with independent disks."
        raise faults.VimFault(f.MemorySnapshotOnIndependentDisk(), text)


def _independent(disk: d.VirtualDisk) -> bool:
    return str(getattr(disk.backing, "disk_mode", "")).startswith("independent")


@handles(m.REVERT_TO_CURRENT_SNAPSHOT_TASK)
def revert_to_current_snapshot(call: Call, args: m.RevertToCurrentSnapshotTaskArgs) -> Ref:
    """Go back to the snapshot that was taken last, or gone back to last."""
    call.check(args.host, "HostSystem", "host")

    def work() -> None:
        machine = call.site.machine(call.this)
        kept = call.site.snapshots.get(call.this)
        if kept is None or kept.current is None:
            raise faults.nothing_found()
        snapshots.go_back(machine, kept.current, suppress_power_on=bool(args.suppress_power_on))

    return call.task(work, name="VirtualMachine.revertToCurrentSnapshot")


@handles(m.REVERT_TO_SNAPSHOT_TASK)
def revert_to_snapshot(call: Call, args: m.RevertToSnapshotTaskArgs) -> Ref:
    """Go back to a snapshot."""
    call.check(args.host, "HostSystem", "host")
    machine, _ = snapshots.find(call.site, call.this)

    def work() -> None:
        now, snapshot = snapshots.find(call.site, call.this)
        snapshots.go_back(now, snapshot, suppress_power_on=bool(args.suppress_power_on))

    return call.task(work, name="vm.Snapshot.revert", entity=machine.ref)


@handles(m.REMOVE_SNAPSHOT_TASK)
def remove_snapshot(call: Call, args: m.RemoveSnapshotTaskArgs) -> Ref:
    """Remove a snapshot, alone or with its children."""
    machine, _ = snapshots.find(call.site, call.this)

    def work() -> None:
        now, snapshot = snapshots.find(call.site, call.this)
        snapshots.remove(
            now,
            snapshot,
            children=args.remove_children,
            consolidate=args.consolidate is not False,
        )

    return call.task(work, name="vm.Snapshot.remove", entity=machine.ref)


@handles(m.REMOVE_ALL_SNAPSHOTS_TASK)
def remove_all_snapshots(call: Call, args: m.RemoveAllSnapshotsTaskArgs) -> Ref:
    """Remove all snapshots of a machine."""

    def work() -> None:
        machine = call.site.machine(call.this)
        kept = call.site.snapshots.get(call.this)
        for root in kept.children(None) if kept else ():
            snapshots.remove(
                machine, root, children=True, consolidate=args.consolidate is not False
            )

    return call.task(work, name="VirtualMachine.removeAllSnapshots")


@handles(m.RENAME_SNAPSHOT)
def rename_snapshot(call: Call, args: m.RenameSnapshotArgs) -> None:
    """Give a snapshot another name or description."""
    machine, snapshot = snapshots.find(call.site, call.this)
    call.site.tasks.demand_idle(machine.ref)
    if args.name is not None:
        check_name(args.name)
        snapshot.name = args.name
    if args.description is not None:
        snapshot.description = args.description
    snapshots.tell(machine)


@handles(m.CONSOLIDATE_VM_DISKS_TASK)
def consolidate_vm_disks(call: Call, _: Empty) -> Ref:
    """Merge what removed snapshots have left."""
    return call.task(
        lambda: snapshots.merge_layers(call.site.machine(call.this)),
        name="VirtualMachine.consolidateDisks",
    )
