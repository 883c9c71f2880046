"""A libvirt daemon itself: its servers, their workers and clients, its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.admin import AdminClientKey
from aiovirt.model.params import ParamValue, TypedParams

__all__ = ["Admin"]


class Admin(Ability):
    """What libvirt's admin API does. A server is named, such as ``libvirtd``.

    Every operation about a server or a client raises `NotFound` where there is none.
    """

    @operation
    async def library_version(self) -> tuple[int, int, int]:
        """The daemon's version, such as ``(9, 0, 0)``."""
        raise NotImplementedError

    @operation
    async def servers(self) -> Sequence[str]:
        """The names of the daemon's servers."""
        raise NotImplementedError

    @operation
    async def find_server(self, name: str) -> str:
        """The server of that name.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError

    @operation
    async def threadpool(self, server: str) -> Mapping[str, ParamValue]:
        """The workers that serve calls: ``minWorkers``, ``freeWorkers``, ``jobQueueDepth``."""
        raise NotImplementedError

    @operation
    async def set_threadpool(self, server: str, params: TypedParams) -> None:
        """Change ``minWorkers``, ``maxWorkers`` and ``prioWorkers``.

        Raises:
            CallerError: The daemon does not take the values.
        """
        raise NotImplementedError

    @operation
    async def clients(self, server: str) -> Sequence[AdminClientKey]:
        """Who is connected."""
        raise NotImplementedError

    @operation
    async def find_client(self, server: str, number: int) -> AdminClientKey:
        """The client of that number.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError

    @operation
    async def client_info(self, client: AdminClientKey) -> Mapping[str, ParamValue]:
        """Who a client is: ``unix_user_name``, ``sock_addr``, ``tls_x509_dname`` and so on."""
        raise NotImplementedError

    @operation
    async def close_client(self, client: AdminClientKey) -> None:
        """End a client's connection."""
        raise NotImplementedError

    @operation
    async def client_limits(self, server: str) -> Mapping[str, ParamValue]:
        """How many clients there may be and are: ``nclients_max``, ``nclients`` and so on."""
        raise NotImplementedError

    @operation
    async def set_client_limits(self, server: str, params: TypedParams) -> None:
        """Change ``nclients_max`` and ``nclients_unauth_max``."""
        raise NotImplementedError

    @operation
    async def log_outputs(self) -> str:
        """Where the daemon's log goes, as its configuration file has it."""
        raise NotImplementedError

    @operation
    async def set_log_outputs(self, outputs: str | None) -> None:
        """Change where the log goes; None for the default."""
        raise NotImplementedError

    @operation
    async def log_filters(self) -> str:
        """What is logged of which part, as its configuration file has it."""
        raise NotImplementedError

    @operation
    async def set_log_filters(self, filters: str | None) -> None:
        """Change what is logged; None for no filters."""
        raise NotImplementedError

    @operation
    async def update_tls(self, server: str) -> None:
        """Let a server read its certificates anew."""
        raise NotImplementedError

    @operation
    async def set_timeout(self, seconds: int) -> None:
        """Let the daemon end after so many seconds without clients and guests; 0 for never."""
        raise NotImplementedError

    @operation
    async def shut_down(self, *, preserve: bool = False) -> None:
        """Let the daemon end; since libvirt 11.2.

        Args:
            preserve: First let its guests be kept, as it is configured.
        """
        raise NotImplementedError
