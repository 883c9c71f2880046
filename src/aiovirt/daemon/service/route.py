"""What is known of a procedure before a driver is: how it is read, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from aiovirt.bindings import Binding
from aiovirt.clients.libvirt import is_quick
from aiovirt.daemon.access.permissions import is_reading, refused_readonly
from aiovirt.daemon.service.handler import AnyHandler
from aiovirt.daemon.service.permissions import Need, needs_of
from aiovirt.protocols.libvirt.procedure import Procedure, Program
from aiovirt.protocols.libvirt.tables import structs
from aiovirt.protocols.xdr import Struct, codec

__all__ = ["Route", "route_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One procedure.

    Attributes:
        procedure: The table's entry.
        decode: Reads its arguments; raises `DecodeError`.
        encode: Writes its result; raises `EncodeError`.
        handler: What answers it, where no row does.
        rows: The rows that may answer it; mostly one.
        needs: The permissions it needs.
        changing: Whether it changes something: it is recorded, and finished when the client goes.
        for_readers: Whether a read-only connection may call it, its flags left aside.
        quick: Whether no guest can hold it up.
        about: The field of its arguments that names a domain, or None.
    """

    procedure: Procedure[Any, Any]
    decode: Callable[[bytes], Struct]
    encode: Callable[[Struct], bytes]
    handler: AnyHandler | None
    rows: tuple[Binding, ...]
    needs: tuple[Need, ...]
    changing: bool
    for_readers: bool
    quick: bool
    about: str | None

    def group(self, args: Struct) -> Hashable:
        """The calls among which one has its place: those as quick about the same domain."""
        if self.about is None:
            return self.quick
        wire = getattr(args, self.about)
        domain: structs.Domain = getattr(wire, "dom", wire)
        return self.quick, domain.uuid


_ADMIN_READS = re.compile(r"_(GET|LIST|LOOKUP)_|^CONNECT_(OPEN|CLOSE)$")
"""The procedures of virt-admin that change nothing: libvirt has no permissions for them."""


def _is_changing(procedure: Procedure[Any, Any], needs: tuple[Need, ...]) -> bool:
    if procedure.program is Program.ADMIN:
        return _ADMIN_READS.search(procedure.name) is None
    return any(not is_reading(need.permission) and need.applies is None for need in needs)


def route_of(
    procedure: Procedure[Any, Any], handler: AnyHandler | None, rows: tuple[Binding, ...]
) -> Route:
    """Make a route."""
    needs = needs_of(procedure)
    return Route(
        procedure=procedure,
        decode=codec(procedure.args).decode,
        encode=codec(procedure.ret).encode,
        handler=handler,
        rows=rows,
        needs=needs,
        changing=_is_changing(procedure, needs),
        for_readers=not refused_readonly(procedure),
        quick=is_quick(procedure),
        about=next((need.field for need in needs if need.kind == "domain" and need.field), None),
    )
