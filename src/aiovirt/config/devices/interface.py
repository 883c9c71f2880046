"""Network interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._forms import (
    DEVICE_NAME,
    FILE_PATH,
    FILTER_NAME,
    IP,
    MODEL_WORD,
    ONE_LINE,
)
from aiovirt.config._laws import Only
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
from aiovirt.config._view import View
from aiovirt.config.devices.base import BootDevice, VirtioDriver
from aiovirt.config.devices.interface_source import (
    INTERFACE_LAWS,
    INTERFACE_TYPES,
    InterfaceIp,
    InterfaceSource,
)
from aiovirt.config.devices.pieces import Rom, Teaming
from aiovirt.config.shared.routes import NetworkRoute
from aiovirt.config.shared.traffic import Bandwidth, VirtualPort, Vlan
from aiovirt.config.shared.variables import FilterParameter
from aiovirt.errors import XMLError
from aiovirt.model.mac import MacAddress

__all__ = [
    "GuestOffloads",
    "HostOffloads",
    "Interface",
    "InterfaceDriver",
    "PortForward",
    "PortRange",
]


class HostOffloads(View, tag="host"):
    """What the host does of the card's work for what the guest sends."""

    csum: Switch = on_off("@csum")
    gso: Switch = on_off("@gso")
    tso4: Switch = on_off("@tso4")
    tso6: Switch = on_off("@tso6")
    ecn: Switch = on_off("@ecn")
    ufo: Switch = on_off("@ufo")
    mrg_rxbuf: Switch = on_off("@mrg_rxbuf")


class GuestOffloads(View, tag="guest"):
    """What the guest takes as done of the card's work in what it gets."""

    csum: Switch = on_off("@csum")
    tso4: Switch = on_off("@tso4")
    tso6: Switch = on_off("@tso6")
    ecn: Switch = on_off("@ecn")
    ufo: Switch = on_off("@ufo")


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
    host: One[HostOffloads] = child("host", HostOffloads)
    guest: One[GuestOffloads] = child("guest", GuestOffloads)

    _laws_ = (
        Only(
            ("qemu", "vhost"),
            ("queues", "rx_queue_size", "tx_queue_size", "txmode", "ioeventfd", "event_idx"),
            by="name",
            default="qemu",
        ),
    )


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
        mac_type: Whether the host made the address up (VMware).
        guest_dev: The interface's name in a container; `guest_actual` is said by the host.
        backend_type: Who carries the packets of a ``user`` interface.
        virtualport: How it introduces itself to the switch.
        filter: The network filter that its packets pass, with values for its variables.
        isolated: Whether it reaches other isolated ones of its bridge.
        sndbuf: How many bytes may wait to be sent.
        coalesce_frames: After how many frames the host is interrupted at the latest.
        link: ``up`` or ``down``.
    """

    type: Text = text("@type", known=INTERFACE_TYPES, required=True)
    managed: Switch = yes_no("@managed")
    trust_guest_rx_filters: Switch = yes_no("@trustGuestRxFilters")
    mac: Mac = mac("mac/@address")
    mac_type: Text = text("mac/@type", known=("generated", "static"))
    mac_check: Switch = yes_no("mac/@check")
    source: One[InterfaceSource] = child("source", InterfaceSource)
    target_dev: Text = text("target/@dev", form=DEVICE_NAME, required=True)
    target_managed: Switch = yes_no("target/@managed")
    model: Text = text("model/@type", form=MODEL_WORD, required=True)
    guest_dev: Text = text("guest/@dev", form=DEVICE_NAME)
    guest_actual: Text = text("guest/@actual", form=DEVICE_NAME)
    backend_type: Text = text("backend/@type", known=("default", "passt"))
    backend_tap: PathText = file_path("backend/@tap")
    backend_vhost: PathText = file_path("backend/@vhost")
    backend_log: PathText = file_path("backend/@logFile")
    backend_domain: Text = text("backenddomain/@name", form=ONE_LINE, required=True)
    virtualport: One[VirtualPort] = child("virtualport", VirtualPort)
    driver: One[InterfaceDriver] = child("driver", InterfaceDriver)
    ips: Many[InterfaceIp] = children("ip", InterfaceIp)
    routes: Many[NetworkRoute] = children("route", NetworkRoute)
    port_forwards: Many[PortForward] = children("portForward", PortForward)
    filter: Text = text("filterref/@filter", form=FILTER_NAME, required=True)
    filter_parameters: Many[FilterParameter] = children("filterref/parameter", FilterParameter)
    bandwidth: One[Bandwidth] = child("bandwidth", Bandwidth)
    vlan: One[Vlan] = child("vlan", Vlan)
    isolated: Switch = yes_no("port/@isolated")
    teaming: One[Teaming] = child("teaming", Teaming)
    rom: One[Rom] = child("rom", Rom)
    sndbuf: Number = number("tune/sndbuf")
    coalesce_frames: Number = number("coalesce/rx/frames/@max")
    link: Text = text("link/@state", known=("up", "down"), required=True)
    mtu: Number = number("mtu/@size", high=65535, required=True)
    script: Text = text("script/@path", form=FILE_PATH, required=True)
    downscript: Text = text("downscript/@path", form=FILE_PATH, required=True)

    _laws_ = INTERFACE_LAWS

    def _rules_(self) -> Iterator[XMLError]:
        """A device of the host is named in one way at least."""
        source = self.source
        if self.type == "hostdev" and source and source.vendor is None and not source.place:
            yield Interface.source.error(
                self, "the source names no device", expected="<address …/> or <vendor …/> in it"
            )

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
