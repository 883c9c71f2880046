"""The notations of QEMU's command line: comma lists, JSON, switches.

Source: QEMU's qemu-options.hx and util/keyval.c: a comma in a value is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from aiovirt.errors import ConfigError

__all__ = ["as_json", "comma_list", "drop_none", "escape", "on_off"]


# sizes are subclasses of int, which msgspec asks about
_encoder: Final = msgspec.json.Encoder(enc_hook=int)


def escape(value: object) -> str:
    """A value as it stands in a comma list.

    Raises:
        ConfigError: It has a NUL character, which no argument can hold.
    """
    text = str(value)
    if "\0" in text:
        raise ConfigError(f"{text!r} has a NUL character in it")
    return text.replace(",", ",,")


def comma_list(head: str | None, options: Mapping[str, object]) -> str:
    """``head,name=value,…``; values that are None are left out, booleans become on and off."""
    parts = [] if head is None else [escape(head)]
    parts += [
        f"{name}={escape(on_off(value))}" for name, value in options.items() if value is not None
    ]
    return ",".join(parts)


def on_off(value: object) -> object:
    """QEMU's words for booleans; all other values as they are."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value


def drop_none(values: Mapping[str, object]) -> dict[str, object]:
    """The values that are set."""
    return {name: value for name, value in values.items() if value is not None}


def as_json(values: Mapping[str, object]) -> str:
    """The JSON form of an option, with None left out."""
    return _encoder.encode(drop_none(values)).decode()
