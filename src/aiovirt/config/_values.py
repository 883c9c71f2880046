"""Fields of values with a notation of their own: IP addresses, numbers in other bases, times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from aiovirt.config._codecs import Codec, any_base
from aiovirt.config._forms import IP, Form, shaped
from aiovirt.config._scalars import Number, Scalar
from aiovirt.config._view import Field

__all__ = [
    "WHOLE_SECONDS",
    "Ip",
    "IpAddress",
    "Moment",
    "any_number",
    "hexadecimal",
    "ip",
    "moment",
    "octal",
]

IpAddress: TypeAlias = IPv4Address | IPv6Address

Ip: TypeAlias = Field[IpAddress | None, IpAddress | str | None]
Moment: TypeAlias = Field[datetime | None, datetime | None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"([0-9]{1,12})(?:\.([0-9]{0,9}))?")
WHOLE_SECONDS = shaped("[0-9]+", "a time since 1970 in whole seconds")
_MICRO = 6
_HEX = shaped("(0x)?[0-9a-f]+", "a hexadecimal number such as 0x1f")
_OCTAL = shaped("[0-7]+", "an octal number such as 0644")


def _write_ip(value: IpAddress | str) -> str:
    if isinstance(value, str):
        return str(ip_address(value))
    if not isinstance(value, IPv4Address | IPv6Address):
        raise TypeError(f"{type(value).__name__} is no address")
    return str(value)


_IP: Codec[IpAddress, IpAddress | str] = Codec(ip_address, _write_ip, IP.expected)


def _read_moment(raw: str) -> datetime:
    match = _SECONDS.fullmatch(raw)
    if match is None:
        raise ValueError(f"{raw!r} is no time")
    seconds, fraction = match.groups()
    micro = int((fraction or "")[:_MICRO].ljust(_MICRO, "0"))
    try:
        return _EPOCH + timedelta(seconds=int(seconds), microseconds=micro)
    except OverflowError as error:
        raise ValueError(f"{raw!r} is behind the year 9999") from error


def _write_moment(value: datetime) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is no datetime")
    if value.tzinfo is None:
        raise ValueError("it has no time zone")
    since = value - _EPOCH
    if since < timedelta():
        raise ValueError("it is before 1970")
    seconds, micro = since.days * 86400 + since.seconds, since.microseconds
    return f"{seconds}.{micro:06}" if micro else str(seconds)


_MOMENT: Codec[datetime, datetime] = Codec(
    _read_moment, _write_moment, "a time since 1970, such as datetime.now(UTC)"
)


def _based(base: int, write: str, low: int, high: int, form: Form) -> Codec[int, int]:
    def check(value: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{value!r} is no whole number")
        if not low <= value <= high:
            raise ValueError(f"{value} is out of range")
        return value

    def read(raw: str) -> int:
        if not form.accepts(raw):
            raise ValueError(f"{raw!r} is no such number")
        return check(int(raw, base) if base else any_base(raw))

    return Codec(read, lambda value: write.format(check(value)), form.expected)


def ip(path: str, *, form: Form = IP, required: bool = False) -> Ip:
    """An IP address; `form` narrows which."""
    return Scalar(path, _IP, form=form, required=required)


def moment(path: str, *, form: Form | None = None) -> Moment:
    """A time, written as seconds since 1970; it reads with the zone UTC, in microseconds."""
    return Scalar(path, _MOMENT, form=form)


def hexadecimal(
    path: str, *, digits: int = 1, high: int = 2**64 - 1, form: Form = _HEX, required: bool = False
) -> Number:
    """A whole number in hexadecimal digits, written with ``0x`` and `digits` of them at least."""
    return Scalar(
        path, _based(16, f"0x{{:0{digits}x}}", 0, high, form), form=form, required=required
    )


def octal(path: str, *, high: int) -> Number:
    """A whole number in octal digits, such as a file's mode, written with a leading 0."""
    return Scalar(path, _based(8, "0{:o}", 0, high, _OCTAL), form=_OCTAL)


def any_number(
    path: str, *, high: int, form: Form, write: str = "{}", required: bool = False
) -> Number:
    """A whole number in decimal or, with 0x, hexadecimal digits, written by the format `write`."""
    return Scalar(path, _based(0, write, 0, high, form), form=form, required=required)
