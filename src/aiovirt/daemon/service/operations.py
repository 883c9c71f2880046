"""The operations of one driver, by procedure: found once, and used by all its clients."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aiovirt.bindings import Binding
from aiovirt.bindings.rooms import room_of
from aiovirt.daemon.legacy import legacy_of
from aiovirt.daemon.service.autodestroy import arrange, is_starting, without_flag
from aiovirt.daemon.service.handing import Handing, is_handing
from aiovirt.daemon.service.handler import Handler, StreamHandler
from aiovirt.daemon.service.moving import followed
from aiovirt.daemon.service.numbers import Numbers, place_of
from aiovirt.daemon.service.route import Route
from aiovirt.daemon.service.table import Key
from aiovirt.drivers.common.beside import beside
from aiovirt.interfaces import ABILITIES, Ability, is_immediate, supported
from aiovirt.interfaces.driver import Driver
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["LARGE", "Operation", "Operations", "Run", "arguments", "of_handlers", "result_of"]

T = TypeVar("T")

LARGE = 64 * 1024
"""Characters of a text among a call's arguments from which on they are read in a thread: it may be
a document, which takes seconds when it is one of megabytes."""

Run: TypeAlias = "Callable[[Session, Call, Any], Coroutine[Any, Any, Struct]]"
"""From a session, a call and its decoded arguments to the procedure's result."""

Now: TypeAlias = Callable[[Any], Struct]
"""From a call's decoded arguments to the procedure's result."""

_ABILITIES: Mapping[str, type[Ability]] = {kind.__name__: kind for kind in ABILITIES}


@dataclass(slots=True, eq=False)
class Operation:
    """What carries out a procedure.

    Attributes:
        route: What is known of the procedure.
        run: Carries it out; unused where `stream` is set.
        immediate: Whether `run` never suspends.
        now: Carries it out at once, where a row alone says how.
        stream: What answers the call itself, or None.
        row: The row that says what is done, where one does.
    """

    route: Route
    run: Run
    immediate: bool = False
    now: Now | None = None
    stream: StreamHandler | None = None
    row: Binding | None = None

    @property
    def outlives(self) -> bool:
        """Whether it is finished although its client goes: a stream is of no use without it."""
        return self.route.changing and self.stream is None


class Operations:
    """The operations of one driver.

    Args:
        routes: The procedures.
        driver: The driver; None for a server that has none of its own.
    """

    def __init__(self, routes: Mapping[Key, Route], driver: Driver) -> None:
        self._routes = routes
        self._driver = driver
        self._found: dict[Key, Operation] = {}
        self.numbers = Numbers(driver)
        self._handing = Handing(driver)

    def get(self, key: Key) -> Operation | None:
        """The operation of a procedure, or None where there is no such procedure."""
        found = self._found.get(key)
        if found is None and (route := self._routes.get(key)) is not None:
            found = self._found[key] = self._make(route)
        return found

    def _make(self, route: Route) -> Operation:
        if route.handler is not None:
            return of_handler(route, route.handler)
        row, method = self._method(route)
        place = place_of(route.procedure)
        immediate = is_immediate(method)
        if place is not None:
            numbers = self.numbers
            immediate &= numbers.immediate_lists if place.many else numbers.immediate
        run, plain = self._runner(route, row, method, immediate=immediate)
        moving = followed(route.procedure, run)
        if moving is not None:
            return Operation(route, moving, row=row)
        now = _at_once(row, method) if immediate and plain else None
        return Operation(route, run, immediate, now, row=row)

    def _method(self, route: Route) -> tuple[Binding, Callable[..., Coroutine[Any, Any, Any]]]:
        """The first row that the driver has an operation for, itself or by a younger one."""
        for row in route.rows:
            kind = _ABILITIES[row.ability]
            for ability in (self._driver.ability(kind), legacy_of(kind, self._driver)):
                if ability is not None and row.name in supported(kind, type(ability)):
                    return row, getattr(ability, row.name)
        row = route.rows[0]
        return row, getattr(self._driver.ability(_ABILITIES[row.ability]), row.name)

    def _runner(
        self,
        route: Route,
        row: Binding,
        method: Callable[..., Coroutine[Any, Any, Any]],
        *,
        immediate: bool,
    ) -> tuple[Run, bool]:
        """What carries a procedure out, and whether the row alone says how."""
        room, place = room_of(route.procedure), place_of(route.procedure)
        starting, handing = is_starting(route.procedure), is_handing(route.procedure)
        send, files, numbers = row.reply, row.files, self.numbers

        async def read(args: Struct) -> dict[str, Any]:
            return row.call(args) if immediate else await arguments(row, args)

        async def plain(_session: Session, _call: Call, args: Struct) -> Struct:
            return send(await method(**await read(args)), args)

        async def full(session: Session, call: Call, args: Struct) -> Struct:
            asked, bound = args if room is None else room.widen(args), False
            if starting:
                asked, bound = without_flag(asked)
            given = await read(asked)
            if files is not None:
                given[files] = call.descriptors
            if handing:
                self._handing.check(session, given["domain"], given["name"])
            reply = send(await method(**given), asked)
            if bound:
                await arrange(session, reply)
            if handing:
                await self._handing.arrange(session, given["domain"], given["name"])
            if room is not None:
                reply = room.trim(args, reply)
            return reply if place is None else await numbers.complete(place, reply)

        simple = room is None and place is None and files is None
        return plain if simple and not starting else full, simple


async def arguments(row: Binding, args: Struct) -> dict[str, Any]:
    """The arguments of a row's operation; those with a large text are read in a thread.

    Raises as `Binding.call`.
    """
    values = (getattr(args, name) for name in args.__struct_fields__)
    if any(isinstance(value, str) and len(value) >= LARGE for value in values):
        return await beside(partial(row.call, args))
    return row.call(args)


def _at_once(row: Binding, method: Callable[..., Coroutine[Any, Any, Any]]) -> Now:
    """What carries out a row whose operation never suspends."""
    read, send = row.call, row.reply

    def now(args: Struct) -> Struct:
        return send(result_of(method(**read(args))), args)

    return now


def result_of(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not suspend.

    Raises:
        RuntimeError: It does.
    """
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError(f"{work!r} suspends, although it is declared not to")


def of_handler(route: Route, handler: Handler | StreamHandler) -> Operation:
    """The operation of a handler."""
    if isinstance(handler, StreamHandler):
        return Operation(route, _never, stream=handler)

    async def run(session: Session, _call: Call, args: Struct) -> Struct:
        return await handler(session, args)

    return Operation(route, run, is_immediate(handler))


def of_handlers(routes: Mapping[Key, Route]) -> Mapping[Key, Operation]:
    """The operations of those procedures that need no driver."""
    return {
        key: of_handler(route, route.handler)
        for key, route in routes.items()
        if route.handler is not None
    }


async def _never(_session: Session, _call: Call, _args: Struct) -> Struct:
    raise NotImplementedError  # a stream handler answers itself
