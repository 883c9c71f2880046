"""Secrets that a host keeps for its guests: passphrases of disks, keys of storage servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.keys import SecretKey

if TYPE_CHECKING:
    from aiovirt.config import SecretConfig
    from aiovirt.model.constants import ConnectListAllSecretsFlags, SecretDefineFlags

__all__ = ["Secrets"]


class Secrets(Ability):
    """Operations on secrets; each raises `NotFound` for a secret that is not there."""

    @operation
    async def define(
        self,
        config: SecretConfig,
        *,
        validate: bool = False,
        flags: SecretDefineFlags | Literal[0] = 0,
    ) -> SecretKey:
        """Define a secret, or change what is known of one; its value is set apart.

        Args:
            config: The configuration.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: Another secret has the same use.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, secret: SecretKey) -> None:
        """Remove a secret with its value."""
        raise NotImplementedError

    @operation
    async def keys(
        self,
        *,
        ephemeral: bool | None = None,
        private: bool | None = None,
        flags: ConnectListAllSecretsFlags | Literal[0] = 0,
    ) -> Sequence[SecretKey]:
        """All secrets that are what is asked for, in no order.

        Args:
            ephemeral: Only those that are kept in memory alone, or only others.
            private: Only those whose value is shown to nobody, or only others.
            flags: libvirt's further flags.
        """
        raise NotImplementedError

    @operation
    async def find_by_uuid(self, uuid: UUID) -> SecretKey:
        """The secret of that UUID."""
        raise NotImplementedError

    @operation
    async def find_by_usage(self, usage: str, name: str) -> SecretKey:
        """The secret for that use.

        Args:
            usage: What kind of use: ``volume``, ``ceph``, ``iscsi``, ``tls`` or ``vtpm``.
            name: What it is used with: the volume's path, the iSCSI target, a name.
        """
        raise NotImplementedError

    @operation
    async def config(self, secret: SecretKey) -> SecretConfig:
        """What is known of it; never its value."""
        raise NotImplementedError

    @operation
    async def set_value(self, secret: SecretKey, value: SecretBytes) -> None:
        """Set the value, at most 65,536 bytes."""
        raise NotImplementedError

    @operation
    async def value(self, secret: SecretKey) -> SecretBytes:
        """The value.

        Raises:
            NotFound: It has none.
            PermissionDenied: It is private.
        """
        raise NotImplementedError
