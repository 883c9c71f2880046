"""The virtual networks of the in-memory host: what there is, and who is plugged in. State only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from aiovirt.config import NetworkConfig, NetworkPortConfig
from aiovirt.config.network import NetworkBridge, NetworkIp
from aiovirt.drivers.common.managed import Managed
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.errors import AlreadyExists, InvalidState
from aiovirt.model.constants import NetworkEventLifecycleType
from aiovirt.model.events import NetworkLifecycleEvent
from aiovirt.model.keys import NetworkKey, NetworkPortKey
from aiovirt.model.network import AddressFamily, DhcpLease

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = ["LEASE_S", "MemoryNetwork", "NetworkRoom"]

LEASE_S = 3600
"""How long an address is leased where the network does not say (dnsmasq's own default)."""

_BRIDGED = (None, "nat", "route", "open")
"""The modes in which the host makes a bridge of its own."""

_FAMILIES = {IPv4Address: AddressFamily.IPV4, IPv6Address: AddressFamily.IPV6}


@dataclass(eq=False)
class MemoryNetwork(Managed[NetworkConfig]):
    """One network.

    Attributes:
        ports: What is plugged in, while it runs.
        leases: The addresses that were given away, by the guest's MAC address.
    """

    ports: dict[UUID, NetworkPortConfig] = field(default_factory=dict)
    leases: dict[str, DhcpLease] = field(default_factory=dict)

    @property
    def key(self) -> NetworkKey:
        """UUID and name."""
        return NetworkKey(self.uuid, self.name)

    def shown(self, *, inactive: bool = False) -> NetworkConfig:
        """A copy of the configuration; a live one says how many are plugged in, as libvirt does."""
        config = self.current(inactive=inactive).copy()
        if self.live is not None and not inactive and self.ports:
            config.connections = len(self.ports)
        return config


class NetworkRoom:
    """The networks of one host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf: Shelf[MemoryNetwork] = Shelf("network")

    def of(self, key: NetworkKey) -> MemoryNetwork:
        """The network of a key.

        Raises:
            NotFound: It is not there.
        """
        return self.shelf.by_uuid(key.uuid, key.name)

    def tell(self, network: MemoryNetwork, kind: NetworkEventLifecycleType) -> None:
        """Publish that something happened to it."""
        event = NetworkLifecycleEvent(time=self.world.now(), network=network.key, kind=kind)
        self.world.publish(event)

    # --- coming and going -----------------------------------------------------------------------

    def add(
        self, config: NetworkConfig, *, active: bool = True, persistent: bool = True
    ) -> MemoryNetwork:
        """Put a network there as it is: of the host from the beginning. Nobody is told."""
        network = self._put(config)
        network.definition = config.copy() if persistent else None
        network.live = config.copy() if active else None
        return network

    def define(self, config: NetworkConfig) -> MemoryNetwork:
        """See `Networks.define`."""
        given, there = self._placed(config)
        network = there or self._put(given)
        network.definition = given
        self.tell(network, NetworkEventLifecycleType.DEFINED)
        return network

    def create(self, config: NetworkConfig) -> MemoryNetwork:
        """See `Networks.create`."""
        given, there = self._placed(config)
        if there is not None and there.active:
            raise AlreadyExists(f"network {there.name!r} is active already")
        network = there or self._put(given)
        network.live = given
        self.tell(network, NetworkEventLifecycleType.STARTED)
        return network

    def undefine(self, network: MemoryNetwork) -> None:
        """See `Networks.undefine`."""
        network.check_persistent()
        network.definition, network.autostart = None, False
        if not network.active:
            self.shelf.remove(network)
        self.tell(network, NetworkEventLifecycleType.UNDEFINED)

    def start(self, network: MemoryNetwork) -> None:
        """See `Networks.start`."""
        network.check_inactive()
        network.live = network.check_persistent().copy()
        self.tell(network, NetworkEventLifecycleType.STARTED)

    def destroy(self, network: MemoryNetwork) -> None:
        """See `Networks.destroy`."""
        network.check_active()
        network.live = None
        network.ports.clear()
        network.leases.clear()
        if not network.persistent:
            self.shelf.remove(network)
        self.tell(network, NetworkEventLifecycleType.STOPPED)

    def _put(self, config: NetworkConfig) -> MemoryNetwork:
        """A new one, on the shelf."""
        uuid = config.uuid or self.world.new_uuid()
        network = MemoryNetwork("network", config.name or "", uuid)
        self.shelf.add(network)
        return network

    def _placed(self, config: NetworkConfig) -> tuple[NetworkConfig, MemoryNetwork | None]:
        """The configuration, completed, and the network that is there already.

        Raises:
            AlreadyExists: Name, UUID or bridge belong to another.
        """
        given = self._completed(config)
        there = self.shelf.existing(given.uuid, given.name or "")
        self._check_bridge(given, there)
        return given, there

    def _completed(self, config: NetworkConfig) -> NetworkConfig:
        """A copy, with what libvirt adds: UUID, bridge, MAC address."""
        given = config.copy()
        if given.uuid is None:
            given.uuid = self.world.new_uuid()
        if given.mode in _BRIDGED:
            self._complete_bridge(given)
        return given

    def _complete_bridge(self, config: NetworkConfig) -> None:
        there = self.shelf.find(config.name or "")
        former = there.current().bridge.name if there is not None else None
        if not config.bridge:
            config.bridge = NetworkBridge()
        bridge = config.bridge
        if bridge.name is None:
            bridge.name = former or self._free_bridge()
        if bridge.stp is None:
            bridge.stp = True
        if bridge.delay is None:
            bridge.delay = 0
        if config.mac is None and config.uuid is not None:
            config.mac = "52:54:00:" + config.uuid.bytes[:3].hex(":")

    def _free_bridge(self) -> str:
        taken = {name for name, _ in self._bridges()}
        return next(name for name in map("virbr{}".format, count()) if name not in taken)

    def _bridges(self) -> Iterator[tuple[str, MemoryNetwork]]:
        for network in self.shelf:
            for config in (network.live, network.definition):
                if config is not None and config.mode in _BRIDGED and config.bridge.name:
                    yield config.bridge.name, network

    def _check_bridge(self, config: NetworkConfig, own: MemoryNetwork | None) -> None:
        for name, network in self._bridges() if config.mode in _BRIDGED else ():
            if network is not own and name == config.bridge.name:
                raise AlreadyExists(f"network {network.name!r} already exists with bridge {name!r}")

    # --- who is plugged in ----------------------------------------------------------------------

    def add_port(
        self, network: MemoryNetwork, config: NetworkPortConfig, *, reclaim: bool = False
    ) -> NetworkPortKey:
        """Plug something in; what is to be reclaimed may be plugged in already.

        Raises:
            InvalidState: The network does not run.
            AlreadyExists: A port has its UUID.
        """
        network.check_active()
        uuid = config.uuid or self.world.new_uuid()
        if uuid in network.ports and not reclaim:
            raise AlreadyExists(f"network {network.name!r} has a port {uuid} already")
        given = network.ports[uuid] = config.copy()
        given.uuid = uuid
        return NetworkPortKey(network.key, uuid)

    def lease(
        self, network: MemoryNetwork, mac: str, hostname: str | None = None
    ) -> DhcpLease | None:
        """Give a guest an address, the one that it has or that is kept for it, or a free one.

        Returns:
            The lease; None where the network has no DHCP server, or no address is left.

        Raises:
            InvalidState: The network does not run.
        """
        live = network.check_active()
        known = network.leases.get(mac)
        if known is not None:
            return known
        taken = {lease.address for lease in network.leases.values()}
        for each in live.ips:
            address = _address(each, mac, taken)
            if address is not None:
                made = self._lease(live, each, address, mac, hostname)
                network.leases[mac] = made
                return made
        return None

    def _lease(
        self,
        live: NetworkConfig,
        at: NetworkIp,
        address: IPv4Address | IPv6Address,
        mac: str,
        hostname: str | None,
    ) -> DhcpLease:
        interface = at.interface
        term = next((each.lease for each in at.ranges if each.lease), None)
        expires = int(self.world.now()) + int(term.total_seconds() if term else LEASE_S)
        return DhcpLease(
            interface=live.bridge.name or "",
            expires_s=expires,
            family=_FAMILIES[type(address)],
            address=str(address),
            prefix=interface.network.prefixlen if interface else address.max_prefixlen,
            mac=mac,
            hostname=hostname,
            client_id=f"01:{mac}",
        )

    def release(self, mac: str) -> None:
        """Unplug a guest's interface from all networks: its ports and its leases go."""
        for network in self.shelf:
            network.leases.pop(mac, None)
            for uuid in [uuid for uuid, port in network.ports.items() if str(port.mac) == mac]:
                del network.ports[uuid]

    def active_by_name(self, name: str) -> MemoryNetwork:
        """The network that a guest is to be plugged into.

        Raises:
            NotFound: There is none.
            InvalidState: It does not run.
        """
        network = self.shelf.by_name(name)
        if not network.active:
            raise InvalidState(f"network {name!r} is not active")
        return network


def _address(at: NetworkIp, mac: str, taken: set[str]) -> IPv4Address | IPv6Address | None:
    """The address of a subnet that a guest gets, or None."""
    kept = {str(host.mac): host.ip for host in at.hosts if host.ip is not None}
    if mac in kept:
        return kept[mac]
    taken = taken | {str(address) for address in kept.values()}
    for each in at.ranges:
        if each.start is None or each.end is None:
            continue
        for number in range(int(each.start), int(each.end) + 1):
            found = type(each.start)(number)
            if str(found) not in taken:
                return found
    return None
