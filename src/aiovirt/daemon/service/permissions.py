"""Which permissions a call needs, and on which object. Who has them is decided elsewhere.

The tables have libvirt's own notes (its ``@acl`` comments): ``object:permission``, perhaps with a
flag that makes it needed, with flags none of which is set, or with a field and its value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, get_type_hints

from aiovirt.daemon.access.permissions import notes_of
from aiovirt.daemon.access.subjects import Subject
from aiovirt.model import constants as k
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import storage as s
from aiovirt.protocols.libvirt.tables import structs
from aiovirt.protocols.xdr import Struct

__all__ = ["KIND_OF", "Need", "needs_of"]

Applies: TypeAlias = Callable[[Any], bool]

KIND_OF: Mapping[type[Struct], str] = {
    structs.Domain: "domain",
    structs.DomainSnapshot: "domain",
    structs.DomainCheckpoint: "domain",
    structs.Network: "network",
    structs.NetworkPort: "network_port",
    structs.StoragePool: "storage_pool",
    structs.StorageVol: "storage_vol",
    structs.Secret: "secret",
    structs.NodeDevice: "node_device",
    structs.Interface: "interface",
    structs.Nwfilter: "nwfilter",
    structs.NwfilterBinding: "nwfilter_binding",
}
"""The structs that name objects, and the objects of permissions that they name."""

_FLAGS: Mapping[str, int] = {
    "VIR_DOMAIN_AFFECT_CONFIG": k.DomainModificationImpact.CONFIG,
    "VIR_DOMAIN_AFFECT_LIVE": k.DomainModificationImpact.LIVE,
    "VIR_NETWORK_UPDATE_AFFECT_CONFIG": k.NetworkUpdateFlags.AFFECT_CONFIG,
    "VIR_NETWORK_UPDATE_AFFECT_LIVE": k.NetworkUpdateFlags.AFFECT_LIVE,
    "VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG": k.NodeDeviceUpdateFlags.CONFIG,
    "VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE": k.NodeDeviceUpdateFlags.LIVE,
    "VIR_DOMAIN_VCPU_GUEST": k.DomainVcpuFlags.GUEST,
    "VIR_DOMAIN_SHUTDOWN_GUEST_AGENT": k.DomainShutdownFlags.GUEST_AGENT,
    "VIR_DOMAIN_REBOOT_GUEST_AGENT": k.DomainRebootFlags.GUEST_AGENT,
    "VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT": k.DomainInterfaceAddressesSource.AGENT,
    "VIR_DOMAIN_XML_SECURE": k.DomainXMLFlags.SECURE,
    "VIR_DOMAIN_XML_MIGRATABLE": k.DomainXMLFlags.MIGRATABLE,
    "VIR_DOMAIN_SNAPSHOT_XML_SECURE": k.DomainSnapshotXMLFlags.SECURE,
    "VIR_DOMAIN_SAVE_IMAGE_XML_SECURE": k.DomainSaveImageXMLFlags.SECURE,
    "VIR_DOMAIN_CHECKPOINT_XML_SECURE": k.DomainCheckpointXMLFlags.SECURE,
    "VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE": k.DomainSnapshotCreateFlags.QUIESCE,
    "VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE": k.DomainCheckpointCreateFlags.QUIESCE,
}
"""The flags that make a permission needed."""


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a call needs.

    Attributes:
        permission: Such as ``domain:start``.
        kind: Its object, such as ``domain``; ``connect`` is the host as a whole.
        field: The field of the arguments that names the object, or None: it is ``connect``, or
            the object is known only by a document in the arguments, or by the result.
        applies: Whether these arguments need it, or None when all do.
    """

    permission: str
    kind: str
    field: str | None
    applies: Applies | None

    def named_in(self, args: Struct) -> object | None:
        """The object that a call's arguments name, by a struct or by its name alone; or None."""
        named: object = None if self.field is None else getattr(args, self.field)
        return Subject(self.kind, named) if isinstance(named, str) else named


_COPIED: Mapping[Procedure[Any, Any], str] = {s.STORAGE_VOL_CREATE_XML_FROM: "clonevol"}
"""Procedures that copy a volume, and the field that names it: what is made is another."""


def needs_of(procedure: Procedure[Any, Any]) -> tuple[Need, ...]:
    """The permissions that a procedure's note names.

    To copy a volume one must be allowed to read it, too, which libvirt does not ask for.
    """
    fields = _fields_of(procedure)
    copied = _COPIED.get(procedure)
    if copied is None:
        return tuple(_need(note, fields) for note in notes_of(procedure))
    del fields["storage_vol"]
    read = Need("storage_vol:data_read", "storage_vol", copied, None)
    return (*(_need(note, fields) for note in notes_of(procedure)), read)


def _fields_of(procedure: Procedure[Any, Any]) -> dict[str, str]:
    """The first field for each kind of object; devices of the host are named by a text alone."""
    found: dict[str, str] = {}
    kinds = get_type_hints(procedure.args)
    for name, kind in kinds.items():
        if kind in KIND_OF:
            found.setdefault(KIND_OF[kind], name)
    looked_up = structs.NodeDevice in get_type_hints(procedure.ret).values()
    if procedure.name.startswith("NODE_DEVICE_") and "name" in kinds and not looked_up:
        found["node_device"] = "name"
    return found


def _need(note: str, fields: Mapping[str, str]) -> Need:
    kind, word, *rest = note.split(":")
    return Need(f"{kind}:{word}", kind, fields.get(kind), _condition(*rest) if rest else None)


def _condition(flag: str, field: str = "flags", value: str = "") -> Applies:
    """What the rest of a note says: a flag, ``!`` and flags, or a field and its value."""
    if value:
        wanted = _FLAGS[value]
        return lambda args: bool(getattr(args, field) == wanted)
    bits = 0
    for name in flag.removeprefix("!").split("|"):
        bits |= int(_FLAGS[name])
    if flag.startswith("!"):
        return lambda args: not getattr(args, field) & bits
    return lambda args: bool(getattr(args, field) & bits)
