"""The managed objects of a simulated vCenter: what there is, and who is told when it changes.

Values are the frozen data objects of the protocol; a change puts new ones in their place.  It
knows no session and no method.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.testing.vsphere.clock import Clock

__all__ = ["Managed", "Watcher", "World"]

T = TypeVar("T")

Watcher = Callable[[Ref, Iterable[str]], None]
"""Is told of an object and of the names of its properties that changed."""


@dataclass(eq=False, slots=True)
class Managed:
    """One managed object.

    Attributes:
        ref: Its reference.
        properties: Its properties that are set, by name.
    """

    ref: Ref
    properties: dict[str, object] = field(default_factory=dict)


class World:
    """All managed objects.

    Args:
        clock: The time there.

    Attributes:
        objects: By their references, in the order they were made.
        clock: The time there.
        silent: Properties whose changes nobody is told of.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.silent: frozenset[str] = frozenset()
        self.objects: dict[Ref, Managed] = {}
        self._watchers: dict[object, Watcher] = {}
        self._singles: dict[str, Ref] = {}
        self._named: dict[object, dict[Ref, None]] = {}
        self._numbers: Counter[str] = Counter()
        self._uuids = 0

    # --- what there is --------------------------------------------------------------------------

    def __contains__(self, ref: object) -> bool:
        return ref in self.objects

    def of_kind(self, kind: str) -> Iterator[Ref]:
        """All objects of a kind, and of the kinds that derive from it."""
        return (ref for ref in list(self.objects) if is_kind(ref.kind, kind))

    def get(self, ref: Ref, name: str, kind: type[T]) -> T:
        """A property that is set, which is of the type `kind`."""
        value = self.objects[ref].properties[name]
        if not isinstance(value, kind):
            raise TypeError(f"{ref.value}.{name} is {type(value).__name__}, not {kind.__name__}")
        return value

    def find(self, ref: Ref, name: str, kind: type[T]) -> T | None:
        """A property of the type `kind`, or None where it is not set."""
        found = self.objects.get(ref)
        if found is None or found.properties.get(name) is None:
            return None
        return self.get(ref, name, kind)

    def refs(self, ref: Ref, name: str) -> tuple[Ref, ...]:
        """A property that holds references; it may be unset."""
        found = self.objects[ref].properties.get(name, ())
        return cast("tuple[Ref, ...]", found) if isinstance(found, tuple) else ()

    def named(self, name: str) -> Iterator[Ref]:
        """All objects of a name."""
        return iter(list(self._named.get(name, ())))

    def _index(self, ref: Ref, old: object, new: object) -> None:
        if old is not None:
            self._named[old].pop(ref, None)
        if new is not None:
            self._named.setdefault(new, {})[ref] = None

    # --- changing it ----------------------------------------------------------------------------

    def make(self, ref: Ref, **properties: object) -> Ref:
        """Add an object; return its reference."""
        self.objects[ref] = Managed(ref, properties)
        self._index(ref, None, properties.get("name"))
        self._tell(ref, properties)
        return ref

    def single(self, ref: Ref, **properties: object) -> Ref:
        """Add the one object of its kind, such as a manager; return its reference."""
        self._singles[ref.kind] = ref
        return self.make(ref, **properties)

    def the(self, kind: str) -> Ref:
        """The one object of a kind; see `single`."""
        return self._singles[kind]

    def put(self, ref: Ref, **properties: object) -> None:
        """Set properties; None unsets. What is as it was is not told to anybody."""
        known = self.objects[ref].properties
        changed = [name for name, value in properties.items() if known.get(name) != value]
        if "name" in changed:
            self._index(ref, known.get("name"), properties["name"])
        known.update(properties)
        told = [name for name in changed if name not in self.silent]
        if told:
            self._tell(ref, told)

    def remove(self, ref: Ref) -> None:
        """Take an object away; references to it are the caller's affair."""
        gone = self.objects.pop(ref)
        self._index(ref, gone.properties.get("name"), None)
        self._watchers.pop(ref, None)
        self._tell(ref, gone.properties)

    def add_to(self, ref: Ref, name: str, member: Ref) -> None:
        """Add a reference to a property that holds references."""
        known = self.refs(ref, name)
        if member not in known:
            self.put(ref, **{name: (*known, member)})

    def append_to(self, ref: Ref, name: str, member: Ref) -> None:
        """Add a reference that is new there; it costs no look at all others."""
        self.put(ref, **{name: (*self.refs(ref, name), member)})

    def take_from(self, ref: Ref, name: str, member: Ref) -> None:
        """Take a reference out of a property that holds references."""
        self.put(ref, **{name: tuple(each for each in self.refs(ref, name) if each != member)})

    # --- being told -------------------------------------------------------------------------------

    def watch(self, key: object, watcher: Watcher) -> None:
        """Tell `watcher` of each change from now on; an object's watcher goes with the object."""
        self._watchers[key] = watcher

    def unwatch(self, key: object) -> None:
        """Tell it no more."""
        self._watchers.pop(key, None)

    def _tell(self, ref: Ref, names: Iterable[str]) -> None:
        for watcher in list(self._watchers.values()):
            watcher(ref, names)

    # --- names ------------------------------------------------------------------------------------

    def number(self, prefix: str, beginning: int = 1) -> str:
        """A new identifier, such as ``vm-21``."""
        self._numbers[prefix] += 1
        return f"{prefix}-{self._numbers[prefix] + beginning - 1}"

    def count(self, prefix: str) -> int:
        """Count on from 0, for each word by itself."""
        self._numbers[prefix] += 1
        return self._numbers[prefix] - 1

    def uuid(self) -> str:
        """A new UUID; it is the same on every run."""
        self._uuids += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"aiovirt.testing.vsphere/{self._uuids}"))
