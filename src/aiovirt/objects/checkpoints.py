"""Checkpoints of a domain, as their users hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt import config as documents
from aiovirt.interfaces import Checkpoints as Ability
from aiovirt.interfaces import Driver
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.keys import CheckpointKey
from aiovirt.objects._handle import Handle

if TYPE_CHECKING:
    from aiovirt.config import CheckpointConfig
    from aiovirt.model.constants import DomainCheckpointCreateFlags, DomainCheckpointListFlags

__all__ = ["Checkpoint", "Checkpoints"]


class Checkpoint(Handle[CheckpointKey]):
    """One checkpoint of a domain: thin and cheap.

    Every verb raises `NotFound` when it is gone.
    """

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    def __repr__(self) -> str:
        return f"<Checkpoint {self.name!r} of {self.key.domain.name!r}>"

    @property
    def _identity(self) -> tuple[UUID, str]:
        return self.key.domain.uuid, self.key.name

    @property
    def _ability(self) -> Ability:
        return self._driver.ability(Ability)

    async def config(
        self, *, secure: bool = False, no_domain: bool = False, size: bool = False
    ) -> CheckpointConfig:
        """What it keeps.

        Args:
            secure: With passwords.
            no_domain: Without the domain's configuration at that time.
            size: With how much was written since, for each disk.
        """
        flags = flag_set(
            "DomainCheckpointXMLFlags", 0, secure=secure, no_domain=no_domain, size=size
        )
        return await self._ability.checkpoint_config(self.key, flags=flags)

    async def xml(
        self, *, secure: bool = False, no_domain: bool = False, size: bool = False
    ) -> str:
        """The same as XML."""
        config = await self.config(secure=secure, no_domain=no_domain, size=size)
        return config.to_xml(secure=secure)

    async def parent(self) -> Checkpoint:
        """The checkpoint it follows.

        Raises:
            NotFound: It is the first.
        """
        return Checkpoint(self._driver, await self._ability.checkpoint_parent(self.key))

    async def children(
        self, *, descendants: bool = False, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[Checkpoint]:
        """The checkpoints that follow it, and if `descendants` those that follow them, too."""
        wanted = flag_set("DomainCheckpointListFlags", flags, descendants=descendants)
        found = await self._ability.checkpoint_children(self.key, flags=wanted)
        return [Checkpoint(self._driver, key) for key in found]

    async def delete(
        self, *, children: bool = False, children_only: bool = False, metadata_only: bool = False
    ) -> None:
        """Delete it; what it noted goes to the one before it.

        Args:
            children: Those that follow it, too.
            children_only: These, and not itself.
            metadata_only: The driver's record only, and no bitmap.
        """
        wanted = flag_set(
            "DomainCheckpointDeleteFlags",
            0,
            children=children,
            children_only=children_only,
            metadata_only=metadata_only,
        )
        await self._ability.delete_checkpoint(self.key, flags=wanted)


class Checkpoints:
    """`vm.checkpoints`: make, find and list."""

    def __init__(self, driver: Driver, domain: DomainKey) -> None:
        self._driver = driver
        self._domain = domain

    @property
    def _ability(self) -> Ability:
        return self._driver.ability(Ability)

    async def create(
        self,
        config: CheckpointConfig | str | None = None,
        *,
        quiesce: bool = False,
        redefine: bool = False,
        flags: DomainCheckpointCreateFlags | Literal[0] = 0,
    ) -> Checkpoint:
        """Note from now on which blocks of the disks are written.

        Args:
            config: Which disks, or its XML; None lets the driver choose.
            quiesce: Let the guest's agent hold its file systems still meanwhile.
            redefine: Bring back the record of one that the images have already.
            flags: libvirt's further flags.

        Raises:
            ConfigError: The configuration is wrong.
            AlreadyExists: There is one of that name.
            Unsupported: A disk's format cannot keep it.
        """
        wanted = flag_set("DomainCheckpointCreateFlags", flags, quiesce=quiesce, redefine=redefine)
        document = _document(config)
        return self._handle(
            await self._ability.create_checkpoint(self._domain, document, flags=wanted)
        )

    async def get(self, name: str) -> Checkpoint:
        """The one of that name.

        Raises:
            NotFound: There is none.
        """
        return self._handle(await self._ability.find_checkpoint(self._domain, name))

    async def list(
        self,
        *,
        roots: bool = False,
        leaves: bool = False,
        topological: bool = False,
        flags: DomainCheckpointListFlags | Literal[0] = 0,
    ) -> Sequence[Checkpoint]:
        """All of them, or those that the flags name.

        Args:
            roots: Only those that follow no other.
            leaves: Only those that no other follows.
            topological: None comes before the one it follows.
            flags: libvirt's further flags.
        """
        wanted = flag_set(
            "DomainCheckpointListFlags", flags, roots=roots, leaves=leaves, topological=topological
        )
        found = await self._ability.checkpoints(self._domain, flags=wanted)
        return [self._handle(key) for key in found]

    def _handle(self, key: CheckpointKey) -> Checkpoint:
        return Checkpoint(self._driver, key)


def _document(config: CheckpointConfig | str | None) -> CheckpointConfig:
    """The configuration; its class is loaded here, at its first use."""
    if isinstance(config, str):
        return documents.CheckpointConfig.parse(config)
    return documents.CheckpointConfig() if config is None else config
