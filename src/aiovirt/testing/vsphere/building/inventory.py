"""The inventory of a new server: a vCenter with a cluster, or a host of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.enums import VirtualSCSISharing
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.networks import DVPortgroupConfigInfo
from aiovirt.protocols.vsphere.tables.storage import HostNasVolume
from aiovirt.testing.vsphere.building import places
from aiovirt.testing.vsphere.building.datastores import make_datastore, mount_datastore
from aiovirt.testing.vsphere.building.hosts import make_host
from aiovirt.testing.vsphere.building.networks import (
    make_dvs,
    make_network,
    make_portgroup,
    port_setting,
    portgroup_policy,
)
from aiovirt.testing.vsphere.building.service import about
from aiovirt.testing.vsphere.files import DatastoreFiles
from aiovirt.testing.vsphere.machines.guest import Guest
from aiovirt.testing.vsphere.machines.machine import ON
from aiovirt.testing.vsphere.machines.making import Home
from aiovirt.testing.vsphere.machines.new import create_machine
from aiovirt.testing.vsphere.methods.performance import describe
from aiovirt.testing.vsphere.site import Site

__all__ = ["build"]

TIB: Final = 1024**4
DISK_KB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Names:
    """What the objects are called."""

    datacenter: Ref
    folders: tuple[Ref, Ref, Ref, Ref]
    compute: Ref
    pool: Ref
    datastores: tuple[Ref, Ref]
    network: Ref
    datacenter_name: str
    compute_name: str


_VCENTER: Final = _Names(
    datacenter=Ref("Datacenter", "datacenter-2"),
    folders=(
        Ref("Folder", "group-v3"),
        Ref("Folder", "group-h4"),
        Ref("Folder", "group-s5"),
        Ref("Folder", "group-n6"),
    ),
    compute=Ref("ClusterComputeResource", "domain-c7"),
    pool=Ref("ResourcePool", "resgroup-8"),
    datastores=(Ref("Datastore", "datastore-11"), Ref("Datastore", "datastore-12")),
    network=Ref("Network", "network-13"),
    datacenter_name="DC0",
    compute_name="Cluster0",
)
_ESX: Final = _Names(
    datacenter=Ref("Datacenter", "ha-datacenter"),
    folders=(
        Ref("Folder", "ha-folder-vm"),
        Ref("Folder", "ha-folder-host"),
        Ref("Folder", "ha-folder-datastore"),
        Ref("Folder", "ha-folder-network"),
    ),
    compute=Ref("ComputeResource", "ha-compute-res"),
    pool=Ref("ResourcePool", "ha-root-pool"),
    datastores=(
        Ref("Datastore", "5f1d0b9c-6d2c7f5e-91b4-000c2981d8a0"),
        Ref("Datastore", "192.0.2.20:/exports/nfs1"),
    ),
    network=Ref("Network", "HaNetwork-VM Network"),
    datacenter_name="ha-datacenter",
    compute_name="esx.example.com",
)


def build(site: Site) -> None:
    """Build the inventory that the settings ask for."""
    names = _VCENTER if site.settings.is_vcenter else _ESX
    root = "Datacenters" if site.settings.is_vcenter else "ha-folder-root"
    world = site.world
    places.make_folder(world, site.root, root, None, places.ROOT_CHILDREN)
    places.make_datacenter(world, names.datacenter, names.datacenter_name, site.root, names.folders)
    _, host_folder, datastore_folder, network_folder = names.folders
    places.make_compute_resource(
        world, names.compute, names.compute_name, parent=host_folder, pool=names.pool
    )
    hosts = _make_hosts(site, names)
    nas = HostNasVolume(
        type="NFS",
        name="nfs1",
        capacity=TIB,
        remote_host="192.0.2.20",
        remote_path="/exports/nfs1",
    )
    for ref, name, volume in zip(
        names.datastores, ("datastore1", "nfs1"), (None, nas), strict=True
    ):
        make_datastore(world, ref, name, folder=datastore_folder, nas=volume, capacity=10 * TIB)
        site.files[ref] = DatastoreFiles(name, 10 * TIB, site.clock)
        for host in hosts:
            mount_datastore(world, ref, host)
    make_network(world, names.network, "VM Network", network_folder)
    for each in (*hosts, names.compute):
        attach_network(site, names.network, each)
    if site.settings.is_vcenter:
        _make_dvs(site, network_folder, hosts)
    _make_machines(site, names, hosts)


def attach_network(site: Site, network: Ref, to: Ref) -> None:
    """Let a host or a cluster have a network."""
    site.world.add_to(to, "network", network)
    if to.kind == "HostSystem":
        site.world.add_to(network, "host", to)


def _make_hosts(site: Site, names: _Names) -> list[Ref]:
    product = about(site.settings, vcenter=False)
    if not site.settings.is_vcenter:
        ref = Ref("HostSystem", "ha-host")
        return [make_host(site.world, ref, "esx.example.com", names.compute, product)]
    return [
        make_host(
            site.world,
            Ref("HostSystem", f"host-{20 + number}"),
            f"esx{number}.example.com",
            names.compute,
            product,
        )
        for number in range(site.settings.hosts)
    ]


def _make_dvs(site: Site, folder: Ref, hosts: list[Ref]) -> None:
    dvs = make_dvs(site.world, Ref("VmwareDistributedVirtualSwitch", "dvs-14"), "DVS0", folder)
    ref = Ref("DistributedVirtualPortgroup", "dvportgroup-15")
    config = DVPortgroupConfigInfo(
        key=ref.value,
        name="DPG0",
        num_ports=8,
        distributed_virtual_switch=dvs,
        default_port_config=port_setting(),
        type="earlyBinding",
        policy=portgroup_policy(),
        config_version="1",
        auto_expand=True,
    )
    make_portgroup(site.world, ref, dvs, config)
    for host in hosts:
        attach_network(site, ref, host)


def _make_machines(site: Site, names: _Names, hosts: list[Ref]) -> None:
    running = site.settings.running
    for number in range(site.settings.machines):
        home = Home(names.folders[0], names.pool, hosts[number % len(hosts)])
        guest = Guest(host_name=f"machine{number}", addresses=(f"198.51.100.{1 + number % 250}",))
        machine = create_machine(site, _machine_spec(number), home, guest)
        if running is None or number < running:
            machine.run(power_state=ON, boot_time=site.clock.now(), memory_overhead=40 * 1024**2)
    describe(site.world)
    site.recount()


def _machine_spec(number: int) -> VirtualMachineConfigSpec:
    """A machine with a SCSI disk, a CD drive and a network card."""
    network = d.VirtualEthernetCardNetworkBackingInfo(device_name="VM Network")
    sharing = VirtualSCSISharing.NO_SHARING
    return VirtualMachineConfigSpec(
        name=f"machine{number}",
        guest_id="debian12_64Guest",
        num_cpus=1,
        memory_mb=1024,
        files=places.files_in("datastore1"),
        device_change=(
            _add(d.ParaVirtualSCSIController(key=-1, bus_number=0, shared_bus=sharing)),
            _disk(),
            _cdrom(),
            _add(d.VirtualVmxnet3(key=-4, backing=network)),
        ),
    )


def _add(device: d.VirtualDevice) -> d.VirtualDeviceConfigSpec:
    return d.VirtualDeviceConfigSpec(operation="add", device=device)


def _disk() -> d.VirtualDeviceConfigSpec:
    backing = d.VirtualDiskFlatVer2BackingInfo(
        file_name="", disk_mode="persistent", thin_provisioned=True
    )
    disk = d.VirtualDisk(
        key=-2, controller_key=-1, unit_number=0, capacity_in_kb=DISK_KB, backing=backing
    )
    return d.VirtualDeviceConfigSpec(operation="add", file_operation="create", device=disk)


def _cdrom() -> d.VirtualDeviceConfigSpec:
    return _add(
        d.VirtualCdrom(
            key=-3,
            controller_key=200,
            unit_number=0,
            backing=d.VirtualCdromRemotePassthroughBackingInfo(device_name="", exclusive=False),
            connectable=d.VirtualDeviceConnectInfo(
                start_connected=False, allow_guest_control=True, connected=False
            ),
        )
    )
