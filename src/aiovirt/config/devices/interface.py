"""Network interfaces."""

from __future__ import annotations

from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._scalars import (
    Mac,
    Number,
    Switch,
    Text,
    mac,
    number,
    on_off,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device, VirtioDriver
from aiovirt.model.mac import MacAddress

__all__ = [
    "Interface",
    "InterfaceDriver",
    "InterfaceIp",
    "InterfaceSource",
    "PortForward",
    "PortRange",
]

INTERFACE_TYPES = (
    "network",
    "bridge",
    "user",
    "ethernet",
    "direct",
    "vhostuser",
    "internal",
    "mcast",
    "client",
    "server",
    "udp",
    "hostdev",
    "vdpa",
    "null",
    "vds",
)


class InterfaceSource(View, tag="source"):
    """What it is connected to; which field counts is said by the interface's type."""

    network: Text = text("@network")
    portgroup: Text = text("@portgroup")
    portid: Text = text("@portid")
    bridge: Text = text("@bridge")
    dev: Text = text("@dev")
    mode: Text = text("@mode")
    name: Text = text("@name")
    address: Text = text("@address")
    port: Number = number("@port", high=65535)
    type: Text = text("@type")
    path: Text = text("@path")


class InterfaceDriver(VirtioDriver, tag="driver"):
    """Queues and offloads of the interface."""

    name: Text = text("@name", known=("qemu", "vhost", "kvm", "vfio", "xen"))
    queues: Number = number("@queues", low=1)
    rx_queue_size: Number = number("@rx_queue_size", low=1)
    tx_queue_size: Number = number("@tx_queue_size", low=1)
    txmode: Text = text("@txmode", known=("iothread", "timer"))
    ioeventfd: Switch = on_off("@ioeventfd")
    event_idx: Switch = on_off("@event_idx")
    rss: Switch = on_off("@rss")
    rss_hash_report: Switch = on_off("@rss_hash_report")


class InterfaceIp(View, tag="ip"):
    """An address of the interface, or of the user network's own network."""

    family: Text = text("@family", known=("ipv4", "ipv6"))
    address: Text = text("@address")
    prefix: Number = number("@prefix", high=128)
    peer: Text = text("@peer")


class PortRange(View, tag="range"):
    """Ports that are forwarded."""

    start: Number = number("@start", high=65535)
    end: Number = number("@end", high=65535)
    to: Number = number("@to", high=65535)
    exclude: Switch = yes_no("@exclude")


class PortForward(View, tag="portForward"):
    """Ports of the host that lead into the guest (user networks with passt)."""

    proto: Text = text("@proto", known=("tcp", "udp"))
    address: Text = text("@address")
    dev: Text = text("@dev")
    ranges: Many[PortRange] = children("range", PortRange)


class Interface(Device, tag="interface"):
    """A network interface; `user`, `bridge`, `network` and `ethernet` make the usual ones.

    Attributes:
        type: How it is connected.
        model: The card the guest sees: ``virtio``, ``e1000e``, ….
        link: ``up`` or ``down``.
    """

    type: Text = text("@type", known=INTERFACE_TYPES, required=True)
    managed: Switch = yes_no("@managed")
    trust_guest_rx_filters: Switch = yes_no("@trustGuestRxFilters")
    mac: Mac = mac("mac/@address")
    source: One[InterfaceSource] = child("source", InterfaceSource)
    target_dev: Text = text("target/@dev")
    target_managed: Switch = yes_no("target/@managed")
    model: Text = text("model/@type")
    backend_type: Text = text("backend/@type")
    driver: One[InterfaceDriver] = child("driver", InterfaceDriver)
    ips: Many[InterfaceIp] = children("ip", InterfaceIp)
    port_forwards: Many[PortForward] = children("portForward", PortForward)
    filter: Text = text("filterref/@filter")
    link: Text = text("link/@state", known=("up", "down"))
    mtu: Number = number("mtu/@size", low=1, high=65535)
    script: Text = text("script/@path")
    downscript: Text = text("downscript/@path")

    @classmethod
    def user(cls, *, model: str = "virtio", mac: MacAddress | str | None = None) -> Self:
        """An interface in a network of its own behind the host's address, for anybody's use."""
        return cls(type="user", mac=mac, model=model)

    @classmethod
    def bridge(
        cls, name: str, *, model: str = "virtio", mac: MacAddress | str | None = None
    ) -> Self:
        """An interface at the host's bridge `name`."""
        return cls(type="bridge", mac=mac, source=InterfaceSource(bridge=name), model=model)

    @classmethod
    def network(
        cls, name: str, *, model: str = "virtio", mac: MacAddress | str | None = None
    ) -> Self:
        """An interface in the virtual network `name`."""
        return cls(type="network", mac=mac, source=InterfaceSource(network=name), model=model)

    @classmethod
    def ethernet(
        cls, dev: str, *, model: str = "virtio", mac: MacAddress | str | None = None
    ) -> Self:
        """An interface at the host's tap device `dev`, which somebody else made."""
        return cls(type="ethernet", mac=mac, target_dev=dev, target_managed=False, model=model)
