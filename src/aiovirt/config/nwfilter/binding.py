"""`NetworkFilterBindingConfig`: a filter at the port of a guest, libvirt's ``<filterbinding>``."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._document import Document
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Mac, Text, Uuid, mac, text, uuid
from aiovirt.config.nwfilter.filter import FilterRef

__all__ = ["NetworkFilterBindingConfig"]


class NetworkFilterBindingConfig(Document, tag="filterbinding"):
    """A filter that is in force at the port of a guest.

    Attributes:
        owner_name: The domain.
        owner_uuid: The domain's UUID.
        port_dev: The guest's device on the host, such as ``vnet0``.
        link_dev: The device below it (macvtap).
        mac: The guest's MAC address.
        filterref: The filter, with values for its variables.
    """

    owner_name: Text = text("owner/name")
    owner_uuid: Uuid = uuid("owner/uuid")
    port_dev: Text = text("portdev/@name")
    link_dev: Text = text("linkdev/@name", required=True)
    mac: Mac = mac("mac/@address")
    filterref: One[FilterRef] = child("filterref", FilterRef)

    _laws_ = (Always(("owner_name", "owner_uuid", "port_dev", "mac", "filterref")),)
