"""The hosts that are served, by URI: each opened once, in a task of the daemon, for all clients."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup

from aiovirt._open import open_peer
from aiovirt.daemon.access.refusals import with_number
from aiovirt.daemon.service.operations import Operations
from aiovirt.daemon.service.table import routes
from aiovirt.daemon.settings import HostSettings, Settings
from aiovirt.errors import AiovirtError, Closed, ConfigError
from aiovirt.interfaces import OpenOptions
from aiovirt.interfaces.driver import Driver
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.uri import URI

__all__ = ["Host", "Hosts", "Opener", "configured", "qemu_uri"]

log = logging.getLogger("aiovirt.daemon.hosts")

Opener: TypeAlias = Callable[[], AbstractAsyncContextManager[Driver]]

REMOTE_DRIVERS = frozenset({"esx", "vpx"})
"""The drivers whose hosts are reached from afar."""

MAX_HOSTS = 256
"""Hosts that are open at once: clients choose the files of test hosts."""


class Host:
    """One host.

    Attributes:
        uri: As clients know it.
        driver: Its driver, once it is open.
        operations: What its driver does, by procedure, once it is open.
        data: For the rooms of the daemon: what they keep of a host, by their own types.
    """

    driver: Driver
    operations: Operations

    def __init__(self, uri: URI, opener: Opener) -> None:
        self.uri = uri
        self.data: dict[type, object] = {}
        self._opener = opener
        self._known = anyio.Event()
        self._scope = anyio.CancelScope()
        self._close = anyio.Event()
        self._error: AiovirtError | None = None

    async def ready(self) -> Host:
        """Wait until it is open.

        Raises:
            AiovirtError: It could not be opened.
        """
        await self._known.wait()
        if self._error is not None:
            raise self._error
        return self

    @property
    def is_open(self) -> bool:
        """Whether it can be used now."""
        return self._error is None and self._known.is_set()

    @property
    def failed(self) -> bool:
        """Whether it could not be opened, or was closed."""
        return self._error is not None

    async def run(self) -> None:
        """Open it, and keep it open until `close`."""
        try:
            with self._scope:
                await self._run()
        except AiovirtError as error:
            log.warning("%s: %s", self.uri, error)
            self._error = error
        except Exception:  # one host's fault is not the daemon's: the next client opens it anew
            log.exception("%s has failed", self.uri)
        finally:
            self._error = self._error or Closed(f"{self.uri} was closed")
            self._known.set()

    async def _run(self) -> None:
        async with self._opener() as self.driver:
            self.operations = Operations(routes(), self.driver)
            self._known.set()
            await self._close.wait()

    def close(self) -> None:
        """Close it; while it is being opened that is given up."""
        self._close.set()
        if not self._known.is_set():
            self._scope.cancel()


class Hosts:
    """All hosts of a daemon.

    Args:
        openers: What opens each, by the URI that clients name.
        default: The URI of clients that name none; None when they must.
        test_folder: The folder of files that hosts in memory are made from, or None.
        tasks: For the hosts.

    Attributes:
        on_lost: Told of each host that is open no more.
    """

    def __init__(
        self,
        openers: Mapping[str, Opener],
        tasks: TaskGroup,
        *,
        default: str | None = None,
        test_folder: Path | None = None,
    ) -> None:
        self._openers = dict(openers)
        self._default = default
        self._test_folder = test_folder
        self._tasks = tasks
        self._hosts: dict[str, Host] = {}
        self.on_lost: Callable[[Host], None] = lambda _host: None

    @property
    def open(self) -> Sequence[Host]:
        """Those that are open, or being opened."""
        return [host for host in self._hosts.values() if not host.failed]

    @property
    def names(self) -> Sequence[str]:
        """The URIs that are served."""
        return tuple(self._openers)

    def present(self, name: str | None) -> Host | None:
        """The host of a URI that is open already; None also for what is not served."""
        host = self._hosts.get(name or self._default or "")
        return host if host is not None and host.is_open else None

    async def get(self, name: str | None) -> Host:
        """The host of a URI, opened if it was not; None and "" are the default.

        Raises:
            ConfigError: It is not served (VIR_ERR_NO_CONNECT).
            AiovirtError: It cannot be opened.

        Cancellation: others who wait for it are not disturbed.
        """
        key, opener = self._find(name)
        host = self._hosts.get(key)
        if host is None or host.failed:
            host = self._hosts[key] = Host(URI.parse(key), opener)
            self._tasks.start_soon(self._keep, host)
        return await host.ready()

    async def _keep(self, host: Host) -> None:
        await host.run()
        self.on_lost(host)

    def _find(self, name: str | None) -> tuple[str, Opener]:
        """The name under which a host is kept, and what opens it."""
        asked = name or self._default
        if not asked:
            raise self._unserved("no URI is given, and there is no default")
        uri = URI.parse(asked)
        key = f"{uri.driver}://{uri.path}"
        for served in (key, _remote_name(uri)):
            if served in self._openers:
                return served, self._openers[served]
        if uri.driver == "test" and self._test_folder is not None:
            return key, self._test_file(uri)
        raise self._unserved(f"{asked} is not served here")

    def _test_file(self, uri: URI) -> Opener:
        folder = self._test_folder
        path = PurePosixPath(uri.path)
        if folder is None or ".." in path.parts or not path.is_relative_to(folder):
            raise self._unserved(f"{uri} is not in the folder of test hosts")
        if len(self._hosts) >= MAX_HOSTS:
            self._hosts = {key: host for key, host in self._hosts.items() if not host.failed}
        if len(self._hosts) >= MAX_HOSTS:
            raise self._unserved(f"{MAX_HOSTS} hosts are open already")
        return lambda: _open("aiovirt.drivers.test", uri)

    def _unserved(self, why: str) -> AiovirtError:
        served = ", ".join(self._openers) or "none"  # in the text: libvirt's clients show no hint
        error = ConfigError(f"{why} (served: {served})", field="uri")
        return with_number(error, ErrorNumber.ERR_NO_CONNECT, ErrorDomain.NONE)

    def close(self) -> None:
        """Close all."""
        for host in self._hosts.values():
            host.close()


@asynccontextmanager
async def _open(package: str, uri: URI, **further: URI) -> AsyncIterator[Driver]:
    """Open a driver of this package inside this process."""
    opener: Callable[..., AbstractAsyncContextManager[Driver]]
    opener = import_module(package).open_driver
    async with opener(uri, OpenOptions(open_peer=open_peer), **further) as driver:
        yield driver


def _remote_name(uri: URI) -> str:
    """The name by which a host is served that the daemon itself reaches from afar."""
    return f"{uri.driver}://{uri.host or ''}{uri.path or '/'}"


def _remote(uris: Sequence[str]) -> dict[str, Opener]:
    """What opens hosts that are reached from afar, by the names that clients may use.

    Each has its own; the first of each driver, and of each path, needs no host in its name.

    Raises:
        ConfigError: A URI is none, or no driver of this process opens it.
    """
    openers: dict[str, Opener] = {}
    short: dict[str, Opener] = {}
    for text in uris:
        uri = URI.parse(text)
        if uri.driver not in REMOTE_DRIVERS or not uri.host:
            raise ConfigError(
                f"hosts.remote has {text!r}, which is no URI of another host",
                field="hosts.remote",
                hint=f"such URIs begin with {', '.join(sorted(REMOTE_DRIVERS))}, and name a host",
            )
        opener = partial(open_peer, uri)
        openers[_remote_name(uri)] = opener
        short.setdefault(f"{uri.driver}://{uri.path or '/'}", opener)
        short.setdefault(f"{uri.driver}:///", opener)
    return {**short, **openers}


def qemu_uri(settings: HostSettings, state: Path) -> URI:
    """The host of QEMU that a daemon with this folder serves, as the driver knows it."""
    parameters = {"root": str(state / "qemu")}
    if settings.qemu_user is not None:
        parameters["user"] = settings.qemu_user
    if settings.migration_ports is not None:
        parameters["migration_ports"] = settings.migration_ports
    if settings.migration_host is not None:
        parameters["migration_host"] = settings.migration_host
    if settings.migration_tls is not None:
        parameters["migration_tls"] = str(settings.migration_tls)
    for name in ("save_image_format", "dump_image_format"):
        value = getattr(settings, name)
        if value is not None:
            parameters[name] = value
    if settings.backup_tls is not None:
        parameters["backup_tls"] = str(settings.backup_tls)
    parameters["late_detach"] = "yes"
    parameters["relabel"] = "yes" if settings.qemu_relabel else "no"
    parameters["confined"] = "yes" if settings.qemu_confined else "no"
    parameters["namespaces"] = "yes" if settings.qemu_namespaces else "no"
    for name in ("group", "max_core", "oom_score"):
        value = getattr(settings, f"qemu_{name}")
        if value is not None:
            parameters[name] = str(value)
    return URI("qemu", "/embed", parameters=parameters)


def configured(settings: Settings, state: Path) -> tuple[dict[str, Opener], str | None]:
    """What the settings say is served, and the default.

    Args:
        settings: The settings.
        state: The daemon's folder.
    """
    openers: dict[str, Opener] = {}
    hosts = settings.hosts
    if hosts.qemu:
        name = "qemu:///session" if settings.session else "qemu:///system"
        embedded = qemu_uri(hosts, state)
        shown = URI.parse(name)
        openers[name] = lambda: _open("aiovirt.drivers.qemu", embedded, shown=shown)
    if hosts.test:
        test = URI("test", "/default", host="")
        openers["test:///default"] = lambda: _open("aiovirt.drivers.test", test)
    openers.update(_remote(hosts.remote))
    return openers, hosts.default or next(iter(openers), None)
