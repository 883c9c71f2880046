"""The secrets that a host keeps, one by one and as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiovirt import interfaces
from aiovirt.config import SecretConfig
from aiovirt.interfaces import Driver
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.keys import SecretKey
from aiovirt.objects._handle import Handle
from aiovirt.objects._transfers import parsed

__all__ = ["USAGES", "Secret", "Secrets"]

USAGES = ("none", "volume", "ceph", "iscsi", "tls", "vtpm")
"""The words of libvirt's `virSecretUsageType`, by number."""


class Secret(Handle[SecretKey]):
    """One secret of a host: thin, cheap, and valid as long as its connection is open.

    The handle never has the value. Every verb raises `NotFound` when the secret is gone.
    """

    @property
    def uuid(self) -> UUID:
        """The UUID."""
        return self.key.uuid

    @property
    def usage(self) -> str:
        """What kind of use it is for, such as ``volume``; ``none`` for nothing special."""
        number = self.key.usage_type
        return USAGES[number] if 0 <= number < len(USAGES) else str(number)

    @property
    def usage_name(self) -> str:
        """What it is used with: the volume's path, the iSCSI target, a name."""
        return self.key.usage_id

    def __repr__(self) -> str:
        return f"<Secret {self.uuid} {self.usage} {self.usage_name!r}>"

    @property
    def _identity(self) -> UUID:
        return self.key.uuid

    @property
    def _secrets(self) -> interfaces.Secrets:
        return self._driver.ability(interfaces.Secrets)

    async def config(self) -> SecretConfig:
        """What is known of it; never its value."""
        return await self._secrets.config(self.key)

    async def xml(self) -> str:
        """What is known of it, as XML; never its value."""
        return (await self.config()).to_xml()

    async def set_value(self, value: SecretBytes | bytes) -> None:
        """Set the value, at most 65,536 bytes."""
        hidden = value if isinstance(value, SecretBytes) else SecretBytes(value)
        await self._secrets.set_value(self.key, hidden)

    async def value(self) -> SecretBytes:
        """The value, in a wrapper that does not show it: ``(await secret.value()).reveal()``.

        Raises:
            NotFound: It has none.
            PermissionDenied: It is private.
        """
        return await self._secrets.value(self.key)

    async def undefine(self) -> None:
        """Remove it with its value."""
        await self._secrets.undefine(self.key)


class Secrets:
    """`host.secrets`: define, find and list secrets."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _secrets(self) -> interfaces.Secrets:
        return self._driver.ability(interfaces.Secrets)

    async def define(self, config: SecretConfig | str | bytes, *, validate: bool = False) -> Secret:
        """Define a secret, or change what is known of one; its value is set apart.

        Args:
            config: A configuration, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: Another secret has the same use.
        """
        return self._handle(
            await self._secrets.define(parsed(SecretConfig, config), validate=validate)
        )

    async def list(
        self, *, ephemeral: bool | None = None, private: bool | None = None
    ) -> Sequence[Secret]:
        """All secrets that are what is asked for, sorted by UUID.

        Args:
            ephemeral: Only those that are kept in memory alone, or only others.
            private: Only those whose value is shown to nobody, or only others.
        """
        keys = await self._secrets.keys(ephemeral=ephemeral, private=private)
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.uuid)]

    async def get(self, uuid: UUID | str) -> Secret:
        """The secret of that UUID.

        Raises:
            NotFound: There is none.
            ValueError: The text is no UUID.
        """
        found = uuid if isinstance(uuid, UUID) else UUID(uuid)
        return self._handle(await self._secrets.find_by_uuid(found))

    async def find(self, usage: str, name: str) -> Secret:
        """The secret for that use.

        Args:
            usage: What kind of use: ``volume``, ``ceph``, ``iscsi``, ``tls`` or ``vtpm``.
            name: What it is used with: the volume's path, the iSCSI target, a name.

        Raises:
            NotFound: There is none.
            CallerError: There is no such kind of use.
        """
        return self._handle(await self._secrets.find_by_usage(usage, name))

    def _handle(self, key: SecretKey) -> Secret:
        return Secret(self._driver, key)
