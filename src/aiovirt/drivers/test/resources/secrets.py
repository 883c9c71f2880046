"""`Secrets` of the in-memory host, and what it keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import SecretConfig
from aiovirt.drivers.common.managed import chosen
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER, checked
from aiovirt.errors import AlreadyExists, CallerError, InvalidState, NotFound, PermissionDenied
from aiovirt.interfaces import Secrets, refuse_flags
from aiovirt.interfaces.ability import immediate
from aiovirt.model.constants import SecretEventLifecycleType, SecretUsageType
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.events import SecretLifecycleEvent, SecretValueChangedEvent
from aiovirt.model.keys import SecretKey

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import ConnectListAllSecretsFlags, SecretDefineFlags

__all__ = ["MAX_VALUE", "MemorySecret", "SecretRoom", "TestSecrets"]

MAX_VALUE = 65536
"""How long a value may be, in bytes (REMOTE_SECRET_VALUE_MAX)."""


@dataclass(eq=False)
class MemorySecret:
    """One secret.

    Attributes:
        uuid: Its UUID.
        config: What is known of it.
        value: The value, or None before it was set.
    """

    uuid: UUID
    config: SecretConfig
    value: SecretBytes | None = None

    @property
    def key(self) -> SecretKey:
        """UUID and use."""
        usage = self.config.usage
        kind = SecretUsageType[(usage.type or "none").upper()]
        return SecretKey(self.uuid, int(kind), usage.id or "")


class SecretRoom:
    """The secrets of one host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secrets: dict[UUID, MemorySecret] = {}

    def of(self, uuid: UUID) -> MemorySecret:
        """The secret of that UUID.

        Raises:
            NotFound: There is none.
        """
        found = self.secrets.get(uuid)
        if found is None:
            raise NotFound(f"there is no secret with UUID {uuid}")
        return found

    def by_usage(self, usage: str, name: str) -> MemorySecret:
        """The secret for that use.

        Raises:
            NotFound: There is none.
        """
        for secret in self.secrets.values():
            if (secret.config.usage.type, secret.config.usage.id) == (usage, name):
                return secret
        raise NotFound(f"there is no secret for the {usage} {name!r}")

    def add(self, config: SecretConfig) -> MemorySecret:
        """Put a secret there, or change what is known of one. Nobody is told.

        Raises:
            AlreadyExists: Another has its use.
            InvalidState: One that is private cannot become another.
        """
        given = config.copy()
        uuid = given.uuid or self.world.new_uuid()
        given.uuid = uuid
        for flag in ("ephemeral", "private"):
            if getattr(given, flag) is None:
                setattr(given, flag, False)
        made = MemorySecret(uuid, given)
        there = self.secrets.get(uuid)
        self._check_usage(made)
        if there is not None:
            if there.config.private and not given.private:
                raise InvalidState(f"secret {uuid} is private, and stays so")
            there.config = given
            return there
        self.secrets[uuid] = made
        return made

    def _check_usage(self, made: MemorySecret) -> None:
        usage = made.key.usage_id
        for secret in self.secrets.values():
            same = (secret.key.usage_type, secret.key.usage_id) == (made.key.usage_type, usage)
            if usage and same and secret.uuid != made.uuid:
                raise AlreadyExists(f"a secret with UUID {secret.uuid} is already for {usage!r}")

    def tell(self, secret: MemorySecret, kind: SecretEventLifecycleType) -> None:
        """Publish that something happened to it."""
        event = SecretLifecycleEvent(time=self.world.now(), secret=secret.key, kind=kind)
        self.world.publish(event)


class TestSecrets(TestAbility, Secrets):
    """See `aiovirt.interfaces.Secrets`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(SecretRoom)

    async def define(
        self,
        config: SecretConfig,
        *,
        validate: bool = False,
        flags: SecretDefineFlags | Literal[0] = 0,
    ) -> SecretKey:
        """See `Secrets`."""
        given = await checked("Secrets.define", config, validate=validate, flags=flags)
        made = self.room.add(given)
        self.room.tell(made, SecretEventLifecycleType.DEFINED)
        return made.key

    async def undefine(self, secret: SecretKey) -> None:
        """See `Secrets`."""
        found = self.room.of(secret.uuid)
        del self.room.secrets[found.uuid]
        self.room.tell(found, SecretEventLifecycleType.UNDEFINED)

    @immediate
    async def keys(
        self,
        *,
        ephemeral: bool | None = None,
        private: bool | None = None,
        flags: ConnectListAllSecretsFlags | Literal[0] = 0,
    ) -> Sequence[SecretKey]:
        """See `Secrets`."""
        refuse_flags(DRIVER, "Secrets.keys", flags)
        return [
            secret.key
            for secret in self.room.secrets.values()
            if chosen(ephemeral, bool(secret.config.ephemeral))
            and chosen(private, bool(secret.config.private))
        ]

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> SecretKey:
        """See `Secrets`."""
        return self.room.of(uuid).key

    @immediate
    async def find_by_usage(self, usage: str, name: str) -> SecretKey:
        """See `Secrets`."""
        return self.room.by_usage(usage, name).key

    @immediate
    async def config(self, secret: SecretKey) -> SecretConfig:
        """See `Secrets`."""
        return self.room.of(secret.uuid).config.copy()

    async def set_value(self, secret: SecretKey, value: SecretBytes) -> None:
        """See `Secrets`."""
        found = self.room.of(secret.uuid)
        if len(value.reveal()) > MAX_VALUE:
            raise CallerError(f"the value of a secret has at most {MAX_VALUE} bytes")
        found.value = value
        self.world.publish(SecretValueChangedEvent(time=self.world.now(), secret=found.key))

    @immediate
    async def value(self, secret: SecretKey) -> SecretBytes:
        """See `Secrets`."""
        found = self.room.of(secret.uuid)
        if found.config.private:
            raise PermissionDenied(f"secret {found.uuid} is private: its value is shown to nobody")
        if found.value is None:
            raise NotFound(f"secret {found.uuid} has no value")
        return found.value
