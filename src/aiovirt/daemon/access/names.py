"""Distinguished names of certificates as text (RFC 4514), and patterns of them.

A name is compared part by part: a comma inside a value is escaped and joins no parts, so nobody
can have a certificate signed whose one value looks like the parts of another's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["Subject", "distinguished_name", "name_fits"]

Subject = tuple[tuple[tuple[str, str], ...], ...]
"""A subject as `ssl.SSLSocket.getpeercert` gives it: relative names, each of types and values."""

_SHORT = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""RFC 4514, section 3; other types keep OpenSSL's name."""

_SPECIAL = re.compile(r'([,+"\\<>;])')
_PART = re.compile(r"(?:\\.|[^,\\])+", re.DOTALL)


def distinguished_name(subject: Subject) -> str | None:
    """The text of a subject, the last relative name first; None for an empty one.

    It is what ``openssl x509 -noout -subject -nameopt RFC2253`` and certtool print.
    """
    relative = ("+".join(_pair(*pair) for pair in part) for part in reversed(subject))
    return ",".join(relative) or None


def _pair(kind: str, value: str) -> str:
    # A value may hold anything: what would end a line of a log, or a part here, does not.
    visible = "".join(letter if letter.isprintable() else "?" for letter in value)
    escaped = _SPECIAL.sub(r"\\\1", visible)
    if escaped[:1] in {" ", "#"}:
        escaped = f"\\{escaped}"
    return f"{_SHORT.get(kind, kind)}={escaped}"


def name_fits(pattern: str, name: str) -> bool:
    """Whether a pattern fits a name, in the order of RFC 4514 or turned round, as libvirt has it.

    A ``*`` stands for anything within one part; one that is alone between commas for any parts.
    """
    parts = _parts(name)
    fits = _compiled(pattern)
    return any(fits.fullmatch("\0".join(order)) for order in (parts, parts[::-1]))


def _parts(name: str) -> list[str]:
    return [part.strip() for part in _PART.findall(name)]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("\0".join(_expressions(_parts(pattern))))


def _expressions(parts: Iterable[str]) -> Iterable[str]:
    for part in parts:
        if part == "*":
            yield "[^\0]*(?:\0[^\0]*)*"
        else:
            yield "[^\0]*".join(map(re.escape, part.split("*")))
