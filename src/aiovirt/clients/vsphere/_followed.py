"""What is kept in memory only once somebody has asked for it: recent tasks, the news of alarms.

Most programs want neither, and a busy server has much to tell of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

import anyio

from aiovirt.clients.vsphere._store import Properties, Store
from aiovirt.clients.vsphere.collector import Client, Collector
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    ObjectSpec,
    ObjectUpdate,
    PropertyFilterSpec,
    PropertySpec,
    TraversalSpec,
)
from aiovirt.protocols.vsphere.tables.tasks import EventFilterSpec
from aiovirt.protocols.vsphere.tables.tasks_methods import (
    CREATE_COLLECTOR_FOR_EVENTS,
    CreateCollectorForEventsArgs,
)

__all__ = ["Followed", "NewEvents", "OnChange", "RecentTasks", "Source"]

log = logging.getLogger("aiovirt.vsphere")

OnChange: TypeAlias = Callable[[Properties, bool], object]
"""Gets what is known now of an object that has changed, and whether that is synthetic."""

_TASK: Final = (
    "info.descriptionId",
    "info.entity",
    "info.entityName",
    "info.state",
    "info.progress",
    "info.cancelable",
    "info.cancelled",
    "info.reason",
    "info.queueTime",
    "info.startTime",
    "info.completeTime",
    "info.error",
)
"""What is kept of a task; not its result, which is of any type and any size."""


class Source(Protocol):
    """What is kept."""

    async def open(self, client: Client) -> tuple[Ref | None, PropertyFilterSpec]:
        """Make what the filter needs in the present session; it, and the filter."""
        raise NotImplementedError


class RecentTasks:
    """The tasks that run, that wait, and that ended of late, whoever began them; a `Source`."""

    async def open(self, client: Client) -> tuple[Ref | None, PropertyFilterSpec]:
        """See `Source.open`: the manager itself leads to them, so that nothing is made."""
        return None, self.filter_at(client)

    def filter_at(self, client: Client) -> PropertyFilterSpec:
        """Which they are, and what is asked of them."""
        recent = TraversalSpec(type="TaskManager", path="recentTask", skip=False)
        manager = client.content.task_manager or Ref("TaskManager", "TaskManager")
        objects = ObjectSpec(obj=manager, skip=True, select_set=(recent,))
        tasks = PropertySpec(type="Task", path_set=_TASK)
        return PropertyFilterSpec(prop_set=(tasks,), object_set=(objects,))


class NewEvents:
    """The latest events of some types, as one collector of the server's shows them; a `Source`.

    Args:
        types: Which events.
    """

    def __init__(self, types: Sequence[str]) -> None:
        self._types = tuple(types)

    async def open(self, client: Client) -> tuple[Ref | None, PropertyFilterSpec]:
        """See `Source.open`."""
        wanted = CreateCollectorForEventsArgs(filter=EventFilterSpec(event_type_id=self._types))
        manager = client.content.event_manager or Ref("EventManager", "EventManager")
        collector = await client.call(CREATE_COLLECTOR_FOR_EVENTS, manager, wanted)
        page = PropertySpec(type="EventHistoryCollector", path_set=("latestPage",))
        objects = (ObjectSpec(obj=collector),)
        return collector, PropertyFilterSpec(prop_set=(page,), object_set=objects)


class Followed:
    """Objects that are kept from the moment on when somebody asks; a `Watch`.

    `VSphereClient.follow` makes it, and has `run` run beside.

    Args:
        client: The session.
        source: What is kept.
        on_change: Called when something of it has changed.

    Attributes:
        objects: What is known of each.
        announced: Whether the server has told of an object that is new; it need not of tasks, as
            VMware's reference says of `TaskManager.recentTask`.
    """

    def __init__(self, client: Client, source: Source, on_change: OnChange | None = None) -> None:
        self._source = source
        self._store = Store()
        self._collector = Collector(client, self)
        self._on_change = on_change
        self._wanted = anyio.Event()
        self._running = False
        self._heard = False
        self.objects = self._store.objects
        self.announced = False
        if on_change is not None:
            self._store.listen(self._changed)

    @property
    def heard(self) -> bool:
        """Whether what it keeps is as the server has it."""
        return self._heard

    def begin(self) -> None:
        """Begin, if it has not begun, or has ended for good; it does not wait."""
        if not self._running:
            self._running = True
            self._wanted.set()

    async def run(self) -> None:
        """Wait until it is wanted, and keep it up to date, until this is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            await self._collector.run()

    async def close(self) -> None:
        """Let the server forget what was made. Cancellation: waited out, for two seconds."""
        await self._collector.close()

    def _changed(
        self,
        _ref: Ref,
        _old: Properties | None,
        new: Properties | None,
        synthetic: bool,  # noqa: FBT001 - a store's listener
    ) -> None:
        if self._on_change is not None:
            self._on_change(new or {}, synthetic)

    # --- what the stream calls ----------------------------------------------------------------

    async def open(self, client: Client) -> tuple[Ref | None, PropertyFilterSpec]:
        """Make what the filter needs, in a session that knows none."""
        return await self._source.open(client)

    def restart(self) -> None:
        """From now on all is told anew."""
        self._store.begin_listing()

    def take(self, updates: Sequence[ObjectUpdate]) -> None:
        """Take what is told."""
        for update in updates:
            self.announced |= update.kind == "enter" and not self._store.listing
            self._store.update(update)

    def miss(self, missing: Sequence[MissingObject]) -> None:
        """What is not there is not kept."""

    def whole(self) -> None:
        """All has been told."""
        self._store.end_listing()
        self._heard = True

    def trouble(self, error: AiovirtError) -> None:
        """The stream is tried again; who asks meanwhile is told what is wrong."""
        log.info("what is followed is not told just now: %s", error)
        self._heard = False

    def end(self, error: AiovirtError) -> None:
        """Nothing will be told any more, unless somebody asks anew."""
        log.info("what is followed is not told any more: %s", error)
        self._running = self._heard = False
