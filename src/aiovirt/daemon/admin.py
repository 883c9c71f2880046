"""What virt-admin asks of the daemon: the ability `Admin` over its servers, clients and log."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, TypeVar

from anyio import to_thread

from aiovirt.daemon.access.peers import group_name
from aiovirt.daemon.logs import Logs
from aiovirt.daemon.service.session import Session
from aiovirt.daemon.settings import LimitSettings
from aiovirt.errors import CallerError, InvalidState, NotFound
from aiovirt.interfaces import Ability, Admin, immediate
from aiovirt.model.admin import AdminClientKey, ClientTransport
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain
from aiovirt.model.uri import URI

if TYPE_CHECKING:
    from aiovirt.daemon.daemon import Daemon
    from aiovirt.daemon.server import Server

__all__ = ["AdminDriver", "Controls", "DaemonAdmin"]

log = logging.getLogger("aiovirt.daemon.admin")

A = TypeVar("A", bound=Ability)

DRIVER = "aiovirtd"

TRANSPORTS = {
    "unix": ClientTransport.UNIX,
    "tcp": ClientTransport.TCP,
    "tls": ClientTransport.TLS,
}

NO_PORT = "127.0.0.1:0"
"""What libvirt says of a client of a Unix socket, which has no address."""

WORKERS = {"minWorkers": 5, "maxWorkers": 20, "prioWorkers": 5}
"""libvirt's defaults.  Calls are tasks here: the figures are kept for who sets them, and bind
nothing."""

MOST_WORKERS = 10_000
MOST_CLIENTS = 1_000_000


class Controls(Protocol):
    """What an administrator may do with the daemon as a whole; the program has it."""

    def set_timeout(self, seconds: float) -> None:
        """Let it end after so many seconds without clients and guests; 0 for never."""
        ...

    def shut_down(self) -> None:
        """Let it end; calls at work have their time."""
        ...


class DaemonAdmin(Admin):
    """See `Admin`; libvirt's names of parameters are those of its admin API."""

    driver_name = DRIVER

    def __init__(self, daemon: Daemon, logs: Logs, controls: Controls) -> None:
        self._daemon = daemon
        self._logs = logs
        self._controls = controls
        self._workers: dict[str, dict[str, int]] = {}

    def _server(self, name: str) -> Server:
        server = self._daemon.servers.get(name)
        if server is None:
            raise NotFound(f"there is no server {name!r}")
        return server

    def _session(self, client: AdminClientKey) -> Session:
        session = self._server(client.server).clients.get(client.id)
        if session is None:
            raise NotFound(f"the server {client.server} has no client {client.id}")
        return session

    # --- the daemon ---------------------------------------------------------------------------

    @immediate
    async def library_version(self) -> tuple[int, int, int]:
        """See `Admin.library_version`: that of aiovirt."""
        numbers = [int(part) for part in version("aiovirt").split(".")[:3] if part.isdecimal()]
        major, minor, micro = (*numbers, 0, 0, 0)[:3]
        return major, minor, micro

    async def set_timeout(self, seconds: int) -> None:
        """See `Admin.set_timeout`."""
        self._controls.set_timeout(seconds)
        log.info("the daemon ends after %d idle seconds (0: never), as virt-admin asks", seconds)

    async def shut_down(self, *, preserve: bool = False) -> None:
        """See `Admin.shut_down`; guests go on in any case."""
        del preserve
        self._controls.shut_down()

    async def update_tls(self, server: str) -> None:
        """See `Admin.update_tls`.

        Raises:
            InvalidState: The server has no TLS.
        """
        self._server(server)
        if not self._daemon.settings.tls.listen:
            raise InvalidState(f"the server {server} does not listen for TLS")
        await self._daemon.doors.reload_certificates()
        log.info("the certificates were read anew, as virt-admin asks")

    # --- servers ------------------------------------------------------------------------------

    @immediate
    async def servers(self) -> Sequence[str]:
        """See `Admin.servers`."""
        return list(self._daemon.servers)

    @immediate
    async def find_server(self, name: str) -> str:
        """See `Admin.find_server`."""
        return self._server(name).name

    @immediate
    async def threadpool(self, server: str) -> Mapping[str, ParamValue]:
        """See `Admin.threadpool`: there are no workers, and always one that is free."""
        self._server(server)
        kept = self._workers.get(server, WORKERS)
        figures = {**kept, "nWorkers": kept["minWorkers"], "freeWorkers": kept["minWorkers"]}
        names = ("minWorkers", "maxWorkers", "nWorkers", "freeWorkers", "prioWorkers")
        told: dict[str, ParamValue] = {name: _uint(figures[name]) for name in names}
        return told | {"jobQueueDepth": _uint(0)}

    async def set_threadpool(self, server: str, params: TypedParams) -> None:
        """See `Admin.set_threadpool`: the figures are kept, and bind nothing."""
        self._server(server)
        figures = {**self._workers.get(server, WORKERS), **_numbers(params, WORKERS, MOST_WORKERS)}
        if figures["minWorkers"] > figures["maxWorkers"] or not figures["maxWorkers"]:
            raise CallerError("maxWorkers is 1 at least, and minWorkers not more than it")
        self._workers[server] = figures

    @immediate
    async def client_limits(self, server: str) -> Mapping[str, ParamValue]:
        """See `Admin.client_limits`."""
        found = self._server(server)
        return {
            "nclients_max": _uint(found.limits.max_clients),
            "nclients": _uint(found.count),
            "nclients_unauth_max": _uint(found.limits.max_anonymous_clients),
            "nclients_unauth": _uint(found.anonymous),
        }

    async def set_client_limits(self, server: str, params: TypedParams) -> None:
        """See `Admin.set_client_limits`; until the settings are read again."""
        found = self._server(server)
        now = {
            "nclients_max": found.limits.max_clients,
            "nclients_unauth_max": found.limits.max_anonymous_clients,
        }
        wanted = {**now, **_numbers(params, now, MOST_CLIENTS)}
        most, anonymous = wanted["nclients_max"], wanted["nclients_unauth_max"]
        if anonymous > most or not anonymous:
            raise CallerError("nclients_unauth_max is 1 at least, and not more than nclients_max")
        limits: LimitSettings = replace(
            found.limits, max_clients=most, max_anonymous_clients=anonymous
        )
        found.limits = limits
        log.info("%s takes %d clients now, %d not authenticated", server, most, anonymous)

    # --- clients ------------------------------------------------------------------------------

    @immediate
    async def clients(self, server: str) -> Sequence[AdminClientKey]:
        """See `Admin.clients`."""
        return [_key(server, session) for session in self._server(server).clients.values()]

    @immediate
    async def find_client(self, server: str, number: int) -> AdminClientKey:
        """See `Admin.find_client`."""
        return _key(server, self._session(AdminClientKey(server, number)))

    async def client_info(self, client: AdminClientKey) -> Mapping[str, ParamValue]:
        """See `Admin.client_info`."""
        identity = self._session(client).identity
        told: dict[str, ParamValue] = {
            "readonly": Typed(ParamType.BOOLEAN, identity.readonly),
            "sock_addr": NO_PORT if identity.local else identity.address,
        }
        if identity.sasl_user is not None:
            told["sasl_user_name"] = identity.sasl_user
        if identity.x509_name is not None:
            told["tls_x509_dname"] = identity.x509_name
        if identity.uid is not None and identity.gid is not None:
            group = await to_thread.run_sync(group_name, identity.gid)
            told["unix_user_id"] = _int(identity.uid)
            told["unix_user_name"] = identity.user or str(identity.uid)
            told["unix_group_id"] = _int(identity.gid)
            told["unix_group_name"] = group or str(identity.gid)
        if identity.pid is not None:
            told["unix_process_id"] = _int(identity.pid)
        return told

    async def close_client(self, client: AdminClientKey) -> None:
        """See `Admin.close_client`."""
        session = self._session(client)
        log.info("client %d of %s is sent away by virt-admin", client.id, client.server)
        session.close()

    # --- the log ------------------------------------------------------------------------------

    @immediate
    async def log_outputs(self) -> str:
        """See `Admin.log_outputs`."""
        return self._logs.outputs

    async def set_log_outputs(self, outputs: str | None) -> None:
        """See `Admin.set_log_outputs`."""
        self._logs.set_outputs(outputs)
        log.info("the log goes to %s now", self._logs.outputs)

    @immediate
    async def log_filters(self) -> str:
        """See `Admin.log_filters`."""
        return self._logs.filters

    async def set_log_filters(self, filters: str | None) -> None:
        """See `Admin.set_log_filters`."""
        self._logs.set_filters(filters)
        log.info("the log's filters are now: %s", self._logs.filters or "none")


class AdminDriver:
    """The driver of the admin socket: it has the ability `Admin` and no other."""

    name = DRIVER
    uri = URI(DRIVER, "/system")

    def __init__(self, admin: DaemonAdmin) -> None:
        self._admin = admin

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`."""
        if isinstance(self._admin, kind):
            return self._admin
        lacking = kind()
        lacking.driver_name = self.name
        return lacking


def _key(server: str, session: Session) -> AdminClientKey:
    transport = TRANSPORTS[session.identity.transport]
    return AdminClientKey(server, session.id, int(session.since), transport)


def _int(number: int) -> Typed:
    return Typed(ParamType.INT, number)


def _uint(number: int) -> Typed:
    return Typed(ParamType.UINT, number)


def _numbers(params: TypedParams, known: Mapping[str, int], most: int) -> dict[str, int]:
    """The numbers of parameters that may be set.

    Raises:
        CallerError: One of them may not, or not to that.
    """
    found: dict[str, int] = {}
    for name, value in params.items():
        number = plain(value)
        if name not in known:
            raise CallerError(f"{name} cannot be set", hint=f"those can: {', '.join(known)}")
        if not isinstance(number, int) or not 0 <= number <= most:
            raise CallerError(f"{name} is 0 to {most}, and not {number}")
        found[name] = number
    return found
