"""The daemon: from settings to hosts, servers and access, and how it is reloaded and drained."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Protocol

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from aiovirt._tasks import open_task_group
from aiovirt.daemon.access.access import Access
from aiovirt.daemon.access.audit import Audit
from aiovirt.daemon.doors import Doors
from aiovirt.daemon.hosts import Host, Hosts, Opener, configured
from aiovirt.daemon.listener import Listener, Role, SocketListener
from aiovirt.daemon.places import Places
from aiovirt.daemon.server import Server
from aiovirt.daemon.service.operations import Operations
from aiovirt.daemon.service.table import admin_routes, routes
from aiovirt.daemon.settings import LimitSettings, Settings
from aiovirt.errors import AiovirtError
from aiovirt.interfaces.driver import Driver

__all__ = ["ADMIN", "Daemon", "ListeningSocket", "open_daemon"]

log = logging.getLogger("aiovirt.daemon")

ADMIN = "admin"
"""The name of the server that virt-admin talks to."""


class ListeningSocket(Protocol):
    """A socket that listens, and for whom: the program makes them."""

    @property
    def sock(self) -> socket.socket:
        """It; bound, listening."""
        ...

    @property
    def role(self) -> Role:
        """For whom it is."""
        ...


class Daemon:
    """A daemon; `open_daemon` makes it.

    Attributes:
        settings: As they are now.
        tasks: For what outlives a client.
        hosts: The hosts that it serves.
        servers: Its servers, by name: that of the hosts, and that of virt-admin.
        access: Who may do what.
        audit: The record of what was changed.
        doors: What finds out who connects.
        draining: Whether it takes no calls any more that change something.
    """

    def __init__(self, settings: Settings, tasks: TaskGroup, hosts: Hosts, name: str) -> None:
        self.settings = settings
        self.tasks = tasks
        self.hosts = hosts
        hosts.on_lost = self._let_go
        self.access = Access.from_settings(settings.access, session=settings.session)
        self.audit = _audit(settings)
        self.doors = Doors(settings)
        self.draining = False
        self.servers: dict[str, Server] = {}
        self.main = self._add(Server(name, self, routes(), settings.limits))
        self._working = 0
        self._idle = anyio.Event()

    def _add(self, server: Server) -> Server:
        self.servers[server.name] = server
        self.tasks.start_soon(server.look_after)
        return server

    def add_admin(self, driver: Driver) -> None:
        """Serve the admin program on the sockets for it, by a driver with the ability `Admin`."""
        table = admin_routes()
        limits = _admin_limits(self.settings)
        self._add(Server(ADMIN, self, table, limits, Operations(table, driver)))

    def listen(self, sockets: Sequence[ListeningSocket]) -> None:
        """Take clients from sockets, which stay the caller's."""
        for one in sockets:
            greet, at_once = self.doors.greeting(one.role), self.doors.greeting_at_once(one.role)
            self.serve(SocketListener(one.sock, one.role, greet, at_once))

    def serve(self, listener: Listener) -> None:
        """Take clients from a listener."""
        name = ADMIN if listener.role == "admin" else self.main.name
        server = self.servers.get(name)
        if server is not None:
            self.tasks.start_soon(server.serve, listener, self.tasks)

    # --- its work -----------------------------------------------------------------------------

    def work(self) -> Callable[[], None]:
        """A call begins that is finished although its client goes; what is returned ends it."""
        self._working += 1
        return self._worked

    def _worked(self) -> None:
        self._working -= 1
        if not self._working:
            self._idle.set()

    def _let_go(self, host: Host) -> None:
        """End the connections to a host that is lost: so clients hear of it, and may come again."""
        for session in list(self.main.clients.values()):
            if session.host is host:
                session.drop(f"{host.uri} is lost")

    @property
    def clients(self) -> int:
        """How many clients there are, those of virt-admin left aside."""
        return self.main.count

    async def reload(self, settings: Settings) -> None:
        """Take new settings: limits, rules and certificates; sockets and hosts stay.

        Raises:
            AiovirtError: A file that they name is wrong: all stays as it was.
        """
        read = partial(
            Access.from_settings, settings.access, session=settings.session, before=self.access
        )
        access = await to_thread.run_sync(read)
        await self.doors.reload(settings)
        self.settings, self.access, self.audit = settings, access, _audit(settings)
        self.main.limits = settings.limits
        if (admin := self.servers.get(ADMIN)) is not None:
            admin.limits = _admin_limits(settings)
        for server in self.servers.values():
            for session in server.clients.values():
                session.access_changed()

    def end(self) -> None:
        """End all connections; what is due at their ends is done in `tasks`."""
        for server in self.servers.values():
            server.end()

    async def drain(self) -> bool:
        """Take no further clients and changes, and wait for those at work, within the bound.

        Returns whether all came to their end.
        """
        self.draining = True
        for server in self.servers.values():
            server.stop_listening()
        with anyio.move_on_after(self.settings.limits.drain_timeout_s):
            while self._working:
                self._idle = anyio.Event()
                await self._idle.wait()
        if self._working:
            log.warning("%d calls are given up: they did not end in time", self._working)
        return not self._working


def _audit(settings: Settings) -> Audit:
    return Audit(settings.logging.format, settings.logging.audit)


def _admin_limits(settings: Settings) -> LimitSettings:
    return replace(settings.limits, max_clients=settings.limits.max_admin_clients)


@asynccontextmanager
async def open_daemon(
    settings: Settings,
    *,
    listeners: Sequence[ListeningSocket] = (),
    openers: Mapping[str, Opener] | None = None,
    admin: Callable[[Daemon], Driver] | None = None,
    name: str = "aiovirtd",
) -> AsyncIterator[Daemon]:
    """Run a daemon for the length of the ``async with``; guests outlive it.

    Args:
        settings: The settings.
        listeners: The sockets where clients come; they stay the caller's.
        openers: What opens the hosts, by the URI that clients name; those of the settings if None.
        admin: Makes the driver that serves virt-admin.
        name: What virt-admin calls the server of the hosts.

    Raises:
        ConfigError: A file that the settings name is wrong.
        NotFound: One is missing.
    """
    state = Places.of(settings).state
    chosen, default = configured(settings, state)
    if openers is not None:
        chosen, default = dict(openers), settings.hosts.default or next(iter(openers), None)
    folder = settings.hosts.test_folder
    async with open_task_group() as keeping, open_task_group() as tasks:
        # Hosts end after all that uses them, and in order.
        hosts = Hosts(chosen, keeping, default=default, test_folder=folder)
        daemon = Daemon(settings, tasks, hosts, name)
        if admin is not None:
            daemon.add_admin(admin(daemon))
        for scheme in settings.hosts.autostart:
            tasks.start_soon(_autostart, hosts, scheme)
        daemon.listen(listeners)
        try:
            yield daemon
        finally:
            daemon.end()
            tasks.cancel_scope.cancel()
            hosts.close()


async def _autostart(hosts: Hosts, scheme: str) -> None:
    """Open the hosts of a driver; what goes wrong is logged where it does."""
    for uri in hosts.names:
        if uri.startswith(f"{scheme}:"):
            try:
                await hosts.get(uri)
            except AiovirtError as error:
                log.warning("%s is not opened with the daemon: %s", uri, error)
