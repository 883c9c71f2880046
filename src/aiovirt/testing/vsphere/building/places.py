"""Folders, datacenters, clusters and resource pools."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.base import SharesInfo
from aiovirt.protocols.vsphere.tables.enums import DrsBehavior, ManagedEntityStatus, SharesLevel
from aiovirt.protocols.vsphere.tables.inventory import (
    ClusterComputeResourceSummary,
    ClusterConfigInfoEx,
    ClusterDasConfigInfo,
    ClusterDrsConfigInfo,
    ComputeResourceConfigInfo,
    ComputeResourceSummary,
    DatacenterConfigInfo,
    ResourceAllocationInfo,
    ResourceConfigSpec,
    ResourcePoolResourceUsage,
    ResourcePoolRuntimeInfo,
    ResourcePoolSummary,
)
from aiovirt.protocols.vsphere.tables.storage import VirtualMachineFileInfo
from aiovirt.testing.vsphere.making import filled
from aiovirt.testing.vsphere.world import World

__all__ = [
    "cluster_config",
    "entity",
    "files_in",
    "make_compute_resource",
    "make_datacenter",
    "make_folder",
    "make_pool",
    "resource_config",
]

VM_CHILDREN = ("Folder", "VirtualMachine", "VirtualApp")
HOST_CHILDREN = ("Folder", "ComputeResource")
DATASTORE_CHILDREN = ("Folder", "Datastore", "StoragePod")
NETWORK_CHILDREN = ("Folder", "Network", "DistributedVirtualSwitch")
ROOT_CHILDREN = ("Folder", "Datacenter")


def entity(name: str, parent: Ref | None, **properties: object) -> dict[str, object]:
    """The properties that all entities have, and some more."""
    common: dict[str, object] = {
        "name": name,
        "parent": parent,
        "overallStatus": ManagedEntityStatus.GREEN,
        "configStatus": ManagedEntityStatus.GREEN,
        "alarmActionsEnabled": True,
        "effectiveRole": (-1,),
        "declaredAlarmState": (),
        "triggeredAlarmState": (),
        "recentTask": (),
        "disabledMethod": (),
        "customValue": (),
        "value": (),
        "availableField": (),
        "tag": (),
        "permission": (),
        "configIssue": (),
    }
    return {**common, **properties}


def make_folder(world: World, ref: Ref, name: str, parent: Ref | None, kinds: Sequence[str]) -> Ref:
    """Make a folder, within another or within a datacenter."""
    world.make(ref, **entity(name, parent, childType=tuple(kinds), childEntity=()))
    if parent is not None and parent.kind == "Folder":
        world.add_to(parent, "childEntity", ref)
    return ref


def make_datacenter(world: World, ref: Ref, name: str, parent: Ref, folders: Sequence[Ref]) -> Ref:
    """Make a datacenter and its four folders: for machines, hosts, datastores and networks."""
    machines, hosts, datastores, networks = folders
    world.make(
        ref,
        **entity(
            name,
            parent,
            vmFolder=machines,
            hostFolder=hosts,
            datastoreFolder=datastores,
            networkFolder=networks,
            datastore=(),
            network=(),
            configuration=DatacenterConfigInfo(),
        ),
    )
    make_folder(world, machines, "vm", ref, VM_CHILDREN)
    make_folder(world, hosts, "host", ref, HOST_CHILDREN)
    make_folder(world, datastores, "datastore", ref, DATASTORE_CHILDREN)
    make_folder(world, networks, "network", ref, NETWORK_CHILDREN)
    world.add_to(parent, "childEntity", ref)
    return ref


def files_in(datastore: str) -> VirtualMachineFileInfo:
    """Where a new machine is to be, when only its datastore matters."""
    return VirtualMachineFileInfo(vm_path_name=f"[{datastore}]")


def make_compute_resource(world: World, ref: Ref, name: str, *, parent: Ref, pool: Ref) -> Ref:
    """Make a cluster, or what a host of its own is in, and its pool."""
    cluster = ref.kind == "ClusterComputeResource"
    kind = ClusterComputeResourceSummary if cluster else ComputeResourceSummary
    extra: dict[str, object] = {"configurationEx": filled(ComputeResourceConfigInfo)}
    if cluster:
        extra["configurationEx"] = cluster_config(drs=True)
    world.make(
        ref,
        **entity(
            name,
            parent,
            resourcePool=pool,
            host=(),
            datastore=(),
            network=(),
            summary=filled(kind, overall_status=ManagedEntityStatus.GREEN),
            **extra,
        ),
    )
    world.add_to(parent, "childEntity", ref)
    make_pool(world, pool, "Resources", parent=ref, owner=ref)
    return ref


def cluster_config(*, drs: bool) -> ClusterConfigInfoEx:
    """How a cluster works."""
    return ClusterConfigInfoEx(
        vm_swap_placement="vmDirectory",
        das_config=ClusterDasConfigInfo(enabled=False),
        drs_config=ClusterDrsConfigInfo(
            enabled=drs, default_vm_behavior=DrsBehavior.FULLY_AUTOMATED
        ),
    )


def make_pool(
    world: World,
    ref: Ref,
    name: str,
    *,
    parent: Ref,
    owner: Ref,
    config: ResourceConfigSpec | None = None,
) -> Ref:
    """Make a resource pool, within another or at the top of `owner`."""
    chosen = config or resource_config(ref)
    usage = filled(ResourcePoolResourceUsage, max_usage=65_536, unreserved_for_vm=65_536)
    runtime = ResourcePoolRuntimeInfo(
        memory=usage, cpu=usage, overall_status=ManagedEntityStatus.GREEN
    )
    world.make(
        ref,
        **entity(
            name,
            parent,
            owner=owner,
            resourcePool=(),
            vm=(),
            config=chosen,
            runtime=runtime,
            summary=ResourcePoolSummary(name=name, config=chosen, runtime=runtime),
        ),
    )
    if parent.kind == "ResourcePool":
        world.add_to(parent, "resourcePool", ref)
    return ref


def resource_config(ref: Ref) -> ResourceConfigSpec:
    """What a pool has when nothing is said: all that it can get, in normal shares."""
    return ResourceConfigSpec(
        entity=ref,
        cpu_allocation=_allocation(4_000),
        memory_allocation=_allocation(163_840),
    )


def _allocation(shares: int) -> ResourceAllocationInfo:
    return ResourceAllocationInfo(
        reservation=0,
        expandable_reservation=True,
        limit=-1,
        shares=SharesInfo(shares=shares, level=SharesLevel.NORMAL),
    )
