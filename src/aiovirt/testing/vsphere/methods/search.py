"""Finding machines and hosts by UUID, address, name or path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import collector_methods as m
from aiovirt.protocols.vsphere.tables.hosts import HostHardwareInfo
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.machine import Machine


@handles(m.FIND_BY_UUID)
def find_by_uuid(call: Call, args: m.FindByUuidArgs) -> Ref | None:
    """Find a machine or a host by its UUID."""
    if not args.vm_search:
        return next(_hosts_by_uuid(call, args.uuid), None)
    return next(_by_uuid(call, args.datacenter, args.uuid, instance=args.instance_uuid), None)


@handles(m.FIND_ALL_BY_UUID)
def find_all_by_uuid(call: Call, args: m.FindAllByUuidArgs) -> tuple[Ref, ...]:
    """Find all machines of a UUID."""
    if not args.vm_search:
        return tuple(_hosts_by_uuid(call, args.uuid))
    return tuple(_by_uuid(call, args.datacenter, args.uuid, instance=args.instance_uuid))


@handles(m.FIND_BY_IP)
def find_by_ip(call: Call, args: m.FindByIpArgs) -> Ref | None:
    """Find a machine by an address of its guest."""
    return next(_by_ip(call, args.datacenter, args.ip), None)


@handles(m.FIND_ALL_BY_IP)
def find_all_by_ip(call: Call, args: m.FindAllByIpArgs) -> tuple[Ref, ...]:
    """Find all machines of an address."""
    return tuple(_by_ip(call, args.datacenter, args.ip))


@handles(m.FIND_BY_DNS_NAME)
def find_by_dns_name(call: Call, args: m.FindByDnsNameArgs) -> Ref | None:
    """Find a machine by its guest's name, or a host by its own."""
    return next(_by_name(call, args.datacenter, args.dns_name, vm=args.vm_search), None)


@handles(m.FIND_ALL_BY_DNS_NAME)
def find_all_by_dns_name(call: Call, args: m.FindAllByDnsNameArgs) -> tuple[Ref, ...]:
    """Find all of a name."""
    return tuple(_by_name(call, args.datacenter, args.dns_name, vm=args.vm_search))


@handles(m.FIND_BY_DATASTORE_PATH)
def find_by_datastore_path(call: Call, args: m.FindByDatastorePathArgs) -> Ref | None:
    """Find a machine by its configuration file."""
    call.check(args.datacenter, "Datacenter", "datacenter")
    files, inner = call.site.place(args.path, args.datacenter)
    path = files.path(inner)
    return next(_machines(call, args.datacenter, lambda machine: machine.path == path), None)


@handles(m.FIND_BY_INVENTORY_PATH)
def find_by_inventory_path(call: Call, args: m.FindByInventoryPathArgs) -> Ref | None:
    """Find an entity by the names that lead to it, such as ``DC0/vm/machine0``."""
    at: Ref | None = call.site.root
    for name in args.inventory_path.strip("/").split("/"):
        at = None if at is None else _child(call, at, unquote(name))
    return at


@handles(m.FIND_CHILD)
def find_child(call: Call, args: m.FindChildArgs) -> Ref | None:
    """Find an entity in another."""
    call.check(args.entity, "ManagedEntity", "entity")
    return _child(call, args.entity, args.name)


def _child(call: Call, at: Ref, name: str) -> Ref | None:
    folders = ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder", "resourcePool")
    single = (call.world.objects[at].properties.get(each) for each in folders)
    children: list[Ref] = [each for each in single if isinstance(each, Ref)]
    for each in ("childEntity", "host", "resourcePool", "vm"):
        children += call.world.refs(at, each)
    return next((ref for ref in children if call.world.find(ref, "name", str) == name), None)


def _machines(call: Call, datacenter: Ref | None, fits: Callable[[Machine], bool]) -> Iterator[Ref]:
    call.check(datacenter, "Datacenter", "datacenter")
    for ref in call.world.of_kind("VirtualMachine"):
        inside = datacenter is None or call.site.datacenter_of(ref) == datacenter
        if inside and fits(call.site.machine(ref)):
            yield ref


def _by_uuid(
    call: Call, datacenter: Ref | None, uuid: str, *, instance: bool | None
) -> Iterator[Ref]:
    if not uuid:
        raise faults.invalid_argument("uuid")
    wanted = uuid.lower()

    def fits(machine: Machine) -> bool:
        config = machine.config
        return (config.instance_uuid if instance else config.uuid) == wanted

    return _machines(call, datacenter, fits)


def _hosts_by_uuid(call: Call, uuid: str) -> Iterator[Ref]:
    for ref in call.world.of_kind("HostSystem"):
        if call.world.get(ref, "hardware", HostHardwareInfo).system_info.uuid == uuid.lower():
            yield ref


def _by_ip(call: Call, datacenter: Ref | None, ip: str) -> Iterator[Ref]:
    return _machines(
        call, datacenter, lambda machine: machine.tools_run and ip in machine.guest.addresses
    )


def _by_name(call: Call, datacenter: Ref | None, name: str, *, vm: bool) -> Iterator[Ref]:
    if vm:
        return _machines(
            call,
            datacenter,
            lambda machine: machine.tools_run and machine.guest.host_name == name,
        )
    hosts = call.world.of_kind("HostSystem")
    return (ref for ref in hosts if call.world.find(ref, "name", str) == name)
