"""Taking definitions over into a root that no driver has open: nothing is started or adopted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from aiovirt._tasks import open_task_group
from aiovirt.config import DomainConfig, SecretConfig, StoragePoolConfig
from aiovirt.drivers.qemu.abilities.secrets import QemuSecrets
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.devices.drivers import DRIVERS
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.prepare import completed
from aiovirt.drivers.qemu.store.root import Root, hold
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.errors import AlreadyExists, ConfigError, HostError
from aiovirt.model.credentials import SecretBytes
from aiovirt.model.uri import URI

__all__ = ["Takeover", "open_takeover"]


class Takeover:
    """A held root that takes definitions; `open_takeover` makes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._secrets = QemuSecrets(engine)
        self._names: dict[UUID, str] = {}
        for path in engine.root.definitions_there():
            with suppress(ConfigError, HostError):  # a damaged one is left aside, as always
                config, _ = engine.root.load_definition(path)
                if config.uuid is not None and config.name:
                    self._names[config.uuid] = config.name

    def has(self, config: DomainConfig) -> bool:
        """Whether the domain is there, by its name and UUID.

        Raises:
            AlreadyExists: Another one is, of the same name or UUID.
        """
        uuid, name = config.uuid, config.name
        if uuid is not None and uuid in self._names:
            if self._names[uuid] == name:
                return True
            raise AlreadyExists(f"domain {self._names[uuid]!r} has the UUID {uuid} already")
        if name in self._names.values():
            raise AlreadyExists(f"there is another domain {name!r} already")
        return False

    async def take(self, config: DomainConfig, *, autostart: bool) -> None:
        """Keep a domain as if it had been defined here; after an error, nothing of it is there.

        Raises:
            ConfigError: Something in it is wrong, or cannot be done by this driver.
            HostError: There is no emulator for it, or the disk is full.
        """
        config = await completed(self._engine, config)
        if config.uuid is None or not config.name:
            raise ConfigError("it has no name or no UUID", field="domain/uuid")
        root = self._engine.root
        if autostart:  # the mark alone means nothing, so that it goes first
            await root.set_autostart(config.name, autostart=True)
        await root.save_definition(config)
        self._names[config.uuid] = config.name

    async def take_pool(self, config: StoragePoolConfig, *, autostart: bool) -> bool:
        """Keep a storage pool as if it had been defined here; False when it is there already.

        Raises:
            ConfigError: Something in it is wrong.
            Unsupported: The driver has no pools of its type.
            AlreadyExists: Another pool has its name, its UUID or its folder.
            HostError: The disk is full.
        """
        pools = self._engine.pools
        await pools.load(start=False)
        wanted = pools.checked(config)
        if any(pool.uuid == wanted.uuid for pool in pools.shelf):
            return False
        pool = await pools.define(wanted)
        await pools.set_autostart(pool, autostart=autostart)
        return True

    async def take_secret(self, config: SecretConfig, value: SecretBytes | None) -> bool:
        """Keep a secret, with its value if it has one; False when it is there already.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: Another secret is for the same use.
            HostError: The disk is full.
        """
        if config.uuid in {key.uuid for key in await self._secrets.keys()}:
            return False
        key = await self._secrets.define(config)
        if value is not None:
            await self._secrets.set_value(key, value)
        return True


@asynccontextmanager
async def open_takeover(uri: URI) -> AsyncIterator[Takeover]:
    """Hold the root of ``qemu:///embed?root=DIR`` for the length of the block.

    Raises:
        Busy: A driver has it open.
        ConfigError: The URI, or a definition that is there, is wrong.
        HostError: The root cannot be made or written.
    """
    settings = Settings.from_uri(uri)
    root = Root(settings.root, shared=settings.owner is not None)
    async with hold(root), open_task_group() as tasks:
        root.finish_renaming()
        yield Takeover(Engine(settings, root, BinaryCache(root.cache, DRIVERS), tasks, uri))
        tasks.cancel_scope.cancel()
