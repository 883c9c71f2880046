"""Linux key codes and names as QEMU's key names, for send-key.

Knows nothing of connections or domains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.errors import ConfigError
from aiovirt.model.keycodes import KEYS, MAX_KEYS

__all__ = ["KEYS", "MAX_HOLD_MS", "MAX_KEYS", "qcode", "send_key_arguments"]

MAX_HOLD_MS: Final = 60_000
"""The longest that keys are held: QEMU queues all later ones until it has released them."""

_BY_CODE: Final = {key.code: key.qcode for key in KEYS}
_BY_NAME: Final = {key.name: key.qcode for key in KEYS}


def qcode(key: int | str) -> str:
    """QEMU's name of a key.

    Args:
        key: A Linux key code, or a name such as ``KEY_LEFTCTRL``; digits in a string are a code.

    Raises:
        ConfigError: There is no such key, or QEMU cannot press it.
    """
    if isinstance(key, str) and key.isdecimal():
        key = int(key)
    found = _BY_CODE.get(key) if isinstance(key, int) else _BY_NAME.get(key.upper())
    if found is None:
        raise ConfigError(
            f"no key {key!r} that QEMU can press",
            field="key",
            hint="use a name such as KEY_ENTER or a code of Linux's input-event-codes.h",
        )
    return found


def send_key_arguments(keys: Sequence[int | str], hold_ms: int | None = None) -> dict[str, object]:
    """The arguments of QMP's ``send-key`` that press *keys* together.

    Args:
        keys: What `qcode` takes, 1 to `MAX_KEYS` of them.
        hold_ms: How long the keys stay down, in milliseconds; None for QEMU's 100.

    Raises:
        ConfigError: A key is not known, there are none or too many, or the time is negative
            or longer than `MAX_HOLD_MS`.
    """
    if hold_ms is not None and not 0 <= hold_ms <= MAX_HOLD_MS:
        raise ConfigError(
            f"keys cannot be held for {hold_ms} ms",
            field="hold_ms",
            hint=f"at most {MAX_HOLD_MS} ms; other keys wait until then",
        )
    if not 0 < len(keys) <= MAX_KEYS:
        raise ConfigError(f"{len(keys)} keys at once; 1 to {MAX_KEYS} can be sent", field="keys")
    arguments: dict[str, object] = {"keys": [{"type": "qcode", "data": qcode(key)} for key in keys]}
    if hold_ms is not None:
        arguments["hold-time"] = hold_ms
    return arguments
