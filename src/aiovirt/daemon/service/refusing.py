"""Errors to what libvirt's clients know: its numbers, and the part of libvirt they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aiovirt.errors import AiovirtError, AlreadyExists, NotFound
from aiovirt.model.constants import ErrorDomain, ErrorLevel, ErrorNumber
from aiovirt.protocols.libvirt.failures import UNKNOWN_PROCEDURE, struct_from
from aiovirt.protocols.libvirt.tables.structs import Error

__all__ = [
    "ENDING",
    "INTERNAL",
    "NOT_OPENED",
    "UNAUTHENTICATED",
    "UNDECODABLE",
    "UNTOLD",
    "refusal",
    "rpc_error",
    "unknown_procedure",
    "unknown_program",
]

_N = ErrorNumber
_D = ErrorDomain


def rpc_error(text: str, number: ErrorNumber = _N.ERR_RPC) -> Error:
    """An error of the protocol's own part."""
    level = ErrorLevel.ERROR
    return Error(number, _D.RPC, text, level, None, None, None, None, -1, -1, None)


UNDECODABLE = rpc_error("Unable to decode message payload")
INTERNAL = rpc_error("the daemon failed: its log says how", _N.ERR_INTERNAL_ERROR)
UNTOLD = rpc_error("the daemon has an error that cannot be told", _N.ERR_INTERNAL_ERROR)
ENDING = rpc_error("the daemon ends: nothing is changed any more", _N.ERR_OPERATION_FAILED)
UNAUTHENTICATED = rpc_error("authentication required")
NOT_OPENED = rpc_error("connection not open", _N.ERR_INTERNAL_ERROR)


def unknown_procedure(number: int) -> Error:
    """The procedure does not exist: clients know this by its first words, and fall back."""
    return rpc_error(f"{UNKNOWN_PROCEDURE}: {number}")


def unknown_program(program: int, version: int) -> Error:
    """The program does not exist, or not in this version."""
    return rpc_error(f"Cannot find program {program} version {version}")


class _Kind(NamedTuple):
    """A kind of thing that procedures are about.

    Attributes:
        missing: The number for one that is not there.
        part: The part of libvirt that it belongs to; None for the driver's own.
        exists: The number for one that is there already, where it has one of its own.
    """

    missing: ErrorNumber
    part: ErrorDomain | None = None
    exists: ErrorNumber | None = None


# By how the names of the procedures begin; the longer ones first.
_KINDS: Mapping[str, _Kind] = {
    "DOMAIN_SNAPSHOT": _Kind(_N.ERR_NO_DOMAIN_SNAPSHOT, _D.DOMAIN_SNAPSHOT),
    "DOMAIN_REVERT": _Kind(_N.ERR_NO_DOMAIN_SNAPSHOT),
    "DOMAIN_CHECKPOINT": _Kind(_N.ERR_NO_DOMAIN_CHECKPOINT, _D.DOMAIN_CHECKPOINT),
    "DOMAIN_BACKUP": _Kind(_N.ERR_NO_DOMAIN_BACKUP),
    "NETWORK_PORT": _Kind(_N.ERR_NO_NETWORK_PORT, _D.NETWORK, _N.ERR_NETWORK_PORT_EXIST),
    "NETWORK": _Kind(_N.ERR_NO_NETWORK, _D.NETWORK),
    "STORAGE_POOL": _Kind(_N.ERR_NO_STORAGE_POOL, _D.STORAGE),
    "STORAGE_VOL": _Kind(_N.ERR_NO_STORAGE_VOL, _D.STORAGE, _N.ERR_STORAGE_VOL_EXIST),
    "NODE_DEVICE": _Kind(_N.ERR_NO_NODE_DEVICE, _D.NODEDEV),
    "INTERFACE": _Kind(_N.ERR_NO_INTERFACE, _D.INTERFACE),
    "NWFILTER_BINDING": _Kind(_N.ERR_NO_NWFILTER_BINDING, _D.NWFILTER),
    "NWFILTER": _Kind(_N.ERR_NO_NWFILTER, _D.NWFILTER),
    "SECRET": _Kind(_N.ERR_NO_SECRET, _D.SECRET),
    "CONNECT_LOOKUP_SERVER": _Kind(_N.ERR_NO_SERVER, _D.ADMIN),
    "SERVER_LOOKUP_CLIENT": _Kind(_N.ERR_NO_CLIENT, _D.ADMIN),
    "CLIENT": _Kind(_N.ERR_NO_CLIENT, _D.ADMIN),
}

_DRIVERS: Mapping[str, ErrorDomain] = {
    "esx": _D.ESX,
    "lxc": _D.LXC,
    "qemu": _D.QEMU,
    "test": _D.TEST,
    "vpx": _D.ESX,
}

# What is missing may be another thing than the procedure is about: a volume's pool, for one.
_WORDS: tuple[tuple[str, ErrorNumber], ...] = (
    ("snapshot", _N.ERR_NO_DOMAIN_SNAPSHOT),
    ("checkpoint", _N.ERR_NO_DOMAIN_CHECKPOINT),
    ("metadata", _N.ERR_NO_DOMAIN_METADATA),
    ("volume", _N.ERR_NO_STORAGE_VOL),
    ("pool", _N.ERR_NO_STORAGE_POOL),
    ("network port", _N.ERR_NO_NETWORK_PORT),
    ("network filter", _N.ERR_NO_NWFILTER),
    ("network", _N.ERR_NO_NETWORK),
    ("secret", _N.ERR_NO_SECRET),
    ("node device", _N.ERR_NO_NODE_DEVICE),
    ("domain", _N.ERR_NO_DOMAIN),
)


def refusal(error: AiovirtError, procedure: str, driver: str) -> Error:
    """What a client is told of an error.

    Args:
        error: What happened.
        procedure: The name of the procedure that was called.
        driver: The scheme of the driver's URI.
    """
    kind = next((kind for start, kind in _KINDS.items() if procedure.startswith(start)), None)
    part = kind and kind.part
    return struct_from(error, part or _DRIVERS.get(driver, _D.DOMAIN), number=_number(error, kind))


def _number(error: AiovirtError, kind: _Kind | None) -> ErrorNumber | None:
    """The number of an error whose class alone does not tell it."""
    if isinstance(error, NotFound):
        return _missing(str(error).lower()) or (kind and kind.missing)
    if isinstance(error, AlreadyExists):
        return kind and kind.exists
    return None


def _missing(text: str) -> ErrorNumber | None:
    """The number of what an error's text says is not there."""
    thing = text.removeprefix("there is ").removeprefix("no ").removeprefix("storage ")
    if thing == text:
        return None
    return next((number for word, number in _WORDS if thing.startswith(word)), None)
