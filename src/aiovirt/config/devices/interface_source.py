"""What interfaces are connected to: networks, bridges, sockets, devices of the host.

`InterfaceSource` has what all types have; `INTERFACE_LAWS` say which type has what.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import (
    BRIDGE_NAME,
    DEVICE_NAME,
    IP,
    IPV4,
    UINT8,
    UUID_FORM,
    either,
    shaped,
)
from aiovirt.config._laws import Fits, Needed, OneOf, Only, With
from aiovirt.config._scalars import (
    Number,
    PathText,
    Switch,
    Text,
    Uuid,
    file_path,
    number,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._values import any_number
from aiovirt.config._view import Law, View
from aiovirt.config.devices.pieces import USB_ID, USB_PLACE
from aiovirt.config.shared.pci import PciPlace
from aiovirt.config.shared.routes import NetworkRoute
from aiovirt.errors import XMLError

__all__ = [
    "INTERFACE_LAWS",
    "INTERFACE_TYPES",
    "HostPlace",
    "InterfaceIp",
    "InterfaceSource",
]

MIN_LONG, MAX_LONG = -(2**63), 2**63 - 1
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
    ("source.mac_table_manager",): ("bridge", "network"),
    ("source.dev",): ("direct", "user", "vdpa"),
    ("source.mode",): ("direct", "vhostuser"),
    ("source.name",): ("internal",),
    ("source.address", "source.port"): _SOCKETS,
    ("source.type", "source.path"): ("vhostuser",),
    ("source.reconnect_enabled", "source.reconnect_timeout"): ("vhostuser",),
    ("source.switchid", "source.portgroupid", "source.connectionid"): ("vds",),
    ("source.ips", "source.routes"): ("ethernet",),
    ("source.missing", "source.place", "source.vendor", "source.product"): ("hostdev",),
    ("managed",): ("hostdev",),
    ("virtualport",): ("bridge", "network", "direct", "hostdev"),
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
    "vds": ("source.portid", "source.switchid", "source.portgroupid", "source.connectionid"),
    "hostdev": ("source",),
}
_NEEDED_BESIDE = {"bridge": ("source.bridge",), "user": ("source.dev",)}
_NUMBER = shaped("-?[0-9]{1,18}", "a number")
_UUID_OR_NUMBER = either(UUID_FORM, _NUMBER)

INTERFACE_LAWS: tuple[Law, ...] = (
    *(Only(kinds, fields) for fields, kinds in _SOURCES.items()),
    *(Needed((kind,), fields) for kind, fields in _NEEDED.items()),
    *(Needed((kind,), fields, beside="source") for kind, fields in _NEEDED_BESIDE.items()),
    *(
        Needed(_NETWORKS, ("source.network",), beside=field)
        for field in ("source.portgroup", "source.portid")
    ),
    Needed(("network",), ("source.bridge",), beside="source.mac_table_manager"),
    Fits(("direct",), ("source.mode",), form=OneOf(*_DIRECT_MODES)),
    Fits(("vhostuser",), ("source.mode",), form=OneOf(*_SOCKET_MODES)),
    Fits(_NETWORKS, ("source.portid",), form=UUID_FORM),
    Fits(("vds",), ("source.portid",), form=_NUMBER),
)
"""Which ``type`` of interface has what."""


class InterfaceIp(View, tag="ip"):
    """An address of the interface, or of the user network's own network."""

    family: Text = text("@family", known=("ipv4", "ipv6"))
    address: Text = text("@address", form=IP, required=True)
    prefix: Number = number("@prefix", high=128)
    peer: Text = text("@peer", form=IP)


class HostPlace(PciPlace, tag="address"):
    """Where the host has a device: on PCI, or on USB where it has a `device` number."""

    type: Text = text("@type", known=("pci", "usb"))
    bus: Number = any_number("@bus", high=0xFFF, form=USB_PLACE)
    device: Number = any_number("@device", high=0xFFF, form=USB_PLACE)

    _laws_ = (
        Only(("pci",), ("domain", "slot", "function", "multifunction"), by="type", default="usb"),
        Fits(("pci",), ("bus",), form=UINT8),
        Only(("usb",), ("device",), default="usb"),
        Needed(("usb",), ("bus", "device"), default="usb"),
    )


class InterfaceSource(View, tag="source"):
    """What it is connected to; which field counts is said by the interface's type.

    Attributes:
        mac_table_manager: Who tells the bridge where its guests are.
        switchid: The switch of VMware's, with `portid`, `portgroupid` and `connectionid`.
        missing: Whether the guest starts where the host has no such device.
        place: Where the host has the device; `vendor` and `product` name one of USB otherwise.
        ips: Addresses of the host's end of a tap device, beside `routes` by it.
    """

    network: Text = text("@network")
    portgroup: Text = text("@portgroup", form=DEVICE_NAME)
    portid: Text = text("@portid", form=_UUID_OR_NUMBER)
    bridge: Text = text("@bridge", form=BRIDGE_NAME)
    mac_table_manager: Text = text("@macTableManager", known=("kernel", "libvirt"))
    dev: Text = text("@dev", form=DEVICE_NAME)
    mode: Text = text("@mode", known=(*_DIRECT_MODES, *_SOCKET_MODES))
    name: Text = text("@name", form=DEVICE_NAME)
    address: Text = text("@address", form=IPV4)
    port: Number = number("@port", high=65535)
    type: Text = text("@type", known=("unix",))
    path: PathText = file_path("@path")
    local_address: Text = text("local/@address", form=IPV4, required=True)
    local_port: Number = number("local/@port", high=65535, required=True)
    reconnect_enabled: Switch = yes_no("reconnect/@enabled", required=True)
    reconnect_timeout: Number = number("reconnect/@timeout")
    switchid: Uuid = uuid("@switchid")
    portgroupid: Text = text("@portgroupid")
    connectionid: Number = number("@connectionid", low=MIN_LONG, high=MAX_LONG)
    missing: Switch = yes_no("@missing")
    vendor: Number = any_number(
        "vendor/@id", high=MAX_UINT16, form=USB_ID, write="0x{:04x}", required=True
    )
    product: Number = any_number(
        "product/@id", high=MAX_UINT16, form=USB_ID, write="0x{:04x}", required=True
    )
    place: One[HostPlace] = child("address", HostPlace)
    ips: Many[InterfaceIp] = children("ip", InterfaceIp)
    routes: Many[NetworkRoute] = children("route", NetworkRoute)

    _laws_ = (With(("vendor",), "product"), With(("product",), "vendor"))

    def _rules_(self) -> Iterator[XMLError]:
        """A place without numbers of USB beside it says what kind of place it is."""
        if self.vendor is None and self.place and self.place.type is None:
            yield HostPlace.type.error(
                self.place, "type is missing", expected=HostPlace.type.expected
            )
        if self.vendor is not None and self.place.type is not None:
            yield HostPlace.type.error(self.place, "type means nothing beside a vendor")
