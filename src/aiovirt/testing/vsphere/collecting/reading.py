"""Which properties of an object a filter is about, and what they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import Ref, properties
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables.collector import PropertySpec
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.world import World

__all__ = ["Reader", "head_of", "value_at"]

Values = Mapping[str, object]


def head_of(path: str) -> str:
    """The property of the object itself that a path begins with."""
    return path.partition(".")[0].partition("[")[0]


def value_at(world: World, ref: Ref, path: str) -> object:
    """What stands at a path, or None."""
    known = world.objects[ref].properties
    head = head_of(path)
    value = known.get(head)
    if value is None or head == path:
        return value
    return properties.get(known, path)


def _leads_somewhere(kind: str, path: str) -> bool:
    try:
        return properties.property_form(kind, path) is not None
    except ProtocolError:
        return False


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what some specifications ask for.

    Attributes:
        world: The objects.
        specs: Which properties of which kinds.
        overlay: What the caller sees otherwise than all others, such as its own session.
    """

    world: World
    specs: Sequence[PropertySpec]
    overlay: Mapping[Ref, Values]

    def check(self) -> None:
        """Refuse a path that leads nowhere.

        Raises:
            VimFault: InvalidProperty, which names it.
        """
        for spec in self.specs:
            for path in spec.path_set:
                if not _leads_somewhere(spec.type, path):
                    raise faults.invalid_property(path)

    def wants(self, ref: Ref) -> bool:
        """Whether an object is asked for at all."""
        return any(is_kind(ref.kind, spec.type) for spec in self.specs)

    def paths(self, ref: Ref) -> Iterable[str]:
        """The paths that are asked for; each once."""
        found: dict[str, None] = {}
        for spec in self.specs:
            if is_kind(ref.kind, spec.type):
                found |= dict.fromkeys(self._known(ref) if spec.all else spec.path_set)
        return found

    def read(self, ref: Ref) -> dict[str, object]:
        """What stands at the paths that are asked for; what is unset is left out."""
        own = self.overlay.get(ref, {})
        found = {
            path: own[path] if path in own else value_at(self.world, ref, path)
            for path in self.paths(ref)
        }
        return {path: value for path, value in found.items() if value is not None}

    def _known(self, ref: Ref) -> Iterable[str]:
        return {**self.world.objects[ref].properties, **self.overlay.get(ref, {})}
