"""An open QEMU driver: it wires the parts together and ends them in order."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.lowlevel

from aiovirt._tasks import open_task_group
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.abilities.consoles import QemuConsoles
from aiovirt.drivers.qemu.abilities.definition import QemuDefinition
from aiovirt.drivers.qemu.abilities.events import QemuEvents
from aiovirt.drivers.qemu.abilities.hostinfo import QemuHostInfo
from aiovirt.drivers.qemu.abilities.lifecycle import QemuLifecycle
from aiovirt.drivers.qemu.abilities.monitor import QemuMonitor
from aiovirt.drivers.qemu.abilities.screen import QemuScreen
from aiovirt.drivers.qemu.abilities.statistics import QemuStatistics
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.engine.adopt import adopt_all
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.drivers.qemu.store.root import Root, hold
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.errors import AiovirtError, AlreadyExists, ConfigError, HostError, Unsupported
from aiovirt.interfaces import (
    Ability,
    Consoles,
    Definition,
    Events,
    HostInfo,
    Lifecycle,
    Monitor,
    OpenOptions,
    Screen,
    Statistics,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.uri import URI
from aiovirt.processes import boot_id

__all__ = ["IMPLEMENTATIONS", "QemuDriver", "open_driver"]

A = TypeVar("A", bound=Ability)

log = logging.getLogger("aiovirt.qemu")

NO_OPTIONS = OpenOptions()

_AUTOSTARTS = 8
"""How many domains start at once with the host."""

IMPLEMENTATIONS = {
    Definition: QemuDefinition,
    Lifecycle: QemuLifecycle,
    Consoles: QemuConsoles,
    Screen: QemuScreen,
    Statistics: QemuStatistics,
    Events: QemuEvents,
    Monitor: QemuMonitor,
    HostInfo: QemuHostInfo,
}
"""The abilities the driver has, and by what."""


class QemuDriver:
    """The embedded QEMU driver; `open_driver` makes it."""

    name = "QEMU"

    def __init__(self, uri: URI, engine: Engine) -> None:
        self.uri = uri
        self._works = engine.works
        self._abilities: dict[type[Ability], Ability] = {
            kind: implementation(engine) for kind, implementation in IMPLEMENTATIONS.items()
        }

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`.

        Raises:
            Closed: The driver was closed: what it knew is not true any more.
        """
        self._works.check_open()
        found = self._abilities.get(kind)
        if isinstance(found, kind):
            return found
        lacking = kind()
        lacking.driver_name = self.name
        return lacking


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions = NO_OPTIONS) -> AsyncIterator[QemuDriver]:
    """Open ``qemu:///embed?root=DIR[&user=NAME]`` inside this process.

    Raises:
        ConfigError: The URI is wrong.
        Unsupported: It is to be read-only.
        Busy: Another process has the root open.
        HostError: The root cannot be made or written.

    Cancellation: guests go on running; the next one that opens the root adopts them.
    """
    if options.readonly:
        raise Unsupported("QEMU", "read-only connections")
    settings = Settings.from_uri(uri)
    root = Root(settings.root, shared=settings.owner is not None)
    async with hold(root), open_task_group() as tasks:
        engine = Engine(settings, root, BinaryCache(root.cache), tasks)
        for path in root.definitions_there():
            _load(engine, path)
        await adopt_all(engine)
        engine.opening = False
        tasks.start_soon(_autostart, engine)
        try:
            yield QemuDriver(uri, engine)
        finally:
            await engine.works.close()
            engine.events.close()
            tasks.cancel_scope.cancel()


def _load(engine: Engine, path: Path) -> None:
    """Take a definition in; a damaged one is left aside and keeps nobody from the others."""
    try:
        config, autostart = engine.root.load_definition(path)
        engine.registry.add(ManagedDomain(_key(config), config, autostart=autostart))
    except (ConfigError, HostError, AlreadyExists) as error:
        log.warning("%s is left aside: %s", path, error)
        engine.registry.leave_aside(path, error)


def _key(config: DomainConfig) -> DomainKey:
    """The key of a stored definition."""
    if config.uuid is None or not config.name:
        raise ConfigError("it has no UUID", field="domain/uuid")
    return DomainKey(config.uuid, config.name)


async def _autostart(engine: Engine) -> None:
    """Start what starts with the host, each once after a boot of the host.

    Cancellation: what was not tried yet is left to the next process that opens the root.
    """
    boot = boot_id()
    try:
        if engine.root.has_autostarted(boot):
            return
        await _start_all(engine)
        await anyio.lowlevel.checkpoint_if_cancelled()  # a start may have failed of the closing
        await engine.root.mark_autostarted(boot)
    except HostError as error:
        log.warning("the next that opens %s autostarts again: %s", engine.root.path, error)


async def _start_all(engine: Engine) -> None:
    """Try to start each domain that starts with the host and does not run."""
    places = anyio.CapacityLimiter(_AUTOSTARTS)
    async with anyio.create_task_group() as starts:
        for domain in engine.registry:
            if domain.autostart:
                starts.start_soon(_start_quietly, engine, domain, places)


async def _start_quietly(
    engine: Engine, domain: ManagedDomain, places: anyio.CapacityLimiter
) -> None:
    """Start a domain nobody waits for, unless it runs: what goes wrong is logged."""
    try:
        async with places:
            if domain.live is None:
                await start(engine, domain, paused=False)
    except AiovirtError as error:
        log.warning("autostart of domain %s failed: %s", domain.name, error)
