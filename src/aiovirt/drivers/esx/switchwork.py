"""Changing the standard switches of a host: made, changed, removed, with their port groups.

A failure undoes what was done to a new switch.  The port groups of the host's own interfaces are
left alone: without them nobody would reach it any more.
"""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Final

import anyio
from msgspec.structs import replace

from aiovirt.drivers.esx.hosts import host_of, manager_of
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.switches import Group, Security, Shaping, Switch
from aiovirt.errors import AlreadyExists, Busy, ConfigError, NotFound
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.networks import (
    HostNetworkPolicy,
    HostNetworkSecurityPolicy,
    HostNetworkTrafficShapingPolicy,
    HostPortGroupSpec,
    HostVirtualSwitchBondBridge,
    HostVirtualSwitchSpec,
)
from aiovirt.protocols.vsphere.tables.networks_methods import (
    ADD_PORT_GROUP,
    ADD_VIRTUAL_SWITCH,
    REMOVE_PORT_GROUP,
    REMOVE_VIRTUAL_SWITCH,
    UPDATE_PORT_GROUP,
    UPDATE_VIRTUAL_SWITCH,
    AddPortGroupArgs,
    AddVirtualSwitchArgs,
    RemovePortGroupArgs,
    RemoveVirtualSwitchArgs,
    UpdatePortGroupArgs,
    UpdateVirtualSwitchArgs,
)

__all__ = ["SwitchWork", "check_free", "check_unused", "open_work"]

_PORTS: Final = 128
"""Ports of a new switch, as libvirt makes it; newer hosts add what is needed."""


async def open_work(session: Session, what: str) -> SwitchWork:
    """What changes the switches of the URI's host.

    Raises:
        NotFound: The URI means no single host.
    """
    host = host_of(session, what)
    return SwitchWork(session, await manager_of(session, host, "networkSystem", "Networks"))


class SwitchWork:
    """Changes the switches of one host.

    Args:
        session: The connection.
        manager: The host's network system.
    """

    def __init__(self, session: Session, manager: Ref) -> None:
        self._session = session
        self._manager = manager

    # --- switches -------------------------------------------------------------------------------

    async def make(self, switch: Switch) -> None:
        """Make a switch with its port groups.

        Raises:
            AlreadyExists: There is a switch, or a port group, of that name.

        Cancellation: nothing is left behind.
        """
        what = f"make virtual switch {switch.name!r}"
        args = AddVirtualSwitchArgs(vswitch_name=switch.name, spec=_switch_spec(switch))
        with anyio.CancelScope(shield=True):  # so that we know whether it is ours to undo
            await self._session.call(ADD_VIRTUAL_SWITCH, self._manager, args, what=what)
        try:
            for group in switch.groups:
                await self.add_group(switch, group)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.remove(switch)
            raise

    async def remove(self, switch: Switch) -> None:
        """Remove a switch with its port groups.

        Raises:
            Busy: Something is plugged in.
        """
        check_unused(self._session, switch)
        for group in switch.groups:
            with suppress(NotFound):
                await self.remove_group(switch, group)
        args = RemoveVirtualSwitchArgs(vswitch_name=switch.name)
        what = f"remove virtual switch {switch.name!r}"
        await self._session.call(REMOVE_VIRTUAL_SWITCH, self._manager, args, what=what)

    async def change(self, old: Switch, new: Switch) -> None:
        """Let a switch be as another; port groups that are not wanted any more go, and go first.

        Raises:
            Busy: A port group that would go is in use.
        """
        before, after = _by_name(old), _by_name(new)
        leaving = [before[name] for name in before.keys() - after.keys()]
        for group in leaving:
            self._check_group(group)
        for group in leaving:
            await self.remove_group(old, group)
        if _switch_spec(old) != _switch_spec(new):
            await self.update(new)
        for name, group in after.items():
            if name not in before:
                await self.add_group(new, group)
            elif (changed := _changed(before[name], group)) != before[name]:
                await self.change_group(new, changed)

    async def update(self, switch: Switch) -> None:
        """Let a switch have these cards, this MTU and these rules; its port groups stay."""
        args = UpdateVirtualSwitchArgs(vswitch_name=switch.name, spec=_switch_spec(switch))
        what = f"change virtual switch {switch.name!r}"
        await self._session.call(UPDATE_VIRTUAL_SWITCH, self._manager, args, what=what)

    # --- port groups ----------------------------------------------------------------------------

    async def add_group(self, switch: Switch, group: Group) -> None:
        """Make a port group.

        Raises:
            AlreadyExists: The host has one of that name.
        """
        args = AddPortGroupArgs(portgrp=_group_spec(switch, group))
        what = f"make port group {group.name!r}"
        await self._session.call(ADD_PORT_GROUP, self._manager, args, what=what)

    async def change_group(self, switch: Switch, group: Group) -> None:
        """Let a port group of that name have this VLAN and these rules."""
        args = UpdatePortGroupArgs(pg_name=group.name, portgrp=_group_spec(switch, group))
        what = f"change port group {group.name!r}"
        await self._session.call(UPDATE_PORT_GROUP, self._manager, args, what=what)

    async def remove_group(self, switch: Switch, group: Group) -> None:
        """Remove a port group.

        Raises:
            Busy: Something is plugged in.
        """
        del switch  # names are the host's
        self._check_group(group)
        args = RemovePortGroupArgs(pg_name=group.name)
        what = f"remove port group {group.name!r}"
        await self._session.call(REMOVE_PORT_GROUP, self._manager, args, what=what)

    def _check_group(self, group: Group) -> None:
        if group.clients or group.users:
            raise _in_use(self._session, f"port group {group.name!r}", group)


def check_unused(session: Session, switch: Switch) -> None:
    """See that nothing is plugged into a switch.

    Raises:
        Busy: Machines are, or the host's own interfaces.
    """
    for group in (*switch.groups, *switch.taken):
        if group.clients or group.users:
            raise _in_use(session, f"virtual switch {switch.name!r}", group)


def _in_use(session: Session, what: str, group: Group) -> Busy:
    users = [f"{group.clients} machines"] if group.clients else []
    if group.users:
        users.append("the host itself")
    return Busy(
        f"the {what} of {session.where} is in use: {' and '.join(users)} at {group.name!r}",
        hint="stop the machines that are plugged in, or move them to another network",
    )


def check_free(session: Session, switch: Switch, known: list[Switch]) -> None:
    """See that no port group of a new switch is there already.

    Raises:
        AlreadyExists: One is.
    """
    taken = {group.name for each in known for group in (*each.groups, *each.taken)}
    for group in switch.groups:
        if group.name in taken:
            raise AlreadyExists(f"{session.where} has a port group {group.name!r} already")


def _changed(old: Group, new: Group) -> Group:
    """A port group with the rules of another; what that does not tell of is kept."""
    return dataclasses.replace(
        old, vlans=new.vlans, inbound=new.inbound, outbound=new.outbound, security=new.security
    )


def _by_name(switch: Switch) -> dict[str, Group]:
    return {each.name: each for each in switch.groups}


def _switch_spec(switch: Switch) -> HostVirtualSwitchSpec:
    """What a switch is made of; what is not said here stays as it was."""
    known = switch.spec or HostVirtualSwitchSpec(num_ports=_PORTS)
    bridge = known.bridge
    if switch.uplinks != _cards(known):
        bridge = HostVirtualSwitchBondBridge(nic_device=switch.uplinks) if switch.uplinks else None
    policy = replace(
        known.policy or HostNetworkPolicy(),
        security=_security_spec(switch.security),
        shaping_policy=_shaping_spec(switch.shaping),
        nic_teaming=known.policy.nic_teaming if known.policy and bridge is known.bridge else None,
    )
    return replace(known, bridge=bridge, policy=policy, mtu=switch.mtu)


def _cards(spec: HostVirtualSwitchSpec) -> tuple[str, ...]:
    return spec.bridge.nic_device if isinstance(spec.bridge, HostVirtualSwitchBondBridge) else ()


def _group_spec(switch: Switch, group: Group) -> HostPortGroupSpec:
    """What a port group is made of.

    Raises:
        ConfigError: It has several VLANs.
    """
    if len(group.vlans) > 1:
        raise ConfigError(
            f"port group {group.name!r} can have one VLAN",
            field="portgroup/vlan",
            hint="4095 lets the machines tag their traffic themselves",
        )
    policy = replace(
        group.policy,
        security=None if group.security is None else _security_spec(group.security),
        shaping_policy=None if group.inbound is None else _shaping_spec(group.inbound),
    )
    vlan = group.vlans[0] if group.vlans else 0
    return HostPortGroupSpec(name=group.name, vlan_id=vlan, vswitch_name=switch.name, policy=policy)


def _security_spec(rule: Security) -> HostNetworkSecurityPolicy:
    return HostNetworkSecurityPolicy(
        allow_promiscuous=rule.promiscuous,
        mac_changes=rule.mac_changes,
        forged_transmits=rule.forged_transmits,
    )


def _shaping_spec(shaping: Shaping | None) -> HostNetworkTrafficShapingPolicy:
    if shaping is None:
        return HostNetworkTrafficShapingPolicy(enabled=False)
    return HostNetworkTrafficShapingPolicy(
        enabled=True,
        average_bandwidth=shaping.average,
        peak_bandwidth=shaping.peak,
        burst_size=shaping.burst,
    )
