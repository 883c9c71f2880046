"""`NetworkConfig`: the configuration of a virtual network, libvirt's ``<network>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children, via
from aiovirt.config._codecs import MAX_UINT16, MAX_UINT64
from aiovirt.config._document import Document
from aiovirt.config._forms import DEVICE_NAME, DNS_NAME, IPV4, MODEL_WORD
from aiovirt.config._laws import Apart, Only
from aiovirt.config._scalars import (
    Mac,
    Number,
    Switch,
    Text,
    Uuid,
    Words,
    mac,
    number,
    on_off,
    text,
    uuid,
    words,
    yes_no,
)
from aiovirt.config._values import Ip, ip
from aiovirt.config._view import View
from aiovirt.config.metadata import Metadata
from aiovirt.config.network.address import NetworkIp
from aiovirt.config.network.dns import NetworkDns
from aiovirt.config.shared.pci import PciPlace
from aiovirt.config.shared.routes import NetworkRoute
from aiovirt.config.shared.traffic import Bandwidth, VirtualPort, Vlan
from aiovirt.errors import XMLError
from aiovirt.model.addresses import PciAddress

__all__ = [
    "MAC_TABLE_MANAGERS",
    "ForwardAddress",
    "ForwardInterface",
    "NetworkBridge",
    "NetworkConfig",
    "NetworkForward",
    "NetworkNat",
    "NetworkPortgroup",
]

FORWARD_MODES = ("nat", "route", "open", "bridge", "passthrough", "private", "vepa", "hostdev")
MAC_TABLE_MANAGERS = ("kernel", "libvirt")


class NetworkBridge(View, tag="bridge"):
    """The bridge of the host that the network is.

    Attributes:
        zone: The firewalld zone that it is put into.
        delay: How long a new port waits before it forwards, in seconds.
        mac_table_manager: Who keeps the table of MAC addresses.
    """

    name: Text = text("@name", form=DEVICE_NAME)
    zone: Text = text("@zone", form=MODEL_WORD)
    stp: Switch = on_off("@stp")
    delay: Number = number("@delay", high=MAX_UINT64)
    mac_table_manager: Text = text("@macTableManager", known=MAC_TABLE_MANAGERS)


class ForwardInterface(View, tag="interface"):
    """A device of the host that guests are connected by."""

    dev: Text = text("@dev", form=DEVICE_NAME, required=True)
    connections: Number = number("@connections")


class ForwardAddress(PciPlace, tag="address"):
    """A virtual function of an SR-IOV card that a guest may be given."""

    type: Text = text("@type", known=("pci",), required=True)
    connections: Number = number("@connections")

    def _complete_(self) -> None:
        """It is on PCI."""
        self.type = "pci"


class NetworkNat(View, tag="nat"):
    """From which addresses and ports guests speak to the outside."""

    ipv6: Switch = yes_no("@ipv6")
    start: Ip = ip("address/@start", form=IPV4, required=True)
    end: Ip = ip("address/@end", form=IPV4, required=True)
    port_start: Number = number("port/@start", low=1, high=MAX_UINT16, required=True)
    port_end: Number = number("port/@end", low=1, high=MAX_UINT16, required=True)


class NetworkForward(View, tag="forward"):
    """How the network is connected to the outside; without it, it is isolated.

    Attributes:
        mode: ``nat`` when nothing is said.
        dev: The device of the host that traffic leaves by.
        pf: The SR-IOV card whose virtual functions guests are given.
        driver: Which driver has these functions: ``vfio`` or the old ``kvm``.
    """

    dev: Text = text("@dev", form=DEVICE_NAME)
    mode: Text = text("@mode", known=FORWARD_MODES)
    managed: Switch = yes_no("@managed")
    driver: Text = text("driver/@name", known=("kvm", "vfio"), required=True)
    pf: Text = text("pf/@dev", form=DEVICE_NAME, required=True)
    nat: One[NetworkNat] = child("nat", NetworkNat)
    interfaces: Many[ForwardInterface] = children("interface", ForwardInterface)
    addresses: Many[ForwardAddress] = children("address", ForwardAddress)

    _laws_ = (
        Apart(("interfaces",), ("addresses",)),
        Only(("nat",), ("nat",), by="mode", default="nat"),
    )


class NetworkPortgroup(View, tag="portgroup"):
    """A name under which guests get a certain bandwidth, VLAN or virtual port."""

    name: Text = text("@name", form=DEVICE_NAME, required=True)
    default: Switch = yes_no("@default")
    trust_guest_rx_filters: Switch = yes_no("@trustGuestRxFilters")
    virtualport: One[VirtualPort] = child("virtualport", VirtualPort)
    bandwidth: One[Bandwidth] = child("bandwidth", Bandwidth)
    vlan: One[Vlan] = child("vlan", Vlan)


class NetworkConfig(Document, tag="network"):
    """The configuration of a virtual network; `nat`, `isolated` and others make the usual ones.

    Attributes:
        connections: How many guests are connected; libvirt's own count.
        ipv6: Whether guests may speak IPv6 among each other where the network has no addresses.
        domain: The DNS domain of the guests.
        domain_local_only: Whether names of it are never asked for outside.
        mtu: The largest packet, in bytes.
        port_isolated: Whether guests can only reach the host, not each other.
        mode: How it is connected to the outside; see `forward`, which has more about it.
        dnsmasq_options: Lines that are handed to dnsmasq as they are.
    """

    _shown_ = ("name", "uuid", "bridge", "forward", "ips")

    connections: Number = number("@connections")
    ipv6: Switch = yes_no("@ipv6")
    trust_guest_rx_filters: Switch = yes_no("@trustGuestRxFilters")
    name: Text = text("name", required=True)
    uuid: Uuid = uuid("uuid")
    metadata: One[Metadata] = child("metadata", Metadata)
    forward: One[NetworkForward] = child("forward", NetworkForward)
    mode: Text = via("forward", NetworkForward.mode)
    bridge: One[NetworkBridge] = child("bridge", NetworkBridge)
    mtu: Number = number("mtu/@size", high=MAX_UINT16, required=True)
    mac: Mac = mac("mac/@address")
    domain: Text = text("domain/@name", form=DNS_NAME, required=True)
    domain_local_only: Switch = yes_no("domain/@localOnly")
    dns: One[NetworkDns] = child("dns", NetworkDns)
    vlan: One[Vlan] = child("vlan", Vlan)
    bandwidth: One[Bandwidth] = child("bandwidth", Bandwidth)
    port_isolated: Switch = yes_no("port/@isolated")
    ips: Many[NetworkIp] = children("ip", NetworkIp)
    routes: Many[NetworkRoute] = children("route", NetworkRoute)
    virtualport: One[VirtualPort] = child("virtualport", VirtualPort)
    portgroups: Many[NetworkPortgroup] = children("portgroup", NetworkPortgroup)
    dnsmasq_options: Words = words("dnsmasq:options/dnsmasq:option/@value")

    @classmethod
    def nat(cls, name: str, network: str, *, bridge: str | None = None, dhcp: bool = True) -> Self:
        """A network behind the host's address.

        Args:
            name: Its name.
            network: Its addresses, such as ``192.168.100.0/24``; the host has the first one.
            bridge: The bridge's name; None leaves it to the driver.
            dhcp: Whether guests are given addresses.

        Raises:
            ConfigError: It is no network, or too small.
        """
        config = cls._bridged(name, network, bridge, dhcp=dhcp, mode="nat")
        if any(each.family == "ipv6" for each in config.ips):
            config.forward.nat.ipv6 = True  # else libvirt routes IPv6
        return config

    @classmethod
    def routed(
        cls,
        name: str,
        network: str,
        *,
        bridge: str | None = None,
        dhcp: bool = True,
        dev: str | None = None,
    ) -> Self:
        """A network whose guests are reached under their own addresses, by way of the host.

        Args:
            name: Its name.
            network: Its addresses, as of `nat`.
            bridge: The bridge's name; None leaves it to the driver.
            dhcp: Whether guests are given addresses.
            dev: The device of the host that traffic leaves by; None allows any.

        Raises:
            ConfigError: It is no network, or too small.
        """
        config = cls._bridged(name, network, bridge, dhcp=dhcp, mode="route")
        config.forward.dev = dev
        return config

    @classmethod
    def isolated(
        cls,
        name: str,
        network: str | None = None,
        *,
        bridge: str | None = None,
        dhcp: bool = True,
    ) -> Self:
        """A network of guests among each other, with the host in it when addresses are given.

        Raises:
            ConfigError: It is no network, or too small.
        """
        return cls._bridged(name, network, bridge, dhcp=dhcp, mode=None)

    @classmethod
    def on_bridge(cls, name: str, bridge: str) -> Self:
        """A name for a bridge that the host has already."""
        return cls(
            name=name, forward=NetworkForward(mode="bridge"), bridge=NetworkBridge(name=bridge)
        )

    @classmethod
    def direct(cls, name: str, *devs: str, mode: str = "bridge") -> Self:
        """Guests directly on devices of the host, by macvtap.

        Args:
            name: Its name.
            devs: The devices.
            mode: ``bridge``, ``vepa``, ``private`` or ``passthrough``.
        """
        interfaces = [ForwardInterface(dev=dev) for dev in devs]
        return cls(name=name, forward=NetworkForward(mode=mode, interfaces=interfaces))

    @classmethod
    def hostdev(
        cls, name: str, pf: str | None = None, *, functions: tuple[PciAddress | str, ...] = ()
    ) -> Self:
        """Guests get virtual functions of an SR-IOV card as devices of their own.

        Args:
            name: Its name.
            pf: The card, by the name of its network device: any function of it.
            functions: The functions, one by one, such as ``0000:04:10.0``.
        """
        addresses = [ForwardAddress.of(each) for each in functions]
        forward = NetworkForward(mode="hostdev", managed=True, pf=pf, addresses=addresses)
        return cls(name=name, forward=forward)

    @classmethod
    def _bridged(
        cls, name: str, network: str | None, bridge: str | None, *, dhcp: bool, mode: str | None
    ) -> Self:
        return cls(
            name=name,
            forward=NetworkForward(mode=mode) if mode else None,
            bridge=NetworkBridge(name=bridge) if bridge else None,
            ips=None if network is None else [NetworkIp.of(network, dhcp=dhcp)],
        )

    def _rules_(self) -> Iterator[XMLError]:
        """What must hold between fields."""
        yield from _rules.naming(self.name, lambda *what: NetworkConfig.name.error(self, *what))
        yield from _rules.twins(self.portgroups, lambda each: each.name, "the name")
        defaults = [each for each in self.portgroups if each.default]
        for each in defaults[1:]:
            yield NetworkPortgroup.default.error(each, "there is a default port group already")
