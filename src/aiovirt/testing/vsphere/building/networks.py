"""Networks: what a host has of its own, and distributed ones."""

from __future__ import annotations

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.networks import (
    BoolPolicy,
    DistributedVirtualSwitchProductSpec,
    DVPortgroupConfigInfo,
    DVPortgroupPolicy,
    DVSCapability,
    DVSContactInfo,
    DVSNameArrayUplinkPortPolicy,
    DVSSummary,
    HostDnsConfig,
    HostIpConfig,
    HostNetworkInfo,
    HostNetworkPolicy,
    HostNetworkSecurityPolicy,
    HostNicOrderPolicy,
    HostNicTeamingPolicy,
    HostPortGroup,
    HostPortGroupSpec,
    HostVirtualNic,
    HostVirtualNicSpec,
    HostVirtualSwitch,
    HostVirtualSwitchBondBridge,
    HostVirtualSwitchSpec,
    NetworkSummary,
    PhysicalNic,
    PhysicalNicLinkInfo,
    PhysicalNicSpec,
    VmwareDistributedVirtualSwitchVlanIdSpec,
    VMwareDVSConfigInfo,
    VMwareDVSPortSetting,
)
from aiovirt.testing.vsphere.building.places import entity
from aiovirt.testing.vsphere.world import World

__all__ = [
    "POLICY",
    "make_dvs",
    "make_network",
    "make_portgroup",
    "network_info",
    "port_group",
    "port_setting",
    "virtual_switch",
]

PORTS = 5632
"""Ports of a standard switch."""

POLICY = HostNetworkPolicy(
    security=HostNetworkSecurityPolicy(
        allow_promiscuous=False, mac_changes=True, forged_transmits=True
    ),
    nic_teaming=HostNicTeamingPolicy(
        policy="loadbalance_srcid",
        nic_order=HostNicOrderPolicy(active_nic=("vmnic0",)),
    ),
)
"""What a standard switch does when nothing is said."""


def network_info(host: str) -> HostNetworkInfo:
    """The network of a new host: one switch, two port groups, an interface of its own."""
    spec = HostVirtualSwitchSpec(
        num_ports=128,
        bridge=HostVirtualSwitchBondBridge(nic_device=("vmnic0",)),
        policy=POLICY,
        mtu=1500,
    )
    groups = tuple(
        port_group(HostPortGroupSpec(name=name, vlan_id=0, vswitch_name="vSwitch0", policy=POLICY))
        for name in ("VM Network", "Management Network")
    )
    nic = HostVirtualNic(
        device="vmk0",
        key="key-vim.host.VirtualNic-vmk0",
        portgroup="Management Network",
        spec=HostVirtualNicSpec(
            ip=HostIpConfig(dhcp=False, ip_address="192.0.2.10", subnet_mask="255.255.255.0"),
            mac="00:0c:29:81:d8:a0",
            portgroup="Management Network",
            mtu=1500,
        ),
    )
    return HostNetworkInfo(
        vswitch=(virtual_switch("vSwitch0", spec, groups),),
        portgroup=groups,
        pnic=(_pnic("vmnic0", "00:0c:29:81:d8:a0"), _pnic("vmnic1", "00:0c:29:81:d8:aa")),
        vnic=(nic,),
        dns_config=HostDnsConfig(
            dhcp=False,
            host_name=host.partition(".")[0],
            domain_name=host.partition(".")[2],
            address=("192.0.2.1",),
        ),
        ip_v6_enabled=False,
    )


def virtual_switch(
    name: str, spec: HostVirtualSwitchSpec, groups: tuple[HostPortGroup, ...] = ()
) -> HostVirtualSwitch:
    """A standard switch."""
    nics: tuple[str, ...] = ()
    if isinstance(spec.bridge, HostVirtualSwitchBondBridge):
        nics = spec.bridge.nic_device
    return HostVirtualSwitch(
        name=name,
        key=f"key-vim.host.VirtualSwitch-{name}",
        num_ports=PORTS,
        num_ports_available=PORTS - 8,
        mtu=spec.mtu or 1500,
        portgroup=tuple(str(each.key) for each in groups),
        pnic=tuple(f"key-vim.host.PhysicalNic-{nic}" for nic in nics),
        spec=spec,
    )


def port_group(spec: HostPortGroupSpec) -> HostPortGroup:
    """A port group of a standard switch."""
    return HostPortGroup(
        key=f"key-vim.host.PortGroup-{spec.name}",
        vswitch=f"key-vim.host.VirtualSwitch-{spec.vswitch_name}",
        computed_policy=POLICY,
        spec=spec,
    )


def _pnic(device: str, mac: str) -> PhysicalNic:
    speed = PhysicalNicLinkInfo(speed_mb=10_000, duplex=True)
    return PhysicalNic(
        key=f"key-vim.host.PhysicalNic-{device}",
        device=device,
        pci="0000:03:00.0",
        driver="ixgben",
        link_speed=speed,
        spec=PhysicalNicSpec(link_speed=speed),
        wake_on_lan_supported=True,
        mac=mac,
    )


def make_network(world: World, ref: Ref, name: str, folder: Ref) -> Ref:
    """Make a network: what port groups of the same name on several hosts are together."""
    world.make(
        ref,
        **entity(
            name,
            folder,
            host=(),
            vm=(),
            summary=NetworkSummary(network=ref, name=name, accessible=True, ip_pool_name=""),
        ),
    )
    world.add_to(folder, "childEntity", ref)
    return ref


def port_setting(vlan: int = 0) -> VMwareDVSPortSetting:
    """What distributed ports do when nothing is said."""
    return VMwareDVSPortSetting(
        blocked=BoolPolicy(inherited=False, value=False),
        vlan=VmwareDistributedVirtualSwitchVlanIdSpec(inherited=False, vlan_id=vlan),
    )


def make_dvs(world: World, ref: Ref, name: str, folder: Ref, version: str = "7.0.0") -> Ref:
    """Make a distributed switch, without port groups."""
    product = DistributedVirtualSwitchProductSpec(
        name="DVS", vendor="VMware, Inc.", version=version, forwarding_class="etherswitch"
    )
    config = VMwareDVSConfigInfo(
        uuid=world.uuid(),
        name=name,
        num_standalone_ports=0,
        num_ports=0,
        max_ports=2_147_483_647,
        uplink_port_policy=DVSNameArrayUplinkPortPolicy(uplink_port_name=("Uplink 1",)),
        default_port_config=port_setting(),
        product_info=product,
        config_version="1",
        contact=DVSContactInfo(),
        create_time=world.clock.now(),
        network_resource_management_enabled=True,
        max_mtu=1500,
    )
    summary = DVSSummary(
        name=name, uuid=config.uuid, num_ports=0, product_info=product, contact=DVSContactInfo()
    )
    world.make(
        ref,
        **entity(
            name,
            folder,
            uuid=config.uuid,
            capability=DVSCapability(dvs_operation_supported=True),
            config=config,
            summary=summary,
            portgroup=(),
        ),
    )
    world.add_to(folder, "childEntity", ref)
    return ref


def make_portgroup(world: World, ref: Ref, dvs: Ref, config: DVPortgroupConfigInfo) -> Ref:
    """Make a port group of a distributed switch."""
    folder = world.get(dvs, "parent", Ref)
    make_network(world, ref, config.name, folder)
    world.put(ref, key=config.key, config=config, portKeys=())
    world.add_to(dvs, "portgroup", ref)
    return ref


def portgroup_policy() -> DVPortgroupPolicy:
    """What ports of a distributed group may have of their own."""
    return DVPortgroupPolicy(
        block_override_allowed=True,
        shaping_override_allowed=False,
        vendor_config_override_allowed=False,
        live_port_moving_allowed=False,
        port_config_reset_at_disconnect=True,
    )
