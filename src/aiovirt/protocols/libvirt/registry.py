"""Every procedure and event, by its numbers.  It loads all of the tables: for servers."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from aiovirt.protocols.libvirt import tables
from aiovirt.protocols.libvirt.procedure import EventKind, Procedure

__all__ = ["Entry", "registry"]

Entry: TypeAlias = "Procedure[Any, Any] | EventKind[Any]"


@cache
def registry() -> Mapping[tuple[int, int], Entry]:
    """All of them: program and number to the table's entry, in the order of the numbers."""
    found: dict[tuple[int, int], Entry] = {}
    for module in pkgutil.iter_modules(tables.__path__):
        for value in vars(import_module(f"{tables.__name__}.{module.name}")).values():
            if isinstance(value, (Procedure, EventKind)):
                found[int(value.program), value.number] = value
    return dict(sorted(found.items()))
