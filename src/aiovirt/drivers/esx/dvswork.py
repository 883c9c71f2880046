"""Changing port groups of distributed switches: made, changed, removed; the switches stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.switches import ALL_VLANS, Group, Shaping, Switch
from aiovirt.errors import NotFound
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import DistributedVirtualPortgroupPortgroupType
from aiovirt.protocols.vsphere.tables.inventory_methods import DESTROY_TASK
from aiovirt.protocols.vsphere.tables.networks import (
    BoolPolicy,
    DVPortgroupConfigInfo,
    DVPortgroupConfigSpec,
    DVSTrafficShapingPolicy,
    LongPolicy,
    NumericRange,
    VmwareDistributedVirtualSwitchTrunkVlanSpec,
    VmwareDistributedVirtualSwitchVlanIdSpec,
    VmwareDistributedVirtualSwitchVlanSpec,
    VMwareDVSPortSetting,
)
from aiovirt.protocols.vsphere.tables.networks_methods import (
    ADD_DV_PORTGROUP_TASK,
    RECONFIGURE_DV_PORTGROUP_TASK,
    AddDVPortgroupTaskArgs,
    ReconfigureDVPortgroupTaskArgs,
)

__all__ = ["DistributedWork"]

_PORTS: Final = 8
"""Ports of a new port group, which gets more when they are needed."""


class DistributedWork:
    """Changes the port groups of one distributed switch.

    Args:
        session: The connection.
        switch: The switch.
    """

    def __init__(self, session: Session, switch: Ref) -> None:
        self._session = session
        self._switch = switch

    async def add_group(self, switch: Switch, group: Group) -> None:
        """Make a port group.

        Raises:
            AlreadyExists: Something in the datacenter has that name.
        """
        spec = DVPortgroupConfigSpec(
            name=group.name,
            num_ports=_PORTS,
            type=DistributedVirtualPortgroupPortgroupType.EARLY_BINDING,
            auto_expand=True,
            default_port_config=_setting(VMwareDVSPortSetting(), group),
        )
        what = f"make port group {group.name!r} of {switch.name!r}"
        args = AddDVPortgroupTaskArgs(spec=(spec,))
        await self._session.run(ADD_DV_PORTGROUP_TASK, self._switch, args, what=what)

    async def change_group(self, switch: Switch, group: Group) -> None:
        """Let a port group have these VLANs and limits.

        Raises:
            Busy: Somebody else changes it, too.
        """
        ref, config = await self._find(switch, group.name)
        known = config.default_port_config
        setting = known if isinstance(known, VMwareDVSPortSetting) else VMwareDVSPortSetting()
        spec = DVPortgroupConfigSpec(
            config_version=config.config_version,
            name=group.name,
            default_port_config=_setting(setting, group),
        )
        what = f"change port group {group.name!r} of {switch.name!r}"
        args = ReconfigureDVPortgroupTaskArgs(spec=spec)
        await self._session.run(RECONFIGURE_DV_PORTGROUP_TASK, ref, args, what=what)

    async def remove_group(self, switch: Switch, group: Group) -> None:
        """Remove a port group.

        Raises:
            Busy: Something is plugged in.
        """
        ref, _ = await self._find(switch, group.name)
        what = f"remove port group {group.name!r} of {switch.name!r}"
        await self._session.run(DESTROY_TASK, ref, what=what)

    async def _find(self, switch: Switch, name: str) -> tuple[Ref, DVPortgroupConfigInfo]:
        known = await self._session.get(self._switch, "portgroup", what="list its port groups")
        refs: tuple[Ref, ...] = known.get("portgroup") or ()
        found = await self._session.get_many(refs, ["config"], what="list its port groups")
        for ref, told in found.items():
            config = told.get("config")
            if isinstance(config, DVPortgroupConfigInfo) and config.name == name:
                return ref, config
        raise NotFound(f"virtual switch {switch.name!r} has no port group {name!r}")


def _setting(known: VMwareDVSPortSetting, group: Group) -> VMwareDVSPortSetting:
    return replace(
        known,
        vlan=_vlan(group.vlans),
        in_shaping_policy=_shaping(group.inbound),
        out_shaping_policy=_shaping(group.outbound),
    )


def _vlan(tags: tuple[int, ...]) -> VmwareDistributedVirtualSwitchVlanSpec:
    if ALL_VLANS in tags:
        everything = (NumericRange(start=0, end=ALL_VLANS - 1),)
        return VmwareDistributedVirtualSwitchTrunkVlanSpec(inherited=False, vlan_id=everything)
    if len(tags) > 1:
        return VmwareDistributedVirtualSwitchTrunkVlanSpec(
            inherited=False, vlan_id=tuple(_ranges(sorted(set(tags))))
        )
    tag = tags[0] if tags else 0
    return VmwareDistributedVirtualSwitchVlanIdSpec(inherited=False, vlan_id=tag)


def _ranges(tags: Iterable[int]) -> Iterator[NumericRange]:
    """VLANs that follow each other, together."""
    first = last = -1
    for tag in tags:
        if tag != last + 1 or first < 0:
            if first >= 0:
                yield NumericRange(start=first, end=last)
            first = tag
        last = tag
    if first >= 0:
        yield NumericRange(start=first, end=last)


def _shaping(shaping: Shaping | None) -> DVSTrafficShapingPolicy:
    if shaping is None:
        off = BoolPolicy(inherited=False, value=False)
        return DVSTrafficShapingPolicy(inherited=False, enabled=off)
    return DVSTrafficShapingPolicy(
        inherited=False,
        enabled=BoolPolicy(inherited=False, value=True),
        average_bandwidth=LongPolicy(inherited=False, value=shaping.average),
        peak_bandwidth=LongPolicy(inherited=False, value=shaping.peak or shaping.average),
        burst_size=LongPolicy(inherited=False, value=shaping.burst),
    )
