"""`HostInterfaceConfig`: a network interface of the host, libvirt's ``<interface>`` of netcf.

A guest's network interface is another thing: `aiovirt.config.Interface`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children
from aiovirt.config._document import Document
from aiovirt.config._forms import ANY_MAC, DEVICE_NAME, IPV4, shaped
from aiovirt.config._laws import Always, Apart, Needed, Only
from aiovirt.config._scalars import (
    Flag,
    Mac,
    Number,
    Switch,
    Text,
    flag,
    mac,
    number,
    on_off,
    text,
    yes_no,
)
from aiovirt.config._values import Ip, ip
from aiovirt.config._view import View
from aiovirt.errors import ConfigError, XMLError

__all__ = [
    "LINK_STATES",
    "BondPort",
    "BridgePort",
    "HostBond",
    "HostBridge",
    "HostInterfaceConfig",
    "HostIp",
    "HostProtocol",
    "HostVlan",
]

LINK_STATES = (
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
)
BOND_MODES = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
)
MAX_VLAN = 4095
_OWN = ("bridge", "bond", "vlan")
"""The types that have an element of their own."""

_IPV4_VERSION, _IPV4_BITS, _IPV6_BITS = 4, 32, 128
_DELAY = shaped(r"[0-9]+(\.[0-9]+)?", "seconds, such as 0 or 2.5")


class HostIp(View, tag="ip"):
    """An address of the interface."""

    address: Ip = ip("@address", required=True)
    prefix: Number = number("@prefix", high=_IPV6_BITS)


class HostProtocol(View, tag="protocol"):
    """The addresses of one family.

    Attributes:
        autoconf: Whether routers announce them (IPv6).
        dhcp: Whether a DHCP server gives them; that it does is said by `dhcp_peerdns` as well.
        dhcp_peerdns: Whether that server's name servers are used.
        gateway: The router.
    """

    family: Text = text("@family", known=("ipv4", "ipv6"), required=True)
    autoconf: Flag = flag("autoconf")
    dhcp: Flag = flag("dhcp")
    dhcp_peerdns: Switch = yes_no("dhcp/@peerdns")
    ips: Many[HostIp] = children("ip", HostIp)
    gateway: Ip = ip("route/@gateway", required=True)

    _laws_ = (Only(("ipv6",), ("autoconf",), by="family"),)

    def _rules_(self) -> Iterator[XMLError]:
        """The addresses are of the family."""
        version = {"ipv4": 4, "ipv6": 6}.get(self.family or "")
        gateway = self.gateway
        if gateway is not None and version not in {None, gateway.version}:
            yield HostProtocol.gateway.error(self, f"{gateway} is not of family {self.family}")
        for each in self.ips if version is not None else ():
            address = each.address
            if address is not None and address.version != version:
                yield HostIp.address.error(each, f"{address} is not of family {self.family}")
            if version == _IPV4_VERSION and (each.prefix or 0) > _IPV4_BITS:
                yield HostIp.prefix.error(each, f"prefix is {each.prefix}", expected="0 to 32")


class _Named(View):
    """What every interface of the host has, also below another one.

    Attributes:
        link_speed: In Mbit/s; said by the host, as is `link_state`.
    """

    name: Text = text("@name", form=DEVICE_NAME)
    mac: Mac = mac("mac/@address", form=ANY_MAC)
    link_speed: Number = number("link/@speed")
    link_state: Text = text("link/@state", known=LINK_STATES)


class BondPort(_Named, tag="interface"):
    """An Ethernet card below a bond."""

    type: Text = text("@type", known=("ethernet",), required=True)

    _laws_ = (Always(("name",)),)

    @classmethod
    def of(cls, name: str) -> Self:
        """The card `name`."""
        return cls(type="ethernet", name=name)


class HostVlan(View, tag="vlan"):
    """A VLAN on another interface."""

    tag: Number = number("@tag", high=MAX_VLAN, required=True)
    interface: Text = text("interface/@name", form=DEVICE_NAME)

    _laws_ = (Always(("interface",)),)


class HostBond(View, tag="bond"):
    """Several cards that act as one; either MII or ARP tells whether a card works.

    Attributes:
        miimon_freq: How often the cards' own word is asked for, in milliseconds.
        miimon_downdelay: How long a card that fails is still used, in milliseconds.
        miimon_updelay: How long a card that works again is not used yet, in milliseconds.
        arpmon_interval: How often `arpmon_target` is asked, in milliseconds.
        ports: The cards.
    """

    mode: Text = text("@mode", known=BOND_MODES)
    miimon_freq: Number = number("miimon/@freq", required=True)
    miimon_downdelay: Number = number("miimon/@downdelay")
    miimon_updelay: Number = number("miimon/@updelay")
    miimon_carrier: Text = text("miimon/@carrier", known=("ioctl", "netif"))
    arpmon_interval: Number = number("arpmon/@interval", required=True)
    arpmon_target: Ip = ip("arpmon/@target", form=IPV4, required=True)
    arpmon_validate: Text = text("arpmon/@validate", known=("none", "active", "backup", "all"))
    ports: Many[BondPort] = children("interface", BondPort)

    _laws_ = (
        Always(("ports",)),
        Apart(
            ("miimon_freq", "miimon_downdelay", "miimon_updelay", "miimon_carrier"),
            ("arpmon_interval", "arpmon_target", "arpmon_validate"),
        ),
    )


class BridgePort(_Named, tag="interface"):
    """An interface below a bridge."""

    type: Text = text("@type", known=("ethernet", "bond", "vlan"), required=True)
    bond: One[HostBond] = child("bond", HostBond)
    vlan: One[HostVlan] = child("vlan", HostVlan)

    _laws_ = (
        Needed(("ethernet", "bond"), ("name",)),
        Only(("ethernet",), ("mac",)),
        *(
            law
            for kind in ("bond", "vlan")
            for law in (Only((kind,), (kind,)), Needed((kind,), (kind,)))
        ),
    )

    @classmethod
    def of(cls, name: str) -> Self:
        """The Ethernet card `name`."""
        return cls(type="ethernet", name=name)


class HostBridge(View, tag="bridge"):
    """A bridge and what is below it.

    Attributes:
        delay: How long a new port waits before it forwards, in seconds.
    """

    stp: Switch = on_off("@stp")
    delay: Text = text("@delay", form=_DELAY)
    ports: Many[BridgePort] = children("interface", BridgePort)


class HostInterfaceConfig(_Named, Document, tag="interface"):
    """A network interface of the host.

    Attributes:
        start: When the host starts it.
        mtu: The largest packet, in bytes.
    """

    type: Text = text("@type", known=("ethernet", "bridge", "bond", "vlan"), required=True)
    start: Text = text("start/@mode", known=("onboot", "none", "hotplug"), required=True)
    mtu: Number = number("mtu/@size", required=True)
    protocols: Many[HostProtocol] = children("protocol", HostProtocol)
    bridge: One[HostBridge] = child("bridge", HostBridge)
    bond: One[HostBond] = child("bond", HostBond)
    vlan: One[HostVlan] = child("vlan", HostVlan)

    _laws_ = (
        Needed(("ethernet", "bridge", "bond"), ("name",)),
        Only(("ethernet",), ("mac",)),
        Only(("ethernet", "bond", "vlan"), ("link_speed", "link_state")),
        *(Only((kind,), (kind,)) for kind in _OWN),
        *(Needed((kind,), (kind,)) for kind in _OWN),
    )

    @classmethod
    def ethernet(cls, name: str, *, start: str = "onboot", dhcp: bool = True) -> Self:
        """A card of the host; with DHCP over IPv4, or without addresses."""
        return cls(type="ethernet", name=name, start=start, protocols=_protocols(dhcp=dhcp))

    @classmethod
    def on_ports(
        cls, name: str, ports: Iterable[str], *, start: str = "onboot", dhcp: bool = True
    ) -> Self:
        """A bridge with the cards `ports` below it."""
        bridge = HostBridge(ports=[BridgePort.of(port) for port in ports])
        return cls(
            type="bridge", name=name, start=start, bridge=bridge, protocols=_protocols(dhcp=dhcp)
        )

    @classmethod
    def bonded(
        cls,
        name: str,
        ports: Iterable[str],
        *,
        mode: str = "active-backup",
        start: str = "onboot",
        dhcp: bool = True,
    ) -> Self:
        """A bond of the cards `ports`, watched by MII ten times a second."""
        bond = HostBond(mode=mode, miimon_freq=100, ports=[BondPort.of(port) for port in ports])
        return cls(type="bond", name=name, start=start, bond=bond, protocols=_protocols(dhcp=dhcp))

    @classmethod
    def tagged(cls, interface: str, tag: int, *, start: str = "onboot", dhcp: bool = True) -> Self:
        """The VLAN `tag` on another interface, called ``interface.tag``."""
        return cls(
            type="vlan",
            name=f"{interface}.{tag}",
            start=start,
            vlan=HostVlan(tag=tag, interface=interface),
            protocols=_protocols(dhcp=dhcp),
        )

    def bridged(self, name: str, *, stp: bool = True, delay: str = "0") -> Self:
        """A bridge that has this interface below it, and its addresses.

        Args:
            name: The bridge's name.
            stp: Whether it speaks the spanning tree protocol.
            delay: How long a new port waits before it forwards, in seconds.
        """
        port = BridgePort(
            type=self.type, name=self.name, mac=self.mac, bond=self.bond, vlan=self.vlan
        )
        return type(self)(
            type="bridge",
            name=name,
            start=self.start,
            mtu=self.mtu,
            protocols=self.protocols,
            bridge=HostBridge(stp=stp, delay=delay, ports=[port]),
        )

    def unbridged(self) -> Self:
        """The one interface below this bridge, with the bridge's addresses.

        Raises:
            ConfigError: It is no bridge, or not exactly one interface is below it.
        """
        ports = list(self.bridge.ports) if self.bridge else []
        if len(ports) != 1:
            raise ConfigError(f"{self.name} is no bridge with exactly one interface below it")
        (port,) = ports
        return type(self)(
            type=port.type,
            name=port.name,
            start=self.start,
            mtu=self.mtu,
            mac=port.mac,
            protocols=self.protocols,
            bond=port.bond,
            vlan=port.vlan,
        )

    def _rules_(self) -> Iterator[XMLError]:
        """Each family stands there once."""
        yield from _rules.twins(
            self.protocols, lambda each: each.family, "the family", "another protocol"
        )


def _protocols(*, dhcp: bool) -> list[HostProtocol] | None:
    return [HostProtocol(family="ipv4", dhcp=True)] if dhcp else None
