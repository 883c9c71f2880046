"""Moves of domains whose client goes before their end: nothing half moved is left.

A client that drives a move calls both hosts.  When it is lost, the destination here throws away
what it awaits, and the source here takes the domain back; after the point at which only the
destination knows where it runs, it stands still.  A host that moves a domain itself is no client's.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.beside import beside
from aiovirt.errors import AiovirtError, InvalidState
from aiovirt.interfaces import Jobs, Migration
from aiovirt.interfaces.driver import Driver
from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, plain
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import domain_migration as p
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["followed", "note_awaited"]

Run: TypeAlias = "Callable[[Session, Call, Any], Coroutine[Any, Any, Struct]]"
Follower: TypeAlias = "Callable[[Session, Call, Any, Run], Coroutine[Any, Any, Struct]]"


@dataclass(slots=True)
class _Moves:
    """What a client moves: the names that are awaited here, and the domains that leave here."""

    driver: Driver
    awaited: set[str] = field(default_factory=set)
    leaving: set[DomainKey] = field(default_factory=set)

    async def end(self) -> None:
        """Leave nothing half moved."""
        migration, jobs = self.driver.ability(Migration), self.driver.ability(Jobs)
        awaited, self.awaited = self.awaited, set()  # it may be asked for twice at once
        leaving, self.leaving = self.leaving, set()
        for name in awaited:
            with suppress(AiovirtError):  # that it was thrown away is told by an error
                await migration.finish_migration({"destination_name": name}, cancelled=True)
        for key in leaving:
            with suppress(AiovirtError):
                try:
                    await jobs.abort_job(key)
                except InvalidState:  # its data have not begun to move
                    await migration.confirm_migration(key, {}, cancelled=True)


async def _moves(session: Session) -> _Moves:
    """What the client of a session moves."""
    moves = session.data.get(_Moves)
    if moves is None:
        moves = session.data[_Moves] = _Moves(session.opened_host().driver)
        session.on_close(moves.end)
    return moves


def _awaited(args: Any) -> tuple[str, str]:  # noqa: ANN401 - of several phases
    """The name that a domain is awaited by, and its document, as far as a phase says them."""
    params: Mapping[str, ParamValue] | None = getattr(args, "params", None)
    if params is None:  # it is of those that have none
        return args.dname or "", getattr(args, "dom_xml", "")
    name, document = (str(plain(params.get(f"destination_{one}", ""))) for one in ("name", "xml"))
    return name, document


async def note_awaited(session: Session, args: Any) -> None:  # noqa: ANN401 - of two phases
    """Note that a client lets this host await a domain; one that has gone already does not."""
    name, document = _awaited(args)
    if not name and document:
        config = await beside(partial(DomainConfig.parse, document))  # it may be of megabytes
        name = config.name or ""
    if not name:
        return
    moves = await _moves(session)
    moves.awaited.add(name)
    if session.has_gone:
        await moves.end()


async def _prepare(session: Session, call: Call, args: Any, run: Run) -> Struct:  # noqa: ANN401
    reply = await run(session, call, args)
    await note_awaited(session, args)
    return reply


async def _finish(session: Session, call: Call, args: Any, run: Run) -> Struct:  # noqa: ANN401
    moves = await _moves(session)
    moves.awaited.discard(_awaited(args)[0])
    return await run(session, call, args)


async def _begin(session: Session, call: Call, args: Any, run: Run) -> Struct:  # noqa: ANN401
    reply = await run(session, call, args)
    if args.flags & DomainMigrateFlags.CHANGE_PROTECTION:
        moves = await _moves(session)
        moves.leaving.add(DomainKey.from_wire(args.dom))
        if session.has_gone:
            await moves.end()
    return reply


async def _perform(session: Session, call: Call, args: Any, run: Run) -> Struct:  # noqa: ANN401
    if args.dconnuri is not None:
        return await run(session, call, args)
    moves, key = await _moves(session), DomainKey.from_wire(args.dom)
    moves.leaving.add(key)
    try:
        return await run(session, call, args)
    except AiovirtError:
        moves.leaving.discard(key)
        raise


async def _confirm(session: Session, call: Call, args: Any, run: Run) -> Struct:  # noqa: ANN401
    (await _moves(session)).leaving.discard(DomainKey.from_wire(args.dom))
    return await run(session, call, args)


_FOLLOWERS: Mapping[Procedure[Any, Any], Follower] = {
    p.DOMAIN_MIGRATE_BEGIN3: _begin,
    p.DOMAIN_MIGRATE_PREPARE3: _prepare,
    p.DOMAIN_MIGRATE_PERFORM3: _perform,
    p.DOMAIN_MIGRATE_FINISH3: _finish,
    p.DOMAIN_MIGRATE_CONFIRM3: _confirm,
    p.DOMAIN_MIGRATE_BEGIN3_PARAMS: _begin,
    p.DOMAIN_MIGRATE_PREPARE3_PARAMS: _prepare,
    p.DOMAIN_MIGRATE_PERFORM3_PARAMS: _perform,
    p.DOMAIN_MIGRATE_FINISH3_PARAMS: _finish,
    p.DOMAIN_MIGRATE_CONFIRM3_PARAMS: _confirm,
}


def followed(procedure: Procedure[Any, Any], run: Run) -> Run | None:
    """What carries a phase out, and notes how far the client's move is; None of no phase."""
    follower = _FOLLOWERS.get(procedure)
    if follower is None:
        return None

    async def follow(session: Session, call: Call, args: Any) -> Struct:  # noqa: ANN401 - a phase's
        return await follower(session, call, args, run)

    return follow
