"""Which objects of a vCenter are meant by who speaks of tags, and how those are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from aiovirt.drivers.esx.session import Session
from aiovirt.errors import ConfigError
from aiovirt.model.domain import DomainKey
from aiovirt.model.tags import TaggableKind, Tagged, TaggedObject
from aiovirt.protocols.vsphere import Ref

__all__ = ["kinds_of", "object_of", "ref_of", "types_of"]

_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    TaggableKind.DOMAIN: ("VirtualMachine",),
    TaggableKind.HOST: ("HostSystem",),
    TaggableKind.CLUSTER: ("ClusterComputeResource",),
    TaggableKind.POOL: ("Datastore",),
    TaggableKind.NETWORK: ("Network", "DistributedVirtualPortgroup", "OpaqueNetwork"),
    TaggableKind.SWITCH: ("DistributedVirtualSwitch", "VmwareDistributedVirtualSwitch"),
    TaggableKind.FOLDER: ("Folder",),
    TaggableKind.DATACENTER: ("Datacenter",),
}
"""A kind -> the server's names for it."""

_KINDS: Final = {name: kind for kind, names in _TYPES.items() for name in names}
_VIM: Final = "urn:vim25:"
"""What may stand before the server's names in categories."""


def types_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The server's names for kinds of objects.

    Raises:
        ConfigError: A kind is none.
    """
    wanted = sorted(kinds)
    for kind in wanted:
        if kind not in _TYPES:
            raise ConfigError(
                f"there is no kind of objects {kind!r}",
                field="kinds",
                hint=f"there are: {', '.join(_TYPES)}",
            )
    return tuple(name for kind in wanted for name in _TYPES[kind])


def kinds_of(types: Iterable[str]) -> AbstractSet[str]:
    """The kinds of the server's names; those that are not known here stay as they are."""
    names = (each.removeprefix(_VIM) for each in types)
    return frozenset(str(_KINDS.get(name, name)) for name in names)


def ref_of(session: Session, what: Tagged) -> Ref:
    """The object that is meant.

    Raises:
        NotFound: It is not there; the hint names what is.
        ConfigError: Its kind is none.
    """
    if isinstance(what, DomainKey):
        return session.machines.get(what).ref
    if what.domain is not None:
        return session.machines.get(what.domain).ref
    if what.kind == TaggableKind.DOMAIN:
        return session.machines.by_name(what.name).ref
    below = None if what.kind == TaggableKind.DATACENTER else session.scope.datacenter
    return session.tree.named(what.name, *types_of([what.kind]), below=below)


def object_of(session: Session, ref: Ref) -> TaggedObject | None:
    """An object by its name; None for a domain that the URI does not mean."""
    if ref.kind == "VirtualMachine":
        machine = session.machines.find(ref)
        if machine is None:
            return None
        return TaggedObject(TaggableKind.DOMAIN, machine.name, machine.key)
    return TaggedObject(_KINDS.get(ref.kind, ref.kind), session.tree.name(ref))
