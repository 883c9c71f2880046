"""Keys as USB keyboards send them: the numbers of Linux's, and of the HID usage tables (page 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.errors import ConfigError, Unsupported
from aiovirt.model.keycodes import MAX_KEYS, KeycodeSet, linux_code
from aiovirt.protocols.vsphere.tables.machine import (
    UsbScanCodeSpec,
    UsbScanCodeSpecKeyEvent,
    UsbScanCodeSpecModifierType,
)

__all__ = ["scan_codes", "usage_of"]

_FIRST: Final = 4
"""The usage of the first key of the table; lower ones are errors."""

_LINUX: Final = (
    *(30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17),
    *(45, 21, 44, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 0, 39),
    *(40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, 99, 70, 119, 110),
    *(102, 104, 111, 107, 109, 106, 105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76),
    *(77, 71, 72, 73, 82, 83, 86, 127, 116, 117),
)
"""Linux's numbers of the keys, by their usage; 0 is a second name of another key."""

_USAGES: Final = {code: usage for usage, code in enumerate(_LINUX, _FIRST) if code}

_MODIFIERS: Final = {
    29: "left_control",
    42: "left_shift",
    56: "left_alt",
    125: "left_gui",
    97: "right_control",
    54: "right_shift",
    100: "right_alt",
    126: "right_gui",
}
"""Linux's numbers of the keys that are held beside others."""

_FIRST_MODIFIER: Final = 0xE0
_PAGE: Final = 7
"""The page of keyboards, which the API wants in the lower half of a number."""


def usage_of(code: int) -> int:
    """The usage of a key by Linux's number.

    Raises:
        ConfigError: USB keyboards have no such key.
    """
    if code in _MODIFIERS:
        return _FIRST_MODIFIER + list(_MODIFIERS).index(code)
    if code not in _USAGES:
        raise ConfigError(
            f"a USB keyboard has no key {code}",
            field="key",
            hint="use a name such as KEY_ENTER or a code of Linux's input-event-codes.h",
        )
    return _USAGES[code]


def scan_codes(keys: Sequence[str | int], codeset: KeycodeSet) -> UsbScanCodeSpec:
    """What presses keys together and lets them go.

    Args:
        keys: Names or numbers, 1 to `MAX_KEYS` of them.
        codeset: Whose numbers they are: Linux's, or those of USB.

    Raises:
        ConfigError: There is no such key, or there are too many.
        Unsupported: They are somebody else's numbers.
    """
    if not 0 < len(keys) <= MAX_KEYS:
        raise ConfigError(f"{len(keys)} keys at once; 1 to {MAX_KEYS} can be sent", field="keys")
    usages = [_usage(key, codeset) for key in keys]
    held = [usage - _FIRST_MODIFIER for usage in usages if usage >= _FIRST_MODIFIER]
    pressed = [usage for usage in usages if usage < _FIRST_MODIFIER]
    names = [name for number, name in enumerate(_MODIFIERS.values()) if number in held]
    modifiers = UsbScanCodeSpecModifierType(**dict.fromkeys(names, True))
    events = tuple(
        UsbScanCodeSpecKeyEvent(
            usb_hid_code=usage << 16 | _PAGE, modifiers=modifiers if pressed and held else None
        )
        for usage in pressed or usages
    )
    return UsbScanCodeSpec(key_events=events)


def _usage(key: str | int, codeset: KeycodeSet) -> int:
    if codeset == "linux" or isinstance(key, str):
        return usage_of(linux_code(key))
    if codeset != "usb":
        raise Unsupported(DRIVER, f"send_key with numbers of {codeset}", "Linux's and USB's can be")
    return key
