"""The memory of a domain in a file: saving it, going on from it, and dumps to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCoreDumpFlags,
        DomainCoreDumpFormat,
        DomainSaveRestoreFlags,
    )

__all__ = ["SavedState"]


class SavedState(Ability):
    """Saving and restoring. Paths are those of the host.

    What takes long is a job, which `Jobs` shows and gives up.

    Cancellation: the host goes on; `Jobs.abort_job` ends it, and the domain runs on.
    """

    @operation
    async def save(
        self,
        domain: DomainKey,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """Write a running domain's memory and configuration into a file, and stop it.

        Args:
            domain: Which domain.
            path: The file.
            config: What is written in place of its own configuration.
            flags: How, and whether it runs when it is restored.

        Raises:
            InvalidState: It does not run.
        """
        raise NotImplementedError

    @operation
    async def save_with(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """As `save`, by libvirt's parameters: ``file``, ``dxml`` …; since libvirt 8.4."""
        raise NotImplementedError

    @operation
    async def restore(
        self,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """Let the domain of a file go on where it was saved. The file stays.

        Raises:
            NotFound: There is no such file.
            InvalidState: It runs already.
        """
        raise NotImplementedError

    @operation
    async def restore_with(
        self, params: TypedParams, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """As `restore`, by libvirt's parameters: ``file``, ``dxml`` …; since libvirt 8.4."""
        raise NotImplementedError

    @operation
    async def image_config(self, path: str, *, secure: bool = False) -> DomainConfig:
        """The configuration in a file.

        Args:
            path: The file.
            secure: With passwords.
        """
        raise NotImplementedError

    @operation
    async def set_image_config(
        self,
        path: str,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """Change the configuration in a file, as far as the saved memory fits to it."""
        raise NotImplementedError

    @operation
    async def managed_save(
        self, domain: DomainKey, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """As `save`, into a file that the host keeps: the next start goes on from it."""
        raise NotImplementedError

    @operation
    async def has_managed_save(self, domain: DomainKey) -> bool:
        """Whether the host keeps such a file."""
        raise NotImplementedError

    @operation
    async def remove_managed_save(self, domain: DomainKey) -> None:
        """Throw that file away."""
        raise NotImplementedError

    @operation
    async def managed_save_config(self, domain: DomainKey, *, secure: bool = False) -> DomainConfig:
        """The configuration in that file.

        Raises:
            InvalidState: There is none.
        """
        raise NotImplementedError

    @operation
    async def set_managed_save_config(
        self,
        domain: DomainKey,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """Change the configuration in that file."""
        raise NotImplementedError

    @operation
    async def dump(
        self,
        domain: DomainKey,
        path: str,
        *,
        dump_format: DomainCoreDumpFormat | Literal[0] = 0,
        flags: DomainCoreDumpFlags | Literal[0] = 0,
    ) -> None:
        """Write a running domain's memory into a file, for debuggers; by default it goes on."""
        raise NotImplementedError
