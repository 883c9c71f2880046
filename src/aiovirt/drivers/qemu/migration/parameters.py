"""What may be asked of a migration, read from libvirt's parameters and flags, and QEMU's words.

Source: libvirt's documentation of `VIR_MIGRATE_*`, and QEMU's qapi/migration.json. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final

from aiovirt.errors import CallerError, Unsupported
from aiovirt.model.params import ParamValue, TypedParams, plain

__all__ = [
    "COPY_ALL",
    "COPY_NEWEST",
    "LIVE",
    "OFFLINE",
    "PAUSED",
    "PEER_TO_PEER",
    "PERSIST",
    "POSTCOPY",
    "PROTECT",
    "RESUME",
    "TLS",
    "TUNNELLED",
    "UNDEFINE",
    "UNSAFE",
    "End",
    "Wishes",
    "capabilities",
    "settings",
]

LIVE, PEER_TO_PEER, TUNNELLED, PERSIST, UNDEFINE, PAUSED = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
COPY_ALL, COPY_NEWEST, PROTECT, UNSAFE, OFFLINE, COMPRESSED = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
ABORT_ON_ERROR, AUTO_CONVERGE, RDMA_PIN_ALL, POSTCOPY = 0x1000, 0x2000, 0x4000, 0x8000
TLS, PARALLEL, SYNCHRONOUS, RESUME, ZEROCOPY = 0x10000, 0x20000, 0x40000, 0x80000, 0x100000
"""Of `DomainMigrateFlags`."""

_ALL: Final = 0x1FFFFF
_MIB: Final = 1 << 20
_FASTEST: Final = 2**63 - 1


class End(Flag):
    """The ends that something is set at."""

    SOURCE = auto()
    DESTINATION = auto()
    BOTH = SOURCE | DESTINATION


_ALWAYS: Final = {
    "events": End.BOTH,
    "pause-before-switchover": End.SOURCE,
    "late-block-activate": End.DESTINATION,
}
_BY_FLAG: Final = {
    AUTO_CONVERGE: ("auto-converge", End.SOURCE),
    POSTCOPY: ("postcopy-ram", End.BOTH),
    PARALLEL: ("multifd", End.BOTH),
    ZEROCOPY: ("zero-copy-send", End.SOURCE),
}
_BY_METHOD: Final = {"xbzrle": "xbzrle", "mt": "compress"}
_MULTIFD_METHODS: Final = ("zlib", "zstd")

_NUMBERS: Final = {
    "auto_converge.initial": ("cpu-throttle-initial", End.SOURCE),
    "auto_converge.increment": ("cpu-throttle-increment", End.SOURCE),
    "compression.mt.level": ("compress-level", End.BOTH),
    "compression.mt.threads": ("compress-threads", End.BOTH),
    "compression.mt.dthreads": ("decompress-threads", End.BOTH),
    "compression.xbzrle.cache": ("xbzrle-cache-size", End.BOTH),
    "compression.zlib.level": ("multifd-zlib-level", End.SOURCE),
    "compression.zstd.level": ("multifd-zstd-level", End.SOURCE),
    "parallel.connections": ("multifd-channels", End.BOTH),
}
"""libvirt's parameters that are QEMU's, too -> QEMU's names, and where they are set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """One migration, as it was asked for. Bandwidths are MiB in a second, 0 without a limit.

    The attributes are libvirt's parameters; `numbers` are those that QEMU takes as they are.
    """

    flags: int = 0
    name: str | None = None
    xml: str | None = None
    persistent_xml: str | None = None
    uri: str | None = None
    graphics_uri: str | None = None
    listen_address: str | None = None
    disks_uri: str | None = None
    disks_port: int = 0
    tls_destination: str | None = None
    bandwidth: int = 0
    postcopy_bandwidth: int = 0
    disks: tuple[str, ...] = ()
    compression: tuple[str, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, params: TypedParams, flags: int) -> Wishes:
        """Read what was asked for.

        Raises:
            Unsupported: A parameter or flag is not known, or cannot be had here.
            CallerError: Some contradict each other, or one is of the wrong kind.
        """
        found: dict[str, object] = {}
        numbers: dict[str, int] = {}
        for name, value in params.items():
            if name in _NUMBERS:
                numbers[name] = _count(name, value)
            elif name in _FIELDS:
                attribute, reader = _FIELDS[name]
                found[attribute] = reader(name, value)
            else:
                raise Unsupported("QEMU", "migration", f"the parameter {name!r}")
        wishes = cls(flags=flags, numbers=numbers, **found)  # type: ignore[arg-type]  # by tables
        _check(wishes)
        return wishes

    @property
    def offline(self) -> bool:
        """Whether only the definition moves."""
        return bool(self.flags & OFFLINE)

    @property
    def copies(self) -> bool:
        """Whether disks are copied."""
        return bool(self.flags & (COPY_ALL | COPY_NEWEST))

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways to compress."""
        if self.compression or not self.flags & COMPRESSED:
            return self.compression
        return ("xbzrle",)


def _count(name: str, value: ParamValue) -> int:
    number = plain(value)
    if not isinstance(number, int) or number < 0:
        raise CallerError(f"the parameter {name} of a migration is a number, not {number!r}")
    return number


def _text(_name: str, value: ParamValue) -> str:
    return str(plain(value))


def _several(_name: str, value: ParamValue) -> tuple[str, ...]:
    found = plain(value)
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),)


_FIELDS: Final[Mapping[str, tuple[str, Callable[[str, ParamValue], object]]]] = {
    "destination_name": ("name", _text),
    "destination_xml": ("xml", _text),
    "persistent_xml": ("persistent_xml", _text),
    "migrate_uri": ("uri", _text),
    "graphics_uri": ("graphics_uri", _text),
    "listen_address": ("listen_address", _text),
    "disks_uri": ("disks_uri", _text),
    "tls.destination": ("tls_destination", _text),
    "disks_port": ("disks_port", _count),
    "bandwidth": ("bandwidth", _count),
    "bandwidth.postcopy": ("postcopy_bandwidth", _count),
    "migrate_disks": ("disks", _several),
    "compression": ("compression", _several),
}
"""libvirt's other parameters -> our attributes, and how they are read."""


_TOGETHER: Final = (
    (COPY_ALL, COPY_NEWEST, "copying whole disks and copying their newest layers"),
    (OFFLINE, COPY_ALL, "moving a definition alone and copying disks"),
    (OFFLINE, COPY_NEWEST, "moving a definition alone and copying disks"),
    (OFFLINE, TUNNELLED, "moving a definition alone and a tunnel"),
    (OFFLINE, POSTCOPY, "moving a definition alone and post-copy"),
    (TUNNELLED, COPY_ALL, "a tunnel and copying disks"),
    (TUNNELLED, COPY_NEWEST, "a tunnel and copying disks"),
    (TUNNELLED, POSTCOPY, "a tunnel and post-copy"),
    (TUNNELLED, PARALLEL, "a tunnel and several connections"),
    (TUNNELLED, TLS, "a tunnel and encryption by QEMU"),
    (POSTCOPY, PARALLEL, "post-copy and several connections"),
)
"""What does not go together, as in libvirt."""
_NEEDED: Final = (
    (TUNNELLED, PEER_TO_PEER, "a tunnel needs a migration from peer to peer"),
    (OFFLINE, PERSIST, "moving a definition alone needs one that is kept: persistent"),
    (ZEROCOPY, PARALLEL, "sending without a copy needs several connections: parallel"),
    (RESUME, POSTCOPY, "going on with post-copy needs post-copy"),
    (SYNCHRONOUS, COPY_ALL | COPY_NEWEST, "synchronous writes need disks that are copied"),
)


def _check(wishes: Wishes) -> None:
    """See that all of it can be had together."""
    flags = wishes.flags
    if flags & ~_ALL:
        raise Unsupported("QEMU", "migration", f"the flags {flags & ~_ALL:#x}")
    if flags & RDMA_PIN_ALL or (wishes.uri or "").startswith("rdma:"):
        raise Unsupported("QEMU", "migration", "RDMA: it needs hardware that could not be tried")
    for one, other, what in _TOGETHER:
        if flags & one and flags & other:
            raise CallerError(f"{what} do not go together")
    for one, needed, why in _NEEDED:
        if flags & one and not flags & needed:
            raise CallerError(why)
    methods = {*_BY_METHOD, *_MULTIFD_METHODS}
    unknown = [method for method in wishes.compression if method not in methods]
    if unknown:
        raise Unsupported("QEMU", "migration", f"compression by {unknown[0]!r}")


# --- QEMU's words -------------------------------------------------------------------------------


_BITMAPS: Final = "dirty-bitmaps"


def capabilities(
    wishes: Wishes, end: End, known: Collection[str], *, bitmaps: bool = False
) -> list[dict[str, object]]:
    """QEMU's capabilities at one end: on and off, for an earlier move may have set them.

    Args:
        wishes: What was asked for.
        end: Which end.
        known: Those that this QEMU has.
        bitmaps: Whether bitmaps go along.

    Raises:
        Unsupported: One that is needed is not among them.
    """
    wanted = {name for name, ends in _ALWAYS.items() if end in ends and name in known}
    needed = {
        name for flag, (name, ends) in _BY_FLAG.items() if wishes.flags & flag and end in ends
    }
    needed |= {_BY_METHOD[method] for method in wishes.methods if method in _BY_METHOD}
    needed |= {_BITMAPS} if bitmaps else set()
    lacking = sorted(needed - set(known))
    if lacking:
        raise Unsupported("QEMU", "migration", f"the capability {lacking[0]} of this binary")
    ours = {_BITMAPS, *_ALWAYS, *_BY_METHOD.values(), *(name for name, _ in _BY_FLAG.values())}
    return [
        {"capability": name, "state": name in wanted | needed} for name in sorted(ours & set(known))
    ]


def settings(wishes: Wishes, end: End, *, speed: int | None = None) -> dict[str, object]:
    """QEMU's parameters at one end.

    Args:
        wishes: What was asked for.
        end: Which end.
        speed: The most bytes in a second where that was set beforehand; None is no limit.
    """
    found: dict[str, object] = {
        _NUMBERS[name][0]: number
        for name, number in wishes.numbers.items()
        if end in _NUMBERS[name][1]
    }
    multifd = [method for method in wishes.methods if method in _MULTIFD_METHODS]
    if multifd:
        found["multifd-compression"] = multifd[0]
    if wishes.postcopy_bandwidth:
        found["max-postcopy-bandwidth"] = wishes.postcopy_bandwidth * _MIB
    if end is End.SOURCE:
        limit = wishes.bandwidth * _MIB or speed or _FASTEST
        found["max-bandwidth"] = min(limit, _FASTEST)
    return found
