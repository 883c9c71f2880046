"""Domain definitions: what is there, under which name, with which configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import DomainConfig
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey, DomainRecord

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainCreateFlags, DomainDefineFlags, DomainUndefineFlags

__all__ = ["Definition"]


class Definition(Ability):
    """Defining, finding and listing domains."""

    @operation
    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """Make a domain persistent, or change the configuration of one that is.

        The caller's `config` is not changed: what the driver fills in is read by `config`.
        Returns when the definition is safely on disk.

        Args:
            config: The configuration.
            flags: libvirt's, such as `VALIDATE`: refuse what the grammar does not know.

        Raises:
            ConfigError: Something in it is wrong; element, line and what was expected are named.
            AlreadyExists: The name belongs to another UUID, or the UUID to another name.
            Unsupported: The host cannot do what it asks for.
        """
        raise NotImplementedError

    @operation
    async def undefine(
        self, domain: DomainKey, *, flags: DomainUndefineFlags | Literal[0] = 0
    ) -> None:
        """Remove a domain's definition; a running one stays as a transient domain.

        Args:
            domain: Which domain.
            flags: libvirt's: what else goes with it (saved state, snapshots, NVRAM …).

        Raises:
            NotFound: There is no such domain.
            InvalidState: It has no definition: it is transient; or it has snapshots or the like
                that the flags do not name.
        """
        raise NotImplementedError

    @operation
    async def create(
        self, config: DomainConfig, *, flags: DomainCreateFlags | Literal[0] = 0
    ) -> DomainKey:
        """Start a domain without defining it: it is gone when it stops.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: A running domain has its name or UUID.

        Cancellation: nothing stays behind where the driver runs in this process; a daemon goes on.
        """
        raise NotImplementedError

    @operation
    async def keys(self, *, active: bool | None = None) -> Sequence[DomainKey]:
        """All domains, or only the active or inactive ones, sorted by name."""
        raise NotImplementedError

    @operation
    async def records(self) -> Sequence[DomainRecord]:
        """All domains, sorted by name; answered from what is known, without asking any guest."""
        raise NotImplementedError

    @operation
    async def record(self, domain: DomainKey) -> DomainRecord:
        """One domain's line of the listing.

        Raises:
            NotFound: There is no such domain (any more).
        """
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> DomainKey:
        """The domain of that name.

        Raises:
            NotFound: There is none; a name that is near is offered as the hint.
        """
        raise NotImplementedError

    @operation
    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """The domain of that UUID.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError

    @operation
    async def find_by_id(self, number: int) -> DomainKey:
        """The running domain of that number.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError

    @operation
    async def config(
        self, domain: DomainKey, *, inactive: bool = False, secure: bool = False
    ) -> DomainConfig:
        """A copy of the live configuration of a running domain, else of the inactive one.

        Args:
            domain: Which domain.
            inactive: The inactive configuration even if the domain is running.
            secure: With passwords.

        Raises:
            NotFound: There is no such domain.
        """
        raise NotImplementedError

    @operation
    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """Whether the domain starts with the host.

        Raises:
            NotFound: There is no such domain.
            InvalidState: The domain is transient.
        """
        raise NotImplementedError
