"""Views: sets of objects for the property collector, by container or by list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import collector_methods as m
from aiovirt.protocols.vsphere.tables.index import OBJECTS
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.world import World

CONTAINERS = ("Folder", "Datacenter", "ComputeResource", "ResourcePool", "HostSystem")

_CHILDREN = {
    "Folder": ("childEntity",),
    "Datacenter": ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    "ComputeResource": ("resourcePool", "host"),
    "ResourcePool": ("resourcePool", "vm"),
    "HostSystem": ("vm",),
    "DistributedVirtualSwitch": ("portgroup",),
}


@handles(m.CREATE_CONTAINER_VIEW)
def create_container_view(call: Call, args: m.CreateContainerViewArgs) -> Ref:
    """Make a view of what is in a container; it follows what changes there."""
    call.check(args.container, "ManagedEntity", "container")
    if not any(is_kind(args.container.kind, kind) for kind in CONTAINERS):
        raise faults.invalid_argument("container")
    if not OBJECTS.keys() >= set(args.type):
        raise faults.invalid_argument("type")
    ref = _make(call, "ContainerView")
    view = ContainerView(call.world, ref, args)
    call.world.watch(ref, view.touch)
    return ref


@handles(m.CREATE_LIST_VIEW)
def create_list_view(call: Call, args: m.CreateListViewArgs) -> Ref:
    """Make a view of some objects."""
    ref = _make(call, "ListView")
    present, _ = _split(call.world, args.obj)
    call.world.put(ref, view=present)
    return ref


@handles(m.CREATE_LIST_VIEW_FROM_VIEW)
def create_list_view_from_view(call: Call, args: m.CreateListViewFromViewArgs) -> Ref:
    """Make a view of what another has now."""
    call.check(args.view, "View", "view")
    ref = _make(call, "ListView")
    call.world.put(ref, view=call.world.refs(args.view, "view"))
    return ref


@handles(m.MODIFY_LIST_VIEW)
def modify_list_view(call: Call, args: m.ModifyListViewArgs) -> tuple[Ref, ...]:
    """Add to a view and take from it; give what could not be added."""
    present, missing = _split(call.world, args.add)
    kept = [ref for ref in call.world.refs(call.this, "view") if ref not in args.remove]
    call.world.put(call.this, view=tuple(dict.fromkeys((*kept, *present))))
    return missing


@handles(m.RESET_LIST_VIEW)
def reset_list_view(call: Call, args: m.ResetListViewArgs) -> tuple[Ref, ...]:
    """Let a view have other objects; give what could not be added."""
    present, missing = _split(call.world, args.obj)
    call.world.put(call.this, view=present)
    return missing


@handles(m.RESET_LIST_VIEW_FROM_VIEW)
def reset_list_view_from_view(call: Call, args: m.ResetListViewFromViewArgs) -> None:
    """Let a view have what another has now."""
    call.check(args.view, "View", "view")
    call.world.put(call.this, view=call.world.refs(args.view, "view"))


@handles(m.DESTROY_VIEW)
def destroy_view(call: Call, _: Empty) -> None:
    """Give a view up."""
    call.caller.owned.discard(call.this)
    call.world.remove(call.this)


def _make(call: Call, kind: str) -> Ref:
    ref = Ref(kind, f"session[{call.caller.key}]{call.world.uuid()}")
    call.world.make(ref, view=())
    call.caller.owned.add(ref)
    return ref


def _split(world: World, refs: Iterable[Ref]) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
    known = dict.fromkeys(refs)
    return tuple(ref for ref in known if ref in world), tuple(r for r in known if r not in world)


class ContainerView:
    """Keeps one container view as the inventory is.

    Args:
        world: The objects.
        ref: The view.
        spec: What it is of.
    """

    def __init__(self, world: World, ref: Ref, spec: m.CreateContainerViewArgs) -> None:
        self._world = world
        self._ref = ref
        self._spec = spec
        self._walked: set[tuple[Ref, str]] = set()
        world.put(ref, container=spec.container, type=spec.type, recursive=spec.recursive)
        self._fill()

    def touch(self, ref: Ref, names: Iterable[str]) -> None:
        """Look again when a change is about what the view is of; a watcher of the world."""
        if any((ref, name) in self._walked for name in names):
            self._fill()

    def _fill(self) -> None:
        self._walked.clear()
        found = dict.fromkeys(self._members(self._spec.container, {self._spec.container}))
        self._world.put(self._ref, view=tuple(found))

    def _members(self, at: Ref, seen: set[Ref]) -> Iterator[Ref]:
        for ref in self._children(at):
            if ref in seen or ref not in self._world:
                continue
            seen.add(ref)
            if self._wanted(ref):
                yield ref
            if self._spec.recursive and not is_kind(ref.kind, "HostSystem"):
                yield from self._members(ref, seen)

    def _children(self, at: Ref) -> Iterator[Ref]:
        for kind, names in _CHILDREN.items():
            for name in names if is_kind(at.kind, kind) else ():
                self._walked.add((at, name))
                value = self._world.objects[at].properties.get(name)
                yield from (value,) if isinstance(value, Ref) else self._world.refs(at, name)

    def _wanted(self, ref: Ref) -> bool:
        return not self._spec.type or any(is_kind(ref.kind, kind) for kind in self._spec.type)
