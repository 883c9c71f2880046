"""Datastores: adding one of NFS, removing, renaming, looking again."""

from __future__ import annotations

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import storage_methods as m
from aiovirt.protocols.vsphere.tables.hosts import HostConfigManager
from aiovirt.protocols.vsphere.tables.storage import (
    HostNasVolume,
    HostNasVolumeSpec,
    NasDatastoreInfo,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.building.datastores import make_datastore, mount_datastore
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.files import DatastoreFiles
from aiovirt.testing.vsphere.machines.new import check_free_name
from aiovirt.testing.vsphere.machines.reconfigure import check_name

TIB = 1024**4


@handles(m.CREATE_NAS_DATASTORE)
def create_nas_datastore(call: Call, args: m.CreateNasDatastoreArgs) -> Ref:
    """Let a host have a datastore of NFS; other hosts may have it already."""
    spec, world, host = args.spec, call.world, _host(call)
    check_name(spec.local_path)
    known = _same_volume(call, spec)
    if known is not None and known in world.refs(host, "datastore"):
        text = f"The datastore '{spec.local_path}' already exists."
        raise faults.VimFault(f.AlreadyExists(name=spec.local_path), text)
    ref = known or _new_datastore(call, spec, host)
    mount_datastore(world, ref, host)
    return ref


def _same_volume(call: Call, spec: HostNasVolumeSpec) -> Ref | None:
    """The datastore that has the same files, or None."""
    for ref in call.world.of_kind("Datastore"):
        info = call.world.objects[ref].properties.get("info")
        nas = info.nas if isinstance(info, NasDatastoreInfo) else None
        if nas and (nas.remote_host, nas.remote_path) == (spec.remote_host, spec.remote_path):
            return ref
    return None


def _new_datastore(call: Call, spec: HostNasVolumeSpec, host: Ref) -> Ref:
    world, datacenter = call.world, call.site.datacenter_of(host)
    if datacenter is None:
        raise faults.invalid_state()
    folder = world.get(datacenter, "datastoreFolder", Ref)
    check_free_name(call.site, folder, spec.local_path)
    volume = HostNasVolume(
        type=spec.type or "NFS",
        name=spec.local_path,
        capacity=TIB,
        remote_host=spec.remote_host,
        remote_path=spec.remote_path,
    )
    ref = Ref("Datastore", world.number("datastore", 100))
    make_datastore(world, ref, spec.local_path, folder=folder, nas=volume, capacity=TIB)
    call.site.files[ref] = DatastoreFiles(spec.local_path, TIB, world.clock)
    return ref


@handles(m.REMOVE_DATASTORE)
def remove_datastore(call: Call, args: m.RemoveDatastoreArgs) -> None:
    """Let a host have a datastore no more; with the last host it goes."""
    call.check(args.datastore, "Datastore", "datastore")
    host, world, ref = _host(call), call.world, args.datastore
    if ref not in world.refs(host, "datastore"):
        raise faults.nothing_found()
    if set(world.refs(ref, "vm")) & set(world.refs(host, "vm")):
        fault = f.ResourceInUse(type="Datastore", name=world.get(ref, "name", str))
        raise faults.VimFault(fault, "The datastore is in use.")
    _unmount(call, ref, host)


def _unmount(call: Call, ref: Ref, host: Ref) -> None:
    world = call.world
    mounts = tuple(each for each in world.get(ref, "host", tuple) if each.key != host)
    world.put(ref, host=mounts)
    for each in (host, world.get(host, "datastoreBrowser", Ref)):
        world.take_from(each, "datastore", ref)
    if not mounts:
        world.take_from(world.get(host, "parent", Ref), "datastore", ref)
        world.take_from(world.get(ref, "parent", Ref), "childEntity", ref)
        world.remove(world.get(ref, "browser", Ref))
        world.remove(ref)
        del call.site.files[ref]


@handles(m.DESTROY_DATASTORE)
def destroy_datastore(call: Call, _: Empty) -> None:
    """Remove a datastore that no machine is on from all hosts."""
    if call.world.refs(call.this, "vm"):
        fault = f.ResourceInUse(type="Datastore", name=call.world.get(call.this, "name", str))
        raise faults.VimFault(fault, "The datastore is in use.")
    for mount in call.world.get(call.this, "host", tuple):
        _unmount(call, call.this, mount.key)


@handles(m.RENAME_DATASTORE)
def rename_datastore(call: Call, args: m.RenameDatastoreArgs) -> None:
    """Give a datastore another name."""
    check_name(args.new_name)
    parent = call.world.get(call.this, "parent", Ref)
    check_free_name(call.site, parent, args.new_name, but=call.this)
    if call.world.refs(call.this, "vm"):
        fault = f.ResourceInUse(type="Datastore", name=args.new_name)
        raise faults.VimFault(fault, "The datastore is in use.")
    call.site.files[call.this].name = args.new_name
    call.world.put(call.this, name=args.new_name)
    call.site.recount()


@handles(m.REFRESH_DATASTORE)
@handles(m.REFRESH_DATASTORE_STORAGE_INFO)
def refresh_datastore(call: Call, _: Empty) -> None:
    """Count again what is left."""
    call.site.recount()


@handles(m.RESCAN_ALL_HBA)
@handles(m.RESCAN_VMFS)
@handles(m.REFRESH_STORAGE_SYSTEM)
def rescan(call: Call, _: Empty) -> None:
    """Look for new storage: there is none."""
    call.site.recount()


def _host(call: Call) -> Ref:
    for ref in call.world.of_kind("HostSystem"):
        managers = call.world.get(ref, "configManager", HostConfigManager)
        if managers.datastore_system == call.this:
            return ref
    raise faults.not_found(call.this)
