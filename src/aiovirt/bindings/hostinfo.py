"""The rows of `HostInfo`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.interfaces import HostInfo
from aiovirt.protocols.libvirt.tables import connect as p

__all__ = ["ROWS"]

ROWS = (
    bind(HostInfo.hostname, p.CONNECT_GET_HOSTNAME, returns=field("hostname")),
    bind(HostInfo.capabilities, p.CONNECT_GET_CAPABILITIES, returns=field("capabilities")),
    bind(
        HostInfo.domain_capabilities,
        p.CONNECT_GET_DOMAIN_CAPABILITIES,
        arg("emulator", "emulatorbin"),
        arg("arch"),
        arg("machine"),
        arg("virt_type", "virttype"),
        fixed("flags", 0),
        returns=field("capabilities"),
    ),
)
