"""From the configuration of a running domain back to one that may be kept.

People define a domain anew from what they read of it while it ran; what only this run had, such
as its number and its terminals, must not be believed of the next. libvirt does the same.
"""

from __future__ import annotations

from aiovirt.config import Console, DomainConfig
from aiovirt.drivers.qemu.devices.aliases import USER_PREFIX

__all__ = ["drop_live"]

_TAP_PREFIX = "vnet"  # of the names that the host gives; a user's own is kept


def drop_live(config: DomainConfig) -> None:
    """Take out, in place, what only a running domain has."""
    config.id = None
    for device in config.devices.all():
        if device.alias is not None and not device.alias.startswith(USER_PREFIX):
            device.alias = None
    _drop_terminals(config)
    for graphics in config.graphics:
        if graphics.autoport:
            graphics.port = -1
    for interface in config.interfaces:
        if (interface.target_dev or "").startswith(_TAP_PREFIX):
            interface.target_dev = None


def _drop_terminals(config: DomainConfig) -> None:
    for device in (*config.serials, *config.consoles):
        if device.type == "pty":
            device.sources = []
        if isinstance(device, Console) and device.tty is not None:
            device.tty = None
