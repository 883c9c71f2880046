"""The list of tasks that are watched, and the one stream that tells of all of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import anyio

from aiovirt.clients.backoff import Backoff
from aiovirt.clients.vsphere._store import Properties
from aiovirt.clients.vsphere.collector import Client, Collector
from aiovirt.clients.vsphere.faults import VSphereFault
from aiovirt.errors import AiovirtError, Closed, ConnectionLost
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    ObjectSpec,
    ObjectUpdate,
    PropertyFilterSpec,
    PropertySpec,
    TraversalSpec,
)
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CREATE_LIST_VIEW,
    MODIFY_LIST_VIEW,
    CreateListViewArgs,
    ModifyListViewArgs,
)
from aiovirt.protocols.vsphere.tables.faults import ManagedObjectNotFound

__all__ = ["PATHS", "ListClient", "OnProgress", "TaskList", "Waiting"]

OnProgress: TypeAlias = Callable[[int], object]
"""Gets a percentage; it must neither wait nor raise."""

PATHS: Final = ("info.state", "info.error", "info.result", "info.progress")
"""What is asked of a task.  Not ``info`` as a whole: parts of it are of types that some servers
give wrong, and nobody wants them."""

ENDED: Final = {"success", "error"}

STALE: Final = 64
"""How many tasks that have ended stay in the list before they are taken out for their own sake."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One task of the server, and those who wait for it."""

    ref: Ref
    waiters: int = 0
    known: dict[str, object] = field(default_factory=dict)
    ended: anyio.Event = field(default_factory=anyio.Event)
    error: Callable[[], AiovirtError] | None = None
    listeners: list[OnProgress] = field(default_factory=list)

    def take(self, told: Properties) -> None:
        """Take what a server tells of the task."""
        before = self.known.get("info.progress")
        self.known.update(told)
        progress = self.known.get("info.progress")
        if isinstance(progress, int) and progress != before:
            for listener in self.listeners:
                listener(progress)
        if self.known.get("info.state") in ENDED:
            self.ended.set()

    def fail(self, error: Callable[[], AiovirtError]) -> None:
        """There is nothing to wait for any more."""
        if not self.ended.is_set():
            self.error = error
            self.ended.set()


StartSoon: TypeAlias = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Starts a task."""


class ListClient(Client, Protocol):
    """What the list needs of the client."""

    @property
    def start_soon(self) -> StartSoon:
        """Starts a task that lives as long as the client at most."""
        raise NotImplementedError


class TaskList:
    """A list view of tasks; a `Watch` of the stream that tells of them.

    Nothing is made on the server before the first task is added.

    Args:
        client: The session.
        waiting: Those who wait, by task.
    """

    def __init__(self, client: ListClient, waiting: dict[Ref, Waiting]) -> None:
        self._client = client
        self._waiting = waiting
        self._collector = Collector(client, self)
        self._view: Ref | None = None
        self._wanted: dict[Ref, None] = {}
        self._adds: dict[Ref, None] = {}
        self._stale: dict[Ref, None] = {}
        self._running = False
        self._modifying = False

    def add(self, task: Ref) -> None:
        """Watch a task from now on."""
        self._wanted[task] = None
        self._adds[task] = None
        if not self._running:
            self._running = True
            self._client.start_soon(self._run)
        self._poke()

    def remove(self, task: Ref) -> None:
        """Do not watch a task any more; it leaves the list when others enter, or many are over."""
        if task not in self._wanted:
            return
        del self._wanted[task]
        if self._adds.pop(task, task) is not None:
            self._stale[task] = None
        if len(self._stale) >= STALE:
            self._poke()

    def _poke(self) -> None:
        if self._view is not None and not self._modifying:
            self._modifying = True
            self._client.start_soon(self._modify)

    async def _run(self) -> None:
        try:
            await self._collector.run()
        finally:
            self._running = False
            self._fail_all(lambda: Closed(f"the connection to {self._client.where} was closed"))

    async def close(self) -> None:
        """Let the server forget what was made. Cancellation: waited out, for two seconds."""
        await self._collector.close()

    async def _modify(self) -> None:
        backoff = Backoff()
        try:
            while self._view is not None and (self._adds or len(self._stale) >= STALE):
                if not await self._modify_once(self._view):
                    await anyio.sleep(backoff.next())
        finally:
            self._modifying = False

    async def _modify_once(self, view: Ref) -> bool:
        adds, self._adds = self._adds, {}
        stale, self._stale = self._stale, {}
        args = ModifyListViewArgs(add=tuple(adds), remove=tuple(stale))
        try:
            unknown = await self._client.call(MODIFY_LIST_VIEW, view, args)
        except AiovirtError as error:
            left = {task: None for task in adds if task in self._wanted}
            self._adds = left | self._adds
            return self._drop(error)
        for task in unknown:
            self._forget(task)
        return True

    def _drop(self, error: AiovirtError) -> bool:
        """Let go of the task that a server does not know; whether that is what `error` says."""
        fault = error.fault if isinstance(error, VSphereFault) else None
        if not isinstance(fault, ManagedObjectNotFound) or fault.obj not in self._wanted:
            return False
        self._forget(fault.obj)
        return True

    def _forget(self, task: Ref) -> None:
        self._wanted.pop(task, None)
        self._adds.pop(task, None)
        waiting = self._waiting.get(task)
        if waiting is not None:
            waiting.fail(lambda: forgotten(self._client.where, task))

    def _fail_all(self, error: Callable[[], AiovirtError]) -> None:
        for task in tuple(self._wanted):
            if task in self._waiting:
                self._waiting[task].fail(error)

    # --- what the stream calls ----------------------------------------------------------------

    async def open(self, client: Client) -> tuple[Ref, PropertyFilterSpec]:
        """Make a list of all that are watched, in a session that knows none."""
        self._view = None
        manager = client.content.view_manager or Ref("ViewManager", "ViewManager")
        view: Ref | None = None
        while view is None:
            self._adds, self._stale = {}, {}
            args = CreateListViewArgs(obj=tuple(self._wanted))
            try:
                view = await client.call(CREATE_LIST_VIEW, manager, args)
            except VSphereFault as error:
                if not self._drop(error):
                    raise
        members = TraversalSpec(type="ListView", path="view", skip=False)
        objects = ObjectSpec(obj=view, skip=True, select_set=(members,))
        tasks = PropertySpec(type="Task", path_set=PATHS)
        self._view = view
        self._poke()
        return view, PropertyFilterSpec(prop_set=(tasks,), object_set=(objects,))

    def restart(self) -> None:
        """All is told anew: that is no matter for tasks."""

    def take(self, updates: Sequence[ObjectUpdate]) -> None:
        """Bring what is told to those who wait."""
        for update in updates:
            waiting = self._waiting.get(update.obj)
            if waiting is None:
                continue
            if update.kind == "leave":
                self._forget(update.obj)
            else:
                waiting.take({change.name: change.val for change in update.change_set})

    def miss(self, missing: Sequence[MissingObject]) -> None:
        """Tell those who wait for a task that the server does not know."""
        for one in missing:
            self._forget(one.obj)

    def whole(self) -> None:
        """All has been told: that is no matter for tasks."""

    def trouble(self, error: AiovirtError) -> None:
        """The stream is tried again: those who wait go on waiting."""

    def end(self, error: AiovirtError) -> None:
        """Tell all that nothing will be told any more."""
        self._view = None
        self._fail_all(lambda: error)


def forgotten(where: str, task: Ref) -> ConnectionLost:
    """The error of a task that the server does not know any more."""
    return ConnectionLost(
        f"{where}: the server does not know the task {task.value} any more",
        maybe_done=True,
        hint="it was restarted, or the task ended long ago: look at the object whether it was done",
    )
