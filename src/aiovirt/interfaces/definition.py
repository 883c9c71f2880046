"""Domain definitions: what is there, under which name, with which configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import DomainConfig
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectListAllDomainsFlags,
        DomainCreateFlags,
        DomainDefineFlags,
        DomainFDAssociateFlags,
        DomainModificationImpact,
        DomainUndefineFlags,
        DomainXMLFlags,
    )

__all__ = ["Definition", "MetadataKind"]

MetadataKind = Literal["description", "title", "element"]
"""What metadata are: the description, the title, or an element of somebody's own namespace."""


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
    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """All domains, or only the active or inactive ones, sorted by name.

        Args:
            active: Only those.
            flags: libvirt's filters: flags of one group add up, groups narrow each other.
        """
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
        self,
        domain: DomainKey,
        *,
        inactive: bool = False,
        secure: bool = False,
        flags: DomainXMLFlags | Literal[0] = 0,
    ) -> DomainConfig:
        """A copy of the live configuration of a running domain, else of the inactive one.

        Args:
            domain: Which domain.
            inactive: The inactive configuration even if the domain is running.
            secure: With passwords.
            flags: libvirt's further flags: `MIGRATABLE`, `UPDATE_CPU`.

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

    @operation
    async def autostart(self, domain: DomainKey) -> bool:
        """Whether the domain starts with the host."""
        raise NotImplementedError

    @operation
    async def autostart_once(self, domain: DomainKey) -> bool:
        """Whether the domain starts with the host the next time, and then no more."""
        raise NotImplementedError

    @operation
    async def set_autostart_once(self, domain: DomainKey, *, autostart: bool) -> None:
        """Whether the domain starts with the host the next time, and then no more.

        Raises:
            InvalidState: The domain is transient.
        """
        raise NotImplementedError

    @operation
    async def rename(self, domain: DomainKey, name: str) -> None:
        """Give a domain that is off another name; its UUID stays.

        Raises:
            InvalidState: It runs, or is transient, or has snapshots.
            AlreadyExists: Another domain has the name.
        """
        raise NotImplementedError

    @operation
    async def metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        uri: str | None = None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> str:
        """A domain's title, its description, or the element of a namespace.

        Args:
            domain: Which domain.
            kind: Which of them.
            uri: The namespace of an element.
            flags: Of the running instance (`LIVE`) or of the definition (`CONFIG`).

        Raises:
            NotFound: It has no such metadata.
        """
        raise NotImplementedError

    @operation
    async def set_metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        text: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Set a domain's title, its description, or the element of a namespace.

        Args:
            domain: Which domain.
            kind: Which of them.
            text: The text, or the element's XML; None takes it out.
            key: The prefix of the element's namespace.
            uri: The element's namespace.
            flags: Of the running instance (`LIVE`), of the definition (`CONFIG`), or of both.

        Raises:
            ConfigError: A title with line breaks, or XML that is none.
        """
        raise NotImplementedError

    @operation
    async def state(self, domain: DomainKey) -> StateReason:
        """The state with its reason."""
        raise NotImplementedError

    @operation
    async def is_active(self, domain: DomainKey) -> bool:
        """Whether there is a running instance."""
        raise NotImplementedError

    @operation
    async def is_persistent(self, domain: DomainKey) -> bool:
        """Whether its configuration stays after it stops."""
        raise NotImplementedError

    @operation
    async def is_updated(self, domain: DomainKey) -> bool:
        """Whether its configuration was changed since it was defined or started."""
        raise NotImplementedError

    @operation
    async def os_type(self, domain: DomainKey) -> str:
        """How its system is started: ``hvm``, ``linux``, ``exe`` and the like."""
        raise NotImplementedError

    @operation
    async def from_native(self, form: str, text: str) -> DomainConfig:
        """The configuration that another program's own form stands for.

        Args:
            form: The form, such as ``lxc-tools``, ``vmware-vmx`` or ``xen-xl``.
            text: A document of that form.

        Raises:
            ConfigError: The form is not known, or the text is wrong.
        """
        raise NotImplementedError

    @operation
    async def to_native(self, form: str, config: DomainConfig) -> str:
        """A configuration in another program's own form, such as ``qemu-argv``.

        Nothing is started.

        Raises:
            ConfigError: The form is not known, or the configuration is wrong.
        """
        raise NotImplementedError

    # --- with open files of the caller --------------------------------------------------------

    @operation
    async def create_with_files(
        self,
        config: DomainConfig,
        files: Sequence[int],
        *,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> DomainKey:
        """As `create`, with descriptors that the first process of a container gets.

        They stay the caller's.

        Raises:
            Unsupported: Descriptors cannot travel to this host.
        """
        raise NotImplementedError

    @operation
    async def associate_files(
        self,
        domain: DomainKey,
        name: str,
        files: Sequence[int],
        *,
        flags: DomainFDAssociateFlags | Literal[0] = 0,
    ) -> None:
        """Hand over descriptors, for a disk whose source has ``<fdgroup>`` with that name.

        They stay the caller's, and are forgotten when this connection ends, or when none are handed
        over by that name.

        Raises:
            Unsupported: Descriptors cannot travel to this host.
        """
        raise NotImplementedError
