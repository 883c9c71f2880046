"""`Networks` and `NetworkPorts` of the in-memory host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import NetworkConfig, NetworkPortConfig
from aiovirt.config.network import Bandwidth, BandwidthLimit
from aiovirt.drivers.common.managed import choose
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER, checked
from aiovirt.drivers.test.resources.metadata import read_metadata, write_metadata
from aiovirt.drivers.test.resources.networks import MemoryNetwork, NetworkRoom
from aiovirt.drivers.test.resources.updates import update
from aiovirt.errors import CallerError, ConfigError, NotFound
from aiovirt.interfaces import NetworkPorts, Networks, refuse_flags
from aiovirt.interfaces.ability import immediate
from aiovirt.model.constants import (
    ConnectListAllNetworksFlags,
    NetworkUpdateFlags,
)
from aiovirt.model.events import NetworkMetadataChangeEvent
from aiovirt.model.keys import NetworkKey, NetworkPortKey
from aiovirt.model.network import DhcpLease, NetworkRecord
from aiovirt.model.params import ParamValue, TypedParams, plain

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import (
        NetworkCreateFlags,
        NetworkDefineFlags,
        NetworkMetadataType,
        NetworkPortCreateFlags,
        NetworkUpdateCommand,
        NetworkUpdateSection,
    )

__all__ = ["TestNetworkPorts", "TestNetworks"]

_LIMITS = ("average", "peak", "floor", "burst")


class TestNetworks(TestAbility, Networks):
    """See `aiovirt.interfaces.Networks`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(NetworkRoom)

    async def define(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkDefineFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks`."""
        given = await checked("Networks.define", config, validate=validate, flags=flags)
        return self.room.define(given).key

    async def create(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkCreateFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks`."""
        given = await checked("Networks.create", config, validate=validate, flags=flags)
        return self.room.create(given).key

    async def undefine(self, network: NetworkKey) -> None:
        """See `Networks`."""
        self.room.undefine(self.room.of(network))

    async def start(self, network: NetworkKey) -> None:
        """See `Networks`."""
        self.room.start(self.room.of(network))

    async def destroy(self, network: NetworkKey) -> None:
        """See `Networks`."""
        self.room.destroy(self.room.of(network))

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllNetworksFlags | Literal[0] = 0,
    ) -> Sequence[NetworkKey]:
        """See `Networks`."""
        refuse_flags(DRIVER, "Networks.keys", flags)
        found = choose(self.room.shelf, active=active, persistent=persistent, autostart=autostart)
        return [network.key for network in found]

    @immediate
    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """See `Networks`."""
        return [_record(network) for network in choose(self.room.shelf, flags=flags)]

    @immediate
    async def record(self, network: NetworkKey) -> NetworkRecord:
        """See `Networks`."""
        return _record(self.room.of(network))

    @immediate
    async def find_by_name(self, name: str) -> NetworkKey:
        """See `Networks`."""
        return self.room.shelf.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> NetworkKey:
        """See `Networks`."""
        return self.room.shelf.by_uuid(uuid).key

    @immediate
    async def config(self, network: NetworkKey, *, inactive: bool = False) -> NetworkConfig:
        """See `Networks`."""
        return self.room.of(network).shown(inactive=inactive)

    @immediate
    async def bridge_name(self, network: NetworkKey) -> str:
        """See `Networks`."""
        found = self.room.of(network)
        name = found.current().bridge.name
        if name is None:
            raise NotFound(f"network {found.name!r} has no bridge")
        return name

    @immediate
    async def is_active(self, network: NetworkKey) -> bool:
        """See `Networks`."""
        return self.room.of(network).active

    @immediate
    async def is_persistent(self, network: NetworkKey) -> bool:
        """See `Networks`."""
        return self.room.of(network).persistent

    @immediate
    async def autostart(self, network: NetworkKey) -> bool:
        """See `Networks`."""
        return self.room.of(network).autostart

    async def set_autostart(self, network: NetworkKey, *, autostart: bool) -> None:
        """See `Networks`."""
        found = self.room.of(network)
        found.check_persistent()
        found.autostart = autostart

    async def update(
        self,
        network: NetworkKey,
        command: NetworkUpdateCommand,
        section: NetworkUpdateSection,
        xml: str,
        *,
        parent_index: int = -1,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """See `Networks`."""
        _change(
            self.room.of(network),
            flags,
            lambda config: update(config, command, section, xml, parent_index),
        )

    @immediate
    async def leases(self, network: NetworkKey, *, mac: str | None = None) -> Sequence[DhcpLease]:
        """See `Networks`."""
        leases = self.room.of(network).leases.values()
        return [lease for lease in leases if mac is None or lease.mac == mac.lower()]

    @immediate
    async def metadata(
        self,
        network: NetworkKey,
        kind: NetworkMetadataType,
        uri: str | None = None,
        *,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> str:
        """See `Networks`."""
        found = self.room.of(network)
        live, definition = _affected(found, flags)
        text = read_metadata(found.current(inactive=definition and not live), kind, uri)
        if text is None:
            raise NotFound(f"network {found.name!r} has no such metadata")
        return text

    async def set_metadata(
        self,
        network: NetworkKey,
        kind: NetworkMetadataType,
        metadata: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """See `Networks`."""
        found = self.room.of(network)
        _change(found, flags, lambda config: write_metadata(config, kind, metadata, key, uri))
        event = NetworkMetadataChangeEvent(
            time=self.world.now(), network=found.key, type=int(kind), uri=uri
        )
        self.world.publish(event)


def _record(network: MemoryNetwork) -> NetworkRecord:
    return NetworkRecord(network.key, network.active, network.persistent, network.autostart)


def _affected(network: MemoryNetwork, flags: int) -> tuple[bool, bool]:
    """Whether the live configuration and the definition are meant.

    Raises:
        InvalidState: The network lacks what is meant.
    """
    live, definition = (
        bool(flags & NetworkUpdateFlags.AFFECT_LIVE),
        bool(flags & NetworkUpdateFlags.AFFECT_CONFIG),
    )
    if not live and not definition:
        live, definition = network.active, not network.active
    if live:
        network.check_active()
    if definition:
        network.check_persistent()
    return live, definition


def _change(
    network: MemoryNetwork, flags: int, change: Callable[[NetworkConfig], NetworkConfig]
) -> None:
    """Change what the flags mean: both or, when one of them is refused, none."""
    live, definition = _affected(network, flags)
    new_live = change(network.check_active()) if live else network.live
    new_definition = change(network.check_persistent()) if definition else network.definition
    network.live, network.definition = new_live, new_definition


class TestNetworkPorts(TestAbility, NetworkPorts):
    """See `aiovirt.interfaces.NetworkPorts`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(NetworkRoom)

    @immediate
    async def keys(self, network: NetworkKey) -> Sequence[NetworkPortKey]:
        """See `NetworkPorts`."""
        found = self.room.of(network)
        return [NetworkPortKey(found.key, uuid) for uuid in found.ports]

    @immediate
    async def find(self, network: NetworkKey, uuid: UUID) -> NetworkPortKey:
        """See `NetworkPorts`."""
        key = NetworkPortKey(network, uuid)
        self._of(key)
        return key

    async def create(
        self,
        network: NetworkKey,
        config: NetworkPortConfig,
        *,
        reclaim: bool = False,
        validate: bool = False,
        flags: NetworkPortCreateFlags | Literal[0] = 0,
    ) -> NetworkPortKey:
        """See `NetworkPorts`."""
        whole = config.copy()
        if whole.uuid is None:
            whole.uuid = self.world.new_uuid()
        given = await checked("NetworkPorts.create", whole, validate=validate, flags=flags)
        return self.room.add_port(self.room.of(network), given, reclaim=reclaim)

    @immediate
    async def config(self, port: NetworkPortKey) -> NetworkPortConfig:
        """See `NetworkPorts`."""
        return self._of(port).copy()

    @immediate
    async def parameters(self, port: NetworkPortKey) -> Mapping[str, ParamValue]:
        """See `NetworkPorts`."""
        found: dict[str, ParamValue] = {}
        for way, limits in _ways(self._of(port).bandwidth).items():
            for name in _LIMITS:
                value = getattr(limits, name)
                if value is not None:
                    found[f"{way}.{name}"] = value
        return found

    async def set_parameters(self, port: NetworkPortKey, parameters: TypedParams) -> None:
        """See `NetworkPorts`."""
        changed = self._of(port).copy()
        ways = _ways(changed.bandwidth)
        for parameter, given in parameters.items():
            way, _, name = parameter.partition(".")
            if way not in ways or name not in _LIMITS:
                raise ConfigError(f"a port has no limit {parameter!r}", field=parameter)
            value = plain(given)
            if not isinstance(value, int):
                raise CallerError(f"{parameter} is a whole number, not {value!r}")
            setattr(ways[way], name, value or None)
        changed.check()
        self._network(port).ports[port.uuid] = changed

    async def delete(self, port: NetworkPortKey) -> None:
        """See `NetworkPorts`."""
        self._of(port)
        del self._network(port).ports[port.uuid]

    def _network(self, port: NetworkPortKey) -> MemoryNetwork:
        return self.room.of(port.network)

    def _of(self, port: NetworkPortKey) -> NetworkPortConfig:
        found = self._network(port).ports.get(port.uuid)
        if found is None:
            raise NotFound(f"network {port.network.name!r} has no port {port.uuid}")
        return found


def _ways(bandwidth: Bandwidth) -> dict[str, BandwidthLimit]:
    return {"inbound": bandwidth.inbound, "outbound": bandwidth.outbound}
