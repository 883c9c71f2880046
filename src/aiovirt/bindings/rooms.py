"""What a client with less room gets, which a row does not know: clients that are not ours.

A client in C often calls twice: first with no room at all, for how much there is, then for the
things themselves.  The rows always ask for all; so a server widens what such a client asks, calls
the operation, and trims the reply to the room that there was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec

from aiovirt.bindings.arguments import STRINGS_WELCOME
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct

__all__ = ["Room", "room_of"]

Trim: TypeAlias = Callable[[Any, Any], Mapping[str, Any]]
"""From the arguments and the reply to the fields of the reply that change."""


class Room:
    """What is done for one procedure; `room_of` makes it.

    Args:
        widened: The fields of the arguments that ask for all, with the value that does.
        trims: What makes the reply fit, one after the other.
    """

    def __init__(self, widened: Mapping[str, int], trims: tuple[Trim, ...]) -> None:
        self._widened = widened
        self._trims = trims

    def widen(self, args: Struct) -> Struct:
        """The arguments, but asking for all that there is."""
        if all(getattr(args, name) == value for name, value in self._widened.items()):
            return args
        return msgspec.structs.replace(args, **self._widened)

    def trim(self, args: Struct, reply: Struct) -> Struct:
        """The reply, with no more than the client has room for."""
        for trim in self._trims:
            changed = trim(args, reply)
            if changed:
                reply = msgspec.structs.replace(reply, **changed)
        return reply


_LISTS = ("names", "ids", "uuids", "cells", "stats", "errors", "domains", "params")


def _list_in(procedure: Procedure[Any, Any]) -> str | None:
    """The field of a reply with the list whose length is bounded."""
    fields = procedure.ret.__struct_fields__
    return next((name for name in fields if name in _LISTS), None)


def _at_most(bound: str, name: str) -> Trim:
    """A list that is cut to the number that a field of the arguments has."""

    def trim(args: Any, reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of many kinds
        most: int = max(0, getattr(args, bound))
        found = getattr(reply, name)
        return {name: found[:most]} if len(found) > most else {}

    return trim


def _counted(name: str) -> Trim:
    """A list that is left out unless it is wanted, with its length beside it."""

    def trim(args: Any, _reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of many kinds
        return {} if args.need_results else {name: []}

    return trim


def _parameters(args: Any, reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of many kinds
    """Parameters: how many there are where there is no room, else what there is room for."""
    found = reply.params
    if args.nparams == 0:
        return {"params": type(found)(), "nparams": len(found)}
    return _parameters_alone(args, reply)


def _pieces(found: Any) -> Iterator[Any]:  # noqa: ANN401 - a mapping or a list
    return iter(found.items() if isinstance(found, Mapping) else found)


def _parameters_alone(args: Any, reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - likewise
    """Parameters that are counted by another procedure."""
    found = reply.params
    if len(found) <= args.nparams:
        return {}
    return {"params": type(found)(list(_pieces(found))[: max(0, args.nparams)])}


def _without_texts(args: Any, reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - likewise
    """Texts are left out for clients that do not say they know them."""
    if args.flags & STRINGS_WELCOME or not isinstance(reply.params, Mapping):
        return {}
    kept = {name: value for name, value in reply.params.items() if not isinstance(value, str)}
    return {"params": kept} if len(kept) < len(reply.params) else {}


def _maps(args: Any, reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - likewise
    """A map of processors as long as the client's."""
    found: bytes = reply.cpumaps
    return {"cpumaps": found[: args.maplen]} if len(found) > args.maplen else {}


def _host_map(args: Any, _reply: Any) -> Mapping[str, Any]:  # noqa: ANN401 - likewise
    """The host's map, where it is wanted."""
    changed: dict[str, Any] = {} if args.need_map else {"cpumap": b""}
    return changed if args.need_online else {**changed, "online": 0}


_TEXTS = frozenset(
    {
        "DOMAIN_BLOCK_STATS_FLAGS",
        "DOMAIN_GET_BLKIO_PARAMETERS",
        "DOMAIN_GET_BLOCK_IO_TUNE",
        "DOMAIN_GET_INTERFACE_PARAMETERS",
        "DOMAIN_GET_MEMORY_PARAMETERS",
        "DOMAIN_GET_NUMA_PARAMETERS",
        "DOMAIN_GET_SCHEDULER_PARAMETERS",
        "DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS",
    }
)
"""Procedures whose parameters may be texts only for clients that say so."""

_BOUNDS = ("maxnames", "maxids", "maxuuids", "maxcells", "max_stats", "maxerrors")


@cache
def room_of(procedure: Procedure[Any, Any]) -> Room | None:
    """What is to be done for a procedure, or None when its arguments say nothing of room."""
    fields = procedure.args.__struct_fields__
    widened = {name: 1 for name in ("need_results", "need_map", "need_online") if name in fields}
    trims = tuple(_trims(procedure, fields))
    return Room(widened, trims) if widened or trims else None


def _trims(procedure: Procedure[Any, Any], fields: tuple[str, ...]) -> Iterator[Trim]:
    name = _list_in(procedure)
    if "need_results" in fields:
        (first, *_) = procedure.ret.__struct_fields__
        yield _counted(first)
    if "need_map" in fields:
        yield _host_map
    if procedure.name in _TEXTS and "flags" in fields:
        yield _without_texts
    if "nparams" in fields and "params" in procedure.ret.__struct_fields__:
        yield _parameters if "nparams" in procedure.ret.__struct_fields__ else _parameters_alone
    if "maplen" in fields and "ret" in procedure.ret.__struct_fields__:
        yield _maps
    for bound in _BOUNDS:
        if bound in fields and name is not None:
            yield _at_most(bound, name)
