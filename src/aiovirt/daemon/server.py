"""A server: clients from listeners, how many there may be, and who has gone silent."""

from __future__ import annotations

import errno
import itertools
import logging
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from aiovirt.daemon.listener import Accepted, Listener
from aiovirt.daemon.service.opening import FIRST
from aiovirt.daemon.service.operations import Operation, Operations, of_handlers
from aiovirt.daemon.service.route import Route
from aiovirt.daemon.service.session import Session
from aiovirt.daemon.service.table import Key
from aiovirt.daemon.settings import LimitSettings
from aiovirt.errors import AiovirtError, Closed
from aiovirt.model.constants import AuthType
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.streams.accepting import Accept

if TYPE_CHECKING:
    from aiovirt.daemon.daemon import Daemon

__all__ = ["Server"]

log = logging.getLogger("aiovirt.daemon.server")

BROKEN = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK})
"""What accepting fails with when the socket is none that listens.  Anything else passes: that there
is no room, and errors of the network about a connection that was pending (accept(2))."""

MAX_ARRIVING = 512
"""Clients that shake hands at once; then who does longest goes: from afar all can hang about so."""

PAUSE_S = 0.1
"""Seconds that a server without room waits before it takes further clients."""

MAX_UNFINISHED = 256 * 1024 * 1024
"""Bytes of packets that are not whole, of all clients together."""

LOOK_S = 1.0
"""Seconds between two looks for silent clients, at most."""

SHORTEST_S = 0.01
"""Seconds between two looks at least: those that are due by then are looked at together."""


class Server:
    """One server of a daemon; the daemon makes it.

    Attributes:
        name: Its name, as virt-admin shows it.
        daemon: The daemon.
        clients: Who is connected, by number.
        limits: What clients may take; may be replaced at any time.
        own_operations: What needs no host: by which a client shows who it is, and opens one.
    """

    def __init__(
        self,
        name: str,
        daemon: Daemon,
        routes: Mapping[Key, Route],
        limits: LimitSettings,
        operations: Operations | None = None,
    ) -> None:
        self.name = name
        self.daemon = daemon
        self.clients: dict[int, Session] = {}
        self.limits = limits
        self._routes = routes
        early = {key: route for key, route in routes.items() if route.procedure in FIRST}
        self.own_operations: Mapping[Key, Operation] = of_handlers(early)
        self._operations = operations
        self._programs = frozenset(program for program, _ in routes)
        self._numbers = itertools.count(1)
        self._heavy: set[Session] = set()
        self._anonymous: dict[int, Session] = {}
        self._watched: set[Session] = set()
        self._watching = anyio.Event()
        self._scopes: list[anyio.CancelScope] = []
        self._stopped = self._ended = False
        self._arriving: dict[int, anyio.CancelScope] = {}  # taken, and not yet greeted

    # --- what it serves -----------------------------------------------------------------------

    def has_program(self, program: int) -> bool:
        """Whether it knows a program."""
        return program in self._programs

    def has_procedure(self, call: Call) -> bool:
        """Whether it knows the procedure of a call."""
        return (call.program, call.procedure) in self._routes

    def may_come_first(self, operation: Operation) -> bool:
        """Whether a procedure may be called by who has not shown who it is."""
        return FIRST.get(operation.route.procedure) is True

    # --- clients ------------------------------------------------------------------------------

    async def serve(self, listener: Listener, tasks: TaskGroup) -> None:
        """Take clients from a listener until `stop_listening`; for a task."""
        if self._stopped:  # before this task began
            return
        with anyio.CancelScope() as scope:
            self._scopes.append(scope)
            async with listener.accepting() as accept:
                await self._accept_all(listener, accept, tasks)

    def stop_listening(self) -> None:
        """Take no further clients."""
        self._stopped = True
        for scope in self._scopes:
            scope.cancel()

    async def _accept_all(self, listener: Listener, accept: Accept, tasks: TaskGroup) -> None:
        while True:
            try:
                sock = await accept()
            except OSError as error:
                if error.errno in BROKEN:
                    raise
                log.warning("no client can be taken: %s", error.strerror)
                await anyio.sleep(PAUSE_S)
                continue
            if self._has_room():
                self._let_in(listener, sock, tasks)
            else:
                log.warning("%s has %d clients: a new one is not taken", self.name, self.count)
                sock.close()

    def _has_room(self) -> bool:
        """Whether one more client can be taken; who hangs about longest unauthenticated goes."""
        limits = self.limits
        if self.count + len(self._arriving) >= limits.max_clients:
            return False
        if len(self._arriving) >= MAX_ARRIVING:
            self._arriving.pop(next(iter(self._arriving))).cancel()
        if len(self._anonymous) >= limits.max_anonymous_clients:
            oldest = next(iter(self._anonymous.values()))
            oldest.drop("others wait that have not authenticated, either")
        return True

    @property
    def count(self) -> int:
        """How many clients there are."""
        return len(self.clients)

    @property
    def anonymous(self) -> int:
        """How many of them have not authenticated."""
        return len(self._anonymous)

    def _let_in(self, listener: Listener, sock: socket.socket, tasks: TaskGroup) -> None:
        """Begin to serve a client, at once where nobody need be waited for to know who it is."""
        number = next(self._numbers)
        sock.settimeout(0)
        try:
            accepted = listener.greet_at_once(sock)
            if accepted is not None:
                self._begin(number, accepted)
                return
        except Exception as error:  # noqa: BLE001 - whoever comes must not end the daemon
            self._keep_out(number, sock, error)
            return
        scope = self._arriving[number] = anyio.CancelScope()
        tasks.start_soon(self._greet, listener, sock, number, scope)

    async def _greet(
        self, listener: Listener, sock: socket.socket, number: int, scope: anyio.CancelScope
    ) -> None:
        """Find out who has come, and serve it, unless it has to make way for others meanwhile."""
        accepted = None
        try:
            with scope:
                accepted = await listener.greet(sock)
            if accepted is not None:
                self._begin(number, accepted)
        except Exception as error:  # noqa: BLE001 - whoever comes must not end the daemon
            self._keep_out(number, sock, error)
        finally:
            self._arriving.pop(number, None)
            if accepted is None:
                sock.close()

    @staticmethod
    def _keep_out(number: int, sock: socket.socket, error: Exception) -> None:
        """Hang up on who cannot be served; a refusal was told of by whoever greeted."""
        if isinstance(error, AiovirtError | OSError):
            log.debug("client %d is not let in: %s", number, error)
        else:
            log.error("client %d cannot be served", number, exc_info=error)
        sock.close()

    def _begin(self, number: int, accepted: Accepted) -> None:
        if self._ended:
            raise Closed("the daemon ends")
        session = Session(self, number, accepted.line, accepted.identity)
        self._look_at(session)
        if not session.trusted:
            self._anonymous[session.id] = session
            self.watch(session)
        if self._operations is not None:
            session.use(self._operations)
        self.clients[session.id] = session
        try:
            session.begin()
        except BaseException:
            self.left(session)
            raise

    def left(self, session: Session) -> None:
        """A client has gone, and all is done that was due then."""
        self.clients.pop(session.id, None)
        self._anonymous.pop(session.id, None)
        self._watched.discard(session)
        self._heavy.discard(session)

    def _look_at(self, session: Session) -> None:
        """Let a client in that need not show more than its connection does."""
        access, identity = self.daemon.access, session.identity
        if self._operations is not None:
            session.trust()  # who may open the admin socket may use it
        elif access.auth_kinds(identity) is AuthType.NONE:
            try:
                access.admit(identity, session.grants)
            except AiovirtError as error:
                log.warning("client %d is not let in: %s", session.id, error)
                session.turn_away(error)
            else:
                session.trust()

    def weigh(self, session: Session) -> None:
        """A client has sent much of a packet: who has sent most goes when it is too much in all."""
        self._heavy.add(session)
        self._heavy = {one for one in self._heavy if not one.channel.ended and one.unfinished}
        if sum(one.unfinished for one in self._heavy) > MAX_UNFINISHED:
            heaviest = max(self._heavy, key=lambda one: one.unfinished)
            heaviest.drop(f"{heaviest.unfinished} bytes of its packet have come, and others' too")

    def authenticated(self, session: Session) -> None:
        """A client has shown who it is."""
        self._anonymous.pop(session.id, None)

    def end(self) -> None:
        """Take no further clients, not even those that are greeted, and end all connections."""
        self._ended = True
        self.stop_listening()
        for session in list(self.clients.values()):
            session.close()

    def close_client(self, number: int) -> bool:
        """End a client's connection; whether there is such a client."""
        session = self.clients.get(number)
        if session is not None:
            session.close()
        return session is not None

    # --- who is silent ------------------------------------------------------------------------

    def watch(self, session: Session) -> None:
        """Look from now on whether a client is alive, and whether it has authenticated in time."""
        self._watched.add(session)
        self._watching.set()

    async def look_after(self) -> None:
        """Ping and drop clients for ever; for a task."""
        while True:
            if not self._watched:
                self._watching = anyio.Event()
                await self._watching.wait()
            await anyio.sleep(self._look(time.monotonic()))

    def _look(self, now: float) -> float:
        """Look at all clients once: seconds until the next look."""
        next_at = now + LOOK_S
        for session in list(self._watched):
            due = self._look_after(session, now)
            if due is None:
                self._watched.discard(session)
            else:
                next_at = min(next_at, due)
        return max(SHORTEST_S, next_at - now)

    @staticmethod
    def _look_after(session: Session, now: float) -> float | None:
        try:
            return session.look(now)
        except Exception:  # all clients share this task
            log.exception("client %d cannot be looked after", session.id)
            session.close()
            return None
