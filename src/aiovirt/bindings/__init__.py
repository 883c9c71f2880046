"""Operations bound to procedures: one row for each, from which both ends of the wire run.

A row says which operation of an ability is which procedure of libvirt's protocol, how its
parameters become the struct's fields, and how its result comes out of the reply.  The client's
driver runs it forwards; a daemon runs it backwards.  Nothing here does I/O.

binding       what a row is
arguments     parameters to fields, and back
results       replies to results, and back
values        single values to wire values, and back
<others>      the rows of one ability each
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from aiovirt.bindings.binding import Binding
from aiovirt.interfaces import ABILITIES, Ability

__all__ = ["MODULES", "Binding", "all_bindings", "bindings_of"]

MODULES: Mapping[str, str] = {
    "Definition": "definition",
    "Lifecycle": "lifecycle",
    "CpuModels": "cpu_models",
    "HostInfo": "hostinfo",
    "HostInterfaces": "host_interfaces",
    "HostResources": "host_resources",
    "LegacyHost": "legacy_host",
    "NetworkFilters": "network_filters",
    "NetworkPorts": "network_ports",
    "Networks": "networks",
    "NodeDevices": "node_devices",
    "Statistics": "statistics",
    "Displays": "displays",
    "Screen": "screen",
    "Devices": "devices",
    "Blocks": "blocks",
    "Legacy": "legacy",
    "StoragePools": "storage_pools",
    "StorageVolumes": "storage_volumes",
    "Secrets": "secrets",
    "LegacyStorage": "legacy_storage",
    "Snapshots": "snapshots",
    "Checkpoints": "checkpoints",
    "Backups": "backups",
    "Jobs": "jobs",
    "Migration": "migration",
    "LegacySnapshots": "legacysnapshots",
    "LegacyMigration": "legacymigration",
    "Processors": "processors",
    "Resources": "resources",
    "Guest": "guest",
    "SavedState": "saved_state",
    "Monitor": "monitor",
    "LegacyWork": "legacy_work",
    "Admin": "admin",
}
"""The module with the rows of an ability; loaded when the ability is first used."""


def bindings_of(ability: type[Ability]) -> Mapping[str, Binding]:
    """The rows of an ability, by the operation's name.

    Raises:
        ValueError: Two rows are of one operation, or a row is of another ability.
    """
    return _bindings_of(ability.__name__)


@cache
def _bindings_of(ability: str) -> Mapping[str, Binding]:
    module = MODULES.get(ability)
    if module is None:
        return {}
    rows: tuple[Binding, ...] = import_module(f"aiovirt.bindings.{module}").ROWS
    found: dict[str, Binding] = {}
    for row in rows:
        if row.name in found or row.ability != ability:
            raise ValueError(f"{row.ability}.{row.name} is bound twice, or in the wrong module")
        found[row.name] = row
    return found


def all_bindings() -> list[Binding]:
    """The rows of all abilities."""
    return [row for ability in ABILITIES for row in bindings_of(ability).values()]
