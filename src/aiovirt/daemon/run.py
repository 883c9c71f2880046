"""The life of the daemon process: it starts, serves, reads its settings again, and ends in order.

A first SIGTERM or SIGINT takes no further clients and lets calls at work end; a second one ends
the process at once.  Guests go on in any case, and the next daemon takes them over.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup, TaskStatus

from aiovirt._tasks import open_task_group
from aiovirt.daemon.admin import AdminDriver, DaemonAdmin
from aiovirt.daemon.checks import check, doubts, told, waiting
from aiovirt.daemon.daemon import Daemon, open_daemon
from aiovirt.daemon.logs import Logs, opened_logs
from aiovirt.daemon.options import Options, settings_of
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings
from aiovirt.daemon.sockets import OpenSocket, hold_lock, open_sockets
from aiovirt.daemon.systemd import Notifier, handed_sockets
from aiovirt.errors import AiovirtError
from aiovirt.host.files import make_private_folder
from aiovirt.interfaces import Definition

__all__ = ["run"]

log = logging.getLogger("aiovirt.daemon")

LOOK_S = 1.0
"""Seconds between two looks whether the daemon is idle, at most."""

DESCRIPTORS = 65536
"""How many descriptors the process wants to have open; each client needs one."""

IN_MEMORY = "test"
"""The scheme of hosts whose guests are nobody's reason to go on."""


def run(options: Options, on_ready: Callable[[], None] = lambda: None) -> int:
    """Serve until a signal, virt-admin or idleness ends it; the exit status.

    Args:
        options: The command line.
        on_ready: Called once clients are served.

    Raises:
        AiovirtError: It cannot start.
    """
    settings = _with_log(options, settings_of(options))
    check(settings)
    _want_descriptors()
    backend, backend_options = _loop(options.loop)
    with opened_logs(settings.logging) as logs:
        _tell_doubts(settings)
        anyio.run(
            partial(_serve, options, settings, logs, on_ready),
            backend=backend,
            backend_options=backend_options,
        )
    return 0


def _with_log(options: Options, settings: Settings) -> Settings:
    """Let a daemon log to a file whose standard error nobody sees, as when a client started it."""
    chosen = settings.logging
    unseen = options.daemon or (settings.session and Path("/dev/stderr").samefile(os.devnull))
    if chosen.outputs or not unseen:
        return settings
    state = Places.of(settings).state
    make_private_folder(state, passable=True)
    outputs = f"1:file:{state / 'aiovirtd.log'}"
    return replace(settings, logging=replace(chosen, outputs=outputs))


def _tell_doubts(settings: Settings) -> None:
    for doubt in doubts(settings):
        log.warning("%s", doubt)


def _loop(name: str) -> tuple[str, dict[str, object]]:
    """What anyio runs on."""
    if name == "trio":
        return "trio", {}
    return "asyncio", {"use_uvloop": name != "asyncio" and find_spec("uvloop") is not None}


def _want_descriptors() -> None:
    """Have as many descriptors as the host lets us, up to a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(
    options: Options, settings: Settings, logs: Logs, on_ready: Callable[[], None]
) -> None:
    notifier = Notifier()
    places = Places.of(settings)
    make_private_folder(places.state, passable=True)
    name = "libvirtd" if settings.sockets.libvirt_names else "aiovirtd"
    with hold_lock(places.state / "aiovirtd.lock", "has the state open"):
        async with (
            open_sockets(settings, places, handed_sockets()) as sockets,
            open_task_group() as tasks,
        ):
            life = _Life(options, settings, logs, notifier=notifier, sockets=sockets, tasks=tasks)
            async with open_daemon(
                settings, listeners=sockets, admin=life.admin, name=name
            ) as life.daemon:
                await tasks.start(life.obey)
                tasks.start_soon(life.end_when_idle)
                tasks.start_soon(notifier.pat_watchdog)
                life.begin()
                on_ready()
                await life.ended.wait()
                tasks.cancel_scope.cancel()
    log.info("the daemon has ended; guests go on")


class _Life:
    """One run of the daemon: the signals, the idle time, and its end.

    Attributes:
        daemon: The daemon, once it is open.
        ended: Set when it is to end now.
    """

    daemon: Daemon

    def __init__(
        self,
        options: Options,
        settings: Settings,
        logs: Logs,
        *,
        notifier: Notifier,
        sockets: Sequence[OpenSocket],
        tasks: TaskGroup,
    ) -> None:
        self.ended = anyio.Event()
        self._options = options
        self._logs = logs
        self._notifier = notifier
        self._sockets = sockets
        self._tasks = tasks
        self._ending = False
        self._settings = settings
        self._timeout_s = settings.limits.idle_timeout_s
        self._timeout_known = anyio.Event()

    def admin(self, daemon: Daemon) -> AdminDriver:
        """The driver of the admin socket."""
        return AdminDriver(DaemonAdmin(daemon, self._logs, self))

    def begin(self) -> None:
        """Say that it serves."""
        for one in self._sockets:
            log.info("serving %s clients at %s", one.role, one.where)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: it need not be looked at again and again
        self._notifier.ready(f"serving {', '.join(self.daemon.hosts.names) or 'nothing'}")

    # --- signals ------------------------------------------------------------------------------

    async def obey(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Do what signals say, until the end."""
        with anyio.open_signal_receiver(signal.SIGHUP, signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    await self._reload()
                elif self._ending:
                    log.warning("the daemon ends at once")
                    self.ended.set()
                else:
                    self.shut_down()

    def _read(self) -> Settings:
        """Read the settings, and all of what they name before any of it is valid.

        In a thread, since the user database, too, is asked: it may be slow.
        """
        settings = _with_log(self._options, settings_of(self._options))
        check(settings)
        return settings

    async def _reload(self) -> None:
        """Read the settings again; wrong ones change nothing."""
        self._notifier.reloading()
        try:
            settings = await to_thread.run_sync(self._read)
            self._logs.apply(settings.logging)
            await self.daemon.reload(settings)
        except AiovirtError as error:
            log.warning("the settings stay as they were: %s", told(error, "; "))
        else:
            self.set_timeout(settings.limits.idle_timeout_s)
            log.info("the settings were read again")
            if later := ", ".join(waiting(self._settings, settings)):
                log.warning("these settings change with a restart: %s", later)
            _tell_doubts(settings)
        self._notifier.ready("serving")

    # --- the end ------------------------------------------------------------------------------

    def shut_down(self) -> None:
        """End once the calls that are at work have ended, or their time is over."""
        if not self._ending:
            self._ending = True
            self._tasks.start_soon(self._drain)

    async def _drain(self) -> None:
        log.info("the daemon ends: calls at work are waited for")
        self._notifier.stopping("waiting for calls at work")
        await self.daemon.drain()
        self.ended.set()

    # --- idleness -----------------------------------------------------------------------------

    def set_timeout(self, seconds: float) -> None:
        """End after so many seconds without clients and running guests; 0 for never."""
        self._timeout_s = seconds
        self._timeout_known.set()

    async def end_when_idle(self) -> None:
        """Look from time to time whether anybody needs the daemon, where it may end by itself."""
        busy_at = time.monotonic()
        while not self._ending:
            if not self._timeout_s:
                self._timeout_known = anyio.Event()
                await self._timeout_known.wait()
                busy_at = time.monotonic()
            await anyio.sleep(min(LOOK_S, self._timeout_s / 4))
            if await self._is_needed():
                busy_at = time.monotonic()
            elif 0 < self._timeout_s <= time.monotonic() - busy_at:
                log.info("nobody has needed the daemon for %g s", self._timeout_s)
                self.shut_down()

    async def _is_needed(self) -> bool:
        """Whether there are clients, or some about to come, or guests that run."""
        if any(server.count for server in self.daemon.servers.values()):
            return True
        for host in self.daemon.hosts.open:
            if host.uri.driver == IN_MEMORY:
                continue
            with suppress(AiovirtError):
                await host.ready()
                if await host.driver.ability(Definition).keys(active=True):
                    return True
        return _somebody_waits(self._sockets)


def _somebody_waits(sockets: Sequence[OpenSocket]) -> bool:
    """Whether a client has connected that was not taken yet."""
    poll = select.poll()
    for one in sockets:
        poll.register(one.sock, select.POLLIN)
    return bool(poll.poll(0))
