"""What the phases of a migration hand on to each other: libvirt's ``<qemu-migration>`` document.

Both ends may be a libvirtd, so it says what that says and needs; what it does not know is skipped.
Source: libvirt 9.0's own cookies, as recorded. No I/O.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from uuid import UUID

from lxml import etree

from aiovirt.config.making import Element, make, to_text
from aiovirt.errors import ProtocolError
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamType, ParamValue, Typed

__all__ = ["Cookie", "Disks", "Noted", "own_cookie"]

Noted: TypeAlias = Mapping[str, Mapping[str, str]]
"""Bitmaps of disks that are copied: by the disk's target, and their names; as what they go."""

_ROOT: Final = "qemu-migration"
_LIMIT: Final = 4 * 1024 * 1024  # of libvirt's protocol
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)

_STATISTICS: Final = (
    *("time_elapsed", "downtime", "setup_time"),
    *("memory_total", "memory_processed", "memory_remaining", "memory_bps"),
    *("memory_constant", "memory_normal", "memory_normal_bytes", "memory_dirty_rate"),
    *("memory_iteration", "memory_postcopy_requests", "memory_page_size"),
    *("disk_total", "disk_processed", "disk_remaining", "disk_bps"),
    "auto_converge_throttle",
)
"""The figures of a job that the hosts tell each other; libvirt's elements have the same names."""


@dataclass(frozen=True, slots=True)
class Disks:
    """The disks that are copied.

    Attributes:
        port: Where the destination serves them by NBD; 0 from the source.
        sizes: The bytes of each, by its target; empty from the destination.
    """

    port: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie.

    Attributes:
        name: The domain's name at the source.
        uuid: Its UUID.
        hostname: Of the host that made the cookie.
        host_uuid: The same host's UUID.
        disks: The disks that are copied; None where none are.
        persistent: The definition that the destination keeps.
        statistics: The figures of the move, by the names that jobs have for them.
        bitmaps: Those that the source has, or those of them that the destination takes.
    """

    name: str
    uuid: UUID
    hostname: str
    host_uuid: UUID
    disks: Disks | None = None
    persistent: str | None = None
    statistics: Mapping[str, ParamValue] = field(default_factory=dict)
    bitmaps: Noted = field(default_factory=dict)

    def encode(self) -> bytes:
        """The document; with the zero byte behind it that libvirt's C strings have."""
        persistent = [] if self.persistent is None else [etree.fromstring(self.persistent, _PARSER)]
        document = make(
            _ROOT,
            make("name", self.name),
            make("uuid", str(self.uuid)),
            make("hostname", self.hostname),
            make("hostuuid", str(self.host_uuid)),
            *persistent,
            *self._nbd(),
            *self._bitmaps(),
            *self._figures(),
        )
        return to_text(document).encode() + b"\0"

    def _nbd(self) -> list[Element]:
        if self.disks is None:
            return []
        port = {"port": str(self.disks.port)} if self.disks.port else {}
        sizes = [
            make("disk", target=target, capacity=str(size))
            for target, size in self.disks.sizes.items()
        ]
        return [make("nbd", *sizes, **port)]

    def _bitmaps(self) -> list[Element]:
        if not self.bitmaps:
            return []
        disks = [
            make(
                "disk",
                *(make("bitmap", name=name, alias=alias) for name, alias in names.items()),
                target=target,
            )
            for target, names in self.bitmaps.items()
        ]
        return [make("blockDirtyBitmaps", *disks)]

    def _figures(self) -> list[Element]:
        if not self.statistics:
            return []
        known = [
            make(name, str(_number(self.statistics[name])))
            for name in _STATISTICS
            if name in self.statistics
        ]
        return [make("statistics", *known)]

    @classmethod
    def decode(cls, data: bytes, domain: DomainKey | None = None) -> Cookie | None:
        """Read a cookie; None of an empty one.

        Args:
            data: It.
            domain: Whose it must be, as the source calls it; None does not look.

        Raises:
            ProtocolError: It is none, or another domain's.
        """
        text = data.rstrip(b"\0")
        if not text:
            return None
        root = _parsed(text)
        try:
            uuid = UUID(root.findtext("uuid") or "")
            host_uuid = UUID(root.findtext("hostuuid") or "")
            disks = _disks(root.find("nbd"))
            statistics = _statistics(root.find("statistics"))
        except ValueError as error:
            raise ProtocolError(f"the migration's cookie is damaged: {error}") from error
        name = root.findtext("name") or ""
        if domain is not None and (domain.name, domain.uuid) != (name, uuid):
            raise ProtocolError(
                f"the migration's cookie is of domain {name!r} ({uuid}), not of {domain.name!r}"
            )
        persistent = root.find("domain")
        return cls(
            name,
            uuid,
            root.findtext("hostname") or "",
            host_uuid,
            disks,
            None if persistent is None else etree.tostring(persistent, encoding="unicode"),
            statistics,
            _noted(root),
        )


def own_cookie(domain: DomainKey, host_uuid: UUID | None) -> Cookie:
    """A cookie of this host that says nothing but whose it is."""
    return Cookie(domain.name, domain.uuid, socket.gethostname(), host_uuid or UUID(int=0))


def _number(value: ParamValue) -> int:
    number = value.value if isinstance(value, Typed) else value
    return int(number) if isinstance(number, int | float) else 0


def _parsed(text: bytes) -> Element:
    if len(text) > _LIMIT:
        raise ProtocolError(f"a migration's cookie of {len(text)} bytes is too long")
    try:
        root = etree.fromstring(text, _PARSER)
    except etree.XMLSyntaxError as error:
        raise ProtocolError(f"the migration's cookie is no XML: {error}") from error
    if root.tag != _ROOT:
        raise ProtocolError(f"the migration's cookie is <{root.tag}>, not <{_ROOT}>")
    return root


def _disks(nbd: Element | None) -> Disks | None:
    if nbd is None:
        return None
    sizes = {disk.get("target", ""): int(disk.get("capacity", "0")) for disk in nbd.findall("disk")}
    return Disks(int(nbd.get("port", "0")), sizes)


def _noted(root: Element) -> dict[str, dict[str, str]]:
    return {
        disk.get("target", ""): {
            bitmap.get("name", ""): bitmap.get("alias", "") for bitmap in disk.findall("bitmap")
        }
        for disk in root.findall("blockDirtyBitmaps/disk")
    }


def _statistics(node: Element | None) -> dict[str, ParamValue]:
    if node is None:
        return {}
    return {
        name: Typed(ParamType.ULLONG, int(text))
        for name in _STATISTICS
        if (text := node.findtext(name))
    }
