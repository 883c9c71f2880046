"""What is known of objects, and who is told when that changes. It does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from aiovirt._tasks import Broadcast
from aiovirt.protocols.vsphere import Ref, properties
from aiovirt.protocols.vsphere.tables.collector import ObjectUpdate, PropertyChange

__all__ = ["Change", "Listener", "Properties", "Store"]

Properties: TypeAlias = Mapping[str, object]
"""What is known of an object, by paths; those that are not set are absent."""

Listener: TypeAlias = Callable[[Ref, Properties | None, Properties | None, bool], None]
"""Gets an object, what was known of it, what is now, and whether the change is synthetic."""

BACKLOG = 4096
"""How many changes wait for one slow subscriber."""


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of an object.

    Attributes:
        ref: The object; None in the announcement of a loss.
        old: What was known of it; None if it was not there.
        new: What is known now; None if it is not there any more.
        synthetic: Whether it was found by comparing, after a time when nothing was heard.
        lost: How many changes were read too slowly and are lost; only in the announcement of that.
    """

    ref: Ref | None
    old: Properties | None = None
    new: Properties | None = None
    synthetic: bool = False
    lost: int = 0


class Store:
    """Objects and their properties.

    Attributes:
        objects: What is known of each; neither it nor what is in it is ever changed by others.
        changes: Every change that is told.
    """

    def __init__(self) -> None:
        self._objects: dict[Ref, Properties] = {}
        self._kinds: dict[str, dict[Ref, None]] = {}
        self._listeners: list[Listener] = []
        self._unlisted: set[Ref] | None = None
        self.objects: Mapping[Ref, Properties] = MappingProxyType(self._objects)
        self.changes: Broadcast[Change] = Broadcast(
            lambda lost: Change(None, lost=lost), backlog=BACKLOG
        )

    @property
    def listing(self) -> bool:
        """Whether all is being told anew, so that what differs is a synthetic change."""
        return self._unlisted is not None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the objects that are known."""
        return tuple(self._kinds)

    def of_kind(self, kind: str) -> tuple[Ref, ...]:
        """The objects of just this kind."""
        return tuple(self._kinds.get(kind, ()))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each change from now on; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # --- what is heard ------------------------------------------------------------------------

    def begin_listing(self) -> None:
        """From now on all is told anew."""
        self._unlisted = set(self._objects)

    def end_listing(self) -> None:
        """All has been told: what was not is not there any more."""
        unlisted, listing = self._unlisted or (), self.listing
        for ref in unlisted:
            self.put(ref, None, synthetic=listing)
        self._unlisted = None

    def update(self, update: ObjectUpdate) -> None:
        """Take what a server tells of an object."""
        ref = update.obj
        old = self._objects.get(ref)
        if update.kind == "leave":
            self.put(ref, None, synthetic=self.listing)
            return
        if update.kind == "enter":
            old = None
        if self._unlisted is not None:
            self._unlisted.discard(ref)
        self.put(ref, _changed(old or {}, update.change_set), synthetic=self.listing)

    def would_change(self, update: ObjectUpdate) -> bool:
        """Whether an update tells anything new of an object that is there, or may have been."""
        old = self._objects.get(update.obj)
        return old is None or _changed(old, update.change_set) != old

    def put(self, ref: Ref, new: Properties | None, *, synthetic: bool = False) -> None:
        """Know this of an object from now on, and tell if it is new."""
        old = self._objects.get(ref)
        if old == new:
            return
        if new is None:
            del self._objects[ref]
            del self._kinds[ref.kind][ref]
        else:
            self._objects[ref] = new
            if old is None:
                self._kinds.setdefault(ref.kind, {})[ref] = None
        for listener in tuple(self._listeners):
            listener(ref, old, new, synthetic)
        self.changes.publish(Change(ref, old, new, synthetic))


def _changed(old: Properties, changes: Sequence[PropertyChange]) -> Properties:
    new = dict(old)
    for change in changes:
        if change.op == "assign" and change.val is not None and (not old or change.name in new):
            new[change.name] = change.val
        else:
            new = properties.apply(new, change)
    return new
