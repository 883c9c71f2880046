"""What the driver can do: the rows of `aiovirt.bindings`, and what they cannot say.

A module here has the operations of one ability that take more than one call, or a stream; all
others come from the rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast

from aiovirt.bindings import Binding, bindings_of
from aiovirt.drivers.libvirt.link import Link
from aiovirt.interfaces import Ability

__all__ = ["OWN", "LibvirtAbility", "implementation"]

A = TypeVar("A", bound=Ability)

OWN: Mapping[str, str] = {
    "Consoles": "consoles",
    "Definition": "definition",
    "Displays": "displays",
    "Events": "events",
    "HostInfo": "hostinfo",
    "Jobs": "jobs",
    "LegacyMigration": "legacymigration",
    "HostInterfaces": "host_interfaces",
    "HostResources": "host_resources",
    "Lifecycle": "lifecycle",
    "NetworkFilters": "network_filters",
    "Networks": "networks",
    "StoragePools": "storage_pools",
    "StorageVolumes": "storage_volumes",
    "Migration": "migration",
    "Screen": "screen",
    "Statistics": "statistics",
    "Containers": "containers",
    "Monitor": "monitor",
    "Processors": "processors",
    "Resources": "resources",
}
"""The abilities with operations of our own, and the module here that has their class."""


class LibvirtAbility(Ability):
    """The base of all implementations."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.driver_name = link.driver_name


@cache
def _implementation(ability: Hashable) -> type[Any]:
    if not isinstance(ability, type) or not issubclass(ability, Ability):
        raise TypeError(f"{ability!r} is no ability")
    name = ability.__name__
    base: type[Any] = LibvirtAbility
    if name in OWN:
        base = getattr(import_module(f"{__name__}.{OWN[name]}"), f"Libvirt{name}")
    rows = {
        row.name: _method(row)
        for row in bindings_of(ability).values()
        if row.name not in vars(base)
    }
    bases = (base,) if issubclass(base, ability) else (base, ability)
    return type(f"Libvirt{name}", bases, rows)


def implementation(ability: type[A]) -> type[A]:
    """The driver's class for an ability; its constructor takes the link."""
    made: type[A] = _implementation(cast("Hashable", ability))
    return made


def _method(row: Binding) -> Callable[..., Awaitable[Any]]:
    """The method that calls a row's procedure."""
    procedure, read, name = row.procedure, row.result.read, row.name

    async def method(self: LibvirtAbility, *args: Any, **named: Any) -> Any:  # noqa: ANN401
        client = self._link.client_now or await self._link.client()
        return read(await client.call(procedure, row.args(args, named), operation=name))

    async def with_files(self: LibvirtAbility, *args: Any, **named: Any) -> Any:  # noqa: ANN401
        files = row.named(args, named)[row.files or ""]
        client = await self._link.client()
        sent = row.args(args, named)
        reply, _ = await client.call_with_descriptors(procedure, sent, files)
        return read(reply)

    if row.files is not None:
        method = with_files
    method.__name__ = name
    method.__qualname__ = f"{row.ability}.{name}"
    method.__doc__ = f"See `{row.ability}.{name}`: {procedure.name}."
    return method
