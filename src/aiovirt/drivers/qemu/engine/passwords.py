"""Passwords of displays: given over the monitor, so that they stand on no command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from aiovirt.config import DomainConfig, Graphics
from aiovirt.errors import ConfigError

__all__ = ["commands_of", "password_commands"]


def password_commands(config: DomainConfig) -> Iterator[tuple[str, dict[str, object]]]:
    """The monitor commands that give the displays of a configuration their passwords.

    Raises:
        ConfigError: The time at which one ends is no time.
    """
    for graphics in config.graphics:
        if graphics.passwd is not None and graphics.type in {"vnc", "spice"}:
            yield from commands_of(graphics, graphics.passwd)


def commands_of(graphics: Graphics, password: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The commands that give one display its password; raises as `password_commands`."""
    connected = {} if graphics.connected is None else {"connected": graphics.connected}
    yield "set_password", {"protocol": graphics.type, "password": password, **connected}
    if graphics.passwd_valid_to is not None:
        seconds = int(_time(graphics.passwd_valid_to).timestamp())
        yield "expire_password", {"protocol": graphics.type, "time": str(seconds)}


def _time(text: str) -> datetime:
    """A time in UTC as libvirt writes it, such as ``2030-01-31T15:30:00``."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time such as 2030-01-31T15:30:00",
            field="devices/graphics/@passwdValidTo",
        ) from error
