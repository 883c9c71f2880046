"""Networks: switches and port groups of hosts, distributed switches and their port groups."""

from __future__ import annotations

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import networks as n
from aiovirt.protocols.vsphere.tables import networks_methods as m
from aiovirt.protocols.vsphere.tables.hosts import HostConfigInfo, HostConfigManager
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.building import networks
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.new import check_free_name
from aiovirt.testing.vsphere.machines.reconfigure import check_name

MAX_VLAN = 4095

# --- standard switches ----------------------------------------------------------------------------


@handles(m.ADD_VIRTUAL_SWITCH)
def add_virtual_switch(call: Call, args: m.AddVirtualSwitchArgs) -> None:
    """Make a switch on a host."""
    info = _info(call)
    if args.vswitch_name in {each.name for each in info.vswitch}:
        raise _exists(args.vswitch_name)
    if not args.vswitch_name:
        raise faults.invalid_argument("vswitchName")
    spec = args.spec or n.HostVirtualSwitchSpec(num_ports=128)
    _check_uplinks(info, spec, but=None)
    made = networks.virtual_switch(args.vswitch_name, _completed(spec))
    _put(call, replace(info, vswitch=(*info.vswitch, made)))


@handles(m.UPDATE_VIRTUAL_SWITCH)
def update_virtual_switch(call: Call, args: m.UpdateVirtualSwitchArgs) -> None:
    """Change a switch of a host."""
    info = _info(call)
    known = _switch(info, args.vswitch_name)
    _check_uplinks(info, args.spec, but=known.name)
    groups = tuple(each for each in info.portgroup if each.spec.vswitch_name == known.name)
    made = networks.virtual_switch(known.name, _completed(args.spec), groups)
    switches = tuple(made if each is known else each for each in info.vswitch)
    _put(call, replace(info, vswitch=switches))


@handles(m.REMOVE_VIRTUAL_SWITCH)
def remove_virtual_switch(call: Call, args: m.RemoveVirtualSwitchArgs) -> None:
    """Remove a switch of a host, with its port groups."""
    info = _info(call)
    known = _switch(info, args.vswitch_name)
    groups = [each for each in info.portgroup if each.spec.vswitch_name == known.name]
    for group in groups:
        _check_unused(call, info, group.spec.name)
    for group in groups:
        _drop_network(call, group.spec.name)
    _put(
        call,
        replace(
            info,
            vswitch=tuple(each for each in info.vswitch if each is not known),
            portgroup=tuple(each for each in info.portgroup if each not in groups),
        ),
    )


def _completed(spec: n.HostVirtualSwitchSpec) -> n.HostVirtualSwitchSpec:
    policy = spec.policy or replace(networks.POLICY, nic_teaming=None)
    return replace(spec, policy=policy, mtu=spec.mtu or 1500)


def _check_uplinks(
    info: n.HostNetworkInfo, spec: n.HostVirtualSwitchSpec, *, but: str | None
) -> None:
    """Refuse cards that are not there, or that another switch has."""
    if not isinstance(spec.bridge, n.HostVirtualSwitchBondBridge):
        return
    wanted = set(spec.bridge.nic_device)
    if wanted - {each.device for each in info.pnic}:
        raise faults.invalid_argument("spec.bridge.nicDevice")
    others = [each for each in info.vswitch if each.name != but]
    for device in wanted & {key.rpartition("-")[2] for each in others for key in each.pnic}:
        fault = f.ResourceInUse(type="PhysicalNic", name=device)
        raise faults.VimFault(fault, f"The resource '{device}' is in use.")


# --- port groups ----------------------------------------------------------------------------------


@handles(m.ADD_PORT_GROUP)
def add_port_group(call: Call, args: m.AddPortGroupArgs) -> None:
    """Make a port group on a switch of a host."""
    info, spec = _info(call), args.portgrp
    _switch(info, spec.vswitch_name)
    if spec.name in {each.spec.name for each in info.portgroup}:
        raise _exists(spec.name)
    _check_group(spec)
    _put(call, _with_groups(info, (*info.portgroup, networks.port_group(spec))))
    _add_network(call, spec.name)


@handles(m.UPDATE_PORT_GROUP)
def update_port_group(call: Call, args: m.UpdatePortGroupArgs) -> None:
    """Change a port group of a host: its VLAN, its rules, its name."""
    info, spec = _info(call), args.portgrp
    known = _group(info, args.pg_name)
    _switch(info, spec.vswitch_name)
    others = {each.spec.name for each in info.portgroup if each is not known}
    if spec.name in others:
        raise _exists(spec.name)
    _check_group(spec)
    if spec.name != known.spec.name:
        _check_unused(call, info, known.spec.name)
    groups = tuple(networks.port_group(spec) if each is known else each for each in info.portgroup)
    _put(call, _with_groups(info, groups))
    if spec.name != known.spec.name:
        _drop_network(call, known.spec.name)
        _add_network(call, spec.name)


@handles(m.REMOVE_PORT_GROUP)
def remove_port_group(call: Call, args: m.RemovePortGroupArgs) -> None:
    """Remove a port group of a host."""
    info = _info(call)
    known = _group(info, args.pg_name)
    _check_unused(call, info, args.pg_name)
    _put(call, _with_groups(info, tuple(each for each in info.portgroup if each is not known)))
    _drop_network(call, args.pg_name)


@handles(m.REFRESH_NETWORK_SYSTEM)
def refresh_network_system(call: Call, _: Empty) -> None:
    """Look at a host's network again."""
    _put(call, _info(call))


def _check_group(spec: n.HostPortGroupSpec) -> None:
    if not spec.name:
        raise faults.invalid_argument("portgrp.name")
    if not 0 <= spec.vlan_id <= MAX_VLAN:
        raise faults.invalid_argument("portgrp.vlanId")


def _with_groups(info: n.HostNetworkInfo, groups: tuple[n.HostPortGroup, ...]) -> n.HostNetworkInfo:
    """The network with other port groups; each switch names its own."""
    switches = tuple(
        replace(
            each,
            portgroup=tuple(
                str(group.key) for group in groups if group.spec.vswitch_name == each.name
            ),
        )
        for each in info.vswitch
    )
    return replace(info, portgroup=groups, vswitch=switches)


def _info(call: Call) -> n.HostNetworkInfo:
    return call.world.get(call.this, "networkInfo", n.HostNetworkInfo)


def _host(call: Call) -> Ref:
    for ref in call.world.of_kind("HostSystem"):
        managers = call.world.get(ref, "configManager", HostConfigManager)
        if managers.network_system == call.this:
            return ref
    raise faults.not_found(call.this)


def _put(call: Call, info: n.HostNetworkInfo) -> None:
    host = _host(call)
    call.world.put(call.this, networkInfo=info)
    config = call.world.get(host, "config", HostConfigInfo)
    call.world.put(host, config=replace(config, network=info))


def _switch(info: n.HostNetworkInfo, name: str) -> n.HostVirtualSwitch:
    for each in info.vswitch:
        if each.name == name:
            return each
    raise faults.nothing_found()


def _group(info: n.HostNetworkInfo, name: str) -> n.HostPortGroup:
    for each in info.portgroup:
        if each.spec.name == name:
            return each
    raise faults.nothing_found()


def _check_unused(call: Call, info: n.HostNetworkInfo, name: str) -> None:
    """Refuse to remove what a machine of this host, or the host itself, uses."""
    host = _host(call)
    machines = call.world.refs(host, "vm")
    for ref in call.world.refs(host, "network"):
        if call.world.find(ref, "name", str) == name and ref.kind == "Network":
            used = set(call.world.refs(ref, "vm")) & set(machines)
            if used:
                raise _in_use(name)
    if name in {each.portgroup for each in info.vnic}:
        raise _in_use(name)


def _add_network(call: Call, name: str) -> None:
    """Let the host have a network of this name; hosts of a cluster share it."""
    host = _host(call)
    datacenter = call.site.datacenter_of(host)
    if datacenter is None:
        return
    folder = call.world.get(datacenter, "networkFolder", Ref)
    found = [
        ref
        for ref in call.world.refs(folder, "childEntity")
        if ref.kind == "Network" and call.world.find(ref, "name", str) == name
    ]
    if found:
        ref = found[0]
    else:
        vcenter = call.site.settings.is_vcenter
        value = call.world.number("network", 100) if vcenter else f"HaNetwork-{name}"
        ref = networks.make_network(call.world, Ref("Network", value), name, folder)
    call.world.add_to(host, "network", ref)
    call.world.add_to(ref, "host", host)
    call.world.add_to(call.world.get(host, "parent", Ref), "network", ref)


def _drop_network(call: Call, name: str) -> None:
    """Let the host have it no more; with the last host it goes."""
    host = _host(call)
    for ref in call.world.refs(host, "network"):
        if ref.kind != "Network" or call.world.find(ref, "name", str) != name:
            continue
        call.world.take_from(host, "network", ref)
        call.world.take_from(ref, "host", host)
        if not call.world.refs(ref, "host"):
            call.world.take_from(call.world.get(host, "parent", Ref), "network", ref)
            call.world.take_from(call.world.get(ref, "parent", Ref), "childEntity", ref)
            call.world.remove(ref)


def _exists(name: str) -> faults.VimFault:
    text = f"The specified key, name, or identifier '{name}' already exists."
    return faults.VimFault(f.AlreadyExists(name=name), text)


def _in_use(name: str) -> faults.VimFault:
    fault = f.ResourceInUse(type="PortGroup", name=name)
    return faults.VimFault(fault, f"The resource '{name}' is in use.")


# --- distributed switches -------------------------------------------------------------------------


@handles(im.CREATE_DVS_TASK)
def create_dvs(call: Call, args: im.CreateDVSTaskArgs) -> Ref:
    """Make a distributed switch."""
    name = args.spec.config_spec.name or ""
    check_name(name)

    def work() -> Ref:
        check_free_name(call.site, call.this, name)
        ref = Ref("VmwareDistributedVirtualSwitch", call.world.number("dvs", 100))
        return networks.make_dvs(call.world, ref, name, call.this)

    return call.task(work, name="Folder.createDistributedVirtualSwitch")


@handles(m.CREATE_DV_PORTGROUP_TASK)
def create_dv_portgroup(call: Call, args: m.CreateDVPortgroupTaskArgs) -> Ref:
    """Make a port group on a distributed switch."""
    check_name(args.spec.name or "")
    return call.task(
        lambda: _make_portgroup(call, args.spec), name="DistributedVirtualSwitch.createPortgroup"
    )


@handles(m.ADD_DV_PORTGROUP_TASK)
def add_dv_portgroup(call: Call, args: m.AddDVPortgroupTaskArgs) -> Ref:
    """Make port groups on a distributed switch."""
    for spec in args.spec:
        check_name(spec.name or "")

    def work() -> None:
        for spec in args.spec:
            _make_portgroup(call, spec)

    return call.task(work, name="DistributedVirtualSwitch.addPortgroups")


def _make_portgroup(call: Call, spec: n.DVPortgroupConfigSpec) -> Ref:
    name = spec.name or ""
    check_free_name(call.site, call.world.get(call.this, "parent", Ref), name)
    ref = Ref("DistributedVirtualPortgroup", call.world.number("dvportgroup", 100))
    config = n.DVPortgroupConfigInfo(
        key=ref.value,
        name=name,
        num_ports=spec.num_ports or 8,
        distributed_virtual_switch=call.this,
        default_port_config=spec.default_port_config or networks.port_setting(),
        description=spec.description,
        type=spec.type or "earlyBinding",
        policy=spec.policy or networks.portgroup_policy(),
        config_version="1",
        auto_expand=spec.auto_expand is not False,
    )
    networks.make_portgroup(call.world, ref, call.this, config)
    for host in call.world.of_kind("HostSystem"):
        call.world.add_to(host, "network", ref)
        call.world.add_to(ref, "host", host)
    return ref


@handles(m.RECONFIGURE_DV_PORTGROUP_TASK)
def reconfigure_dv_portgroup(call: Call, args: m.ReconfigureDVPortgroupTaskArgs) -> Ref:
    """Change a distributed port group."""
    call.demand("DVPortgroup.Modify")

    def work() -> None:
        known = call.world.get(call.this, "config", n.DVPortgroupConfigInfo)
        if args.spec.config_version not in {None, known.config_version}:
            raise faults.VimFault(f.ConcurrentAccess(), "It was changed meanwhile.")
        changed = _changed_portgroup(known, args.spec)
        check_name(changed.name)
        parent = call.world.get(call.this, "parent", Ref)
        check_free_name(call.site, parent, changed.name, but=call.this)
        call.world.put(call.this, config=changed, name=changed.name)

    return call.task(work, name="DistributedVirtualPortgroup.reconfigure")


def _changed_portgroup(
    known: n.DVPortgroupConfigInfo, spec: n.DVPortgroupConfigSpec
) -> n.DVPortgroupConfigInfo:
    names = ("name", "num_ports", "description", "default_port_config")
    given = {name: value for name in names if (value := getattr(spec, name)) is not None}
    version = str(int(known.config_version or "0") + 1)
    return replace(known, config_version=version, **given)


@handles(im.DESTROY_TASK, "DistributedVirtualPortgroup")
def destroy_portgroup(call: Call, _: Empty) -> Ref:
    """Remove a distributed port group that nobody uses."""
    call.demand("DVPortgroup.Delete")

    def work() -> None:
        if call.world.refs(call.this, "vm"):
            raise _in_use(call.world.get(call.this, "name", str))
        config = call.world.get(call.this, "config", n.DVPortgroupConfigInfo)
        if config.distributed_virtual_switch is not None:
            call.world.take_from(config.distributed_virtual_switch, "portgroup", call.this)
        for host in call.world.refs(call.this, "host"):
            call.world.take_from(host, "network", call.this)
        call.world.take_from(call.world.get(call.this, "parent", Ref), "childEntity", call.this)
        call.world.remove(call.this)

    return call.task(work, name="DistributedVirtualPortgroup.destroy")
