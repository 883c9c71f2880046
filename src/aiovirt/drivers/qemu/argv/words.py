"""The notations of QEMU's command line: comma lists, JSON, switches.

Source: QEMU's qemu-options.hx and util/keyval.c: a comma in a value is written twice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import msgspec

from aiovirt.errors import ConfigError

__all__ = [
    "as_json",
    "comma_list",
    "drop_none",
    "escape",
    "on_off",
    "options_of",
    "socket_word",
]


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


_PART: Final = re.compile(r"((?:[^,]|,,)*)(?:,(?!,)|$)")


def options_of(text: str) -> tuple[str, dict[str, str]]:
    """The head of a comma list, and its options; a comma in a value is written twice.

    A list without a head has an empty one.
    """
    parts = [part.replace(",,", ",") for part in _PART.findall(text)]
    head = parts.pop(0) if parts and "=" not in parts[0] else ""
    return head, dict(part.split("=", 1) for part in parts if "=" in part)


def on_off(value: object) -> object:
    """QEMU's words for booleans; all other values as they are."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value


def drop_none(values: Mapping[str, object]) -> dict[str, object]:
    """The values that are set."""
    return {name: value for name, value in values.items() if value is not None}


def as_json(values: Mapping[str, object], *, keep: Collection[str] = ()) -> str:
    """The JSON form of an option, with None left out but where it is to be said."""
    said = {name: value for name, value in values.items() if value is not None or name in keep}
    return _encoder.encode(said).decode()


def socket_word(path: Path) -> str:
    """The path of a socket in QEMU's own folder, which QEMU runs in: its name if it is too long."""
    return str(path) if len(os.fsencode(path)) <= _LONGEST_SOCKET else path.name


_LONGEST_SOCKET: Final = 107
"""Source: unix(7), `sun_path`."""
