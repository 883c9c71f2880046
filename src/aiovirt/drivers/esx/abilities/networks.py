"""Virtual switches as networks: a host's own, which can be changed, and distributed ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from aiovirt.config import NetworkConfig
from aiovirt.config.network import ForwardInterface, NetworkPortgroup
from aiovirt.drivers.common.managed import FILTERS, choose
from aiovirt.drivers.esx.datastores import uuid_of
from aiovirt.drivers.esx.dvswork import DistributedWork
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.switchdocs import describe, read_group, read_network
from aiovirt.drivers.esx.switches import (
    DEFAULT_MTU,
    Group,
    Switch,
    find_switch,
    list_switches,
    missing,
)
from aiovirt.drivers.esx.switchwork import SwitchWork, check_free, open_work
from aiovirt.errors import ConfigError, NotFound, Unsupported
from aiovirt.interfaces import Networks, refuse_flags
from aiovirt.model.constants import NetworkUpdateCommand as Command
from aiovirt.model.constants import NetworkUpdateFlags
from aiovirt.model.constants import NetworkUpdateSection as Section
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNetworksFlags, NetworkDefineFlags

__all__ = ["EsxNetworks"]

_ADDING: Final = (Command.ADD_FIRST, Command.ADD_LAST)
_BOTH: Final = NetworkUpdateFlags.AFFECT_LIVE | NetworkUpdateFlags.AFFECT_CONFIG


class EsxNetworks(EsxAbility, Networks):
    """See `Networks`. A switch is there and active, or it is not there."""

    async def _find(self, network: NetworkKey) -> Switch:
        switches = await list_switches(self.session)
        return find_switch(self.session, switches, network.name, network.uuid)

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
        found = choose(await list_switches(self.session), flags=flags, **asked)
        return [each.key for each in found]

    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """See `Networks.records`."""
        refuse_flags(DRIVER, "Networks.records", flags, FILTERS)
        return [each.record for each in choose(await list_switches(self.session), flags=flags)]

    async def record(self, network: NetworkKey) -> NetworkRecord:
        """See `Networks.record`."""
        return (await self._find(network)).record

    async def find_by_name(self, name: str) -> NetworkKey:
        """See `Networks.find_by_name`."""
        switches = await list_switches(self.session)
        for each in switches:
            if each.name == name:
                return each.key
        raise missing(self.session, switches, name)

    async def find_by_uuid(self, uuid: UUID) -> NetworkKey:
        """See `Networks.find_by_uuid`."""
        return (await self._find(NetworkKey(uuid, str(uuid)))).key

    async def config(self, network: NetworkKey, *, inactive: bool = False) -> NetworkConfig:
        """See `Networks.config`: its cards as what it is forwarded by, and its port groups."""
        del inactive  # there is one configuration only
        return describe(await self._find(network))

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

    async def set_autostart(self, network: NetworkKey, *, autostart: bool) -> None:
        """See `Networks.set_autostart`: all do, and none can be kept from it, as libvirt has it.

        Raises:
            Unsupported: It shall not start with the host.
        """
        await self._find(network)
        if not autostart:
            raise Unsupported(DRIVER, "a network that does not start with its host")

    # --- changing -------------------------------------------------------------------------------

    async def define(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkDefineFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks.define`: a host's own switch, new or changed; it is active.

        Port groups that are not told of any more go, but those of the host's own interfaces.

        Raises:
            AlreadyExists: Another switch has a port group of that name.
            Busy: A port group that would go is in use.
        """
        refuse_flags(DRIVER, "Networks.define", flags)
        if validate:
            raise Unsupported(DRIVER, "Networks.define", "checking against a grammar")
        work = await open_work(self.session, "have a virtual switch of its own")
        known = await list_switches(self.session)
        old = next((each for each in known if each.name == config.name), None)
        if old is None:
            new = read_network(config, _new(config.name or ""))
            check_free(self.session, new, known)
            await work.make(new)
        else:
            self._check_own(old, "Networks.define")
            new = read_network(config, old)
            check_free(self.session, new, [each for each in known if each is not old])
            await work.change(old, new)
        return await self.find_by_name(new.name)

    def _check_own(self, switch: Switch, operation: str) -> None:
        """See that a switch is one of a host.

        Raises:
            Unsupported: It is a distributed one.
        """
        if switch.distributed is not None:
            raise Unsupported(DRIVER, operation, "of distributed switches only port groups change")

    async def undefine(self, network: NetworkKey) -> None:
        """See `Networks.undefine`: the switch goes with its port groups.

        Raises:
            Busy: Machines, or the host itself, are plugged into it.
        """
        found = await self._find(network)
        self._check_own(found, "Networks.undefine")
        work = await open_work(self.session, "have a virtual switch of its own")
        await work.remove(found)

    async def update(
        self,
        network: NetworkKey,
        command: Command,
        section: Section,
        xml: str,
        *,
        parent_index: int = -1,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """See `Networks.update`: port groups, and cards of a host's own switch.

        What is changed stays, whatever `flags` say.
        """
        del parent_index  # neither has several parents
        refuse_flags(DRIVER, "Networks.update", flags, _BOTH)
        found = await self._find(network)
        if section is Section.PORTGROUP and found.distributed is not None:
            far = DistributedWork(self.session, found.distributed)
            await _update_group(far, found, command, xml)
            return
        self._check_own(found, "Networks.update")
        work = await open_work(self.session, "have a virtual switch of its own")
        change = {Section.PORTGROUP: _update_group, Section.FORWARD_INTERFACE: _update_card}
        if section not in change:
            raise Unsupported(DRIVER, "Networks.update", "of anything but port groups and cards")
        await change[section](work, found, command, xml)


def _new(name: str) -> Switch:
    """A switch that is not there yet."""
    key = NetworkKey(uuid_of(f"key-vim.host.VirtualSwitch-{name}"), name)
    return Switch(key, DEFAULT_MTU, (), ())


async def _update_group(
    work: SwitchWork | DistributedWork, switch: Switch, command: Command, xml: str
) -> None:
    distributed = switch.distributed is not None
    group = read_group(NetworkPortgroup.parse(xml), {}, distributed=distributed)
    known = {each.name: each for each in switch.groups}.get(group.name)
    if command in _ADDING:
        await work.add_group(switch, group)
        return
    if known is None:
        raise NotFound(f"virtual switch {switch.name!r} has no port group {group.name!r}")
    if command is Command.DELETE:
        await work.remove_group(switch, known)
        return
    await work.change_group(switch, _merged(known, group))


def _merged(known: Group, group: Group) -> Group:
    return dataclasses.replace(
        known, vlans=group.vlans, inbound=group.inbound, outbound=group.outbound
    )


async def _update_card(work: SwitchWork, switch: Switch, command: Command, xml: str) -> None:
    card = ForwardInterface.parse(xml).dev or ""
    cards = list(switch.uplinks)
    if command is Command.MODIFY:
        raise ConfigError("a card is added or deleted, not modified", field="command")
    if (command is Command.DELETE) != (card in cards):
        has = "no" if command is Command.DELETE else "already the"
        raise ConfigError(f"virtual switch {switch.name!r} has {has} card {card!r}", field="dev")
    if command is Command.DELETE:
        cards.remove(card)
    else:
        cards.insert(0 if command is Command.ADD_FIRST else len(cards), card)
    await work.update(dataclasses.replace(switch, uplinks=tuple(cards)))
