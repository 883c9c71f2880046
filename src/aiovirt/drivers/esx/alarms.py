"""The alarms of a vCenter: which objects have set off which, and what becomes of them, as events.

What is set off anywhere is a property of the root folder, which the inventory keeps.  VMware's
reference says that servers need not announce its changes; the events that they write tell when it
is to be read again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import anyio

from aiovirt.clients.vsphere import Inventory, NewEvents, VSphereClient
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.scope import Scope
from aiovirt.drivers.esx.watcher import Watcher
from aiovirt.errors import AiovirtError, PermissionDenied
from aiovirt.model.activity import AlarmChange, AlarmStatus, HostAlarm
from aiovirt.model.events import AlarmEvent
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.tasks import AlarmState

__all__ = ["Alarms"]

log = logging.getLogger("aiovirt.esx")

TRIGGERED: Final = "triggeredAlarmState"

_EVENTS: Final = (
    "AlarmStatusChangedEvent",
    "AlarmAcknowledgedEvent",
    "AlarmClearedEvent",
    "AlarmReconfiguredEvent",
    "AlarmRemovedEvent",
)
"""What is written when an alarm is not any more as it was."""

_STATUSES: Final = {each.value: each for each in AlarmStatus}


class _Seen(NamedTuple):
    """An alarm that is set off, of an object as it was called then."""

    state: AlarmState
    target: str
    kind: str
    ours: bool


class _Name(NamedTuple):
    """What an alarm is called."""

    name: str
    description: str


class _News(NamedTuple):
    """What has become of an alarm, to be told when its name is known."""

    change: AlarmChange
    seen: _Seen
    time: float
    synthetic: bool


class Alarms:
    """All alarms that are set off; `begin` lets changes be told that servers do not announce.

    Args:
        client: The session.
        inventory: What is kept of the server's objects.
        watcher: Who tells events.
        tree: The objects by name and place.
        scope: The part of them that the connection is about.
    """

    def __init__(
        self,
        client: VSphereClient,
        inventory: Inventory,
        watcher: Watcher,
        tree: Tree,
        scope: Scope,
    ) -> None:
        self._client = client
        self._inventory = inventory
        self._watcher = watcher
        self._tree = tree
        self._scope = scope
        self._root = client.content.root_folder
        self._events = client.follow(NewEvents(_EVENTS), self._written)
        self._names: dict[Ref, _Name] = {}
        self._newest = 0
        self._stale = True
        self._unheard = False
        self._concluding = False
        self._reading = anyio.Lock()
        self._something = anyio.Event()
        self._untold: list[_News] = []
        self._begun = False
        self._seen: dict[str, _Seen] = {}
        inventory.subscribe(self._changed)
        client.start_soon(self._run)

    def begin(self) -> None:
        """Let what becomes of alarms be told from now on; it does not wait."""
        if not self._begun:
            self._begun = True
            self._seen = self._read(self._tree.get(self._root), {})
        self._events.begin()

    # --- asked for ------------------------------------------------------------------------------

    async def all(self) -> list[HostAlarm]:
        """Those that are set off, the worst first, the newest of them first.

        Raises as `VSphereClient.call`, and:
            PermissionDenied: The account may not see them; none would be no answer then.
        """
        self.begin()
        if TRIGGERED in self._inventory.missing.get(self._root, {}):
            raise PermissionDenied(
                f"{self._client.where} does not show its alarms to this account",
                hint="give the account System.View on the vCenter's root folder",
            )
        await self._be_fresh()
        self._seen = self._read(self._tree.get(self._root), self._seen)
        ours = [each for each in self._seen.values() if each.ours]
        await self._learn_names(ours)
        found = [self._told(each) for each in ours]
        found.sort(key=lambda each: each.time, reverse=True)
        return sorted(found, key=lambda each: each.status is not AlarmStatus.RED)

    async def find(self, key: str) -> AlarmState | None:
        """One that is set off, or None. Raises as `VSphereClient.call`."""
        self.begin()
        await self._be_fresh()
        found = self._seen.get(key)
        return found.state if found is not None and found.ours else None

    async def refresh(self) -> None:
        """See what is set off now. Raises as `VSphereClient.call`."""
        self._stale = True
        await self._ask()

    async def _be_fresh(self) -> None:
        """See to it that all is known as it is: asked for each time while no events are heard."""
        if not self._events.heard:
            self._stale = True
        await self._ask()

    async def _ask(self) -> None:
        async with self._reading:
            if not self._stale:
                return
            self._stale, self._concluding = False, self._unheard
            try:
                await self._inventory.refresh(self._root, paths=(TRIGGERED,))
                self._unheard = False
            except BaseException:
                self._stale = True
                raise
            finally:
                self._concluding = False

    # --- told by the server ---------------------------------------------------------------------

    def _written(self, known: Mapping[str, Any], synthetic: bool) -> None:  # noqa: FBT001 - a listener
        """An event was written, or nobody knows whether one was."""
        for event in known.get("latestPage") or ():
            if event.key > self._newest and type(event).__name__ == "AlarmReconfiguredEvent":
                self._names.pop(event.alarm.alarm, None)
        keys = [event.key for event in known.get("latestPage") or ()]
        self._newest = max(keys, default=0)
        self._stale, self._unheard = True, self._unheard or synthetic
        self._something.set()

    def _changed(
        self,
        ref: Ref,
        _old: Mapping[str, Any] | None,
        known: Mapping[str, Any] | None,
        synthetic: bool,  # noqa: FBT001 - an inventory's listener
    ) -> None:
        if ref != self._root or known is None or not self._begun:
            return
        before, self._seen = self._seen, self._read(known, self._seen)
        now = time.time()
        for change, seen in _differences(before, self._seen):
            if seen.ours:
                self._untold.append(_News(change, seen, now, synthetic or self._concluding))
        if all(news.seen.state.alarm in self._names for news in self._untold):
            self._tell()
        else:
            self._something.set()

    def _read(self, known: Mapping[str, Any], before: Mapping[str, _Seen]) -> dict[str, _Seen]:
        states: Iterable[AlarmState] = known.get(TRIGGERED) or ()
        return {state.key: self._see(state, before.get(state.key)) for state in states}

    def _see(self, state: AlarmState, before: _Seen | None) -> _Seen:
        entity = state.entity
        if before is not None and not self._tree.get(entity):  # it has gone meanwhile
            return before._replace(state=state)
        ours = self._scope.covers(entity, self._tree)
        return _Seen(state, self._tree.name(entity), self._tree.word(entity), ours)

    # --- telling --------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Ask when something was written, and tell what has become of alarms."""
        while True:
            await self._something.wait()
            self._something = anyio.Event()
            try:
                await self._ask()
                await self._learn_names([news.seen for news in self._untold])
            except AiovirtError as error:  # when it is heard again it is asked again
                log.info("%s does not tell of its alarms: %s", self._client.where, error)
            self._tell()

    def _tell(self) -> None:
        untold, self._untold = self._untold, []
        for news in untold:
            alarm = self._told(news.seen)
            if news.change is AlarmChange.CLEARED:
                when = datetime.fromtimestamp(news.time, UTC)
                alarm = replace(alarm, status=AlarmStatus.GREEN, time=when)
            self._watcher.publish(
                AlarmEvent(
                    time=news.time, synthetic=news.synthetic, alarm=alarm, change=news.change
                )
            )

    async def _learn_names(self, seen: Iterable[_Seen]) -> None:
        unknown = {each.state.alarm for each in seen} - self._names.keys()
        if not unknown:
            return
        found = await self._client.get_many(unknown, ("info.name", "info.description"))
        for ref in unknown:
            known: Mapping[str, Any] = found.get(ref, {})
            name, description = known.get("info.name"), known.get("info.description")
            self._names[ref] = _Name(name or ref.value, description or "")

    def _told(self, seen: _Seen) -> HostAlarm:
        state = seen.state
        name = self._names.get(state.alarm, _Name(state.alarm.value, ""))
        return HostAlarm(
            key=state.key,
            name=name.name,
            description=name.description,
            target=seen.target,
            target_kind=seen.kind,
            status=_STATUSES.get(str(state.overall_status), AlarmStatus.GRAY),
            time=state.time,
            acknowledged=state.acknowledged is True,
            acknowledged_by=state.acknowledged_by_user or None,
            acknowledged_time=state.acknowledged_time,
        )


def _differences(
    before: Mapping[str, _Seen], now: Mapping[str, _Seen]
) -> Iterator[tuple[AlarmChange, _Seen]]:
    """What has become of alarms between two moments."""
    for key, seen in before.items():
        if key not in now:
            yield AlarmChange.CLEARED, seen
    for key, seen in now.items():
        old = before.get(key)
        if old is None:
            yield AlarmChange.TRIGGERED, seen
        else:
            for change in _changes(old.state, seen.state):
                yield change, seen


def _changes(old: AlarmState, new: AlarmState) -> Iterator[AlarmChange]:
    """What has become of one alarm that was set off and is."""
    if old.overall_status != new.overall_status:
        yield AlarmChange.CHANGED
    elif old.acknowledged and not new.acknowledged:  # it was green meanwhile
        yield AlarmChange.TRIGGERED
    if new.acknowledged and not old.acknowledged:
        yield AlarmChange.ACKNOWLEDGED
