"""Snapshots: the tree, the disks that grow a layer with each, and how layers are merged.

A layer is a file; the machine writes to the last one.  When a snapshot goes, the layer above its
own is merged into its own, as VMware's products do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineConfigInfo,
    VirtualMachineSnapshotInfo,
    VirtualMachineSnapshotTree,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.files import DiskImage
from aiovirt.testing.vsphere.machines.machine import OFF, ON, Machine, file_of
from aiovirt.testing.vsphere.machines.reconfigure import save

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = ["Snapshot", "Snapshots"]


@dataclass(eq=False)
class Snapshot:
    """One snapshot.

    Attributes:
        ref: Its reference.
        number: Its number within the machine.
        name: Its name.
        description: What it is for.
        created: When it was taken.
        state: Whether the machine runs when one goes back to it.
        quiesced: Whether the guest's file systems were at rest.
        config: How the machine was configured.
        parent: The snapshot that it was taken from, or None.
    """

    ref: Ref
    number: int
    name: str
    description: str
    created: datetime
    state: VirtualMachinePowerState
    quiesced: bool
    config: VirtualMachineConfigInfo
    parent: Snapshot | None


@dataclass(eq=False)
class Snapshots:
    """The snapshots of one machine, the older first."""

    items: list[Snapshot] = field(default_factory=list)
    current: Snapshot | None = None
    last: int = 0

    def of(self, ref: Ref) -> Snapshot:
        """A snapshot by its reference.

        Raises:
            VimFault: ManagedObjectNotFound.
        """
        for each in self.items:
            if each.ref == ref:
                return each
        raise faults.not_found(ref)

    def children(self, parent: Snapshot | None) -> list[Snapshot]:
        """Those that were taken from another, or from none."""
        return [each for each in self.items if each.parent is parent]

    def below(self, snapshot: Snapshot) -> Iterator[Snapshot]:
        """All that came of a snapshot, the deeper first."""
        for child in self.children(snapshot):
            yield from self.below(child)
            yield child


def take(machine: Machine, name: str, description: str, *, memory: bool, quiesce: bool) -> Ref:
    """Take a snapshot; return its reference."""
    kept, site = _of(machine), machine.site
    kept.last += 1
    ref = Ref("VirtualMachineSnapshot", site.world.number("snapshot", 31))
    snapshot = Snapshot(
        ref=ref,
        number=kept.last,
        name=name,
        description=description,
        created=site.clock.now(),
        state=ON if memory and machine.power == ON else OFF,
        quiesced=quiesce and machine.power == ON,
        config=machine.config,
        parent=kept.current,
    )
    kept.items.append(snapshot)
    kept.current = snapshot
    site.world.make(ref, config=machine.config, vm=machine.ref, childSnapshot=())
    _write_state(machine, snapshot)
    _grow_layers(machine)
    tell(machine)
    return ref


def go_back(machine: Machine, snapshot: Snapshot, *, suppress_power_on: bool) -> None:
    """Let a machine be as it was when a snapshot was taken."""
    kept = _of(machine)
    before = [file_of(disk) for disk in machine.disks]
    kept.current = snapshot
    config = changed(
        snapshot.config,
        change_version=machine.config.change_version,
        name=machine.config.name,
        files=machine.config.files,
    )
    machine.site.world.put(machine.ref, config=config)
    _delete_unused(machine, before)
    _grow_layers(machine)
    running = snapshot.state == ON and not suppress_power_on
    now = machine.site.clock.now()
    machine.guest.processes.clear()
    machine.run(
        power_state=ON if running else OFF, boot_time=now if running else None, suspend_time=None
    )
    save(machine)
    tell(machine)


def remove(machine: Machine, snapshot: Snapshot, *, children: bool, consolidate: bool) -> None:
    """Remove a snapshot, alone or with all that came of it."""
    kept = _of(machine)
    gone = [*kept.below(snapshot), snapshot] if children else [snapshot]
    for each in gone:
        for child in kept.children(each):
            child.parent = each.parent
        kept.items.remove(each)
        if kept.current is each:
            kept.current = each.parent
        machine.site.world.remove(each.ref)
        _delete_state(machine, each)
    if consolidate:
        merge_layers(machine)
    else:
        machine.run(consolidation_needed=True)
    tell(machine)


def merge_layers(machine: Machine) -> None:
    """Merge the layers that no snapshot needs any more."""
    while (pair := _needless(machine)) is not None:
        _merge(machine, *pair)
    machine.refresh()
    machine.run(consolidation_needed=False)
    machine.site.recount()


def tell(machine: Machine) -> None:
    """Let the machine's properties tell its snapshots."""
    kept, world = _of(machine), machine.site.world
    roots = kept.children(None)
    info = None
    if roots:
        info = VirtualMachineSnapshotInfo(
            current_snapshot=kept.current.ref if kept.current else None,
            root_snapshot_list=tuple(_tree(machine, kept, each) for each in roots),
        )
    world.put(machine.ref, snapshot=info, rootSnapshot=tuple(each.ref for each in roots))
    for each in kept.items:
        world.put(
            each.ref,
            config=each.config,
            childSnapshot=tuple(child.ref for child in kept.children(each)),
        )
    machine.refresh()


def _tree(machine: Machine, kept: Snapshots, snapshot: Snapshot) -> VirtualMachineSnapshotTree:
    return VirtualMachineSnapshotTree(
        snapshot=snapshot.ref,
        vm=machine.ref,
        name=snapshot.name,
        description=snapshot.description,
        id=snapshot.number,
        create_time=snapshot.created,
        state=snapshot.state,
        quiesced=snapshot.quiesced,
        child_snapshot_list=tuple(_tree(machine, kept, child) for child in kept.children(snapshot)),
        replay_supported=False,
    )


def _of(machine: Machine) -> Snapshots:
    return machine.site.snapshots.setdefault(machine.ref, Snapshots())


def find(site: Site, ref: Ref) -> tuple[Machine, Snapshot]:
    """A snapshot and its machine.

    Raises:
        VimFault: ManagedObjectNotFound.
    """
    vm = site.world.find(ref, "vm", Ref)
    if vm is None:
        raise faults.not_found(ref)
    machine = site.machine(vm)
    return machine, _of(machine).of(ref)


# --- files of states ------------------------------------------------------------------------------


def _state_path(machine: Machine, snapshot: Snapshot, end: str) -> str:
    stem = machine.path.removesuffix(".vmx")
    return f"{stem}-Snapshot{snapshot.number}.{end}"


def _write_state(machine: Machine, snapshot: Snapshot) -> None:
    for end in ("vmsn", "vmem") if snapshot.state == ON else ("vmsn",):
        files, inner = machine.site.place(_state_path(machine, snapshot, end), machine.ref)
        files.write(inner, snapshot.name.encode())


def _delete_state(machine: Machine, snapshot: Snapshot) -> None:
    for end in ("vmsn", "vmem"):
        files, inner = machine.site.place(_state_path(machine, snapshot, end), machine.ref)
        if inner in files.files:
            files.delete(inner)


# --- layers of disks ------------------------------------------------------------------------------


def _layered(disk: d.VirtualDisk) -> bool:
    """Whether a disk takes part in snapshots."""
    mode = getattr(disk.backing, "disk_mode", "")
    return bool(file_of(disk)) and not mode.startswith("independent")


def _grow_layers(machine: Machine) -> None:
    """Give each disk a new layer, which is the difference to what it is now."""
    devices = list(machine.devices)
    for place, device in enumerate(devices):
        if isinstance(device, d.VirtualDisk) and _layered(device):
            devices[place] = _with_layer(machine, device)
    machine.set_devices(tuple(devices))
    save(machine)


def _with_layer(machine: Machine, disk: d.VirtualDisk) -> d.VirtualDisk:
    files, inner = machine.site.place(file_of(disk), machine.ref)
    image = files.disk(inner)
    stem = inner.removesuffix(".vmdk")
    if image.parent is not None:
        stem = stem.rpartition("-")[0]
    number = 1
    while files.exists(f"{stem}-{number:06d}.vmdk"):
        number += 1
    layer = f"{stem}-{number:06d}.vmdk"
    made = DiskImage(image.capacity_kb, 0, image.uuid, image.adapter, parent=files.path(inner))
    files.make_disk(layer, made)
    backing = disk.backing
    if isinstance(backing, d.VirtualDiskFlatVer2BackingInfo):
        backing = changed(backing, file_name=files.path(layer), parent=backing)
    return changed(disk, backing=backing)


def _needless(machine: Machine) -> tuple[str, str] | None:
    """A layer that no snapshot has as its last, and the only layer that stands on it."""
    used, parents = _ends(machine), _parents(machine)
    for layer, parent in parents.items():
        if parent not in used and list(parents.values()).count(parent) == 1:
            return parent, layer
    return None


def _ends(machine: Machine) -> set[str]:
    """The last layers of the machine's disks, as they are and as snapshots have them."""
    configs = [machine.config, *(each.config for each in _of(machine).items)]
    disks = (each for config in configs for each in config.hardware.device)
    return {file_of(disk) for disk in disks if isinstance(disk, d.VirtualDisk)}


def _parents(machine: Machine) -> dict[str, str]:
    """Each layer of the machine's disks, and the one that it stands on."""
    found: dict[str, str] = {}
    for end in _ends(machine):
        path = end
        while (parent := _parent(machine, path)) is not None and path not in found:
            found[path] = parent
            path = parent
    return found


def _parent(machine: Machine, path: str) -> str | None:
    if not path:
        return None
    files, inner = machine.site.place(path, machine.ref)
    file = files.files.get(inner)
    return None if file is None or file.disk is None else file.disk.parent


def _merge(machine: Machine, parent: str, layer: str) -> None:
    """Write a layer into the one that it stands on, and let all that used it use that."""
    files, inner = machine.site.place(layer, machine.ref)
    below, under = machine.site.place(parent, machine.ref)
    top, base = files.disk(inner), below.disk(under)
    allocated = min(base.capacity_kb, base.allocated_kb + top.allocated_kb)
    for each, its in _parents(machine).items():
        if its == layer:
            place, path = machine.site.place(each, machine.ref)
            place.set_disk(path, replace(place.disk(path), parent=parent))
    below.set_disk(under, replace(base, capacity_kb=top.capacity_kb, allocated_kb=allocated))
    files.delete(inner)
    machine.site.world.put(machine.ref, config=_renamed(machine.config, layer, parent))
    for snapshot in _of(machine).items:
        snapshot.config = _renamed(snapshot.config, layer, parent)
    save(machine)


def _renamed(config: VirtualMachineConfigInfo, old: str, new: str) -> VirtualMachineConfigInfo:
    """A configuration whose disks have a layer of another name."""
    devices = tuple(
        changed(each, backing=_renamed_backing(each.backing, old, new))
        if isinstance(each, d.VirtualDisk)
        else each
        for each in config.hardware.device
    )
    return changed(config, hardware=changed(config.hardware, device=devices))


def _renamed_backing(
    backing: d.VirtualDeviceBackingInfo | None, old: str, new: str
) -> d.VirtualDeviceBackingInfo | None:
    if not isinstance(backing, d.VirtualDiskFlatVer2BackingInfo):
        return backing
    if backing.file_name == old and backing.parent is not None:
        return changed(backing.parent, disk_mode=backing.disk_mode)
    parent = _renamed_backing(backing.parent, old, new)
    return changed(backing, parent=parent)


def _delete_unused(machine: Machine, paths: list[str]) -> None:
    """Remove the layers that nothing has any more after going back."""
    parents = _parents(machine)
    used = {*parents, *parents.values(), *_ends(machine)}
    for path in paths:
        if path not in used and _parent(machine, path) is not None:
            files, inner = machine.site.place(path, machine.ref)
            files.delete(inner)
