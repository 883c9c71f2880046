"""A call that opens a stream: answered when the host has its end, and what becomes of it then.

An error before the answer is the call's; by one after it the session aborts the stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.streaming.stream import AbortedByClient, ServedStream
from aiovirt.errors import Busy, ConnectionLost
from aiovirt.interfaces import Ability
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["MAX_STREAMS", "Body", "Opening", "served"]

MAX_STREAMS = 64
"""Streams that one client may have open at once: each keeps some data, and perhaps a guest's."""

A = TypeVar("A", bound=Ability)


class Opening:
    """A call whose stream is not open yet, or is.

    Attributes:
        stream: It, once it is open.
    """

    def __init__(self, session: Session, call: Call, procedure: Procedure[Any, Any]) -> None:
        self.session = session
        self.stream: ServedStream | None = None
        self._call = call
        self._procedure = procedure

    def ability(self, kind: type[A]) -> A:
        """The implementation of an ability by the driver that the client has opened.

        Raises:
            Closed: It has opened none.
        """
        return self.session.ability(kind)

    def open(self, result: Struct, *, incoming: bool = True, holes: bool = False) -> ServedStream:
        """Answer the call, which opens the stream.

        Args:
            result: The procedure's.
            incoming: Whether the client may send.
            holes: Whether it may send holes.

        Raises:
            ConnectionLost: The client has gone.
            Busy: It has too many streams.
        """
        serial = self._call.serial
        count = self.session.data.setdefault(_Open, _Open())
        if count.streams >= MAX_STREAMS:
            raise Busy(f"the client has {MAX_STREAMS} streams open already")
        if self.session.core.stream_is_open(serial):
            self.session.drop(f"it has a stream under the serial {serial}, and opens another")
            raise ConnectionLost("the client has gone", maybe_done=False)
        self.session.reply(self._call, self._procedure, result)
        if not self.session.core.stream_is_open(serial):
            raise ConnectionLost("the client has gone", maybe_done=False)
        count.streams += 1
        self.stream = ServedStream(self.session, serial, incoming=incoming, holes=holes)
        self.session.on_stream(serial, self.stream.take)
        return self.stream

    def close(self) -> None:
        """Forget the stream."""
        if self.stream is not None:
            self.session.data[_Open].streams -= 1
            self.session.forget_stream(self._call.serial)
            self.stream.close()


@dataclass(slots=True)
class _Open:
    """How many streams a client has open."""

    streams: int = 0


Body: TypeAlias = "Callable[[Opening, Any], Awaitable[None]]"
"""Opens a stream for a call with these arguments, and serves it until its end."""


def served(procedure: Procedure[Any, Any], body: Body) -> StreamHandler:
    """What answers a procedure with a stream.

    `body` returns when the client has finished the stream, which is confirmed then.
    """

    async def serve(session: Session, call: Call, args: Any) -> None:  # noqa: ANN401 - of any row
        opening = Opening(session, call, procedure)
        try:
            with suppress(AbortedByClient):
                await body(opening, args)
            if opening.stream is not None:
                opening.stream.confirm()
        finally:
            opening.close()

    return StreamHandler(serve)
