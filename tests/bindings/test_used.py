"""Every procedure of the tables is bound, or called by the driver's or the client's own code."""

from __future__ import annotations

import ast
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

import aiovirt
from aiovirt.bindings import all_bindings
from aiovirt.protocols.libvirt import tables
from aiovirt.protocols.libvirt.procedure import Procedure

SOURCE = Path(aiovirt.__file__).parent
CALLERS = ("bindings", "clients", "drivers", "protocols/libvirt", "objects", "cli")

EXCEPTIONS = {
    "PING": "the protocol's core sends it by itself",
    "PONG": "likewise",
    "CONNECT_DOMAIN_EVENT_REGISTER": "all that it tells, CONNECT_DOMAIN_EVENT_REGISTER_ANY tells",
    "CONNECT_DOMAIN_EVENT_DEREGISTER": "likewise",
}
"""The procedures that nothing of ours asks for, and why."""


@cache
def constants() -> set[str]:
    """Return the names of the procedures' constants."""
    return {
        name
        for module in pkgutil.iter_modules(tables.__path__)
        for name, value in vars(import_module(f"{tables.__name__}.{module.name}")).items()
        if isinstance(value, Procedure)
    }


def named_in(path: Path) -> set[str]:
    """Return the procedures that a file names, tables aside."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return names & constants()


def used() -> set[str]:
    """Return the procedures that our code names."""
    files = [
        path
        for folder in CALLERS
        for path in (SOURCE / folder).rglob("*.py")
        if "tables" not in path.parts
    ]
    assert files
    return {name for path in files for name in named_in(path)}


def test_every_procedure_is_used() -> None:
    assert constants() - used() <= EXCEPTIONS.keys()


def test_an_exception_is_one() -> None:
    assert EXCEPTIONS.keys() <= constants()
    assert not EXCEPTIONS.keys() & {row.procedure.name for row in all_bindings()}
