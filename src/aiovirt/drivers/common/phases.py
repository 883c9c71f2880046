"""The phases of a migration by typed parameters, and without them where a host is older."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from aiovirt.interfaces import Driver, LegacyMigration, Migration
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import (
    MigrationBegun,
    MigrationFinished,
    MigrationOptions,
    MigrationPrepared,
)
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["MigrateFlags", "ParamPhases", "PlainPhases", "parameters"]

MIB = 1024 * 1024

MigrateFlags: TypeAlias = "DomainMigrateFlags | Literal[0]"


def parameters(options: MigrationOptions) -> dict[str, ParamValue]:
    """libvirt's parameters of a migration."""
    named: dict[str, ParamValue | None] = {
        "destination_name": options.name,
        "migrate_uri": options.uri,
        "graphics_uri": options.graphics_uri,
        "listen_address": options.listen_address,
        "migrate_disks": list(options.disks) or None,
        "disks_uri": options.disks_uri,
        "disks_port": options.disks_port,
        "bandwidth": _mebibytes(options.bandwidth),
        "bandwidth.postcopy": _mebibytes(options.postcopy_bandwidth),
        "destination_xml": options.xml,
        "persistent_xml": options.persistent_xml,
    }
    return {name: value for name, value in named.items() if value is not None} | dict(
        options.params
    )


def _mebibytes(size: int | None) -> int | None:
    """libvirt's unit; less than one of it is one."""
    return None if size is None else -(-size // MIB)


class ParamPhases:
    """By typed parameters: all options there are."""

    def __init__(
        self, source: Driver, destination: Driver, domain: DomainKey, params: TypedParams
    ) -> None:
        self._source = source.ability(Migration)
        self._destination = destination.ability(Migration)
        self._domain = domain
        self._params = dict(params)

    async def begin(self, flags: MigrateFlags) -> MigrationBegun:
        """See `Phases`."""
        return await self._source.begin_migration(self._domain, self._params, flags=flags)

    async def prepare(self, begun: MigrationBegun, flags: MigrateFlags) -> MigrationPrepared:
        """See `Phases`."""
        params = self._params | {"destination_xml": begun.xml}
        return await self._destination.prepare_migration(params, begun.cookie, flags=flags)

    async def perform(self, prepared: MigrationPrepared, flags: MigrateFlags) -> bytes:
        """See `Phases`."""
        return await self._source.perform_migration(
            self._domain, self._with_uri(prepared), prepared.cookie, flags=flags
        )

    async def finish(
        self, prepared: MigrationPrepared, cookie: bytes, flags: MigrateFlags, *, cancelled: bool
    ) -> MigrationFinished:
        """See `Phases`."""
        params = {"destination_name": self._domain.name} | self._with_uri(prepared)
        return await self._destination.finish_migration(
            params, cookie, flags=flags, cancelled=cancelled
        )

    async def confirm(self, cookie: bytes, flags: MigrateFlags, *, cancelled: bool) -> None:
        """See `Phases`."""
        await self._source.confirm_migration(
            self._domain, self._params, cookie, flags=flags, cancelled=cancelled
        )

    def _with_uri(self, prepared: MigrationPrepared) -> dict[str, ParamValue]:
        """The parameters, with the place where the destination waits."""
        return self._params | ({"migrate_uri": prepared.uri} if prepared.uri else {})


class PlainPhases:
    """Without typed parameters: name, place, bandwidth and document are all that can be said."""

    def __init__(
        self, source: Driver, destination: Driver, domain: DomainKey, options: MigrationOptions
    ) -> None:
        self._source = source.ability(LegacyMigration)
        self._destination = destination.ability(LegacyMigration)
        self._domain = domain
        self._options = options
        self._bandwidth = (_mebibytes(options.bandwidth) or 0) * MIB

    async def begin(self, flags: MigrateFlags) -> MigrationBegun:
        """See `Phases`."""
        return await self._source.begin3(
            self._domain,
            xml=self._options.xml,
            name=self._options.name,
            bandwidth=self._bandwidth,
            flags=flags,
        )

    async def prepare(self, begun: MigrationBegun, flags: MigrateFlags) -> MigrationPrepared:
        """See `Phases`."""
        return await self._destination.prepare3(
            self._options.uri,
            begun.xml,
            begun.cookie,
            name=self._options.name,
            bandwidth=self._bandwidth,
            flags=flags,
        )

    async def perform(self, prepared: MigrationPrepared, flags: MigrateFlags) -> bytes:
        """See `Phases`."""
        return await self._source.perform3(
            self._domain,
            prepared.cookie,
            xml=self._options.xml,
            uri=self._uri(prepared),
            name=self._options.name,
            bandwidth=self._bandwidth,
            flags=flags,
        )

    async def finish(
        self, prepared: MigrationPrepared, cookie: bytes, flags: MigrateFlags, *, cancelled: bool
    ) -> MigrationFinished:
        """See `Phases`."""
        return await self._destination.finish3(
            self._options.name or self._domain.name,
            cookie,
            uri=self._uri(prepared),
            flags=flags,
            cancelled=cancelled,
        )

    async def confirm(self, cookie: bytes, flags: MigrateFlags, *, cancelled: bool) -> None:
        """See `Phases`."""
        await self._source.confirm3(self._domain, cookie, flags=flags, cancelled=cancelled)

    def _uri(self, prepared: MigrationPrepared) -> str | None:
        return prepared.uri or self._options.uri
