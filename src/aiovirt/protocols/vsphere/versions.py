"""Which version of the API a client and a server speak with each other.

A server lists the versions of each namespace in /sdk/vimServiceVersions.xml: its newest, and under
priorVersions those that it speaks too.  Source: that file of vCenter and ESX 5.5 to 8.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from lxml import etree

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.documents import NAMESPACE
from aiovirt.protocols.vsphere.scalars import escaped

__all__ = [
    "FALLBACK",
    "VERSIONS_PATH",
    "choose",
    "numbers",
    "parse_versions",
    "versions_document",
]

VERSIONS_PATH: Final = "/sdk/vimServiceVersions.xml"

FALLBACK: Final = "5.5"
"""What is spoken with a server that has no such file; it tells more in ServiceContent.about."""

OLDEST: Final = (5, 5)
NEWEST: Final = (8, 0)
"""Of a newer series than this no version is chosen: what it changed is not known."""

LONGEST: Final = 1024 * 1024
"""Bytes of the file at most."""

_VERSION = re.compile(r"\d+(\.\d+)*$")


def numbers(version: str) -> tuple[int, ...]:
    """A version to compare others with; empty where it is none, such as ``2.5u2``."""
    return tuple(map(int, version.split("."))) if _VERSION.match(version) else ()


def choose(offered: Iterable[str]) -> str:
    """The newest version that both sides know; `FALLBACK` where there is none.

    Args:
        offered: What the server speaks, or only the newest of it: ``about.api_version``.
    """
    fit = [version for version in offered if OLDEST <= numbers(version)[:2] <= NEWEST]
    return max(fit, key=numbers, default=FALLBACK)


def parse_versions(data: bytes) -> tuple[str, ...]:
    """The versions that a server's file lists for the API, its newest first.

    Raises:
        ProtocolError: It is no such file.
    """
    if len(data) > LONGEST:
        raise ProtocolError(f"the list of versions is longer than {LONGEST} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ProtocolError(f"the list of versions is no XML: {error}") from error
    for namespace in root.iter("namespace"):
        if (namespace.findtext("name") or "").strip() == NAMESPACE:
            found = [element.text or "" for element in namespace.iter("version")]
            return tuple(version.strip() for version in found)
    raise ProtocolError(f"the server does not list {NAMESPACE}: is it a vCenter or an ESX host?")


def versions_document(versions: Sequence[str]) -> bytes:
    """The file of a server that speaks these versions, its newest first."""
    newest, *prior = map(escaped, versions)
    listed = "".join(f"<version>{version}</version>" for version in prior)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<namespaces version="1.0"><namespace>'
        f"<name>{NAMESPACE}</name><version>{newest}</version>"
        f"<priorVersions>{listed}</priorVersions></namespace></namespaces>"
    ).encode()
