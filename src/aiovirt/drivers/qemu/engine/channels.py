"""The channels of a running QEMU: which of them a program in the guest has open.

libvirt shows that in the live configuration, and so do we: it is kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import Channel, DomainConfig
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.protocols.qmp.commands import QueryChardev

__all__ = ["AGENT", "agent_channel", "close_all", "is_open", "missed_changes", "set_state"]

AGENT = "org.qemu.guest_agent.0"
"""The name of the port by which the guest agent is spoken to."""

_WORDS = {True: "connected", False: "disconnected"}


def agent_channel(config: DomainConfig) -> Channel | None:
    """The guest agent's channel, if there is one."""
    return next((each for each in config.channels if each.target.name == AGENT), None)


def is_open(channel: Channel) -> bool:
    """Whether a program in the guest has it open, as far as QEMU tells: of virtio it does."""
    return channel.target.type != "virtio" or channel.target.state == _WORDS[True]


def close_all(config: DomainConfig, alias: str | None = None) -> None:
    """Write that no channel is open, as it is before a guest's first step; or one that is new."""
    for channel in _ports(config):
        if alias in {None, channel.alias}:
            channel.target.state = _WORDS[False]


def set_state(config: DomainConfig, alias: str, *, opened: bool) -> Channel | None:
    """Write whether a channel is open; gives it when that is news."""
    for channel in _ports(config):
        if channel.alias == alias and channel.target.state != _WORDS[opened]:
            channel.target.state = _WORDS[opened]
            return channel
    return None


async def missed_changes(
    monitor: BoundedMonitor, config: DomainConfig
) -> list[tuple[str, dict[str, object]]]:
    """The events of QEMU by which its channels have become what they are now.

    Raises:
        AiovirtError: QEMU does not answer.
    """
    ports = {f"char{channel.alias}": channel for channel in _ports(config)}
    if not ports:
        return []
    found = {row.label: row.frontend_open for row in await monitor.call(QueryChardev())}
    return [
        ("VSERPORT_CHANGE", {"id": channel.alias, "open": found[label]})
        for label, channel in ports.items()
        if label in found and channel.target.state != _WORDS[found[label]]
    ]


def _ports(config: DomainConfig) -> Iterator[Channel]:
    return (each for each in config.channels if each.target.type == "virtio")
