"""Which objects a filter is about: the walk over the inventory that its specification describes.

Source: VMware's API reference, PropertyFilterSpec, ObjectSpec and TraversalSpec.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables.collector import ObjectSpec, SelectionSpec, TraversalSpec
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.collecting.reading import head_of, value_at
from aiovirt.testing.vsphere.world import World

__all__ = ["Selected", "select"]


@dataclass(slots=True)
class Selected:
    """What a walk found.

    Attributes:
        objects: The objects, in the order they were found.
        walked: The properties that led to them: when one changes, another walk may find others.
        missing: Objects to begin at that do not exist.
    """

    objects: dict[Ref, None] = field(default_factory=dict)
    walked: set[tuple[Ref, str]] = field(default_factory=set)
    missing: list[Ref] = field(default_factory=list)


def select(world: World, specs: Iterable[ObjectSpec]) -> Selected:
    """Walk from each object where specifications begin."""
    selected = Selected()
    for spec in specs:
        if spec.obj in world:
            _walk(world, spec, selected)
        else:
            selected.missing.append(spec.obj)
    return selected


def _walk(world: World, spec: ObjectSpec, selected: Selected) -> None:
    named = {each.name: each for each in _traversals(spec.select_set) if each.name}
    waiting = deque([(spec.obj, bool(spec.skip), tuple(spec.select_set))])
    seen: set[tuple[Ref, int]] = set()
    while waiting:
        ref, skip, selections = waiting.popleft()
        if not skip:
            selected.objects[ref] = None
        for traversal in (_resolved(each, named) for each in selections):
            if (ref, id(traversal)) not in seen and is_kind(ref.kind, traversal.type):
                seen.add((ref, id(traversal)))
                waiting += _beyond(world, ref, traversal, selected)


_Step: TypeAlias = tuple[Ref, bool, tuple[SelectionSpec, ...]]


def _beyond(world: World, ref: Ref, traversal: TraversalSpec, selected: Selected) -> list[_Step]:
    """The objects that a property leads to, and how the walk goes on from them."""
    selected.walked.add((ref, head_of(traversal.path)))
    found = _refs(value_at(world, ref, traversal.path))
    beyond = tuple(traversal.select_set)
    return [(each, bool(traversal.skip), beyond) for each in found if each in world]


def _traversals(selections: Iterable[SelectionSpec]) -> Iterator[TraversalSpec]:
    for selection in selections:
        if isinstance(selection, TraversalSpec):
            yield selection
            yield from _traversals(selection.select_set)


def _resolved(selection: SelectionSpec, named: dict[str, TraversalSpec]) -> TraversalSpec:
    if isinstance(selection, TraversalSpec):
        return selection
    found = named.get(selection.name or "")
    if found is None:
        raise faults.invalid_argument("specSet.objectSet.selectSet.name")
    return found


def _refs(value: object) -> Sequence[Ref]:
    if isinstance(value, Ref):
        return (value,)
    if isinstance(value, tuple):
        return [each for each in value if isinstance(each, Ref)]
    return ()
