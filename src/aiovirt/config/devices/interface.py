"""Network interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._forms import (
    BRIDGE_NAME,
    DEVICE_NAME,
    FILE_PATH,
    FILTER_NAME,
    IP,
    IPV4,
    MODEL_WORD,
    UUID_FORM,
    either,
    shaped,
)
from aiovirt.config._laws import Fits, Needed, OneOf, Only
from aiovirt.config._scalars import (
    Mac,
    Number,
    PathText,
    Switch,
    Text,
    file_path,
    mac,
    number,
    on_off,
    text,
    yes_no,
)
from aiovirt.config._view import View, element
from aiovirt.config.devices.base import BootDevice, VirtioDriver
from aiovirt.errors import XMLError
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


_DIRECT_MODES = ("vepa", "bridge", "private", "passthrough")
_SOCKET_MODES = ("server", "client")
_NETWORKS = ("network", "bridge", "direct")
_SOCKETS = ("mcast", "client", "server", "udp")
_SOURCES = {
    ("source.network",): _NETWORKS,
    ("source.portgroup",): _NETWORKS,
    ("source.portid",): (*_NETWORKS, "vds"),
    ("source.local_address", "source.local_port"): ("udp",),
    ("source.bridge",): ("bridge", "network"),
    ("source.dev",): ("direct", "user", "vdpa"),
    ("source.mode",): ("direct", "vhostuser"),
    ("source.name",): ("internal",),
    ("source.address", "source.port"): _SOCKETS,
    ("source.type", "source.path"): ("vhostuser",),
    ("managed",): ("hostdev",),
    ("source",): tuple(kind for kind in INTERFACE_TYPES if kind != "null"),
}
"""Which types have what in their sources."""

_NEEDED = {
    "network": ("source.network",),
    "direct": ("source.dev",),
    "vhostuser": ("source.type", "source.path", "source.mode"),
    "internal": ("source.name",),
    "mcast": ("source.address", "source.port"),
    "client": ("source.address", "source.port"),
    "udp": ("source.address", "source.port", "source.local_address", "source.local_port"),
    "server": ("source.port",),
    "vdpa": ("source.dev",),
    "vds": ("source.portid",),
    "hostdev": ("source",),
}
_VDS = ("switchid", "portgroupid", "connectionid")
_NEEDED_BESIDE = {"bridge": ("source.bridge",), "user": ("source.dev",)}
_UUID_OR_NUMBER = either(UUID_FORM, shaped("-?[0-9]+", "a number"))


class InterfaceSource(View, tag="source"):
    """What it is connected to; which field counts is said by the interface's type."""

    network: Text = text("@network")
    portgroup: Text = text("@portgroup", form=DEVICE_NAME)
    portid: Text = text("@portid", form=_UUID_OR_NUMBER)
    bridge: Text = text("@bridge", form=BRIDGE_NAME)
    dev: Text = text("@dev", form=DEVICE_NAME)
    mode: Text = text("@mode", known=(*_DIRECT_MODES, *_SOCKET_MODES))
    name: Text = text("@name", form=DEVICE_NAME)
    address: Text = text("@address", form=IPV4)
    port: Number = number("@port", high=65535)
    type: Text = text("@type", known=("unix",))
    path: PathText = file_path("@path")
    local_address: Text = text("local/@address", form=IPV4, required=True)
    local_port: Number = number("local/@port", high=65535, required=True)


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

    _laws_ = (
        Only(
            ("qemu", "vhost"),
            ("queues", "rx_queue_size", "tx_queue_size", "txmode", "ioeventfd", "event_idx"),
            by="name",
            default="qemu",
        ),
    )


class InterfaceIp(View, tag="ip"):
    """An address of the interface, or of the user network's own network."""

    family: Text = text("@family", known=("ipv4", "ipv6"))
    address: Text = text("@address", form=IP, required=True)
    prefix: Number = number("@prefix", high=128)
    peer: Text = text("@peer", form=IP)


class PortRange(View, tag="range"):
    """Ports that are forwarded."""

    start: Number = number("@start", high=65535, required=True)
    end: Number = number("@end", high=65535)
    to: Number = number("@to", high=65535)
    exclude: Switch = yes_no("@exclude")


class PortForward(View, tag="portForward"):
    """Ports of the host that lead into the guest (user networks with passt)."""

    proto: Text = text("@proto", known=("tcp", "udp"), required=True)
    address: Text = text("@address", form=IP)
    dev: Text = text("@dev", form=DEVICE_NAME)
    ranges: Many[PortRange] = children("range", PortRange)


class Interface(BootDevice, tag="interface"):
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
    target_dev: Text = text("target/@dev", form=DEVICE_NAME, required=True)
    target_managed: Switch = yes_no("target/@managed")
    model: Text = text("model/@type", form=MODEL_WORD, required=True)
    backend_type: Text = text("backend/@type", known=("default", "passt"))
    driver: One[InterfaceDriver] = child("driver", InterfaceDriver)
    ips: Many[InterfaceIp] = children("ip", InterfaceIp)
    port_forwards: Many[PortForward] = children("portForward", PortForward)
    filter: Text = text("filterref/@filter", form=FILTER_NAME, required=True)
    link: Text = text("link/@state", known=("up", "down"), required=True)
    mtu: Number = number("mtu/@size", high=65535, required=True)
    script: Text = text("script/@path", form=FILE_PATH, required=True)
    downscript: Text = text("downscript/@path", form=FILE_PATH, required=True)

    _laws_ = (
        *(Only(kinds, fields) for fields, kinds in _SOURCES.items()),
        *(Needed((kind,), fields) for kind, fields in _NEEDED.items()),
        *(Needed((kind,), fields, beside="source") for kind, fields in _NEEDED_BESIDE.items()),
        *(
            Needed(_NETWORKS, ("source.network",), beside=field)
            for field in ("source.portgroup", "source.portid")
        ),
        Fits(("direct",), ("source.mode",), form=OneOf(*_DIRECT_MODES)),
        Fits(("vhostuser",), ("source.mode",), form=OneOf(*_SOCKET_MODES)),
        Fits(_NETWORKS, ("source.portid",), form=UUID_FORM),
    )

    def _rules_(self) -> Iterator[XMLError]:
        """What names the device of the host, which has no fields here."""
        source = element(self.source)
        if source is None:
            return
        if self.type == "hostdev" and len(source) == 0:
            yield Interface.source.error(
                self, "the source names no device", expected="<address …/> or <vendor …/> in it"
            )
        for name in _VDS if self.type == "vds" else ():
            if name not in source.attrib:
                yield Interface.source.error(self, f"{name} is missing", expected=f"{name}='…'")

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
