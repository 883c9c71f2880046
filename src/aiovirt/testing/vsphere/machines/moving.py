"""Moving and copying machines: their files between datastores, and themselves between hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.hosts import HostRuntimeInfo
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineConfigInfo,
    VirtualMachineRelocateSpec,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.files import DatastoreFiles, DiskImage
from aiovirt.testing.vsphere.machines.machine import Machine, file_of
from aiovirt.testing.vsphere.machines.making import Home, add_machine
from aiovirt.testing.vsphere.machines.snapshots import Snapshots
from aiovirt.testing.vsphere.machines.vmx import write_vmx

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = ["copy_machine", "home_for", "move_files"]


def home_for(machine: Machine, spec: VirtualMachineRelocateSpec) -> Home:
    """Where a specification leads to; what is left out stays.

    Raises:
        VimFault: The host takes none, or does not belong to the pool.
    """
    world = machine.site.world
    pool = spec.pool or world.find(machine.ref, "resourcePool", Ref)
    host = _host_for(machine, pool, spec.host)
    if world.get(host, "runtime", HostRuntimeInfo).in_maintenance_mode:
        raise faults.invalid_state()
    _check_datastores(machine, host, spec)
    return Home(spec.folder or world.get(machine.ref, "parent", Ref), pool, host)


def _host_for(machine: Machine, pool: Ref | None, wanted: Ref | None) -> Ref:
    """The host that is asked for, or one that belongs to the pool."""
    world, host = machine.site.world, wanted or machine.host
    owner = None if pool is None else world.get(pool, "owner", Ref)
    if owner in {None, world.get(host, "parent", Ref)}:
        return host
    if wanted is not None:
        raise faults.invalid_argument("spec.pool")
    return world.refs(world.get(pool or host, "owner", Ref), "host")[0]


def _check_datastores(machine: Machine, host: Ref, spec: VirtualMachineRelocateSpec) -> None:
    known = machine.site.world.refs(host, "datastore")
    for ref in {spec.datastore, *(each.datastore for each in spec.disk)} - {None, *known}:
        files = machine.site.files.get(ref) if ref is not None else None
        raise faults.invalid_datastore(files.name if files is not None else "")


# --- moving files ---------------------------------------------------------------------------------


def move_files(machine: Machine, spec: VirtualMachineRelocateSpec) -> None:
    """Move a machine's files to other datastores, and let it know where they are.

    Raises:
        VimFault: No space is left there.
    """
    names = _new_names(machine, spec)
    if not names:
        return
    site = machine.site
    for old, new in names.items():
        _move_file(site, machine.ref, old, new)
    for new in names.values():
        _rename_parent(site, machine.ref, new, names)
    site.world.put(machine.ref, config=renamed(machine.config, names))
    for snapshot in site.snapshots.get(machine.ref, Snapshots()).items:
        snapshot.config = renamed(snapshot.config, names)
        site.world.put(snapshot.ref, config=snapshot.config)
    files, inner = site.place(machine.path, machine.ref)
    files.write(inner, write_vmx(machine.config))
    machine.refresh()
    site.recount()


def _new_names(machine: Machine, spec: VirtualMachineRelocateSpec) -> dict[str, str]:
    """What each file that moves is called then."""
    site = machine.site
    own, folder = site.place(machine.folder_path, machine.ref)
    home = own if spec.datastore is None else site.files[spec.datastore]
    made: dict[str, str] = {}
    names = {
        path: _beside(target, folder, path, made)
        for path, target in _disk_targets(machine, spec).items()
        if site.place(path, machine.ref)[0] is not target
    }
    if home is own:
        return names
    others = [own.path(each) for each in own.folders.get(folder, ()) if each in own.files]
    disks = _disk_targets(machine, spec)
    moving = (path for path in others if path not in disks)
    return names | {path: _beside(home, folder, path, made) for path in moving}


def _disk_targets(machine: Machine, spec: VirtualMachineRelocateSpec) -> dict[str, DatastoreFiles]:
    """Each layer of the disks, and the datastore that it is to be on."""
    site, chosen = machine.site, {each.disk_id: each.datastore for each in spec.disk}
    found = {}
    for disk in machine.disks:
        target = chosen.get(disk.key, spec.datastore)
        for path in _chain(machine, disk):
            stays = site.place(path, machine.ref)[0]
            found[path] = stays if target is None else site.files[target]
    return found


def _beside(target: DatastoreFiles, folder: str, inner: str, made: dict[str, str]) -> str:
    """The path of a file in the machine's folder on another datastore; it is made if need be."""
    if target.name not in made:
        made[target.name] = target.free_folder(folder.rpartition("/")[2])
    return target.path(f"{made[target.name]}/{inner.rpartition('/')[2]}")


def _chain(machine: Machine, disk: d.VirtualDisk) -> list[str]:
    """A disk's layers, the last first."""
    found, path = [], file_of(disk)
    while path:
        found.append(path)
        files, inner = machine.site.place(path, machine.ref)
        file = files.files.get(inner)
        path = (file.disk.parent or "") if file is not None and file.disk is not None else ""
    return found


def _move_file(site: Site, near: Ref, old: str, new: str) -> None:
    files, inner = site.place(old, near)
    target, to = site.place(new, near)
    files.copy(inner, target, to)
    files.delete(inner)


def _rename_parent(site: Site, near: Ref, path: str, names: Mapping[str, str]) -> None:
    files, inner = site.place(path, near)
    file = files.files.get(inner)
    image = None if file is None else file.disk
    if image is not None and image.parent is not None and image.parent in names:
        files.set_disk(inner, replace(image, parent=names[image.parent]))


def renamed(config: VirtualMachineConfigInfo, names: Mapping[str, str]) -> VirtualMachineConfigInfo:
    """A configuration whose files are called otherwise."""
    devices = tuple(
        changed(each, backing=_renamed_backing(each.backing, names))
        if each.backing is not None
        else each
        for each in config.hardware.device
    )
    path = config.files.vm_path_name or ""
    files = config.files
    if path in names:
        folder = names[path].rpartition("/")[0] + "/"
        files = changed(
            files,
            vm_path_name=names[path],
            snapshot_directory=folder,
            suspend_directory=folder,
            log_directory=folder,
        )
    return changed(config, files=files, hardware=changed(config.hardware, device=devices))


def _renamed_backing(
    backing: d.VirtualDeviceBackingInfo, names: Mapping[str, str]
) -> d.VirtualDeviceBackingInfo:
    if not isinstance(backing, d.VirtualDeviceFileBackingInfo):
        return backing
    told = changed(backing, file_name=names.get(backing.file_name, backing.file_name))
    if isinstance(told, d.VirtualDiskFlatVer2BackingInfo) and told.parent is not None:
        parent = _renamed_backing(told.parent, names)
        return changed(told, parent=parent)
    return told


# --- copying --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy is to be.

    Attributes:
        name: Its name.
        home: Where it is.
        files: The datastore that it is on.
        linked: Whether its disks stand on those of what it is copied from.
        template: Whether it is a template.
    """

    name: str
    home: Home
    files: DatastoreFiles
    linked: bool
    template: bool


def copy_machine(source: Machine, config: VirtualMachineConfigInfo, copy: Copy) -> Machine:
    """Copy a machine, as it is configured now or as a snapshot has it.

    Raises:
        VimFault: No space is left.
    """
    site = source.site
    folder = copy.files.free_folder(copy.name)
    path = copy.files.path(f"{folder}/{copy.name}.vmx")
    names = {config.files.vm_path_name or "": path}
    number = 0
    for device in config.hardware.device:
        if isinstance(device, d.VirtualDisk) and file_of(device):
            end = f"_{number}" if number else ""
            inner = f"{folder}/{copy.name}{end}.vmdk"
            _copy_disk(site, source.ref, file_of(device), (copy, inner))
            names[file_of(device)] = copy.files.path(inner)
            number += 1
    made = changed(
        renamed(config, names),
        name=copy.name,
        change_version="1",
        uuid=site.world.uuid(),
        instance_uuid=site.world.uuid(),
        template=copy.template,
        modified=site.clock.now(),
        create_date=site.clock.now() if site.settings.has("6.7") else None,
    )
    devices = tuple(_fresh(site, each, linked=copy.linked) for each in made.hardware.device)
    made = changed(made, hardware=changed(made.hardware, device=devices))
    copy.files.write(f"{folder}/{copy.name}.vmx", write_vmx(made))
    known = source.guest
    guest = replace(
        known,
        addresses=(),
        accounts=dict(known.accounts),
        environment=dict(known.environment),
        files=dict(known.files),
        folders=set(known.folders),
        processes={},
        programs=dict(known.programs),
        keys=[],
        reboots=0,
        obeys=True,
    )
    machine = add_machine(site, made, copy.home, guest)
    site.recount()
    return machine


def _copy_disk(site: Site, near: Ref, path: str, target: tuple[Copy, str]) -> None:
    copy, to = target
    files, inner = site.place(path, near)
    image = files.disk(inner)
    made = DiskImage(
        capacity_kb=image.capacity_kb,
        allocated_kb=0 if copy.linked else image.allocated_kb,
        uuid=site.world.uuid(),
        adapter=image.adapter,
        thin=image.thin,
        parent=path if copy.linked else None,
    )
    copy.files.make_disk(to, made)


def _fresh(site: Site, device: d.VirtualDevice, *, linked: bool) -> d.VirtualDevice:
    """A device of a copy: with a MAC address of its own, and a disk without layers."""
    if isinstance(device, d.VirtualEthernetCard) and device.address_type != "manual":
        number = int(site.world.number("mac").rpartition("-")[2])
        end = f"{number >> 8 & 255:02x}:{number & 255:02x}"
        return changed(device, mac_address=f"00:50:56:a1:{end}")
    backing = device.backing
    if isinstance(backing, d.VirtualDiskFlatVer2BackingInfo) and not linked:
        return changed(device, backing=changed(backing, parent=None))
    return device
