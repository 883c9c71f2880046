"""A property filter: what it is about, as it is now, kept up to date by what changes.

A filter walks the inventory again only when a property changes that its last walk went through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from aiovirt.protocols.vsphere import Ref, properties
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    ObjectUpdate,
    PropertyChange,
    PropertyFilterSpec,
)
from aiovirt.protocols.vsphere.tables.enums import ObjectUpdateKind, PropertyChangeOp
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.collecting.reading import Reader, Values
from aiovirt.testing.vsphere.collecting.selection import Selected, select
from aiovirt.testing.vsphere.world import World

__all__ = ["PropertyFilter", "State", "changes"]

State: TypeAlias = Mapping[Ref, Values]
"""What a filter sees at one moment; it is never changed, only followed by another."""


class PropertyFilter:
    """One filter.

    Args:
        world: The objects.
        ref: Its own reference.
        spec: What it is about.
        partial: Whether changes are told as deep as they happen.
        overlay: See `Reader`.

    Raises:
        VimFault: A path leads nowhere, or a selection names nothing.
    """

    def __init__(
        self,
        world: World,
        ref: Ref,
        spec: PropertyFilterSpec,
        *,
        partial: bool = False,
        overlay: Mapping[Ref, Values] | None = None,
    ) -> None:
        self.ref = ref
        self.spec = spec
        self.partial = partial
        self._world = world
        self._reader = Reader(world, spec.prop_set, overlay or {})
        self._reader.check()
        self._dirty: set[Ref] = set()
        self._selected = self._select()
        self._state: State = {ref: self._reader.read(ref) for ref in self._selected.objects}
        self._moved = False

    @property
    def missing(self) -> tuple[MissingObject, ...]:
        """The objects to begin at that do not exist."""
        return tuple(
            MissingObject(obj=ref, fault=faults.localized(faults.not_found(ref)))
            for ref in self._selected.missing
        )

    def touch(self, ref: Ref, names: Iterable[str]) -> bool:
        """Take note of a change; False when it is none of this filter's."""
        walked = self._selected.walked
        moved = any((ref, name) in walked for name in names)
        self._moved = self._moved or moved
        if ref in self._selected.objects:
            self._dirty.add(ref)
            return True
        return moved or ref in self._selected.missing

    def state(self) -> State:
        """What it sees now; the same object as long as nothing has changed."""
        if self._moved or self._dirty:
            before = self._state
            if self._moved:
                self._selected = self._select()
            self._state = self._reread(before)
            self._moved = False
            self._dirty.clear()
        return self._state

    def _select(self) -> Selected:
        selected = select(self._world, self.spec.object_set)
        selected.objects = {ref: None for ref in selected.objects if self._reader.wants(ref)}
        return selected

    def _reread(self, before: State) -> State:
        present = (ref for ref in self._selected.objects if ref in self._world)
        return {
            ref: self._reader.read(ref) if ref in self._dirty or ref not in before else before[ref]
            for ref in present
        }


def changes(before: State, after: State, *, partial: bool) -> list[ObjectUpdate]:
    """What happened between two moments: what entered, what changed, what left."""
    found = [
        _update(ref, before.get(ref), values, partial=partial)
        for ref, values in after.items()
        if before.get(ref) is not values
    ]
    left = [
        ObjectUpdate(kind=ObjectUpdateKind.LEAVE, obj=ref) for ref in before if ref not in after
    ]
    return left + [update for update in found if update is not None]


def _update(ref: Ref, old: Values | None, new: Values, *, partial: bool) -> ObjectUpdate | None:
    if old is None:
        told = tuple(_assign(ref, path, value) for path, value in new.items())
        return ObjectUpdate(kind=ObjectUpdateKind.ENTER, obj=ref, change_set=told)
    differing = properties.diff(old, new, partial=partial, kind=ref.kind)
    if not differing:
        return None
    return ObjectUpdate(kind=ObjectUpdateKind.MODIFY, obj=ref, change_set=differing)


def _assign(ref: Ref, path: str, value: object) -> PropertyChange:
    told = properties.typed(ref.kind, path, value)
    return PropertyChange(name=path, op=PropertyChangeOp.ASSIGN, val=told)
