"""Secrets: what is known of them below the root, their values in files of their own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID, uuid4

from aiovirt.config import SecretConfig
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    CallerError,
    InvalidState,
    NotFound,
    PermissionDenied,
)
from aiovirt.host.files import make_private_folder, remove_durably, write_atomically
from aiovirt.interfaces import Secrets, immediate, refuse_flags
from aiovirt.model.constants import SecretEventLifecycleType, SecretUsageType
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.events import SecretLifecycleEvent, SecretValueChangedEvent
from aiovirt.model.keys import SecretKey

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllSecretsFlags, SecretDefineFlags

__all__ = ["QemuSecrets"]

log = logging.getLogger("aiovirt.qemu")

_MOST: Final = 65536
"""Bytes of a value."""


class QemuSecrets(QemuAbility, Secrets):
    """Each is a file of its own; those that are ephemeral are in memory only."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._folder = engine.root.path / "secrets"
        self._known: dict[UUID, SecretConfig] | None = None
        self._values: dict[UUID, SecretBytes] = {}
        engine.secret_of = self._value_for

    def _secrets(self) -> dict[UUID, SecretConfig]:
        """All secrets, which are read when they are first asked for."""
        if self._known is None:
            self._known = {}
            for path in sorted(self._folder.glob("*.xml")):
                try:
                    config = SecretConfig.parse(path.read_bytes())
                except (AiovirtError, OSError) as error:
                    log.warning("%s is left aside: %s", path, error)
                    continue
                if config.uuid is not None:
                    self._known[config.uuid] = config
        return self._known

    def _of(self, uuid: UUID) -> SecretConfig:
        found = self._secrets().get(uuid)
        if found is None:
            raise NotFound(f"there is no secret with UUID {uuid}")
        return found

    def _path(self, uuid: UUID, suffix: str) -> Path:
        return self._folder / f"{uuid}.{suffix}"

    def _tell(self, config: SecretConfig, kind: SecretEventLifecycleType) -> None:
        event = SecretLifecycleEvent(time=self._engine.now(), secret=_key(config), kind=kind)
        self._engine.publish(event)

    async def define(
        self,
        config: SecretConfig,
        *,
        validate: bool = False,
        flags: SecretDefineFlags | Literal[0] = 0,
    ) -> SecretKey:
        """See `Secrets.define`."""
        del validate  # what is checked is checked always
        refuse_flags(self.driver_name, "define", flags)
        given = config.copy()
        given.check()
        async with self._engine.works.work(), self._engine.defining:
            known = self._secrets()
            given.uuid = uuid = given.uuid or uuid4()
            given.ephemeral, given.private = bool(given.ephemeral), bool(given.private)
            before = known.get(uuid)
            if before is not None and before.private and not given.private:
                raise InvalidState(f"secret {uuid} is private, and stays so")
            self._check_use(given)
            if not given.ephemeral:
                make_private_folder(self._folder)
                await write_atomically(self._path(uuid, "xml"), given.to_xml().encode())
            known[uuid] = given
        self._tell(given, SecretEventLifecycleType.DEFINED)
        return _key(given)

    def _check_use(self, config: SecretConfig) -> None:
        key = _key(config)
        for other in map(_key, self._secrets().values()):
            same = (other.usage_type, other.usage_id) == (key.usage_type, key.usage_id)
            if key.usage_id and same and other.uuid != key.uuid:
                raise AlreadyExists(f"secret {other.uuid} is for {key.usage_id!r} already")

    async def undefine(self, secret: SecretKey) -> None:
        """See `Secrets.undefine`."""
        config = self._of(secret.uuid)
        async with self._engine.works.work(), self._engine.defining:
            for suffix in ("value", "xml"):
                if self._path(secret.uuid, suffix).exists():
                    await remove_durably(self._path(secret.uuid, suffix))
            self._secrets().pop(secret.uuid, None)
            self._values.pop(secret.uuid, None)
        self._tell(config, SecretEventLifecycleType.UNDEFINED)

    @immediate
    async def keys(
        self,
        *,
        ephemeral: bool | None = None,
        private: bool | None = None,
        flags: ConnectListAllSecretsFlags | Literal[0] = 0,
    ) -> Sequence[SecretKey]:
        """See `Secrets.keys`."""
        refuse_flags(self.driver_name, "keys", flags)
        return [
            _key(config)
            for config in self._secrets().values()
            if ephemeral in {None, bool(config.ephemeral)}
            and private in {None, bool(config.private)}
        ]

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> SecretKey:
        """See `Secrets.find_by_uuid`."""
        return _key(self._of(uuid))

    @immediate
    async def find_by_usage(self, usage: str, name: str) -> SecretKey:
        """See `Secrets.find_by_usage`."""
        for config in self._secrets().values():
            if (config.usage.type, config.usage.id) == (usage, name):
                return _key(config)
        raise NotFound(f"there is no secret for the {usage} {name!r}")

    @immediate
    async def config(self, secret: SecretKey) -> SecretConfig:
        """See `Secrets.config`."""
        return self._of(secret.uuid).copy()

    async def set_value(self, secret: SecretKey, value: SecretBytes) -> None:
        """See `Secrets.set_value`."""
        config = self._of(secret.uuid)
        if len(value.reveal()) > _MOST:
            raise CallerError(f"the value of a secret has at most {_MOST} bytes")
        async with self._engine.works.work(), self._engine.defining:
            if not config.ephemeral:
                make_private_folder(self._folder)
                await write_atomically(self._path(secret.uuid, "value"), value.reveal())
            self._values[secret.uuid] = value
        event = SecretValueChangedEvent(time=self._engine.now(), secret=_key(config))
        self._engine.publish(event)

    @immediate
    async def value(self, secret: SecretKey) -> SecretBytes:
        """See `Secrets.value`."""
        if self._of(secret.uuid).private:
            raise PermissionDenied(f"secret {secret.uuid} is private: nobody is shown its value")
        found = self._kept(secret.uuid)
        if found is None:
            raise NotFound(f"secret {secret.uuid} has no value")
        return found

    def _kept(self, uuid: UUID) -> SecretBytes | None:
        """The value of a secret, which is read when it is first asked for."""
        path = self._path(uuid, "value")
        if uuid not in self._values and path.exists():
            self._values[uuid] = SecretBytes(path.read_bytes())
        return self._values.get(uuid)

    def _value_for(self, uuid: UUID | None, usage: str, name: str | None) -> SecretBytes | None:
        """A value for the host itself, private or not."""
        for known, config in self._secrets().items():
            if known == uuid or (
                uuid is None and (config.usage.type, config.usage.id) == (usage, name)
            ):
                return self._kept(known)
        return None


def _key(config: SecretConfig) -> SecretKey:
    usage = config.usage
    kind = SecretUsageType[(usage.type or "none").upper()]
    return SecretKey(config.uuid or UUID(int=0), int(kind), usage.id or "")
