"""The events of a simulated vCenter: what is written, and what collectors of them see."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables.enums import EventFilterSpecRecursionOption
from aiovirt.protocols.vsphere.tables.tasks import EventFilterSpec
from aiovirt.testing.vsphere.world import World

__all__ = ["Entry", "EventLog", "fits"]


_CHILDREN = EventFilterSpecRecursionOption.CHILDREN

MAX_EVENTS = 10_000
"""Events that are kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, and what it is about.

    Attributes:
        event: The event itself.
        about: The entities that it is about, and all that these are in, with their distance.
    """

    event: e.Event
    about: Mapping[Ref, int] = field(default_factory=dict)


class EventLog:
    """All events of a server.

    Args:
        world: The objects.
    """

    def __init__(self, world: World) -> None:
        self.entries: deque[Entry] = deque(maxlen=MAX_EVENTS)
        self._world = world
        self._key = 0
        self._listeners: dict[Ref, Callable[[Entry], None]] = {}

    def post(
        self,
        kind: type[e.Event],
        message: str,
        *,
        about: Ref | None = None,
        user: str = "",
        fields: Mapping[str, Any] | None = None,
    ) -> e.Event:
        """Write an event.

        Args:
            kind: Its type.
            message: What it says.
            about: The machine, host or other entity that it is about.
            user: Who brought it about.
            fields: What its type has besides.
        """
        self._key += 1
        event = kind(
            key=self._key,
            chain_id=self._key,
            created_time=self._world.clock.now(),
            user_name=user,
            full_formatted_message=message,
            **self._arguments(kind, about),
            **(fields or {}),
        )
        entry = Entry(event, self._around(about))
        self.entries.append(entry)
        self._world.put(self._world.the("EventManager"), latestEvent=event)
        for collector, listener in list(self._listeners.items()):
            if collector in self._world:
                listener(entry)
            else:
                del self._listeners[collector]
        return event

    def listen(self, collector: Ref, listener: Callable[[Entry], None]) -> None:
        """Tell `listener` of each event from now on, as long as there is the collector."""
        self._listeners[collector] = listener

    # --- what an event is about -------------------------------------------------------------------

    def vm(self, ref: Ref) -> e.VmEventArgument:
        """A machine, as events name it."""
        return e.VmEventArgument(name=self._name(ref), vm=ref)

    def host(self, ref: Ref) -> e.HostEventArgument:
        """A host, as events name it."""
        return e.HostEventArgument(name=self._name(ref), host=ref)

    def entity(self, ref: Ref) -> e.ManagedEntityEventArgument:
        """Any entity, as events name it."""
        return e.ManagedEntityEventArgument(name=self._name(ref), entity=ref)

    def folder(self, ref: Ref) -> e.FolderEventArgument:
        """A folder, as events name it."""
        return e.FolderEventArgument(name=self._name(ref), folder=ref)

    def _name(self, ref: Ref) -> str:
        return self._world.find(ref, "name", str) or ref.value

    def _arguments(self, kind: type[e.Event], about: Ref | None) -> dict[str, Any]:
        """What every event tells: the machine, its host, and what they are in."""
        if about is None or about not in self._world:
            return {}
        found: dict[str, Any] = {}
        if is_kind(about.kind, "VirtualMachine"):
            found["vm"] = self.vm(about)
        if issubclass(kind, e.VmEvent):
            config = self._world.objects[about].properties.get("config")
            found["template"] = bool(getattr(config, "template", False))
        host = self._host_of(about)
        if host is not None:
            found["host"] = self.host(host)
        return found | self._places(host or about)

    def _places(self, ref: Ref) -> dict[str, Any]:
        """The datacenter and the cluster that an entity is in."""
        found: dict[str, Any] = {}
        for each in self._up(ref):
            name = self._name(each)
            if is_kind(each.kind, "Datacenter"):
                found["datacenter"] = e.DatacenterEventArgument(name=name, datacenter=each)
            elif is_kind(each.kind, "ComputeResource"):
                found["compute_resource"] = e.ComputeResourceEventArgument(
                    name=name, compute_resource=each
                )
        return found

    def _host_of(self, ref: Ref) -> Ref | None:
        """The host that an entity is, or is on."""
        if is_kind(ref.kind, "HostSystem"):
            return ref
        host = getattr(self._world.objects[ref].properties.get("runtime"), "host", None)
        return host if isinstance(host, Ref) and host in self._world else None

    def _around(self, about: Ref | None) -> dict[Ref, int]:
        if about is None or about not in self._world:
            return {}
        host = self._host_of(about)
        found = {} if host is None else {ref: at for at, ref in enumerate(self._up(host))}
        return found | {ref: at for at, ref in enumerate(self._up(about))}

    def _up(self, ref: Ref) -> Iterator[Ref]:
        """An entity and those that it is in, the nearest first."""
        at: Ref | None = ref
        while at is not None and at in self._world:
            yield at
            at = self._world.find(at, "parent", Ref)


def fits(entry: Entry, spec: EventFilterSpec) -> bool:
    """Whether a filter wants an event."""
    checks = (_fits_entity, _fits_time, _fits_user, _fits_type, _fits_chain)
    return all(check(entry, spec) for check in checks)


def _fits_entity(entry: Entry, spec: EventFilterSpec) -> bool:
    if spec.entity is None:
        return True
    distance = entry.about.get(spec.entity.entity)
    if spec.entity.recursion == EventFilterSpecRecursionOption.ALL:
        return distance is not None
    return distance == (1 if spec.entity.recursion == _CHILDREN else 0)


def _fits_time(entry: Entry, spec: EventFilterSpec) -> bool:
    if spec.time is None:
        return True
    begin, end, at = spec.time.begin_time, spec.time.end_time, entry.event.created_time
    return (begin is None or at >= begin) and (end is None or at <= end)


def _fits_user(entry: Entry, spec: EventFilterSpec) -> bool:
    if spec.user_name is None:
        return True
    if not entry.event.user_name:
        return spec.user_name.system_user
    return not spec.user_name.user_list or entry.event.user_name in spec.user_name.user_list


def _fits_type(entry: Entry, spec: EventFilterSpec) -> bool:
    wanted = {*spec.type, *spec.event_type_id}
    if not wanted:
        return True
    names = {each.__name__ for each in type(entry.event).__mro__}
    return bool(names & {each.removeprefix("vim.event.") for each in wanted})


def _fits_chain(entry: Entry, spec: EventFilterSpec) -> bool:
    return spec.event_chain_id in {None, entry.event.chain_id}
