"""The plain types of XML Schema that vSphere uses: from their texts, and back.

Source: XML Schema part 2; a dateTime without a zone is UTC, as VMware's servers mean it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from aiovirt.errors import CallerError

__all__ = ["READERS", "WRITERS", "ZEROS", "EncodeError", "escaped", "plain_name"]

_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class EncodeError(CallerError):
    """A value does not fit the type that it is sent as.

    Attributes:
        field: The field, such as ``VirtualMachineConfigSpec.num_cpus``, or None.
    """

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


def escaped(text: str) -> str:
    """A text as it stands in XML.

    Raises:
        EncodeError: It has a character that XML cannot hold.
    """
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(_entity, text)


def _entity(found: re.Match[str]) -> str:
    try:
        return _ENTITIES[found[0]]
    except KeyError as error:
        raise EncodeError(f"XML cannot hold the character U+{ord(found[0]):04X}") from error


def _read_bool(text: str) -> bool:
    found = _TRUTH.get(text)
    if found is None:
        found = _TRUTH.get(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is neither true nor false")
    return found


def _read_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read_bytes(text: str) -> bytes:
    return b64decode("".join(text.split()), validate=True)


def _write_text(value: object) -> str:
    if not isinstance(value, str):
        raise EncodeError(f"{type(value).__name__} is no text")
    return escaped(value)


def _write_bool(value: object) -> str:
    if not isinstance(value, bool):
        raise EncodeError(f"{type(value).__name__} is neither true nor false")
    return "true" if value else "false"


def _write_int(bits: int) -> Callable[[object], str]:
    def write(value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise EncodeError(f"{type(value).__name__} is no whole number")
        if not -(1 << bits) <= value < 1 << bits:
            raise EncodeError(f"{value} does not fit {bits + 1} bits")
        return str(value)

    return write


def _write_float(value: object) -> str:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise EncodeError(f"{type(value).__name__} is no number")
    text = repr(float(value))
    return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(text, text)


def _write_time(value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise EncodeError(f"{value!r} is no time with a time zone")
    return value.isoformat().replace("+00:00", "Z")


def _write_bytes(value: object) -> str:
    if not isinstance(value, bytes):
        raise EncodeError(f"{type(value).__name__} is no bytes")
    return b64encode(value).decode()


READERS: Final[dict[str, Callable[[str], object]]] = {
    "string": str,
    "anyURI": str,
    "boolean": _read_bool,
    "byte": int,
    "short": int,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "dateTime": _read_time,
    "base64Binary": _read_bytes,
}
"""How each type is read; a ValueError says that the text is none."""

WRITERS: Final[dict[str, Callable[[object], str]]] = {
    "string": _write_text,
    "anyURI": _write_text,
    "boolean": _write_bool,
    "byte": _write_int(7),
    "short": _write_int(15),
    "int": _write_int(31),
    "long": _write_int(63),
    "float": _write_float,
    "double": _write_float,
    "dateTime": _write_time,
    "base64Binary": _write_bytes,
}

ZEROS: Final[dict[str, object]] = {
    "string": "",
    "anyURI": "",
    "boolean": False,
    "byte": 0,
    "short": 0,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "dateTime": datetime.fromtimestamp(0, UTC),
    "base64Binary": b"",
}
"""What a required field has that the server left out."""

_PLAIN: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (float, "double"),
    (datetime, "dateTime"),
    (bytes, "base64Binary"),
)


def plain_name(value: object) -> str | None:
    """The type as which a plain value is sent where any may stand; None where it is not plain."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -(1 << 31) <= value < 1 << 31 else "long"
    if isinstance(value, StrEnum):
        return None
    return next((name for kind, name in _PLAIN if isinstance(value, kind)), None)
