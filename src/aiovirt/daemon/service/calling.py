"""Carrying out one call: may it be, doing it, the answer, and the record of what was changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import anyio

from aiovirt.daemon.service.checking import asking_all, check, seen
from aiovirt.daemon.service.operations import Operation, result_of
from aiovirt.daemon.service.permissions import KIND_OF
from aiovirt.daemon.service.refusing import INTERNAL, UNDECODABLE, refusal
from aiovirt.errors import AiovirtError, PermissionDenied
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.tables.structs import Error
from aiovirt.protocols.xdr import DecodeError, Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["carry_out", "carry_out_now", "carry_out_stream_now", "close_all"]

log = logging.getLogger("aiovirt.daemon.service")


def carry_out_now(session: Session, call: Call, operation: Operation) -> None:
    """Answer a call whose operation never suspends, for a client that may."""
    route, now = operation.route, operation.now
    try:
        args = route.decode(call.payload)
        result = now(args) if now is not None else result_of(operation.run(session, call, args))
        session.answer(call, route.encode(result))
    except Exception as error:  # noqa: BLE001 - one call's fault is not the daemon's
        session.refuse(call, _told(session, operation, error))
    finally:
        if call.descriptors:
            close_all(call.descriptors)


def carry_out_stream_now(session: Session, call: Call, operation: Operation) -> bool:
    """Answer a call by what answers itself, where that need not wait: whether it did."""
    stream = operation.stream
    if stream is None or stream.at_once is None or call.descriptors:
        return False
    try:
        return stream.at_once(session, call, operation.route.decode(call.payload))
    except Exception as error:  # noqa: BLE001 - one call's fault is not the daemon's
        session.refuse(call, _told(session, operation, error))
        return True


async def carry_out(session: Session, call: Call, operation: Operation, args: Struct) -> None:
    """Answer a call.

    Cancellation: the client has gone, or the daemon ends; what was changed is recorded as such.
    """
    record = Record(session, operation)
    try:
        record.begin(args)
        await _answer(session, call, operation, args, record)
        record.end("success")
    except anyio.get_cancelled_exc_class():
        record.end("cancelled")
        raise
    except Exception as error:  # noqa: BLE001 - one call's fault is not the daemon's
        session.refuse(call, _told(session, operation, error))
        denied = isinstance(error, PermissionDenied)
        record.end("denied" if denied else "failure", str(error))
    finally:
        close_all(call.descriptors)


async def _answer(
    session: Session, call: Call, operation: Operation, args: Struct, record: Record
) -> None:
    await check(session, operation, args)
    if operation.stream is not None:
        await operation.stream.serve(session, call, args)
        return
    everything = session.grants.everything
    result = await operation.run(session, call, args if everything else asking_all(args))
    record.made(result)
    if not everything:
        result = await seen(session, operation, args, result)
    session.reply(call, operation.route.procedure, result)


class Record:
    """What the audit is told of a call that changes something."""

    __slots__ = ("_begin", "_operation", "_session", "_subject")

    def __init__(self, session: Session, operation: Operation) -> None:
        self._session = session
        self._operation = operation
        self._subject: object | None = None
        self._begin = anyio.current_time() if operation.route.changing else 0.0

    def begin(self, args: Struct) -> None:
        """The arguments are known."""
        needs = self._operation.route.needs
        self._subject = needs[0].named_in(args) if needs else None

    def made(self, result: Struct) -> None:
        """The result is known: it has the object where a document was all that was given."""
        if self._subject is None and self._operation.route.changing:
            values = (getattr(result, name) for name in result.__struct_fields__)
            self._subject = next((value for value in values if type(value) in KIND_OF), None)

    def end(self, outcome: str, error: str | None = None) -> None:
        """It is done."""
        route, session = self._operation.route, self._session
        if route.changing:
            session.daemon.audit.record(
                session.identity,
                route.procedure.name,
                self._subject,
                outcome,
                error,
                duration_s=anyio.current_time() - self._begin,
            )


def _told(session: Session, operation: Operation, error: Exception) -> Error:
    """What the client is told of an error; one that nobody foresaw is logged with its place."""
    name = operation.route.procedure.name
    if isinstance(error, DecodeError):
        return UNDECODABLE
    if isinstance(error, AiovirtError):
        return refusal(error, name, session.scheme)
    log.error("%s of client %d failed", name, session.id, exc_info=error)
    return INTERNAL


def close_all(descriptors: Iterable[int]) -> None:
    """Close what came with a call."""
    for descriptor in descriptors:
        os.close(descriptor)
