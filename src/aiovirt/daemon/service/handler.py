"""What answers a procedure where no row of `aiovirt.bindings` does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["AnyHandler", "Handler", "StreamHandler"]

Handler: TypeAlias = "Callable[[Session, Any], Awaitable[Struct]]"
"""Takes the session and the procedure's arguments, and gives the procedure's result.

Whether it may be called is decided before, from the procedure's permissions.  It raises
`AiovirtError`.  One that never suspends may be marked by `aiovirt.interfaces.immediate`.
"""


@dataclass(frozen=True, slots=True)
class StreamHandler:
    """Answers a call itself: a procedure with a stream, or with descriptors.

    Attributes:
        serve: Takes the session, the call and its decoded arguments.  It calls `Session.reply`, or
            raises an `AiovirtError` before; then it goes on as long as its stream does, in a task
            of the session.  The call's place is given back by the reply.  Descriptors of the call
            are closed when it returns; it duplicates what it keeps.
        at_once: Answers the call where it is read, if that needs no wait: whether it did.  It is
            asked only for clients that may do everything.
    """

    serve: Callable[[Session, Call, Any], Awaitable[None]]
    at_once: Callable[[Session, Call, Any], bool] | None = None


AnyHandler: TypeAlias = "Handler | StreamHandler"
