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
from aiovirt.drivers.qemu.abilities.blocks import QemuBlocks
from aiovirt.drivers.qemu.abilities.checkpoints import QemuBackups, QemuCheckpoints
from aiovirt.drivers.qemu.abilities.consoles import QemuConsoles
from aiovirt.drivers.qemu.abilities.cpu_models import QemuCpuModels
from aiovirt.drivers.qemu.abilities.definition import QemuDefinition
from aiovirt.drivers.qemu.abilities.devices import QemuDevices
from aiovirt.drivers.qemu.abilities.displays import QemuDisplays
from aiovirt.drivers.qemu.abilities.events import QemuEvents
from aiovirt.drivers.qemu.abilities.guest import QemuGuest
from aiovirt.drivers.qemu.abilities.host_resources import QemuHostResources
from aiovirt.drivers.qemu.abilities.hostinfo import QemuHostInfo
from aiovirt.drivers.qemu.abilities.jobs import QemuJobs
from aiovirt.drivers.qemu.abilities.lifecycle import QemuLifecycle
from aiovirt.drivers.qemu.abilities.migration import QemuMigration
from aiovirt.drivers.qemu.abilities.monitor import QemuMonitor
from aiovirt.drivers.qemu.abilities.node_devices import QemuHostInterfaces, QemuNodeDevices
from aiovirt.drivers.qemu.abilities.processors import QemuProcessors
from aiovirt.drivers.qemu.abilities.resources import QemuResources
from aiovirt.drivers.qemu.abilities.saved import QemuSavedState
from aiovirt.drivers.qemu.abilities.screen import QemuScreen
from aiovirt.drivers.qemu.abilities.secrets import QemuSecrets
from aiovirt.drivers.qemu.abilities.small import QemuNetworkFilters, QemuNetworks
from aiovirt.drivers.qemu.abilities.snapshots import QemuSnapshots
from aiovirt.drivers.qemu.abilities.statistics import QemuStatistics
from aiovirt.drivers.qemu.abilities.storage_pools import QemuStoragePools
from aiovirt.drivers.qemu.abilities.storage_volumes import QemuStorageVolumes
from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.devices.drivers import DRIVERS
from aiovirt.drivers.qemu.engine.adopt import adopt_all
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.drivers.qemu.store.root import Root, hold
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.errors import AiovirtError, AlreadyExists, ConfigError, HostError, Unsupported
from aiovirt.interfaces import (
    Ability,
    Backups,
    Blocks,
    Checkpoints,
    Consoles,
    CpuModels,
    Definition,
    Devices,
    Displays,
    Events,
    Guest,
    HostInfo,
    HostInterfaces,
    HostResources,
    Jobs,
    LegacyMigration,
    Lifecycle,
    Migration,
    Monitor,
    NetworkFilters,
    Networks,
    NodeDevices,
    OpenOptions,
    Processors,
    Resources,
    SavedState,
    Screen,
    Secrets,
    Snapshots,
    Statistics,
    StoragePools,
    StorageVolumes,
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
    HostResources: QemuHostResources,
    Processors: QemuProcessors,
    Resources: QemuResources,
    Guest: QemuGuest,
    Displays: QemuDisplays,
    Jobs: QemuJobs,
    Migration: QemuMigration,
    LegacyMigration: QemuMigration,
    SavedState: QemuSavedState,
    Blocks: QemuBlocks,
    Devices: QemuDevices,
    Snapshots: QemuSnapshots,
    Checkpoints: QemuCheckpoints,
    Backups: QemuBackups,
    CpuModels: QemuCpuModels,
    StoragePools: QemuStoragePools,
    StorageVolumes: QemuStorageVolumes,
    Secrets: QemuSecrets,
    NodeDevices: QemuNodeDevices,
    HostInterfaces: QemuHostInterfaces,
    Networks: QemuNetworks,
    NetworkFilters: QemuNetworkFilters,
}
"""The abilities the driver has, and by what."""


class QemuDriver:
    """The embedded QEMU driver; `open_driver` makes it."""

    name = "QEMU"

    def __init__(self, uri: URI, engine: Engine) -> None:
        self.uri = uri
        self._works = engine.works
        made: dict[type[Ability], Ability] = {
            each: each(engine)
            for each in IMPLEMENTATIONS.values()  # one may have several
        }
        faces = {kind: made[implementation] for kind, implementation in IMPLEMENTATIONS.items()}
        self._abilities: dict[type[Ability], Ability] = {**made, **faces}

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
async def open_driver(
    uri: URI, options: OpenOptions = NO_OPTIONS, *, shown: URI | None = None
) -> AsyncIterator[QemuDriver]:
    """Open ``qemu:///embed?root=DIR[&user=NAME]`` inside this process.

    Args:
        uri: The URI.
        options: What an opener is told beside it.
        shown: The URI that users know the driver by, such as ``qemu:///system`` of a daemon.

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
        engine = Engine(settings, root, BinaryCache(root.cache, DRIVERS), tasks, shown or uri)
        engine.open_peer = options.open_peer
        root.finish_renaming()
        for path in root.definitions_there():
            _load(engine, path)
        await engine.pools.load()
        await adopt_all(engine)
        if not engine.registry.has_left_aside:  # a definition that is damaged may be its owner's
            root.remove_orphans({domain.key.uuid for domain in engine.registry})
        driver = QemuDriver(shown or uri, engine)
        driver.ability(QemuMigration).recover()
        engine.opening = False
        tasks.start_soon(_autostart, engine)
        try:
            yield driver
        finally:
            await engine.works.close()
            engine.events.close()
            engine.heard.close()
            engine.handed.close()
            tasks.cancel_scope.cancel()


def _load(engine: Engine, path: Path) -> None:
    """Take a definition in; a damaged one is left aside and keeps nobody from the others."""
    try:
        config, autostart = engine.root.load_definition(path)
        domain = ManagedDomain(_key(config), config, autostart=autostart)
        domain.autostart_once = engine.root.starts_once(domain.name)
        engine.registry.add(domain)
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
            if domain.autostart or domain.autostart_once:
                starts.start_soon(_start_quietly, engine, domain, places)


async def _start_quietly(
    engine: Engine, domain: ManagedDomain, places: anyio.CapacityLimiter
) -> None:
    """Start a domain nobody waits for, unless it runs: what goes wrong is logged."""
    try:
        async with places:
            if domain.live is None:
                await start(engine, domain, paused=False)
                log.info("domain %s was started with the host", domain.name)
            if domain.autostart_once:
                await engine.root.set_autostart_once(domain.name, autostart=False)
                domain.autostart_once = False
    except AiovirtError as error:
        log.warning("autostart of domain %s failed: %s", domain.name, error)
