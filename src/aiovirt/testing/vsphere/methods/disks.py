"""Virtual disks as files: making, growing, copying, moving, removing."""

from __future__ import annotations

from dataclasses import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import storage_methods as m
from aiovirt.protocols.vsphere.tables.enums import VirtualDiskAdapterType, VirtualDiskType
from aiovirt.protocols.vsphere.tables.storage import (
    FileBackedVirtualDiskSpec,
    HostDiskDimensionsChs,
    VirtualDiskSpec,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.files import DatastoreFiles, DiskImage
from aiovirt.testing.vsphere.methods.files import MANAGE, check_unused, copy_file, find_place

_HEADS, _SECTORS = 255, 63
_THIN = (VirtualDiskType.THIN, VirtualDiskType.SE_SPARSE)


@handles(m.CREATE_VIRTUAL_DISK_TASK)
def create_virtual_disk(call: Call, args: m.CreateVirtualDiskTaskArgs) -> Ref:
    """Make a disk; the task gives its path."""
    files, inner = find_place(call, args.name, args.datacenter)
    spec = args.spec
    call.demand(MANAGE)
    if not inner.endswith(".vmdk"):
        raise faults.invalid_argument("name")
    if not isinstance(spec, FileBackedVirtualDiskSpec) or spec.capacity_kb < 1:
        raise faults.invalid_argument("spec")
    _check_types(spec)

    def work() -> str:
        thin = spec.disk_type in _THIN
        image = DiskImage(
            capacity_kb=spec.capacity_kb,
            allocated_kb=0 if thin else spec.capacity_kb,
            uuid=call.world.uuid(),
            adapter=spec.adapter_type,
            thin=thin,
        )
        files.make_disk(inner, image)
        call.site.recount()
        return files.path(inner)

    return call.task(work, name="VirtualDiskManager.createVirtualDisk")


def _check_types(spec: VirtualDiskSpec) -> None:
    if spec.disk_type not in set(VirtualDiskType):
        raise faults.invalid_argument("spec.diskType")
    if spec.adapter_type not in set(VirtualDiskAdapterType):
        raise faults.invalid_argument("spec.adapterType")


@handles(m.DELETE_VIRTUAL_DISK_TASK)
def delete_virtual_disk(call: Call, args: m.DeleteVirtualDiskTaskArgs) -> Ref:
    """Remove a disk."""
    files, inner = _disk_place(call, args.name, args.datacenter)

    def work() -> None:
        files.disk(inner)
        check_unused(call, files, inner)
        files.delete(inner)
        call.site.recount()

    return call.task(work, name="VirtualDiskManager.deleteVirtualDisk")


@handles(m.EXTEND_VIRTUAL_DISK_TASK)
def extend_virtual_disk(call: Call, args: m.ExtendVirtualDiskTaskArgs) -> Ref:
    """Let a disk be larger; it cannot be made smaller."""
    files, inner = _disk_place(call, args.name, args.datacenter)

    def work() -> None:
        image = files.disk(inner)
        check_unused(call, files, inner)
        if args.new_capacity_kb <= image.capacity_kb:
            raise faults.invalid_argument("newCapacityKb")
        grown = args.new_capacity_kb - image.capacity_kb
        allocated = image.allocated_kb + (0 if image.thin else grown)
        files.set_disk(
            inner, replace(image, capacity_kb=args.new_capacity_kb, allocated_kb=allocated)
        )
        call.site.recount()

    return call.task(work, name="VirtualDiskManager.extendVirtualDisk")


@handles(m.COPY_VIRTUAL_DISK_TASK)
def copy_virtual_disk(call: Call, args: m.CopyVirtualDiskTaskArgs) -> Ref:
    """Copy a disk, as thin or thick as is asked for."""
    source = _disk_place(call, args.source_name, args.source_datacenter)
    there = args.dest_datacenter or args.source_datacenter
    target = find_place(call, args.dest_name, there)
    if args.dest_spec is not None:
        _check_types(args.dest_spec)

    def work() -> str:
        image = source[0].disk(source[1])
        copy_file(source, target, force=bool(args.force))
        made = replace(image, uuid=call.world.uuid())
        if args.dest_spec is not None:
            thin = args.dest_spec.disk_type in _THIN
            allocated = image.allocated_kb if thin else image.capacity_kb
            made = replace(made, thin=thin, allocated_kb=allocated)
        target[0].set_disk(target[1], made)
        call.site.recount()
        return target[0].path(target[1])

    return call.task(work, name="VirtualDiskManager.copyVirtualDisk")


@handles(m.MOVE_VIRTUAL_DISK_TASK)
def move_virtual_disk(call: Call, args: m.MoveVirtualDiskTaskArgs) -> Ref:
    """Move a disk."""
    source = _disk_place(call, args.source_name, args.source_datacenter)
    target = find_place(call, args.dest_name, args.dest_datacenter or args.source_datacenter)

    def work() -> str:
        source[0].disk(source[1])
        check_unused(call, *source)
        copy_file(source, target, force=bool(args.force))
        source[0].delete(source[1])
        call.site.recount()
        return target[0].path(target[1])

    return call.task(work, name="VirtualDiskManager.moveVirtualDisk")


@handles(m.INFLATE_VIRTUAL_DISK_TASK)
def inflate_virtual_disk(call: Call, args: m.InflateVirtualDiskTaskArgs) -> Ref:
    """Let a thin disk be thick."""
    files, inner = _disk_place(call, args.name, args.datacenter)

    def work() -> None:
        image = files.disk(inner)
        if not image.thin:
            raise faults.not_supported()
        files.set_disk(inner, replace(image, thin=False, allocated_kb=image.capacity_kb))
        call.site.recount()

    return call.task(work, name="VirtualDiskManager.inflateVirtualDisk")


@handles(m.ZERO_FILL_VIRTUAL_DISK_TASK)
def zero_fill_virtual_disk(call: Call, args: m.ZeroFillVirtualDiskTaskArgs) -> Ref:
    """Write zeros to all blocks of a disk: also those of a thin one take space then."""
    files, inner = _disk_place(call, args.name, args.datacenter)

    def work() -> None:
        image = files.disk(inner)
        check_unused(call, files, inner)
        files.set_disk(inner, replace(image, allocated_kb=image.capacity_kb))
        call.site.recount()

    return call.task(work, name="VirtualDiskManager.zeroFillVirtualDisk")


@handles(m.QUERY_VIRTUAL_DISK_UUID)
def query_virtual_disk_uuid(call: Call, args: m.QueryVirtualDiskUuidArgs) -> str:
    """Give a disk's UUID, as VMware writes those of disks."""
    files, inner = find_place(call, args.name, args.datacenter)
    digits = files.disk(inner).uuid.replace("-", "")
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


@handles(m.SET_VIRTUAL_DISK_UUID)
def set_virtual_disk_uuid(call: Call, args: m.SetVirtualDiskUuidArgs) -> None:
    """Give a disk another UUID."""
    files, inner = _disk_place(call, args.name, args.datacenter)
    files.set_disk(inner, replace(files.disk(inner), uuid=args.uuid.replace(" ", "")))


@handles(m.QUERY_VIRTUAL_DISK_GEOMETRY)
def query_virtual_disk_geometry(
    call: Call, args: m.QueryVirtualDiskGeometryArgs
) -> HostDiskDimensionsChs:
    """Give a disk's geometry, as a BIOS sees it."""
    files, inner = find_place(call, args.name, args.datacenter)
    sectors = 2 * files.disk(inner).capacity_kb
    return HostDiskDimensionsChs(
        cylinder=sectors // (_HEADS * _SECTORS), head=_HEADS, sector=_SECTORS
    )


@handles(m.QUERY_VIRTUAL_DISK_FRAGMENTATION)
def query_virtual_disk_fragmentation(call: Call, args: m.QueryVirtualDiskFragmentationArgs) -> int:
    """Say how much of a disk lies scattered, in per cent."""
    files, inner = find_place(call, args.name, args.datacenter)
    files.disk(inner)
    return 0


def _disk_place(call: Call, path: str, datacenter: Ref | None) -> tuple[DatastoreFiles, str]:
    place = find_place(call, path, datacenter)
    call.demand(MANAGE)
    return place
