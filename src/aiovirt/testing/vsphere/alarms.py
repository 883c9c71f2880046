"""The alarms of a simulated vCenter: those that are defined, and those that objects have set off.

What an object has set off is told of it and of all that it is in.

Source: VMware's API reference, AlarmManager, AlarmState and ManagedEntity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables.enums import ManagedEntityStatus as Status
from aiovirt.protocols.vsphere.tables.enums import StateAlarmOperator
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.protocols.vsphere.tables.tasks import (
    AlarmInfo,
    AlarmState,
    EventAlarmExpression,
    StateAlarmExpression,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.eventlog import EventLog
from aiovirt.testing.vsphere.settings import Settings
from aiovirt.testing.vsphere.world import World

__all__ = ["Alarms"]

_SILENT: Final = {Status.GREEN, Status.GRAY}
"""What an alarm shows that is not set off."""

_HOST_STATE: Final = StateAlarmExpression(
    operator=StateAlarmOperator.IS_EQUAL,
    type="HostSystem",
    state_path="runtime.connectionState",
    red="notResponding",
)
_MACHINE_STATE: Final = StateAlarmExpression(
    operator=StateAlarmOperator.IS_EQUAL,
    type="VirtualMachine",
    state_path="summary.quickStats.guestHeartbeatStatus",
    yellow="yellow",
    red="red",
)
_STORE_STATE: Final = StateAlarmExpression(
    operator=StateAlarmOperator.IS_EQUAL,
    type="Datastore",
    state_path="summary.accessible",
    red="False",
)
_LICENCE: Final = EventAlarmExpression(
    event_type="EventEx", event_type_id="esx.problem.license.expired", object_type="Folder"
)

_DEFINED: Final = (
    ("Host connection state", "A host does not answer", "HostSystem", _HOST_STATE),
    ("Guest heartbeat", "A guest gives no sign of life", "VirtualMachine", _MACHINE_STATE),
    ("Datastore access", "A datastore cannot be reached", "Datastore", _STORE_STATE),
    ("Licence expiry", "A licence has run out", "Folder", _LICENCE),
)
"""What a new server watches for: name, description, kind of the objects, what sets it off."""


class Alarms:
    """All alarms of a server; an ESX host has none.

    Args:
        world: The objects.
        events: Where is written what becomes of alarms.
        settings: What kind of server it is.
        content: Its managers.

    Attributes:
        defined: The alarms, by their names.
    """

    def __init__(
        self, world: World, events: EventLog, settings: Settings, content: ServiceContent
    ) -> None:
        self.defined: dict[str, Ref] = {}
        self._world = world
        self._events = events
        self._root = content.root_folder
        self._kinds: dict[Ref, str] = {}
        self._set_off: dict[str, AlarmState] = {}
        self._shown: tuple[Ref, ...] = ()
        if settings.is_vcenter:
            for name, description, kind, expression in _DEFINED:
                self._define(name, description, kind, expression)
            world.watch(self, self._touch)

    def _define(
        self,
        name: str,
        description: str,
        kind: str,
        expression: StateAlarmExpression | EventAlarmExpression,
    ) -> None:
        ref = Ref("Alarm", self._world.number("alarm"))
        info = AlarmInfo(
            key=ref.value,
            alarm=ref,
            entity=self._root,
            name=name,
            description=description,
            enabled=True,
            expression=expression,
            last_modified_time=self._world.clock.now(),
            last_modified_user="",
            creation_event_id=0,
        )
        self._world.make(ref, info=info, value=(), availableField=())
        self.defined[name] = ref
        self._kinds[ref] = kind

    # --- what tests and methods do --------------------------------------------------------------

    def show(self, name: str, entity: Ref, status: Status | str) -> str:
        """Let an alarm have a colour of an object; the key of the state.

        Args:
            name: The alarm's name.
            entity: Of which object; it must be of the kind that the alarm is about.
            status: Red or yellow set it off; green or gray end that.

        Raises:
            VimFault: There is no such alarm, or it is about no such object.
        """
        if name not in self.defined:
            raise faults.nothing_found()
        alarm, now = self.defined[name], Status(status)
        self.check(alarm, entity)
        key = _key(alarm, entity)
        old = self._set_off.get(key)
        before = Status.GREEN if old is None else Status(old.overall_status)
        if before == now or (old is None and now in _SILENT):
            return key
        if now in _SILENT:
            del self._set_off[key]
        else:
            state = AlarmState(
                key=key,
                entity=entity,
                alarm=alarm,
                overall_status=now,
                time=self._world.clock.now(),
                acknowledged=False,
            )
            # Who knows of it goes on knowing of it until it has been green.
            known = {} if old is None else {"overall_status": now, "time": state.time}
            self._set_off[key] = state if old is None else replace(old, **known)
        self._tell()
        text = f"Alarm '{name}' on {self._named(entity)} changed from {before.value} to {now.value}"
        fields = {"from_": before.value, "to": now.value}
        self._post(e.AlarmStatusChangedEvent, text, alarm, entity, **fields)
        return key

    def rename(self, name: str, new: str) -> None:
        """Give an alarm another name."""
        ref = self.defined[new] = self.defined.pop(name)
        info = self._world.get(ref, "info", AlarmInfo)
        self._world.put(ref, info=replace(info, name=new))
        root = self._events.entity(self._root)
        text, argument = f"Reconfigured alarm '{new}'", e.AlarmEventArgument(name=new, alarm=ref)
        fields = {"alarm": argument, "entity": root}
        self._events.post(e.AlarmReconfiguredEvent, text, about=self._root, fields=fields)

    def acknowledge(self, alarm: Ref, entity: Ref, user: str) -> None:
        """Take note that somebody knows of it; it changes nothing where there is nothing to know.

        Raises:
            VimFault: InvalidArgument: the alarm is about no such object.
        """
        self.check(alarm, entity)
        key = _key(alarm, entity)
        state = self._set_off.get(key)
        if state is None or state.acknowledged:
            return
        self._set_off[key] = replace(
            state,
            acknowledged=True,
            acknowledged_by_user=user,
            acknowledged_time=self._world.clock.now(),
        )
        self._tell()
        text = f"Acknowledged alarm '{self._alarm_name(alarm)}' on {self._named(entity)}"
        self._post(e.AlarmAcknowledgedEvent, text, alarm, entity, user=user)

    def clear(self, statuses: Iterable[str], user: str) -> None:
        """Let all that were set off be green again, or those of some colours."""
        wanted = set(statuses) or {Status.RED, Status.YELLOW}
        gone = [each for each in self._set_off.values() if each.overall_status in wanted]
        for state in gone:
            del self._set_off[state.key]
        self._tell()
        for state in gone:
            text = f"Manually cleared alarm '{self._alarm_name(state.alarm)}'"
            fields = {"from_": str(state.overall_status)}
            self._post(e.AlarmClearedEvent, text, state.alarm, state.entity, user=user, **fields)

    def check(self, alarm: Ref, entity: Ref) -> None:
        """Refuse an alarm that is about no such object.

        Raises:
            VimFault: InvalidArgument.
        """
        kind = self._kinds.get(alarm)
        if kind is None or not is_kind(entity.kind, kind) or entity not in self._world:
            raise faults.invalid_argument("entity")

    def of(self, entity: Ref) -> tuple[Ref, ...]:
        """The alarms that are defined of an object itself."""
        return tuple(self.defined.values()) if entity == self._root else ()

    # --- what is told of objects ----------------------------------------------------------------

    def _touch(self, ref: Ref, names: Iterable[str]) -> None:
        """See to it that nothing stays of an object that goes, or goes elsewhere."""
        if "parent" not in names or not any(each.entity == ref for each in self._set_off.values()):
            return
        if ref not in self._world:
            left = {key: each for key, each in self._set_off.items() if each.entity != ref}
            self._set_off = left
        self._tell()

    def _tell(self) -> None:
        found: dict[Ref, list[AlarmState]] = {}
        for state in self._set_off.values():
            for ref in self._up(state.entity):
                found.setdefault(ref, []).append(state)
        for ref in (*self._shown, *found):
            if ref in self._world:
                self._world.put(ref, triggeredAlarmState=tuple(found.get(ref, ())))
        self._shown = tuple(found)

    def _up(self, ref: Ref) -> Iterator[Ref]:
        at: Ref | None = ref
        while at is not None and at in self._world:
            yield at
            at = self._world.find(at, "parent", Ref)

    def _named(self, entity: Ref) -> str:
        return self._world.find(entity, "name", str) or entity.value

    def _alarm_name(self, alarm: Ref) -> str:
        return self._world.get(alarm, "info", AlarmInfo).name

    def _post(
        self,
        kind: type[e.Event],
        text: str,
        alarm: Ref,
        entity: Ref,
        *,
        user: str = "",
        **fields: object,
    ) -> None:
        told: dict[str, object] = {
            "alarm": e.AlarmEventArgument(name=self._alarm_name(alarm), alarm=alarm),
            "source": self._events.entity(self._root),
            "entity": self._events.entity(entity),
        }
        self._events.post(kind, text, about=entity, user=user, fields=told | fields)


def _key(alarm: Ref, entity: Ref) -> str:
    return f"{alarm.value}.{entity.value}"
