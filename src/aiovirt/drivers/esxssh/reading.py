"""Abilities of a connection that only reads: what changes something is refused."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from aiovirt.drivers.esxssh.context import EsxAbility
from aiovirt.errors import PermissionDenied
from aiovirt.interfaces import Ability, supported

__all__ = ["CHANGES", "reading", "refused"]

CHANGES: Final[Mapping[str, frozenset[str]]] = {
    "Definition": frozenset({"define", "undefine", "rename", "set_autostart", "set_metadata"}),
    "Lifecycle": frozenset(
        {"start", "shutdown", "reboot", "reset", "destroy", "suspend", "resume"}
    ),
    "Devices": frozenset({"attach_device", "detach_device", "update_device"}),
    "Blocks": frozenset({"block_resize"}),
    "Resources": frozenset({"set_memory"}),
    "Processors": frozenset({"set_vcpu_count"}),
    "Snapshots": frozenset({"create_snapshot", "revert_to_snapshot", "delete_snapshot"}),
    "StoragePools": frozenset({"create", "destroy", "refresh"}),
    "StorageVolumes": frozenset({"create", "create_from", "delete", "resize", "upload", "wipe"}),
    "Networks": frozenset({"define", "undefine"}),
    "Inventory": frozenset({"clone", "delete", "enter_maintenance", "leave_maintenance"}),
    "SnapshotUpkeep": frozenset({"delete_all_snapshots"}),
}
"""What changes something, by ability."""


def reading(kind: type[Ability], implementation: type[EsxAbility]) -> type[EsxAbility]:
    """An implementation that refuses what changes something."""
    changes = CHANGES.get(kind.__name__, frozenset())
    members: dict[str, Any] = {
        name: _refused(f"{kind.__name__}.{name}", getattr(implementation, name))
        for name in supported(kind, implementation)
        if name in changes
    }
    return type(f"Reading{implementation.__name__}", (implementation,), members)


def _refused(operation: str, method: object) -> object:
    async def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise refused(operation)

    def refuse_at_once(*_args: object, **_kwargs: object) -> NoReturn:
        raise refused(operation)

    return refuse if inspect.iscoroutinefunction(method) else refuse_at_once


def refused(operation: str) -> PermissionDenied:
    """The error for what changes something over a connection that only reads."""
    return PermissionDenied(
        f"{operation} is not for read-only connections", hint="open the host without `readonly`"
    )
