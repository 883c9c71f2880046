"""What a configuration asks of a guest that no command line can say: monitor commands instead."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import DomainConfig

__all__ = ["environment", "startup_commands"]


def environment(config: DomainConfig) -> dict[str, str]:
    """What QEMU's environment must say: the zone that a clock is in."""
    clock = config.clock
    return {"TZ": clock.timezone} if clock.offset == "timezone" and clock.timezone else {}


def startup_commands(config: DomainConfig) -> Iterator[tuple[str, dict[str, object]]]:
    """Commands with their arguments, to be run once before the guest may go.

    Passwords are not among them.

    Args:
        config: The live configuration, with aliases.
    """
    for interface in config.interfaces:
        if interface.link == "down":
            yield "set_link", {"name": interface.alias, "up": False}
    balloon = config.memballoon
    if not balloon or balloon.model == "none":
        return
    if balloon.stats_period:
        path = f"/machine/peripheral/{balloon.alias}"
        polling = {"property": "guest-stats-polling-interval", "value": balloon.stats_period}
        yield "qom-set", {"path": path, **polling}
    if config.memory and config.current_memory and config.current_memory < config.memory:
        yield "balloon", {"value": int(config.current_memory)}
