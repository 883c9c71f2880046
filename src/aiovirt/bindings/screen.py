"""The rows of `Screen`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from aiovirt.bindings.arguments import DOM, Argument, arg, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.values import number
from aiovirt.errors import ConfigError
from aiovirt.interfaces import Screen
from aiovirt.model.keycodes import MAX_KEYS, KeycodeSet, linux_code
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["ROWS"]

CODESETS = number({word: place for place, word in enumerate(get_args(KeycodeSet))})
"""libvirt's `virKeycodeSet` has them in this order."""


def _check(keys: Sequence[str | int]) -> None:
    if not 0 < len(keys) <= MAX_KEYS:
        raise ConfigError(f"{len(keys)} keys at once; 1 to {MAX_KEYS} can be sent", field="keys")


def _send(keys: Sequence[str | int], codeset: str) -> tuple[list[int], int]:
    _check(keys)
    if codeset != "linux" and not all(isinstance(key, int) for key in keys):
        raise ConfigError(f"the keys of the set {codeset} have numbers only", field="keys")
    codes = [linux_code(key) for key in keys]
    wire: int = CODESETS.send(codeset)
    return codes, wire


def _read(codes: list[int], codeset: int) -> tuple[list[int], str]:
    _check(codes)
    return codes, CODESETS.read(codeset)


KEYS = Argument(
    ("keys", "codeset"),
    ("keycodes", "codeset"),
    _send,
    _read,
)

ROWS = (
    bind(
        Screen.send_key,
        p.DOMAIN_SEND_KEY,
        DOM,
        KEYS,
        arg("hold_ms", "holdtime"),
        fixed("flags", 0),
    ),
)
