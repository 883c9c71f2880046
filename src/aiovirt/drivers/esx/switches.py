"""The virtual switches of a host, standard and distributed, with their port groups, as values.

Source: vSphere API, HostNetworkInfo, DistributedVirtualSwitch.  It knows no XML.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from aiovirt._tasks import gather
from aiovirt.drivers.esx.datastores import uuid_of
from aiovirt.drivers.esx.hosts import hosts_of, manager_of
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.networks import (
    DVPortgroupConfigInfo,
    DVSSecurityPolicy,
    DVSTrafficShapingPolicy,
    HostNetworkInfo,
    HostNetworkPolicy,
    HostNetworkTrafficShapingPolicy,
    HostPortGroup,
    HostVirtualSwitch,
    HostVirtualSwitchSpec,
    VmwareDistributedVirtualSwitchTrunkVlanSpec,
    VmwareDistributedVirtualSwitchVlanIdSpec,
    VMwareDVSPortSetting,
)

__all__ = [
    "ALL_VLANS",
    "DEFAULT_MTU",
    "Group",
    "Security",
    "Shaping",
    "Switch",
    "find_switch",
    "host_network",
    "list_switches",
    "missing",
]

DEFAULT_MTU: Final = 1500
ALL_VLANS: Final = 4095
"""The VLAN of a port group whose machines tag their traffic themselves (VGT)."""

_KEY: Final = "key-vim.host.VirtualSwitch-"
_HEX: Final = re.compile(r"[^0-9a-fA-F]")
_UUID_DIGITS: Final = 32
_MACHINE: Final = "virtualMachine"


@dataclass(frozen=True, slots=True)
class Security:
    """What machines may do on a port; the defaults are VMware's."""

    promiscuous: bool = False
    mac_changes: bool = True
    forged_transmits: bool = True


@dataclass(frozen=True, slots=True)
class Shaping:
    """How traffic is held back; None or 0 is no limit.

    Attributes:
        average: Bits a second.
        peak: Bits a second.
        burst: Bytes that may be sent at the peak's speed at once.
    """

    average: int | None
    peak: int | None
    burst: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """What machines are plugged into.

    Attributes:
        name: Its name.
        vlans: The VLANs; none is untagged, `ALL_VLANS` is all.
        inbound: Limits of what comes to the machines, or None.
        outbound: Limits of what they send; standard switches have one for both.
        security: What machines may do there; None is as the switch says.
        clients: How many are plugged in.
        users: What else is: ``host`` for the host's own interfaces.
        policy: All rules of a standard port group, those among them that are not told above.
    """

    name: str
    vlans: tuple[int, ...] = ()
    inbound: Shaping | None = None
    outbound: Shaping | None = None
    security: Security | None = None
    clients: int = 0
    users: tuple[str, ...] = ()
    policy: HostNetworkPolicy = field(default_factory=HostNetworkPolicy)


@dataclass(frozen=True, slots=True)
class Switch:
    """A virtual switch, as lists of networks have it.

    Attributes:
        key: UUID and name.
        mtu: The largest packet, in bytes.
        uplinks: The physical cards.
        groups: The port groups that machines can be plugged into.
        shaping: Limits of each port, or None.
        security: What machines may do, where nothing else is said.
        spec: What a standard switch was made of.
        distributed: The object of a distributed switch, or None.
        taken: Port groups of a standard switch that are the host's own.
    """

    key: NetworkKey
    mtu: int
    uplinks: tuple[str, ...]
    groups: tuple[Group, ...]
    shaping: Shaping | None = None
    security: Security = field(default_factory=Security)
    spec: HostVirtualSwitchSpec | None = None
    distributed: Ref | None = None
    taken: tuple[Group, ...] = ()
    active: bool = True
    persistent: bool = True
    autostart: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return self.key.name

    @property
    def record(self) -> NetworkRecord:
        """Its line of a listing."""
        return NetworkRecord(self.key, self.active, self.persistent, self.autostart)


async def list_switches(session: Session) -> list[Switch]:
    """The switches of the URI's host, and the distributed ones of its hosts, sorted by name.

    Without a host in the URI there are distributed ones only.
    """
    host = session.scope.host
    if host is None:
        return await _distributed(session, None)
    info, far = await gather(lambda: host_network(session, host), lambda: _far(session, host))
    near = [_standard(each, info) for each in info.vswitch]
    cards = {_dvs_uuid(each.dvs_uuid): _devices(info, each.pnic) for each in info.proxy_switch}
    far = [dataclasses.replace(each, uplinks=cards.get(each.key.uuid, ())) for each in far]
    return sorted([*near, *far], key=lambda each: each.name)


def _devices(info: HostNetworkInfo, keys: Sequence[str]) -> tuple[str, ...]:
    """The names of cards, which others refer to by their keys."""
    cards = {each.key or each.device: each.device for each in info.pnic}
    return tuple(cards.get(key, key.rpartition("-")[2]) for key in keys)


async def host_network(session: Session, host: Ref) -> HostNetworkInfo:
    """The network of a host, as its manager tells it now."""
    manager = await manager_of(session, host, "networkSystem", "Networks")
    what = "tell its networks"
    now, whole = await gather(
        lambda: session.get(manager, "networkInfo", what=what),
        lambda: session.get(host, "config.network", what=what),
    )
    info: HostNetworkInfo = now.get("networkInfo") or HostNetworkInfo()
    config: HostNetworkInfo = whole.get("config.network") or HostNetworkInfo()
    # VMware's simulator tells some switches, and the cards, with the host's configuration only.
    known = {each.name: each for each in config.vswitch}
    switches = [each if each.key else known.get(each.name, each) for each in info.vswitch]
    return replace(
        info,
        vswitch=tuple(switches),
        pnic=info.pnic or config.pnic,
        vnic=info.vnic or config.vnic,
        proxy_switch=info.proxy_switch or config.proxy_switch,
    )


def _standard(switch: HostVirtualSwitch, info: HostNetworkInfo) -> Switch:
    # No machine can be plugged into these; libvirt does not tell of them either.
    own = {each.portgroup for each in (*info.vnic, *info.console_vnic)}
    groups = [each for each in info.portgroup if each.spec.vswitch_name == switch.name]
    policy = switch.spec.policy or HostNetworkPolicy()
    return Switch(
        NetworkKey(uuid_of(switch.key or f"{_KEY}{switch.name}"), switch.name),
        switch.mtu or DEFAULT_MTU,
        _devices(info, switch.pnic),
        tuple(_group(each) for each in groups if each.spec.name not in own),
        _shaping(policy.shaping_policy),
        _security(policy) or Security(),
        switch.spec,
        taken=tuple(_group(each) for each in groups if each.spec.name in own),
    )


def _group(group: HostPortGroup) -> Group:
    spec, ports = group.spec, [each.type for each in group.port]
    shaping = _shaping(spec.policy.shaping_policy)
    return Group(
        spec.name,
        (spec.vlan_id,) if spec.vlan_id else (),
        shaping,
        shaping,
        _security(spec.policy),
        ports.count(_MACHINE),
        tuple(sorted({each for each in ports if each != _MACHINE})),
        spec.policy,
    )


def _shaping(policy: HostNetworkTrafficShapingPolicy | None) -> Shaping | None:
    if policy is None or not policy.enabled:
        return None
    return Shaping(policy.average_bandwidth, policy.peak_bandwidth, policy.burst_size)


def _security(policy: HostNetworkPolicy) -> Security | None:
    told = policy.security
    if told is None:
        return None
    answers = (told.allow_promiscuous, told.mac_changes, told.forged_transmits)
    if all(each is None for each in answers):
        return None
    plain = Security()
    return Security(
        _or(told.allow_promiscuous, plain.promiscuous),
        _or(told.mac_changes, plain.mac_changes),
        _or(told.forged_transmits, plain.forged_transmits),
    )


def _or(told: bool | None, plain: bool) -> bool:  # noqa: FBT001 - an answer and its default
    return plain if told is None else told


# --- distributed switches -------------------------------------------------------------------------


async def _far(session: Session, host: Ref) -> list[Switch]:
    return await _distributed(session, host) if session.is_vcenter else []


async def _distributed(session: Session, host: Ref | None) -> list[Switch]:
    """The distributed switches that the URI's hosts are in."""
    hosts = set(hosts_of(session)) if host is None else {host}
    refs = list(session.tree.of_kind("DistributedVirtualSwitch"))
    paths = ("name", "uuid", "config", "portgroup", "summary")
    found = await session.get_many(refs, paths, what="list its switches") if refs else {}
    members = {ref: known for ref, known in found.items() if _is_meant(session, ref, known, hosts)}
    groups = await _dv_groups(
        session, [g for k in members.values() for g in k.get("portgroup", ())]
    )
    read = [_read_dvs(ref, known, groups) for ref, known in members.items()]
    return sorted(read, key=lambda each: each.name)


def _is_meant(session: Session, ref: Ref, known: Mapping[str, Any], hosts: set[Ref]) -> bool:
    """Whether a switch is one of the URI's hosts, or in the URI's datacenter."""
    scope = session.scope
    if scope.host is not None or scope.compute is not None:
        return bool(hosts & _members(known))
    above = scope.datacenter or scope.folder
    return above is None or above in session.tree.above(ref)


def _members(known: Mapping[str, Any]) -> set[Ref]:
    summary, config = known.get("summary"), known.get("config")
    told = {each.config.host for each in config.host} if config is not None else set()
    return told | set(summary.host_member if summary is not None else ())


async def _dv_groups(session: Session, refs: Sequence[Ref]) -> Mapping[Ref, Group]:
    """The distributed port groups that machines can be plugged into."""
    paths = ("config", "vm")
    found = await session.get_many(refs, paths, what="list its port groups") if refs else {}
    return {
        ref: _dv_group(known["config"], len(known.get("vm") or ()))
        for ref, known in found.items()
        if "config" in known and not _is_uplink(known["config"])
    }


def _is_uplink(config: DVPortgroupConfigInfo) -> bool:
    return bool(config.uplink)


def _dv_group(config: DVPortgroupConfigInfo, clients: int) -> Group:
    setting = config.default_port_config
    if setting is None:
        return Group(config.name, clients=clients)
    ours = setting if isinstance(setting, VMwareDVSPortSetting) else VMwareDVSPortSetting()
    return Group(
        config.name,
        _vlans(ours.vlan),
        _dv_shaping(setting.in_shaping_policy),
        _dv_shaping(setting.out_shaping_policy),
        _dv_security(ours.security_policy),
        clients,
    )


def _vlans(spec: object) -> tuple[int, ...]:
    if isinstance(spec, VmwareDistributedVirtualSwitchVlanIdSpec):
        return (spec.vlan_id,) if spec.vlan_id else ()
    if not isinstance(spec, VmwareDistributedVirtualSwitchTrunkVlanSpec):
        return ()
    tags = sorted({tag for each in spec.vlan_id for tag in range(each.start, each.end + 1)} - {0})
    return (ALL_VLANS,) if len(tags) >= ALL_VLANS - 1 else tuple(tags)


def _dv_shaping(policy: DVSTrafficShapingPolicy | None) -> Shaping | None:
    if policy is None or policy.enabled is None or not policy.enabled.value:
        return None
    limits = (policy.average_bandwidth, policy.peak_bandwidth, policy.burst_size)
    return Shaping(*(None if each is None else each.value for each in limits))


def _dv_security(policy: DVSSecurityPolicy | None) -> Security | None:
    if policy is None:
        return None
    plain = Security()
    pairs = (
        (policy.allow_promiscuous, plain.promiscuous),
        (policy.mac_changes, plain.mac_changes),
        (policy.forged_transmits, plain.forged_transmits),
    )
    return Security(*(_or(told.value if told else None, default) for told, default in pairs))


def _read_dvs(ref: Ref, known: Mapping[str, Any], groups: Mapping[Ref, Group]) -> Switch:
    config, name = known.get("config"), known.get("name") or ref.value
    uplinks = () if config is None else config.uplink_portgroup
    mine = [groups[each] for each in known.get("portgroup", ()) if each in groups.keys() - uplinks]
    return Switch(
        NetworkKey(_dvs_uuid(known.get("uuid") or ref.value), name),
        getattr(config, "max_mtu", 0) or DEFAULT_MTU,
        (),
        tuple(sorted(mine, key=lambda each: each.name)),
        distributed=ref,
    )


def _dvs_uuid(text: str) -> UUID:
    """The UUID of a distributed switch, which is written as bytes with spaces between them."""
    digits = _HEX.sub("", text)
    return UUID(digits) if len(digits) == _UUID_DIGITS else uuid_of(text)


def find_switch(session: Session, switches: Iterable[Switch], name: str, uuid: UUID) -> Switch:
    """The switch of a UUID.

    Raises:
        NotFound: There is none; the hint names those there are.
    """
    known = list(switches)
    for each in known:
        if each.key.uuid == uuid:
            return each
    raise missing(session, known, name)


def missing(session: Session, switches: Sequence[Switch], name: str) -> NotFound:
    """The error for a switch that is not there."""
    names = ", ".join(each.name for each in switches) or "none"
    hint = f"there are: {names}"
    if session.scope.host is None:
        hint += "; standard switches are a host's: name one in the URI's path"
    return NotFound(f"{session.where} has no virtual switch {name!r}", hint=hint)
