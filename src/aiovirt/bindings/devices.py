"""The rows of `Devices`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.values import DEVICE
from aiovirt.interfaces import Devices
from aiovirt.model.constants import DomainDeviceModifyFlags
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["ROWS"]

WHERE = flags_and_bits(
    DomainDeviceModifyFlags,
    live=DomainDeviceModifyFlags.LIVE,
    config=DomainDeviceModifyFlags.CONFIG,
)
XML = arg("device", "xml", DEVICE)

ROWS = (
    bind(Devices.attach_device, p.DOMAIN_ATTACH_DEVICE_FLAGS, DOM, XML, WHERE),
    bind(Devices.detach_device, p.DOMAIN_DETACH_DEVICE_FLAGS, DOM, XML, WHERE),
    bind(Devices.update_device, p.DOMAIN_UPDATE_DEVICE_FLAGS, DOM, XML, WHERE),
    bind(Devices.detach_device_alias, p.DOMAIN_DETACH_DEVICE_ALIAS, DOM, arg("alias"), WHERE),
)
