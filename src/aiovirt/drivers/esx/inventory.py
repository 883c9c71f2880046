"""The objects of a server as the driver sees them: names, folders, who is above whom.

It looks at what the client keeps in memory and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiovirt.clients.vsphere import Inventory
from aiovirt.drivers.common.vmx.escapes import unescape_name
from aiovirt.errors import NotFound
from aiovirt.protocols.vsphere import Ref

__all__ = ["Tree"]

_WORDS: Final = {
    "VirtualMachine": "domain",
    "HostSystem": "host",
    "ComputeResource": "compute resource",
    "ClusterComputeResource": "cluster",
    "ResourcePool": "resource pool",
    "VirtualApp": "vApp",
    "Datacenter": "datacenter",
    "Folder": "folder",
    "Datastore": "datastore",
    "Network": "network",
    "DistributedVirtualPortgroup": "port group",
    "DistributedVirtualSwitch": "switch",
    "VmwareDistributedVirtualSwitch": "switch",
}
"""How objects are called in messages."""

MAX_DEPTH: Final = 64
"""How many objects stand above another at most; more is a circle."""


class Tree:
    """The objects of an inventory by what they are to each other.

    Args:
        inventory: What the client keeps.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def get(self, ref: Ref) -> Mapping[str, Any]:
        """What is known of an object; nothing where it is not there, or may not be seen."""
        return self._inventory.get(ref) or {}

    def of_kind(self, *kinds: str) -> Iterator[Ref]:
        """All objects of these kinds and of those derived from them, by their names."""
        found = {ref for kind in kinds for ref in self._inventory.of_kind(kind)}
        return iter(sorted(found, key=lambda ref: (self.name(ref), ref.value)))

    def name(self, ref: Ref) -> str:
        """An object's name, unescaped; its reference where it has none."""
        return unescape_name(self.get(ref).get("name") or "") or ref.value

    def word(self, ref: Ref) -> str:
        """What an object is: ``domain``."""
        return _WORDS.get(ref.kind, ref.kind)

    def called(self, ref: Ref) -> str:
        """An object in a message: ``domain 'web1'``."""
        return f"{self.word(ref)} {self.name(ref)!r}"

    def named(self, name: str, *kinds: str, below: Ref | None = None) -> Ref:
        """The object of a name.

        Args:
            name: The name, unescaped.
            kinds: Which kinds are meant.
            below: Only what stands somewhere below this one.

        Raises:
            NotFound: There is none; the hint names those there are.
        """
        known = []
        for ref in self.of_kind(*kinds):
            if below is None or below in self.above(ref):
                if self.name(ref) == name:
                    return ref
                known.append(self.name(ref))
        what = _WORDS.get(kinds[0], kinds[0])
        hint = f"there are: {', '.join(known[:20])}" if known else None
        raise NotFound(f"there is no {what} {name!r}", hint=hint)

    # --- above and below ------------------------------------------------------------------------

    def parent(self, ref: Ref) -> Ref | None:
        """The object above another; that of a machine without a folder is its host."""
        known = self.get(ref)
        above = known.get("parent")
        return known.get("runtime.host") if above is None else above

    def above(self, ref: Ref) -> Iterator[Ref]:
        """All that stands above an object, the nearest first."""
        at = self.parent(ref)
        for _ in range(MAX_DEPTH):
            if at is None:
                return
            yield at
            at = self.parent(at)

    def first_above(self, ref: Ref, *kinds: str) -> Ref | None:
        """The nearest object of these kinds above another, or None."""
        return next((each for each in self.above(ref) if each.kind in kinds), None)

    def datacenter(self, ref: Ref) -> Ref | None:
        """The datacenter that an object is in, or None."""
        return ref if ref.kind == "Datacenter" else self.first_above(ref, "Datacenter")

    def path(self, ref: Ref) -> str:
        """Where an object is, from the root's children on, as in a URI: ``folder/DC0``.

        Names are as the server has them, so that a slash within one is ``%2f``.
        """
        line = [ref, *self.above(ref)]
        names = [self.get(each).get("name") or each.value for each in line]
        return "/".join(reversed(names[:-1] if len(names) > 1 else names))

    def children(self, ref: Ref, *kinds: str) -> list[Ref]:
        """The objects of these kinds right below another, by name."""
        return [each for each in self.of_kind(*kinds) if self.get(each).get("parent") == ref]
