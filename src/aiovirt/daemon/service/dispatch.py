"""From a call that one client makes to what carries it out, or to why nothing does.

Most calls are answered here, where they are read; the others are begun in their turn (`calls`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiovirt.daemon.service.calling import carry_out_now, carry_out_stream_now, close_all
from aiovirt.daemon.service.calls import Calls
from aiovirt.daemon.service.checking import free_to_call
from aiovirt.daemon.service.operations import Operation, Operations
from aiovirt.daemon.service.refusing import (
    ENDING,
    NOT_OPENED,
    UNAUTHENTICATED,
    UNDECODABLE,
    refusal,
    unknown_procedure,
    unknown_program,
)
from aiovirt.daemon.service.table import Key
from aiovirt.errors import AiovirtError
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.tables.programs import PROGRAM_VERSION
from aiovirt.protocols.libvirt.tables.structs import Error
from aiovirt.protocols.xdr import DecodeError

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["Dispatch"]


class Dispatch:
    """That of one client.

    Args:
        session: The client.
        calls: Its calls that are not answered where they are read.
        operations: What it may call at first.
    """

    __slots__ = ("_at_once", "_calls", "_operations", "_session", "_turned_away")

    def __init__(self, session: Session, calls: Calls, operations: Mapping[Key, Operation]) -> None:
        self._session = session
        self._calls = calls
        self._operations: Mapping[Key, Operation] | Operations = operations
        # What it may have carried out where it is read, whatever the arguments are: found so.
        self._at_once: dict[Key, Operation] = {}
        self._turned_away: Error | None = None

    def use(self, operations: Mapping[Key, Operation] | Operations) -> None:
        """From now on the client calls these."""
        self._operations = operations
        self.forget()

    def forget(self) -> None:
        """What the client may do is to be found anew."""
        self._at_once.clear()

    def turn_away(self, error: AiovirtError) -> None:
        """Answer whatever it calls with this, and then end its connection."""
        self._turned_away = refusal(error, "", "")
        self.forget()

    def take(self, call: Call) -> None:
        """Take a call that has come."""
        known = self._at_once.get((call.program, call.procedure))
        if known is not None and call.version == PROGRAM_VERSION:
            carry_out_now(self._session, call, known)  # mostly, and quicker
        else:
            self._take_first(call)

    def _take_first(self, call: Call) -> None:
        """Find what carries out a call, and whether it may be."""
        session = self._session
        if self._turned_away is not None:
            self._refuse(call, self._turned_away)
            session.finish()
            return
        operation = self._operations.get((call.program, call.procedure))
        if operation is None or call.version != PROGRAM_VERSION:
            self._refuse(call, self._why_not(call))
        elif not session.trusted and not session.server.may_come_first(operation):
            self._refuse(call, UNAUTHENTICATED)
        elif session.daemon.draining and operation.route.changing:
            self._refuse(call, ENDING)
        elif not self._is_carried_out_now(call, operation):
            self._enter(call, operation)

    def _is_carried_out_now(self, call: Call, operation: Operation) -> bool:
        """Carry out what need not wait for anything, if this is such: whether it is."""
        session = self._session
        if operation.immediate and not operation.route.changing:
            free = free_to_call(session, operation)
            if free:
                self._at_once[call.program, call.procedure] = operation
                carry_out_now(session, call, operation)
            return free
        return session.grants.everything and carry_out_stream_now(session, call, operation)

    def _enter(self, call: Call, operation: Operation) -> None:
        try:
            args = operation.route.decode(call.payload)
        except DecodeError:
            self._refuse(call, UNDECODABLE)
        else:
            self._calls.enter(call, operation, args)

    def _why_not(self, call: Call) -> Error:
        """What a client is told that calls what it cannot."""
        session = self._session
        if call.version != PROGRAM_VERSION or not session.server.has_program(call.program):
            return unknown_program(call.program, call.version)
        if not session.trusted:
            return UNAUTHENTICATED
        if session.host is None and session.server.has_procedure(call):
            return NOT_OPENED
        return unknown_procedure(call.procedure)

    def _refuse(self, call: Call, error: Error) -> None:
        close_all(call.descriptors)
        self._session.turn_down(call, error)
