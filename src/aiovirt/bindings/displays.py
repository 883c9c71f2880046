"""The rows of `Displays`; its sockets travel as descriptors, which is the driver's own matter."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.values import number
from aiovirt.interfaces import Displays
from aiovirt.model.constants import DomainGraphicsReloadType
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["ROWS"]

PROTOCOLS = number({item.name.lower(): int(item) for item in DomainGraphicsReloadType})

ROWS = (
    bind(
        Displays.reload_graphics,
        p.DOMAIN_GRAPHICS_RELOAD,
        DOM,
        arg("protocol", "type", PROTOCOLS),
        fixed("flags", 0),
    ),
)
