"""`NetworkPortConfig`: the port that one guest has in a network, libvirt's ``<networkport>``."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._document import Document
from aiovirt.config._forms import DEVICE_NAME
from aiovirt.config._laws import Always, Needed, Only
from aiovirt.config._scalars import Mac, Switch, Text, Uuid, mac, text, uuid, yes_no
from aiovirt.config._view import View
from aiovirt.config.network.network import MAC_TABLE_MANAGERS
from aiovirt.config.shared.pci import PciPlace
from aiovirt.config.shared.traffic import Bandwidth, VirtualPort, Vlan

__all__ = ["NetworkPlug", "NetworkPortConfig"]

_BRIDGED = ("network", "bridge")


class NetworkPlug(View, tag="plug"):
    """What the port is plugged into.

    Attributes:
        address: The host's device that the guest is given (type ``hostdev-pci``).
    """

    type: Text = text("@type", known=(*_BRIDGED, "direct", "hostdev-pci"), required=True)
    bridge: Text = text("@bridge", form=DEVICE_NAME)
    mac_table_manager: Text = text("@macTableManager", known=MAC_TABLE_MANAGERS)
    dev: Text = text("@dev", form=DEVICE_NAME)
    mode: Text = text("@mode", known=("bridge", "passthrough", "private", "vepa"))
    managed: Switch = yes_no("@managed")
    driver: Text = text("driver/@name", known=("kvm", "vfio"), required=True)
    address: One[PciPlace] = child("address", PciPlace)

    _laws_ = (
        Only(_BRIDGED, ("bridge", "mac_table_manager")),
        Needed(_BRIDGED, ("bridge",)),
        Only(("direct",), ("dev", "mode")),
        Needed(("direct",), ("dev", "mode")),
        Only(("hostdev-pci",), ("managed", "driver", "address")),
        Needed(("hostdev-pci",), ("address",)),
    )


class NetworkPortConfig(Document, tag="networkport"):
    """The port of one guest's interface in a network.

    Attributes:
        owner_name: The domain.
        owner_uuid: The domain's UUID.
        group: The network's port group.
    """

    owner_name: Text = text("owner/name")
    owner_uuid: Uuid = uuid("owner/uuid")
    uuid: Uuid = uuid("uuid", required=True)
    mac: Mac = mac("mac/@address")
    group: Text = text("group", form=DEVICE_NAME)
    bandwidth: One[Bandwidth] = child("bandwidth", Bandwidth)
    port_isolated: Switch = yes_no("port/@isolated")
    vlan: One[Vlan] = child("vlan", Vlan)
    virtualport: One[VirtualPort] = child("virtualport", VirtualPort)
    trust_guest_rx_filters: Switch = yes_no("rxfilters/@trustGuest", required=True)
    plug: One[NetworkPlug] = child("plug", NetworkPlug)

    _laws_ = (Always(("owner_name", "owner_uuid", "mac")),)
