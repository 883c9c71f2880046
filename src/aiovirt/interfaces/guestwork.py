"""Programs and files of guests, where a hypervisor has calls of its own for them.

QEMU's guests have an agent for that, whose commands pass through `Monitor`; VMware's have VMware
Tools, which want an account of the guest.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.guestwork import GuestExit, GuestProgram

__all__ = ["GuestReading", "GuestWork"]


class GuestReading(AsyncIterator[bytes]):
    """A file of a guest that is read, in parts; iterate over it."""

    @property
    @abstractmethod
    def length(self) -> int:
        """Bytes of the whole file."""


class GuestWork(Ability):
    """Running programs in guests, and moving files.

    Every operation raises `InvalidState` for a domain that does not run, `AgentNotReady` where
    nothing in the guest answers, `AuthenticationFailed` where the guest does not know the account,
    and `NotFound` for a program or a file that is not there.
    """

    @operation
    async def log_in(self, domain: DomainKey, user: str, password: Secret) -> None:
        """Say which account of the guest is used from now on; it is tried at once.

        Raises:
            AuthenticationFailed: The guest does not know it.
        """
        raise NotImplementedError

    @operation
    async def run_program(
        self,
        domain: DomainKey,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> GuestExit:
        """Run a program to its end; what it has written is kept.

        Args:
            domain: Which domain.
            argv: The program's path, and its arguments.
            stdin: What it reads.
            env: Its whole environment; that of the account if None.

        Cancellation: it is ended.
        """
        raise NotImplementedError

    @operation
    async def programs(self, domain: DomainKey) -> Sequence[GuestProgram]:
        """What runs in the guest, and what has ended a short while ago and was started so."""
        raise NotImplementedError

    @operation
    async def end_program(self, domain: DomainKey, pid: int) -> None:
        """End a program, as by SIGKILL.

        Raises:
            NotFound: There is none of that number.
        """
        raise NotImplementedError

    @operation
    def read_file(self, domain: DomainKey, path: str) -> AbstractAsyncContextManager[GuestReading]:
        """Read a file of the guest for the length of the block."""
        raise NotImplementedError

    @operation
    async def write_file(
        self, domain: DomainKey, path: str, parts: AsyncIterable[bytes] | bytes, length: int
    ) -> None:
        """Write a file of the guest anew.

        Args:
            domain: Which domain.
            path: The file.
            parts: What is written into it.
            length: How many bytes these are.

        Cancellation: the file may be there in part.
        """
        raise NotImplementedError
