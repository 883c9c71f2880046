"""Virtual switches as networks, with their port groups; physical cards as the host's interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import anyio

from aiovirt.config import NetworkConfig
from aiovirt.config.making import Element, make
from aiovirt.config.network import (
    ForwardInterface,
    NetworkBridge,
    NetworkForward,
    NetworkPortgroup,
)
from aiovirt.drivers.common.managed import FILTERS, choose
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.identities import switch_uuid
from aiovirt.errors import AlreadyExists, Busy, ConfigError, NotFound, Unsupported
from aiovirt.interfaces import Networks, refuse_flags
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord
from aiovirt.protocols.esxcli import split_list, unfit

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNetworksFlags, NetworkDefineFlags

__all__ = ["EsxNetworks"]

_SWITCH = ("network", "vswitch", "standard")
_MOST_NAME = 31
"""Characters of a switch's name (vSphere's configuration maximums)."""


@dataclass(frozen=True, slots=True)
class _PortGroup:
    """What machines are plugged into: its name, its VLAN (0 for none), and how many use it."""

    name: str
    vlan: int
    clients: int


@dataclass(frozen=True, slots=True)
class _Switch:
    """A virtual switch as lists of networks have it."""

    name: str
    mtu: int
    uplinks: Sequence[str]
    groups: Sequence[_PortGroup]
    active: bool = True
    persistent: bool = True
    autostart: bool = True

    @property
    def key(self) -> NetworkKey:
        """UUID and name."""
        return NetworkKey(switch_uuid(self.name), self.name)

    @property
    def record(self) -> NetworkRecord:
        """Its line of a listing."""
        return NetworkRecord(self.key, self.active, self.persistent, self.autostart)


class EsxNetworks(EsxAbility, Networks):
    """See `Networks`. A switch is there and active, or it is not there."""

    async def _all(self) -> list[_Switch]:
        what = "list its virtual switches"
        switches = await self.host.table(*_SWITCH, "list", what=what)
        groups = await self.host.table(*_SWITCH, "portgroup", "list", what=what)
        found = [_read(row, groups) for row in switches]
        return sorted(found, key=lambda each: each.name)

    async def _find(self, network: NetworkKey) -> _Switch:
        for each in await self._all():
            if each.key.uuid == network.uuid:
                return each
        raise NotFound(f"{self.host.where} has no virtual switch {network.name!r}")

    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllNetworksFlags | Literal[0] = 0,
    ) -> Sequence[NetworkKey]:
        """See `Networks.keys`."""
        refuse_flags(DRIVER, "Networks.keys", flags, FILTERS)
        asked = {"active": active, "persistent": persistent, "autostart": autostart}
        return [each.key for each in choose(await self._all(), flags=flags, **asked)]

    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """See `Networks.records`."""
        refuse_flags(DRIVER, "Networks.records", flags, FILTERS)
        return [each.record for each in choose(await self._all(), flags=flags)]

    async def record(self, network: NetworkKey) -> NetworkRecord:
        """See `Networks.record`."""
        return (await self._find(network)).record

    async def find_by_name(self, name: str) -> NetworkKey:
        """See `Networks.find_by_name`."""
        return (await self._find(NetworkKey(switch_uuid(name), name))).key

    async def find_by_uuid(self, uuid: UUID) -> NetworkKey:
        """See `Networks.find_by_uuid`."""
        return (await self._find(NetworkKey(uuid, str(uuid)))).key

    async def config(self, network: NetworkKey, *, inactive: bool = False) -> NetworkConfig:
        """See `Networks.config`: its cards as what it is forwarded by, and its port groups."""
        del inactive  # there is one configuration only
        found = await self._find(network)
        config = NetworkConfig(name=found.name, bridge=NetworkBridge(name=found.name))
        config.uuid = found.key.uuid
        config.mtu = found.mtu
        if found.uplinks:
            cards = [ForwardInterface(dev=card) for card in found.uplinks]
            config.forward = NetworkForward(mode="bridge", interfaces=cards)
        for group in found.groups:
            node_of(config).append(_described(group))
        return config

    async def bridge_name(self, network: NetworkKey) -> str:
        """See `Networks.bridge_name`: the switch itself."""
        return (await self._find(network)).name

    async def is_active(self, network: NetworkKey) -> bool:
        """See `Networks.is_active`: all are."""
        return (await self._find(network)).active

    async def is_persistent(self, network: NetworkKey) -> bool:
        """See `Networks.is_persistent`: all are."""
        return (await self._find(network)).persistent

    async def autostart(self, network: NetworkKey) -> bool:
        """See `Networks.autostart`: all do."""
        return (await self._find(network)).autostart

    # --- changing -----------------------------------------------------------------------------

    async def define(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkDefineFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks.define`: a new switch, with its cards and port groups; it is active.

        Raises:
            AlreadyExists: There is a switch, or a port group, of that name.
        """
        refuse_flags(DRIVER, "Networks.define", flags)
        if validate:
            raise Unsupported(DRIVER, "Networks.define", "checking against a grammar")
        switch = _wanted(config)
        known = await self._all()
        _check_free(switch, known, self.host.where)
        name = f"--vswitch-name={switch.name}"
        what = f"make virtual switch {switch.name!r}"
        await self.host.esxcli(*_SWITCH, "add", name, what=what)
        try:
            await self._furnish(switch, name, what)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.host.esxcli(*_SWITCH, "remove", name, what=f"undo: {what}")
            raise
        return switch.key

    async def _furnish(self, switch: _Switch, name: str, what: str) -> None:
        """Give a new switch what it shall have."""
        if switch.mtu:
            await self.host.esxcli(*_SWITCH, "set", name, f"--mtu={switch.mtu}", what=what)
        for card in switch.uplinks:
            words = ("uplink", "add", name, f"--uplink-name={card}")
            await self.host.esxcli(*_SWITCH, *words, what=what)
        for group in switch.groups:
            words = ("portgroup", "add", name, f"--portgroup-name={group.name}")
            await self.host.esxcli(*_SWITCH, *words, what=what)
            if group.vlan:
                tag = (f"--portgroup-name={group.name}", f"--vlan-id={group.vlan}")
                await self.host.esxcli(*_SWITCH, "portgroup", "set", *tag, what=what)

    async def undefine(self, network: NetworkKey) -> None:
        """See `Networks.undefine`: the switch goes with its port groups.

        Raises:
            Busy: Machines, or the host itself, are plugged into it.
        """
        found = await self._find(network)
        used = [group.name for group in found.groups if group.clients]
        if used:
            raise Busy(
                f"the virtual switch {found.name!r} of {self.host.where} is in use: "
                f"by port group {', '.join(used)}",
                hint="stop the machines that are plugged into it",
            )
        words = ("remove", f"--vswitch-name={found.name}")
        await self.host.esxcli(*_SWITCH, *words, what=f"remove virtual switch {found.name!r}")


def _read(row: Mapping[str, str], groups: Iterable[Mapping[str, str]]) -> _Switch:
    name = row["Name"]
    return _Switch(
        name,
        int(row["MTU"]),
        split_list(row["Uplinks"]),
        [
            _PortGroup(each["Name"], int(each["VLANID"]), int(each["ActiveClients"]))
            for each in groups
            if each["VirtualSwitch"] == name
        ],
    )


def _described(group: _PortGroup) -> Element:
    """A port group as an element: libvirt's grammar allows no spaces in its name, ESX does."""
    vlan = make("vlan", make("tag", id=group.vlan)) if group.vlan else None
    return make("portgroup", vlan, name=group.name)


def _wanted(config: NetworkConfig) -> _Switch:
    """The switch that a configuration asks for.

    Raises:
        ConfigError: A switch cannot be so.
    """
    name = config.name or ""
    why = unfit(name, most=_MOST_NAME, forbidden="/\\#,")
    if why is not None:
        raise ConfigError(f"no virtual switch can be called {name!r}: {why}", field="name")
    _check_kind(config, name)
    cards = [each.dev for each in config.forward.interfaces if each.dev]
    groups = [_PortGroup(_group_name(each), _tag(each), 0) for each in config.portgroups]
    return _Switch(name, config.mtu or 0, cards, groups)


def _check_kind(config: NetworkConfig, name: str) -> None:
    if config.uuid not in {None, switch_uuid(name)}:
        raise ConfigError(
            "the UUID of a virtual switch comes from its name", field="uuid", hint="leave it out"
        )
    if config.ips or config.domain or config.mode not in {None, "bridge"}:
        raise ConfigError(
            "a virtual switch has no addresses and translates none",
            field="forward",
            hint="use <forward mode='bridge'><interface dev='vmnic1'/></forward>",
        )


def _group_name(group: NetworkPortgroup) -> str:
    name = group.name or ""
    why = unfit(name)
    if why is not None:
        raise ConfigError(f"no port group can be called {name!r}: {why}", field="portgroup/name")
    return name


def _tag(group: NetworkPortgroup) -> int:
    tags = [each.id for each in group.vlan.tags]
    if len(tags) > 1:
        raise ConfigError(f"port group {group.name!r} can have one VLAN", field="portgroup/vlan")
    return (tags[0] or 0) if tags else 0


def _check_free(switch: _Switch, known: Sequence[_Switch], where: str) -> None:
    if switch.name in {each.name for each in known}:
        raise AlreadyExists(f"{where} has a virtual switch {switch.name!r} already")
    taken = {group.name for each in known for group in each.groups}
    twice = sorted(taken & {group.name for group in switch.groups})
    if twice:
        raise AlreadyExists(f"{where} has a port group {twice[0]!r} already")
