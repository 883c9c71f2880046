"""An open ESX host, as the objects hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from aiovirt._tasks import open_task_group
from aiovirt.drivers.esxssh.abilities.blocks import EsxBlocks
from aiovirt.drivers.esxssh.abilities.definition import EsxDefinition
from aiovirt.drivers.esxssh.abilities.devices import EsxDevices
from aiovirt.drivers.esxssh.abilities.events import EsxEvents
from aiovirt.drivers.esxssh.abilities.guest import EsxGuest
from aiovirt.drivers.esxssh.abilities.hostinfo import EsxHostInfo, EsxHostResources
from aiovirt.drivers.esxssh.abilities.interfaces import EsxHostInterfaces
from aiovirt.drivers.esxssh.abilities.inventory import EsxInventory, EsxSnapshotUpkeep
from aiovirt.drivers.esxssh.abilities.lifecycle import EsxLifecycle
from aiovirt.drivers.esxssh.abilities.networks import EsxNetworks
from aiovirt.drivers.esxssh.abilities.pools import EsxStoragePools
from aiovirt.drivers.esxssh.abilities.resources import EsxProcessors, EsxResources
from aiovirt.drivers.esxssh.abilities.snapshots import EsxSnapshots
from aiovirt.drivers.esxssh.abilities.statistics import EsxStatistics
from aiovirt.drivers.esxssh.abilities.volumes import EsxStorageVolumes
from aiovirt.drivers.esxssh.context import DRIVER, Context, EsxAbility
from aiovirt.drivers.esxssh.datastores import Datastores
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.inventory import Inventory as Machines
from aiovirt.drivers.esxssh.link import EsxLink, open_link
from aiovirt.drivers.esxssh.opening import find_product, poll_seconds, target_of
from aiovirt.drivers.esxssh.reading import reading, refused
from aiovirt.drivers.esxssh.registering import register
from aiovirt.drivers.esxssh.watcher import Watcher
from aiovirt.interfaces import (
    Ability,
    Blocks,
    Definition,
    Devices,
    Events,
    Guest,
    HostInfo,
    HostInterfaces,
    HostResources,
    Inventory,
    Lifecycle,
    Networks,
    OpenOptions,
    Processors,
    Resources,
    Snapshots,
    SnapshotUpkeep,
    Statistics,
    StoragePools,
    StorageVolumes,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.uri import URI
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["IMPLEMENTATIONS", "EsxSshDriver", "open_driver"]

A = TypeVar("A", bound=Ability)

NO_OPTIONS = OpenOptions()

IMPLEMENTATIONS: Mapping[type[Ability], type[EsxAbility]] = {
    Definition: EsxDefinition,
    Lifecycle: EsxLifecycle,
    Devices: EsxDevices,
    Blocks: EsxBlocks,
    Resources: EsxResources,
    Processors: EsxProcessors,
    Events: EsxEvents,
    Snapshots: EsxSnapshots,
    Statistics: EsxStatistics,
    Guest: EsxGuest,
    HostInfo: EsxHostInfo,
    HostResources: EsxHostResources,
    HostInterfaces: EsxHostInterfaces,
    Networks: EsxNetworks,
    StoragePools: EsxStoragePools,
    StorageVolumes: EsxStorageVolumes,
    Inventory: EsxInventory,
    SnapshotUpkeep: EsxSnapshotUpkeep,
}
"""The abilities the driver has, and by what."""


class EsxSshDriver:
    """The driver; `open_driver` makes it.

    Attributes:
        uri: The URI it was opened with.
        context: What its abilities share, for what no ability offers.
    """

    name = DRIVER

    def __init__(self, context: Context, *, readonly: bool = False) -> None:
        self.uri = context.uri
        self.context = context
        self._readonly = readonly
        self._abilities: dict[type[Ability], EsxAbility] = {
            kind: (reading(kind, make) if readonly else make)(context)
            for kind, make in IMPLEMENTATIONS.items()
        }

    def ability(self, kind: type[A]) -> A:
        """See `aiovirt.interfaces.Driver.ability`.

        Raises:
            Closed: The driver was closed.
        """
        self.context.host.link.check_open()
        found = self._abilities.get(kind)
        if isinstance(found, kind):
            return found
        lacking = kind()
        lacking.driver_name = self.name
        return lacking

    async def register(self, path: str) -> DomainKey:
        """Put a machine whose files are there onto the host's list.

        Args:
            path: Its ``.vmx`` file, as ``[datastore1] web1/web1.vmx``.

        Raises:
            ConfigError: It is no such path.
            NotFound: There is no such file, or none that the host can read.
            AlreadyExists: It is on the list.
            PermissionDenied: The connection only reads.
        """
        if self._readonly:
            raise refused("register")
        machine = await register(self.context, DatastorePath.parse(path))
        record = self.context.inventory.record(machine)
        self.context.watcher.defined(record, LifecycleDetail.DEFINED_ADDED)
        return machine.key


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions = NO_OPTIONS) -> AsyncIterator[EsxSshDriver]:
    """Log in to the host that a URI names, for the length of the ``async with``.

    Raises:
        ConfigError: The URI is wrong.
        AuthenticationFailed: The host does not let us in.
        NotFound: It is no ESX host.
        AiovirtError: It cannot be reached; the hint says what to do.

    Cancellation: commands that run on the host are ended.
    """
    target, poll_s = target_of(uri, options), poll_seconds(uri)
    async with open_link(target) as link:
        context = await _context(uri, link, poll_s)
        async with open_task_group() as tasks:
            tasks.start_soon(context.watcher.run)
            try:
                yield EsxSshDriver(context, readonly=options.readonly)
            finally:
                context.watcher.close()
                tasks.cancel_scope.cancel()


async def _context(uri: URI, link: EsxLink, poll_s: float) -> Context:
    host = EsxHost(link, await find_product(link))
    inventory = Machines(host)
    watcher = Watcher(inventory, poll_s)
    return Context(uri, host, inventory, Datastores(host), watcher)
