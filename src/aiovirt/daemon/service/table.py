"""Procedure to route: from the rooms with handlers, and from the rows of `aiovirt.bindings`.

It is made once, when the first client comes; all rooms of the daemon are loaded by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from aiovirt.bindings import Binding, all_bindings
from aiovirt.daemon.service.handler import AnyHandler
from aiovirt.daemon.service.route import Route, route_of
from aiovirt.protocols.libvirt.procedure import Procedure, Program
from aiovirt.protocols.libvirt.registry import registry

__all__ = ["Key", "admin_routes", "routes"]

Key: TypeAlias = tuple[int, int]
"""A program and a procedure's number there."""

_ROOMS = (
    "aiovirt.daemon.service.opening",
    "aiovirt.daemon.service.authenticating",
    "aiovirt.daemon.service.domains",
    "aiovirt.daemon.events",
    "aiovirt.daemon.streaming",
    "aiovirt.daemon.unbound",
)
"""The modules with a mapping ``HANDLERS`` of procedures to what answers them."""

_SERVED = frozenset({Program.REMOTE, Program.QEMU, Program.LXC})


@cache
def routes() -> Mapping[Key, Route]:
    """All procedures that the daemon answers: those of its drivers, and its own."""
    return _routes(_SERVED)


@cache
def admin_routes() -> Mapping[Key, Route]:
    """The procedures of the admin socket."""
    return _routes(frozenset({Program.ADMIN}))


def _routes(programs: frozenset[Program]) -> Mapping[Key, Route]:
    handlers, rows = _handlers(), _rows()
    return {
        key: route_of(procedure, handlers.get(procedure), rows.get(procedure, ()))
        for key, procedure in registry().items()
        if isinstance(procedure, Procedure)
        and procedure.program in programs
        and (procedure in handlers or procedure in rows)
    }


def _rows() -> Mapping[Procedure[Any, Any], tuple[Binding, ...]]:
    found: defaultdict[Procedure[Any, Any], tuple[Binding, ...]] = defaultdict(tuple)
    for row in all_bindings():
        found[row.procedure] += (row,)
    return found


def _handlers() -> Mapping[Procedure[Any, Any], AnyHandler]:
    """What the rooms say; no two of them of one procedure.

    Raises:
        ValueError: Two do.
    """
    found: dict[Procedure[Any, Any], AnyHandler] = {}
    for room in _ROOMS:
        offered: Mapping[Procedure[Any, Any], AnyHandler] = import_module(room).HANDLERS
        twice = [procedure.name for procedure in found.keys() & offered.keys()]
        if twice:
            raise ValueError(f"{room} answers what another room does: {', '.join(twice)}")
        found |= offered
    return found
