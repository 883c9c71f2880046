r"""How values and names are escaped in ``.vmx`` files: ``|22`` for a quote, ``%2f`` for a slash.

The pipe is the file format's own: VMware writes so what would end a value or the line.  The
percent sign is vSphere's, in names of machines that are names of folders as well (vSphere API,
VirtualMachineConfigSpec.name: ``%``, ``/`` and ``\`` are escaped).
"""

from __future__ import annotations

import re

__all__ = ["escape", "escape_name", "printable", "unescape", "unescape_name"]

_ESCAPED = re.compile(r"(?:\|[0-9A-Fa-f]{2})+")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_SPECIAL = re.compile(r'["|\x00-\x08\x0a-\x1f\x7f]')
_IN_NAMES = re.compile(r"[%/\\]")
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """The text as it stands between the quotes of a value."""
    return _SPECIAL.sub(lambda found: f"|{ord(found[0]):02x}", text)


def unescape(raw: str) -> str:
    """The text of a value.

    Raises:
        ValueError: A pipe is not followed by two hexadecimal digits, or the bytes are no UTF-8.
    """
    if "|" not in raw:
        return raw
    if "|" in _ESCAPED.sub("", raw):
        raise ValueError("a '|' without two hexadecimal digits behind it")
    return _ESCAPED.sub(lambda run: bytes.fromhex(run[0].replace("|", "")).decode(), raw)


def escape_name(name: str) -> str:
    """A machine's name as vSphere writes it."""
    return _IN_NAMES.sub(lambda found: f"%{ord(found[0]):02x}", name)


def unescape_name(name: str) -> str:
    """The name that vSphere wrote; a ``%`` that stands for itself, as on desktops, stays."""
    return _PERCENT.sub(lambda found: chr(int(found[1], 16)), name)


def printable(text: str) -> str:
    """The text without the characters that XML cannot carry, as libvirt leaves them out."""
    return _NOT_IN_XML.sub("", text)
