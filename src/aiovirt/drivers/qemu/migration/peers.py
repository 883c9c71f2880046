"""From peer to peer: this host calls the destination, and so all phases, itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Final, TypeAlias, TypeVar

import anyio

from aiovirt.drivers.common.moving import Move
from aiovirt.drivers.common.phases import MigrateFlags, ParamPhases
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.migration.parameters import TUNNELLED, Wishes
from aiovirt.drivers.qemu.migration.source import Source
from aiovirt.errors import AiovirtError, ConnectionLost, NotFound, Unsupported
from aiovirt.interfaces import Ability, Definition, Driver, Migration, MigrationTunnel
from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.domain import StateReason
from aiovirt.model.migration import MigrationBegun, MigrationPrepared
from aiovirt.model.params import TypedParams
from aiovirt.model.uri import URI

__all__ = ["Here", "move_to_peer"]

A = TypeVar("A", bound=Ability)
OpenPeer: TypeAlias = Callable[[URI], AbstractAsyncContextManager[Driver]]

_NEEDED: Final = {
    4: "migration from peer to peer",
    6: "the third protocol of migration",
    13: "migration by parameters",
}
"""libvirt's VIR_DRV_FEATURE_*, and what they mean."""
_NEVER_RAN: Final = (StateReason.SHUTOFF_FAILED, StateReason.SHUTOFF_UNKNOWN)
_TIDYING_S: Final = 5.0
_ASK_BOUND_S: Final = 10.0
_ASK_AGAIN_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0)
"""The pauses before the destination is asked what became of a domain, when it was lost."""


class Here:
    """This host as the phases see it: a driver of a few abilities."""

    name = "QEMU"

    def __init__(
        self, engine: Engine, source: Source, abilities: Mapping[type[Ability], Ability]
    ) -> None:
        self.source = source
        self.uri = engine.shown or URI("qemu", "/embed")
        self._open_peer = engine.open_peer
        self._abilities = abilities

    @property
    def open_peer(self) -> OpenPeer | None:
        """What opens another host, or None."""
        return self._open_peer

    def ability(self, kind: type[A]) -> A:
        """See `Driver.ability`."""
        found = self._abilities.get(kind)
        return found if isinstance(found, kind) else kind()


class _TunnelPhases(ParamPhases):
    """The phases, with the data within the connection."""

    def __init__(
        self,
        here: Here,
        there: Driver,
        domain: ManagedDomain,
        params: TypedParams,
        stack: AsyncExitStack,
    ) -> None:
        super().__init__(here, there, domain.key, params)
        self._there = there.ability(Migration)
        self._managed, self._wanted, self._source_here = domain, dict(params), here.source
        self._stack = stack
        self._tunnel: MigrationTunnel | None = None

    async def prepare(self, begun: MigrationBegun, flags: MigrateFlags) -> MigrationPrepared:
        """See `Phases`."""
        params = self._wanted | {"destination_xml": begun.xml}
        opening = self._there.prepare_tunnel(params, begun.cookie, flags=flags)
        self._tunnel = await self._stack.enter_async_context(opening)
        return MigrationPrepared(self._tunnel.cookie)

    async def perform(self, prepared: MigrationPrepared, flags: MigrateFlags) -> bytes:
        """See `Phases`."""
        wishes = Wishes.read(self._wanted, int(flags))
        return await self._source_here.perform(
            self._managed, wishes, prepared.cookie, tunnel=self._tunnel
        )


async def move_to_peer(
    here: Here, domain: ManagedDomain, params: TypedParams, flags: int, uri: URI
) -> None:
    """Move a domain to the host of a URI.

    Raises:
        Unsupported: This host may call no other, or the other cannot do it.
        AiovirtError: It could not be moved, and goes on here.
    """
    open_peer, wishes = here.open_peer, Wishes.read(params, flags)
    if open_peer is None:
        raise Unsupported(here.name, "migration from peer to peer", "it may open no other host")
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(open_peer(uri))
        ability = there.ability(Migration)
        for feature, what in _NEEDED.items():
            if not await ability.supports(feature):
                raise Unsupported(there.name, what)
        phases = ParamPhases(here, there, domain.key, params)
        if wishes.flags & TUNNELLED:
            phases = _TunnelPhases(here, there, domain, params, stack)
        offline = wishes.offline
        asked = DomainMigrateFlags(flags)
        # A destination that is lost throws away by itself what this host began there.
        move = Move(
            here,
            domain.key,
            phases,
            asked,
            protect=not offline,
            offline=offline,
            tidying_s=_TIDYING_S,
        )
        try:
            await move.run()
        except ConnectionLost as error:
            arrived = await _has_arrived(open_peer, uri, domain)
            if arrived is None:
                raise
            await here.source.confirm(domain, wishes, cancelled=not arrived)
            if not arrived:
                raise ConnectionLost(
                    f"the destination was lost, and domain {domain.name!r} goes on here: {error}",
                    maybe_done=False,
                ) from error


async def _has_arrived(open_peer: OpenPeer, uri: URI, domain: ManagedDomain) -> bool | None:
    """Ask a destination that was lost whether a domain runs there; None when it does not say."""
    for pause in _ASK_AGAIN_S:
        await anyio.sleep(pause)
        with suppress(AiovirtError), anyio.move_on_after(_ASK_BOUND_S):
            async with open_peer(uri) as there:
                reason = await _reason_there(there, domain)
            if reason is None or reason in _NEVER_RAN:
                return False
            if reason.state.active and reason is not StateReason.PAUSED_MIGRATION:
                return True
    return None


async def _reason_there(there: Driver, domain: ManagedDomain) -> StateReason | None:
    """The state of a domain at the destination; None when it is not there."""
    definition = there.ability(Definition)
    try:
        key = await definition.find_by_uuid(domain.key.uuid)
    except NotFound:
        return None
    return await definition.state(key)
