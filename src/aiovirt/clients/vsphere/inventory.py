"""Properties of all objects of some kinds, kept in memory and up to date.

It knows paths and values, and nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import anyio

from aiovirt._tasks import Subscription, open_task_group
from aiovirt.clients.vsphere._refresh import Refreshing
from aiovirt.clients.vsphere._retrieve import Calls
from aiovirt.clients.vsphere._store import Change, Listener, Properties, Store
from aiovirt.clients.vsphere.collector import Client, Collector
from aiovirt.clients.vsphere.faults import is_gone
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    ObjectSpec,
    ObjectUpdate,
    PropertyFilterSpec,
    PropertySpec,
    TraversalSpec,
)
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CREATE_CONTAINER_VIEW,
    CreateContainerViewArgs,
)
from aiovirt.protocols.vsphere.tables.faults import MethodFault

__all__ = ["Inventory", "InventoryClient", "InventorySpec", "OnConnection", "open_inventory"]

OnConnection: TypeAlias = Callable[[bool, AiovirtError | None], None]
"""Gets whether the server is heard, and why not."""


class InventoryClient(Client, Calls, Protocol):
    """What an inventory needs of the client."""


@dataclass(frozen=True, slots=True)
class InventorySpec:
    """What is kept.

    Attributes:
        kinds: The paths of properties, by the kind of the objects, which may be a base of theirs.
        root: The container below which they are; it is kept itself if it is of such a kind.
    """

    kinds: Mapping[str, tuple[str, ...]]
    root: Ref

    def paths_of(self, kind: str) -> tuple[str, ...]:
        """The paths that are kept of objects of just this kind."""
        found = [paths for base, paths in self.kinds.items() if is_kind(kind, base)]
        return tuple(dict.fromkeys(path for paths in found for path in paths))

    def filter_of(self, view: Ref) -> PropertyFilterSpec:
        """The filter of what is in a container view."""
        members = TraversalSpec(type="ContainerView", path="view", skip=False)
        objects = [ObjectSpec(obj=view, skip=True, select_set=(members,))]
        if self.paths_of(self.root.kind):
            objects.append(ObjectSpec(obj=self.root))
        sets = [PropertySpec(type=kind, path_set=paths) for kind, paths in self.kinds.items()]
        return PropertyFilterSpec(prop_set=tuple(sets), object_set=tuple(objects))


class Inventory:
    """What is known of a server's objects, without asking it; `open_inventory` makes it.

    Attributes:
        objects: What is known of each object.
        missing: What the server does not tell, by object and path, and why: mostly a permission.
        connected: Whether the server is heard; until it is again all stays as it was known last.
        error: Why it is not heard, or None.
    """

    def __init__(self, client: InventoryClient, spec: InventorySpec) -> None:
        self.missing: dict[Ref, dict[str, MethodFault]] = {}
        self.connected = False
        self.error: AiovirtError | None = None
        self._client = client
        self._spec = spec
        self._store = Store()
        self.objects = self._store.objects
        self._on_connection: list[OnConnection] = []
        self._listed = anyio.Event()
        self._refreshing = Refreshing(client, self._store, spec.paths_of)
        self._collector = Collector(client, _Feed(self._store, self, spec, self._refreshing))

    def get(self, ref: Ref) -> Properties:
        """What is known of an object; nothing if it is not there."""
        return self.objects.get(ref, {})

    def of_kind(self, kind: str) -> tuple[Ref, ...]:
        """The objects of a kind, or of one derived from it."""
        store = self._store
        found = [store.of_kind(name) for name in store.kinds if is_kind(name, kind)]
        return tuple(ref for refs in found for ref in refs)

    # --- changes ------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each change from now on; it must neither wait nor raise.

        What is returned ends that.
        """
        return self._store.listen(listener)

    def changes(self) -> Subscription[Change]:
        """Changes as they come: an ``async with``, then an ``async for``; a loss is announced."""
        return self._store.changes.subscribe()

    def on_connection(self, listener: OnConnection) -> Callable[[], None]:
        """Call `listener` when the server is not heard any more, and when it is again.

        What has changed meanwhile is told before it is heard again.  What is returned ends that.
        """
        self._on_connection.append(listener)
        return lambda: self._on_connection.remove(listener)

    def heard(self, error: AiovirtError | None) -> None:
        """The stream of updates goes well, or does not."""
        connected = error is None
        self.error = error
        self._listed.set()
        if connected != self.connected:
            self.connected = connected
            for listener in tuple(self._on_connection):
                listener(connected, error)

    def ended(self, error: AiovirtError) -> None:
        """The stream of updates has ended for good."""
        self.heard(error)
        self._store.changes.close(lambda: error)

    # --- waiting ------------------------------------------------------------------------------

    async def refresh(self, *refs: Ref, paths: Sequence[str] = ()) -> None:
        """Read these objects now, and tell what is new; those that are not there are dropped.

        What several ask for goes into one call.  What the stream of updates brings of them
        afterwards and is older is not told.

        Args:
            refs: They.
            paths: What is read of them; nothing reads all that is kept.

        Raises and cancellation as `VSphereClient.call`.
        """
        await self._refreshing.refresh(refs, tuple(paths))

    async def settled(self) -> None:
        """Wait until all is known that the server knew when this was called.

        It interrupts the wait for changes, and takes as long as the server takes to look.

        Raises and cancellation as `VSphereClient.call`.
        """
        await self._collector.settle()

    async def run(self) -> None:
        """Keep it up to date until this is cancelled; see `Collector.run`."""
        async with open_task_group() as tasks:
            tasks.start_soon(self._refreshing.run)
            await self._collector.run()

    async def listed(self) -> None:
        """Wait for the first listing. Raises why there is none."""
        await self._listed.wait()
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        """Let the server forget what was made."""
        self._store.changes.close()
        await self._collector.close()


class _Feed:
    """Brings updates into a store; a `Watch`."""

    def __init__(
        self, store: Store, inventory: Inventory, spec: InventorySpec, refreshing: Refreshing
    ) -> None:
        self._store = store
        self._refreshing = refreshing
        self._inventory = inventory
        self._spec = spec
        self._whole = False

    async def open(self, client: Client) -> tuple[Ref, PropertyFilterSpec]:
        args = CreateContainerViewArgs(
            container=self._spec.root, type=tuple(self._spec.kinds), recursive=True
        )
        manager = client.content.view_manager or Ref("ViewManager", "ViewManager")
        view = await client.call(CREATE_CONTAINER_VIEW, manager, args)
        return view, self._spec.filter_of(view)

    def restart(self) -> None:
        self._store.begin_listing()
        self._inventory.missing.clear()

    def take(self, updates: Sequence[ObjectUpdate]) -> None:
        for update in updates:
            if not self._refreshing.doubts(update):
                self._store.update(update)
            for missing in update.missing_set:
                faults = self._inventory.missing.setdefault(update.obj, {})
                faults[missing.path] = missing.fault.fault
        self._refreshing.settle_doubts()

    def miss(self, missing: Sequence[MissingObject]) -> None:
        for one in missing:
            self._inventory.missing.setdefault(one.obj, {})[""] = one.fault.fault

    def whole(self) -> None:
        self._store.end_listing()
        self._refreshing.trust()
        self._whole = True
        self._inventory.heard(None)

    def trouble(self, error: AiovirtError) -> None:
        # What has gone well once is tried again; who opens an inventory is told what is wrong.
        if self._whole or not is_gone(error):
            self._inventory.heard(error)

    def end(self, error: AiovirtError) -> None:
        self._inventory.ended(error)


@asynccontextmanager
async def open_inventory(
    client: InventoryClient, spec: InventorySpec
) -> AsyncGenerator[Inventory, None]:
    """Keep an inventory for the length of the scope, entered when the first listing is whole.

    Raises as `VSphereClient.call`. Cancellation: the server forgets what was made for it.
    """
    inventory = Inventory(client, spec)
    async with open_task_group() as group:
        group.start_soon(inventory.run)
        try:
            await inventory.listed()
            yield inventory
        finally:
            group.cancel_scope.cancel()
            await inventory.close()
