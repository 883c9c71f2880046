"""From the configuration of a running domain back to one that may be kept, on any host.

People define a domain anew from what they read of it while it ran; what only this run had, such
as its number and its terminals, must not be believed of the next. libvirt does the same.
"""

from __future__ import annotations

from typing import Final

from aiovirt.config.devices.chardev import Console
from aiovirt.config.domain import DomainConfig

__all__ = ["LOOPBACK", "TAP_PREFIX", "USER_PREFIX", "drop_run"]

LOOPBACK: Final = "127.0.0.1"
"""Where displays listen that name no address."""

TAP_PREFIX: Final = "vnet"
"""How the names of tap devices begin that the host gives; a user's own is kept."""

USER_PREFIX: Final = "ua-"
"""How aliases begin that users give; those are kept."""


def drop_run(config: DomainConfig) -> None:
    """Take out, in place, what a domain has on any host only while it runs."""
    ran, config.id = config.id is not None, None
    for device in config.devices.all():
        if device.alias is not None and not device.alias.startswith(USER_PREFIX):
            device.alias = None
    for terminal in (*config.serials, *config.consoles):
        if terminal.type == "pty":
            terminal.sources = []
        if isinstance(terminal, Console):
            terminal.tty = None
    for channel in config.channels:
        channel.target.state = None
    for graphics in config.graphics:
        if graphics.autoport:
            graphics.port = -1
        if ran:
            graphics.listens_as_usual(LOOPBACK)
    for interface in config.interfaces:
        if (interface.target_dev or "").startswith(TAP_PREFIX):
            interface.target_dev = None
