"""Which part of an inventory a URI means: ``vpx://user@vcenter/Folder/Datacenter/Cluster/Host``.

The path may end early: a datacenter alone is all below it, no path at all the whole inventory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiovirt.drivers.common.vmx.escapes import unescape_name
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.machine import Machine
from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind

__all__ = ["Scope", "resolve", "whole_host"]

_PLACES: Final = ("Folder", "Datacenter", "ComputeResource", "ClusterComputeResource", "HostSystem")
_SHARED: Final = (
    "Datastore",
    "Network",
    "DistributedVirtualSwitch",
    "Folder",
    "Datacenter",
)
_COMPUTE: Final = ("ComputeResource", "ClusterComputeResource")


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of an inventory that a connection is about; None is all of that kind.

    Attributes:
        datacenter: The datacenter.
        compute: The cluster, or the compute resource of a host that is in none.
        host: The host.
        folder: The folder that the datacenters are in.
    """

    datacenter: Ref | None = None
    compute: Ref | None = None
    host: Ref | None = None
    folder: Ref | None = None

    def holds(self, machine: Machine, tree: Tree) -> bool:
        """Whether a machine is in it."""
        if self.host is not None:
            return machine.host == self.host
        if self.compute is not None:
            return machine.host is not None and tree.parent(machine.host) == self.compute
        above = self.datacenter or self.folder
        return above is None or above in tree.above(machine.ref)

    def covers(self, ref: Ref, tree: Tree) -> bool:
        """Whether any object belongs to it.

        Datastores, networks and folders do that are in its datacenter: they are of no host alone.
        """
        shared = any(is_kind(ref.kind, kind) for kind in _SHARED)
        most = None if shared else self.host or self.compute
        top = most or self.datacenter or self.folder
        return top is None or top in {ref, *tree.above(ref)}


def whole_host(tree: Tree) -> Scope:
    """The scope of an ESX host, which has one datacenter, one compute resource and itself."""
    return Scope(
        datacenter=next(tree.of_kind("Datacenter"), None),
        compute=next(tree.of_kind(*_COMPUTE), None),
        host=next(tree.of_kind("HostSystem"), None),
    )


def resolve(uri: URI, tree: Tree, root: Ref) -> Scope:
    """The scope of a path in a vCenter.

    A slash within a name is ``%2f`` there; in the URI that or ``%252f``, as libvirt wants it.

    Raises:
        ConfigError: Something on the path is not there; the hint names what there is.
    """
    at, names = root, [name for name in uri.path.split("/") if name]
    found: dict[str, Ref] = {}
    while names:
        at, names = _step(uri, tree, at, names)
        found[_field(at.kind)] = at
        if at.kind == "Datacenter":
            at = tree.get(at).get("hostFolder") or at
    scope = Scope(**found)
    if scope.datacenter is None:
        return scope
    return Scope(**{**found, "host": scope.host or _only_host(tree, scope.compute)})


def _field(kind: str) -> str:
    words = {"Datacenter": "datacenter", "HostSystem": "host", "Folder": "folder"}
    return words.get(kind, "compute")


def _step(uri: URI, tree: Tree, at: Ref, names: Sequence[str]) -> tuple[Ref, list[str]]:
    """The object that the first of the names mean, and the names that are left."""
    children = tree.children(at, *_PLACES)
    for child in children:
        taken = _taken(tree.get(child).get("name") or "", names)
        if taken:
            return child, list(names[taken:])
    there = dict.fromkeys(tree.get(child).get("name") or "" for child in children)
    known = ", ".join(list(there)[:20])
    raise ConfigError(
        f"vCenter {uri.host} has no {names[0]!r} in {tree.called(at)}, as the URI's path "
        f"{uri.path!r} wants",
        field="path",
        hint=f"there are: {known}" if known else "may the account see what is below it?",
    )


def _taken(name: str, names: Sequence[str]) -> int:
    """How many parts of a path a name takes: several where it holds a slash; 0 for none."""
    if names[0] == name:
        return 1
    parts = unescape_name(name).split("/")
    return len(parts) if list(names[: len(parts)]) == parts else 0


def _only_host(tree: Tree, compute: Ref | None) -> Ref | None:
    """The host of a compute resource that is no cluster."""
    if compute is None or compute.kind != "ComputeResource":
        return None
    return next(iter(tree.children(compute, "HostSystem")), None)
