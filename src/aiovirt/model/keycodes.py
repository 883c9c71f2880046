"""Linux key codes and names, and what QEMU calls each key.

Numbers and ``KEY_*`` names are those of the kernel's ``include/uapi/linux/input-event-codes.h``;
QEMU's names are the values of its QAPI enum ``QKeyCode`` (``qapi/ui.json``), of which ``asterisk``
is a second name for ``kp_multiply``.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final, Literal, NamedTuple

from aiovirt.errors import ConfigError

__all__ = ["KEYS", "MAX_KEYS", "Key", "KeycodeSet", "linux_code"]

MAX_KEYS: Final = 16
"""The most keys that are pressed at once (libvirt's ``VIR_DOMAIN_SEND_KEY_MAX_KEYS``)."""

KeycodeSet = Literal[
    "linux", "xt", "atset1", "atset2", "atset3", "os_x", "xt_kbd", "usb", "win32", "qnum"
]
"""Whose numbers key codes are, by virsh's words."""


class Key(NamedTuple):
    """One key: its Linux number, its Linux name, and what QEMU calls it."""

    code: int
    name: str
    qcode: str


KEYS: Final[tuple[Key, ...]] = (
    Key(1, "KEY_ESC", "esc"),
    Key(2, "KEY_1", "1"),
    Key(3, "KEY_2", "2"),
    Key(4, "KEY_3", "3"),
    Key(5, "KEY_4", "4"),
    Key(6, "KEY_5", "5"),
    Key(7, "KEY_6", "6"),
    Key(8, "KEY_7", "7"),
    Key(9, "KEY_8", "8"),
    Key(10, "KEY_9", "9"),
    Key(11, "KEY_0", "0"),
    Key(12, "KEY_MINUS", "minus"),
    Key(13, "KEY_EQUAL", "equal"),
    Key(14, "KEY_BACKSPACE", "backspace"),
    Key(15, "KEY_TAB", "tab"),
    Key(16, "KEY_Q", "q"),
    Key(17, "KEY_W", "w"),
    Key(18, "KEY_E", "e"),
    Key(19, "KEY_R", "r"),
    Key(20, "KEY_T", "t"),
    Key(21, "KEY_Y", "y"),
    Key(22, "KEY_U", "u"),
    Key(23, "KEY_I", "i"),
    Key(24, "KEY_O", "o"),
    Key(25, "KEY_P", "p"),
    Key(26, "KEY_LEFTBRACE", "bracket_left"),
    Key(27, "KEY_RIGHTBRACE", "bracket_right"),
    Key(28, "KEY_ENTER", "ret"),
    Key(29, "KEY_LEFTCTRL", "ctrl"),
    Key(30, "KEY_A", "a"),
    Key(31, "KEY_S", "s"),
    Key(32, "KEY_D", "d"),
    Key(33, "KEY_F", "f"),
    Key(34, "KEY_G", "g"),
    Key(35, "KEY_H", "h"),
    Key(36, "KEY_J", "j"),
    Key(37, "KEY_K", "k"),
    Key(38, "KEY_L", "l"),
    Key(39, "KEY_SEMICOLON", "semicolon"),
    Key(40, "KEY_APOSTROPHE", "apostrophe"),
    Key(41, "KEY_GRAVE", "grave_accent"),
    Key(42, "KEY_LEFTSHIFT", "shift"),
    Key(43, "KEY_BACKSLASH", "backslash"),
    Key(44, "KEY_Z", "z"),
    Key(45, "KEY_X", "x"),
    Key(46, "KEY_C", "c"),
    Key(47, "KEY_V", "v"),
    Key(48, "KEY_B", "b"),
    Key(49, "KEY_N", "n"),
    Key(50, "KEY_M", "m"),
    Key(51, "KEY_COMMA", "comma"),
    Key(52, "KEY_DOT", "dot"),
    Key(53, "KEY_SLASH", "slash"),
    Key(54, "KEY_RIGHTSHIFT", "shift_r"),
    Key(55, "KEY_KPASTERISK", "kp_multiply"),
    Key(56, "KEY_LEFTALT", "alt"),
    Key(57, "KEY_SPACE", "spc"),
    Key(58, "KEY_CAPSLOCK", "caps_lock"),
    Key(59, "KEY_F1", "f1"),
    Key(60, "KEY_F2", "f2"),
    Key(61, "KEY_F3", "f3"),
    Key(62, "KEY_F4", "f4"),
    Key(63, "KEY_F5", "f5"),
    Key(64, "KEY_F6", "f6"),
    Key(65, "KEY_F7", "f7"),
    Key(66, "KEY_F8", "f8"),
    Key(67, "KEY_F9", "f9"),
    Key(68, "KEY_F10", "f10"),
    Key(69, "KEY_NUMLOCK", "num_lock"),
    Key(70, "KEY_SCROLLLOCK", "scroll_lock"),
    Key(71, "KEY_KP7", "kp_7"),
    Key(72, "KEY_KP8", "kp_8"),
    Key(73, "KEY_KP9", "kp_9"),
    Key(74, "KEY_KPMINUS", "kp_subtract"),
    Key(75, "KEY_KP4", "kp_4"),
    Key(76, "KEY_KP5", "kp_5"),
    Key(77, "KEY_KP6", "kp_6"),
    Key(78, "KEY_KPPLUS", "kp_add"),
    Key(79, "KEY_KP1", "kp_1"),
    Key(80, "KEY_KP2", "kp_2"),
    Key(81, "KEY_KP3", "kp_3"),
    Key(82, "KEY_KP0", "kp_0"),
    Key(83, "KEY_KPDOT", "kp_decimal"),
    Key(86, "KEY_102ND", "less"),
    Key(87, "KEY_F11", "f11"),
    Key(88, "KEY_F12", "f12"),
    Key(89, "KEY_RO", "ro"),
    Key(91, "KEY_HIRAGANA", "hiragana"),
    Key(92, "KEY_HENKAN", "henkan"),
    Key(93, "KEY_KATAKANAHIRAGANA", "katakanahiragana"),
    Key(94, "KEY_MUHENKAN", "muhenkan"),
    Key(96, "KEY_KPENTER", "kp_enter"),
    Key(97, "KEY_RIGHTCTRL", "ctrl_r"),
    Key(98, "KEY_KPSLASH", "kp_divide"),
    Key(99, "KEY_SYSRQ", "sysrq"),
    Key(100, "KEY_RIGHTALT", "alt_r"),
    Key(101, "KEY_LINEFEED", "lf"),
    Key(102, "KEY_HOME", "home"),
    Key(103, "KEY_UP", "up"),
    Key(104, "KEY_PAGEUP", "pgup"),
    Key(105, "KEY_LEFT", "left"),
    Key(106, "KEY_RIGHT", "right"),
    Key(107, "KEY_END", "end"),
    Key(108, "KEY_DOWN", "down"),
    Key(109, "KEY_PAGEDOWN", "pgdn"),
    Key(110, "KEY_INSERT", "insert"),
    Key(111, "KEY_DELETE", "delete"),
    Key(113, "KEY_MUTE", "audiomute"),
    Key(114, "KEY_VOLUMEDOWN", "volumedown"),
    Key(115, "KEY_VOLUMEUP", "volumeup"),
    Key(116, "KEY_POWER", "power"),
    Key(117, "KEY_KPEQUAL", "kp_equals"),
    Key(119, "KEY_PAUSE", "pause"),
    Key(121, "KEY_KPCOMMA", "kp_comma"),
    Key(122, "KEY_HANGEUL", "lang1"),
    Key(123, "KEY_HANJA", "lang2"),
    Key(124, "KEY_YEN", "yen"),
    Key(125, "KEY_LEFTMETA", "meta_l"),
    Key(126, "KEY_RIGHTMETA", "meta_r"),
    Key(127, "KEY_COMPOSE", "compose"),
    Key(128, "KEY_STOP", "stop"),
    Key(129, "KEY_AGAIN", "again"),
    Key(130, "KEY_PROPS", "props"),
    Key(131, "KEY_UNDO", "undo"),
    Key(132, "KEY_FRONT", "front"),
    Key(133, "KEY_COPY", "copy"),
    Key(134, "KEY_OPEN", "open"),
    Key(135, "KEY_PASTE", "paste"),
    Key(136, "KEY_FIND", "find"),
    Key(137, "KEY_CUT", "cut"),
    Key(138, "KEY_HELP", "help"),
    Key(139, "KEY_MENU", "menu"),
    Key(140, "KEY_CALC", "calculator"),
    Key(142, "KEY_SLEEP", "sleep"),
    Key(143, "KEY_WAKEUP", "wake"),
    Key(155, "KEY_MAIL", "mail"),
    Key(156, "KEY_BOOKMARKS", "ac_bookmarks"),
    Key(157, "KEY_COMPUTER", "computer"),
    Key(158, "KEY_BACK", "ac_back"),
    Key(159, "KEY_FORWARD", "ac_forward"),
    Key(163, "KEY_NEXTSONG", "audionext"),
    Key(164, "KEY_PLAYPAUSE", "audioplay"),
    Key(165, "KEY_PREVIOUSSONG", "audioprev"),
    Key(166, "KEY_STOPCD", "audiostop"),
    Key(172, "KEY_HOMEPAGE", "ac_home"),
    Key(173, "KEY_REFRESH", "ac_refresh"),
    Key(210, "KEY_PRINT", "print"),
    Key(226, "KEY_MEDIA", "mediaselect"),
)

_CODES: Final = {key.name: key.code for key in KEYS}


def linux_code(key: int | str) -> int:
    """The Linux code of a key.

    Args:
        key: A code, or a name such as ``KEY_LEFTCTRL``; digits in a string are a code.

    Raises:
        ConfigError: There is no key of that name; near names are offered.
    """
    if isinstance(key, int) or key.isdecimal():
        return int(key)
    found = _CODES.get(key.upper())
    if found is None:
        near = get_close_matches(key.upper(), _CODES, n=3)
        raise ConfigError(
            f"no key {key!r} is known",
            field="key",
            hint=f"did you mean {', '.join(near)}?" if near else "a name such as KEY_ENTER",
        )
    return found
