"""Passwords of displays: given over the monitor, so that they stand on no command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from aiovirt.config import DomainConfig
from aiovirt.errors import ConfigError

__all__ = ["password_commands"]


def password_commands(config: DomainConfig) -> Iterator[tuple[str, dict[str, object]]]:
    """The monitor commands that give the displays of a configuration their passwords.

    Raises:
        ConfigError: The time at which one ends is no time.
    """
    for graphics in config.graphics:
        if graphics.passwd is None or graphics.type not in {"vnc", "spice"}:
            continue
        protocol = graphics.type
        arguments: dict[str, object] = {"protocol": protocol, "password": graphics.passwd}
        if graphics.connected is not None:
            arguments["connected"] = graphics.connected
        yield "set_password", arguments
        if graphics.passwd_valid_to is not None:
            seconds = int(_time(graphics.passwd_valid_to).timestamp())
            yield "expire_password", {"protocol": protocol, "time": str(seconds)}


def _time(text: str) -> datetime:
    """A time in UTC as libvirt writes it, such as ``2030-01-31T15:30:00``."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time such as 2030-01-31T15:30:00",
            field="devices/graphics/@passwdValidTo",
        ) from error
