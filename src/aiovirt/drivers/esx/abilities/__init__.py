"""What the driver can do: one module an ability, loaded when it is first wanted.

A new ability gets its line in `MODULES`; its class there is ``Esx`` and the ability's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import (
    Ability,
    Activity,
    Blocks,
    Definition,
    Devices,
    Events,
    Guest,
    GuestWork,
    HostInfo,
    HostInterfaces,
    HostPower,
    HostResources,
    Inventory,
    Jobs,
    LegacyMigration,
    Lifecycle,
    Migration,
    Networks,
    PoolFiles,
    Processors,
    Resources,
    SavedState,
    Screen,
    Snapshots,
    SnapshotUpkeep,
    Statistics,
    StoragePools,
    StorageVolumes,
    Tags,
    Tickets,
)

__all__ = ["IMPLEMENTATIONS", "MODULES"]

MODULES: Final[Mapping[type[Ability], str]] = {
    Definition: "definition",
    Lifecycle: "lifecycle",
    Events: "events",
    Inventory: "inventory",
    Processors: "processors",
    Resources: "resources",
    Statistics: "statistics",
    Jobs: "jobs",
    Devices: "devices",
    Blocks: "blocks",
    Screen: "screen",
    Guest: "guest",
    GuestWork: "guestwork",
    Migration: "migration",
    LegacyMigration: "migration",
    SavedState: "saved_state",
    Snapshots: "snapshots",
    SnapshotUpkeep: "upkeep",
    Tickets: "upkeep",
    HostInfo: "hostinfo",
    HostResources: "host_resources",
    Networks: "networks",
    HostInterfaces: "host_interfaces",
    PoolFiles: "pool_files",
    HostPower: "host_power",
    Activity: "activity",
    Tags: "tags",
    StoragePools: "storage_pools",
    StorageVolumes: "storage_volumes",
}
"""The abilities the driver has, and the modules here that have them."""


class _Implementations(Mapping[type[Ability], type[EsxAbility]]):
    """The classes of the abilities; a module is loaded when its class is asked for."""

    def __getitem__(self, kind: type[Ability]) -> type[EsxAbility]:
        module = import_module(f"{__name__}.{MODULES[kind]}")
        found: type[EsxAbility] = getattr(module, f"Esx{kind.__name__}")
        return found

    def __iter__(self) -> Iterator[type[Ability]]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


IMPLEMENTATIONS: Final = _Implementations()
"""The abilities the driver has, and by what."""
