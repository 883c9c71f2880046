"""Moving a domain from host to host: the phases, and what steers them.

A client that drives a migration calls begin at the source, prepare at the destination, perform at
the source, finish at the destination and confirm at the source; each hands its cookie to the next.
In a migration from peer to peer it only calls perform, and the source's host does the rest.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from anyio.abc import ObjectSendStream

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.model.params import TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["Migration", "MigrationTunnel"]


class MigrationTunnel(ObjectSendStream[bytes]):
    """Where a source's host sends a domain's data to, along the daemon's own connection.

    `send_eof` says that all was sent. Closing it before gives the migration up.
    """

    @property
    @abstractmethod
    def cookie(self) -> bytes:
        """The destination's cookie, for the source."""

    @abstractmethod
    async def send_eof(self) -> None:
        """Say that all was sent; returns when the destination has it.

        Raises:
            AiovirtError: The destination has given up.
        """


class Migration(Ability):
    """The phases of a migration, and its limits."""

    @operation
    async def supports(self, feature: int) -> bool:
        """Whether the host has a feature by libvirt's internal number, `VIR_DRV_FEATURE_*`."""
        raise NotImplementedError

    @operation
    async def begin_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationBegun:
        """Tell the source of a migration; its document goes to the destination.

        Raises:
            InvalidState: It does not run (and the move is not offline), or a job is under way.
            RemoteError: The source finds it unsafe, or cannot move it.
        """
        raise NotImplementedError

    @operation
    async def prepare_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """Let the destination wait for a domain, whose document is among the parameters."""
        raise NotImplementedError

    @operation
    def prepare_tunnel(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """The same, with a stream for the data."""
        raise NotImplementedError

    @operation
    async def perform_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        destination: str | None = None,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> bytes:
        """Move the data; returns when it is moved, with a cookie for the destination.

        Args:
            domain: Which domain.
            params: libvirt's parameters.
            cookie: From the phase before.
            destination: The host that the source itself calls, from peer to peer.
            flags: libvirt's.

        Cancellation: the source goes on with it: `Jobs.abort_job` gives it up.
        """
        raise NotImplementedError

    @operation
    async def finish_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> MigrationFinished:
        """Let the domain run at the destination, or throw it away there if `cancelled`.

        Raises:
            AiovirtError: It does not run there; also after it was thrown away.
        """
        raise NotImplementedError

    @operation
    async def confirm_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> None:
        """Let the source forget the domain, or let it run there again if `cancelled`."""
        raise NotImplementedError

    @operation
    async def start_post_copy(self, domain: DomainKey) -> None:
        """Let the domain run at the destination now; what is missing there comes when needed.

        Raises:
            InvalidState: No migration is under way that allows it.
        """
        raise NotImplementedError

    @operation
    async def max_downtime(self, domain: DomainKey) -> int:
        """How long the domain may stand still at the end of its move, in milliseconds."""
        raise NotImplementedError

    @operation
    async def set_max_downtime(self, domain: DomainKey, downtime_ms: int) -> None:
        """Change how long the domain may stand still at the end of its move."""
        raise NotImplementedError

    @operation
    async def max_speed(self, domain: DomainKey, *, postcopy: bool = False) -> int:
        """The most bytes in a second that are moved; of post-copy if asked so."""
        raise NotImplementedError

    @operation
    async def set_max_speed(
        self, domain: DomainKey, bandwidth: int, *, postcopy: bool = False
    ) -> None:
        """Change the most bytes in a second that are moved: a multiple of 1 MiB."""
        raise NotImplementedError

    @operation
    async def compression_cache(self, domain: DomainKey) -> int:
        """The bytes of the cache that compressed moves use."""
        raise NotImplementedError

    @operation
    async def set_compression_cache(self, domain: DomainKey, size: int) -> None:
        """Change the bytes of the cache that compressed moves use."""
        raise NotImplementedError
