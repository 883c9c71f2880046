"""A libvirt daemon itself, as its administrator holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.interfaces import Admin, Driver
from aiovirt.model.admin import AdminClientKey, ClientTransport
from aiovirt.model.params import ParamValue
from aiovirt.model.uri import URI
from aiovirt.objects._handle import Handle

__all__ = ["AdminClient", "AdminConnection", "AdminServer"]


class AdminConnection:
    """A daemon's admin API. `aiovirt.admin.open` makes it, and it ends with that block."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def uri(self) -> URI:
        """The URI it was opened with."""
        return self._driver.uri

    @property
    def driver(self) -> Driver:
        """What is underneath."""
        return self._driver

    def __repr__(self) -> str:
        return f"<AdminConnection {self.uri}>"

    @property
    def _admin(self) -> Admin:
        return self._driver.ability(Admin)

    async def version(self) -> tuple[int, int, int]:
        """The daemon's version, such as ``(9, 0, 0)``."""
        return await self._admin.library_version()

    async def servers(self) -> Sequence[AdminServer]:
        """The daemon's servers: the one for everybody, and the one of the admin API."""
        return [AdminServer(self._driver, name) for name in await self._admin.servers()]

    async def server(self, name: str) -> AdminServer:
        """The server of that name, such as ``libvirtd``.

        Raises:
            NotFound: There is none.
        """
        return AdminServer(self._driver, await self._admin.find_server(name))

    async def log_outputs(self) -> str:
        """Where the log goes, as in the daemon's configuration: ``3:file:/var/log/x``."""
        return await self._admin.log_outputs()

    async def set_log_outputs(self, outputs: str | None) -> None:
        """Change where the log goes, until the daemon ends; None for the default."""
        await self._admin.set_log_outputs(outputs)

    async def log_filters(self) -> str:
        """What is logged of which part, as in the daemon's configuration: ``1:qemu 4:rpc``."""
        return await self._admin.log_filters()

    async def set_log_filters(self, filters: str | None) -> None:
        """Change what is logged, until the daemon ends; None for no filters."""
        await self._admin.set_log_filters(filters)

    async def set_timeout(self, seconds: int) -> None:
        """Let the daemon end after so many seconds without clients and guests; 0 for never."""
        await self._admin.set_timeout(seconds)

    async def shut_down(self, *, preserve: bool = False) -> None:
        """Let the daemon end; since libvirt 11.2.

        Args:
            preserve: First let its guests be kept, as it is configured.
        """
        await self._admin.shut_down(preserve=preserve)


class AdminServer:
    """One server of a daemon: where clients connect, and who serves their calls."""

    def __init__(self, driver: Driver, name: str) -> None:
        self._driver = driver
        self.name = name

    def __repr__(self) -> str:
        return f"<AdminServer {self.name!r}>"

    @property
    def _admin(self) -> Admin:
        return self._driver.ability(Admin)

    async def threadpool(self) -> Mapping[str, ParamValue]:
        """The workers that serve calls: ``minWorkers``, ``freeWorkers``, ``jobQueueDepth``."""
        return await self._admin.threadpool(self.name)

    async def set_threadpool(
        self,
        *,
        min_workers: int | None = None,
        max_workers: int | None = None,
        prio_workers: int | None = None,
    ) -> None:
        """Change how many workers there are.

        Args:
            min_workers: At least.
            max_workers: At most.
            prio_workers: Those for calls that no guest can hold up.

        Raises:
            CallerError: The daemon does not take the values.
        """
        given = {"minWorkers": min_workers, "maxWorkers": max_workers, "prioWorkers": prio_workers}
        params = {name: value for name, value in given.items() if value is not None}
        await self._admin.set_threadpool(self.name, params)

    async def client_limits(self) -> Mapping[str, ParamValue]:
        """How many clients there may be, and are: ``nclients_max``, ``nclients``."""
        return await self._admin.client_limits(self.name)

    async def set_client_limits(
        self, *, max_clients: int | None = None, max_unauthenticated: int | None = None
    ) -> None:
        """Change how many clients there may be.

        Args:
            max_clients: All.
            max_unauthenticated: Those that have not proved who they are yet.
        """
        given = {"nclients_max": max_clients, "nclients_unauth_max": max_unauthenticated}
        params = {name: value for name, value in given.items() if value is not None}
        await self._admin.set_client_limits(self.name, params)

    async def clients(self) -> Sequence[AdminClient]:
        """Who is connected."""
        return [AdminClient(self._driver, key) for key in await self._admin.clients(self.name)]

    async def client(self, number: int) -> AdminClient:
        """The client of that number.

        Raises:
            NotFound: There is none.
        """
        return AdminClient(self._driver, await self._admin.find_client(self.name, number))

    async def update_tls(self) -> None:
        """Let it read its certificates anew."""
        await self._admin.update_tls(self.name)


class AdminClient(Handle[AdminClientKey]):
    """Somebody who is connected to a server."""

    def __repr__(self) -> str:
        return f"<AdminClient {self.id} of {self.key.server!r}>"

    @property
    def id(self) -> int:
        """Its number."""
        return self.key.id

    @property
    def since(self) -> int:
        """Unix time in seconds when it connected."""
        return self.key.since

    @property
    def transport(self) -> ClientTransport:
        """How it is connected."""
        return self.key.transport

    async def info(self) -> Mapping[str, ParamValue]:
        """Who it is: ``unix_user_name``, ``sock_addr``, ``tls_x509_dname`` and so on."""
        return await self._driver.ability(Admin).client_info(self.key)

    async def disconnect(self) -> None:
        """End its connection."""
        await self._driver.ability(Admin).close_client(self.key)
