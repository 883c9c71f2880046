"""Whether a client may do what it calls, and see what it gets.

A client names objects as it likes; where a rule looks at an object, the host's own name counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints
from uuid import UUID

import msgspec

from aiovirt.bindings.values import NETWORK
from aiovirt.daemon.access.permissions import is_reading
from aiovirt.daemon.access.refusals import denied, with_number
from aiovirt.daemon.access.subjects import Subject, subject_of
from aiovirt.daemon.service.operations import Operation, arguments
from aiovirt.daemon.service.permissions import KIND_OF, Need
from aiovirt.errors import NotFound, PermissionDenied, Unsupported
from aiovirt.interfaces import Definition, NetworkFilters, Networks, Secrets, StoragePools
from aiovirt.interfaces import StorageVolumes as Volumes
from aiovirt.interfaces.driver import Driver
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["asking_all", "check", "free_to_call", "may", "seen"]


def free_to_call(session: Session, operation: Operation) -> bool:
    """Whether a client may call a procedure whatever its arguments are, and see all of its result.

    That is so for whoever may do everything, and for readers of most that can be read.
    """
    route, grants = operation.route, session.grants
    if grants.everything:
        return True
    if grants.asks or operation.stream is not None:
        return False
    if session.identity.readonly and not route.for_readers:
        return False
    wanted = [need.permission for need in route.needs]
    wanted += route.procedure.acl_filter
    return all(need.applies is None for need in route.needs) and all(
        grants.allows(permission, None) and not grants.looks_at(permission) for permission in wanted
    )


async def check(session: Session, operation: Operation, args: Struct) -> None:
    """Refuse a call that the client may not make.

    Raises:
        PermissionDenied: It may not; the permission is named.
        NotFound: The object is not there.
    """
    grants, route = session.grants, operation.route
    if grants.everything:
        return
    if session.identity.readonly and not route.for_readers:
        raise _readonly(route.procedure)
    for need in route.needs:
        if need.applies is not None and not need.applies(args):
            continue
        if session.identity.readonly and not is_reading(need.permission):
            raise _readonly(route.procedure)
        for subject in await _subjects(session, operation, need, args):
            await _demand(session, need.permission, subject)
    for permission in route.procedure.acl_filter:
        if not session.daemon.access.looks_at(session.identity, permission):
            await _demand(session, permission, None)


def _readonly(procedure: Procedure[Any, Any]) -> PermissionDenied:
    error = PermissionDenied(f"operation {procedure.name} forbidden for read only access")
    return with_number(error, ErrorNumber.ERR_OPERATION_DENIED, ErrorDomain.NONE)


async def _demand(session: Session, permission: str, subject: object | None) -> None:
    if not await may(session, permission, subject):
        raise denied(f"{session.identity.name} may not do {permission}{_on(subject)}")


def _on(subject: object | None) -> str:
    known = subject_of(subject)
    return f" on {known.label or known.uuid}" if known is not None else ""


async def may(session: Session, permission: str, subject: object | None) -> bool:
    """Whether a client may do something with an object, which has the host's own name."""
    access, identity = session.daemon.access, session.identity
    if access.needs_ask(identity, (permission,)):
        driver = session.driver.name if session.driver is not None else ""
        return await access.allowed(identity, permission, subject, driver=driver)
    return access.decide(identity, permission, subject)


async def _subjects(
    session: Session, operation: Operation, need: Need, args: Struct
) -> list[object | None]:
    """What a permission is to be asked for, each by the host's own name."""
    if need.kind == "connect":
        return [None]
    if not session.daemon.access.looks_at(session.identity, need.permission):
        return [None]
    if need.field is not None:
        return [await _host_own(session, need.named_in(args))]
    if is_reading(need.permission) and _tells(operation.route.procedure, need.kind):
        return []  # `seen` looks at what is found
    return await _of_document(session, operation, need, args)


def _tells(procedure: Procedure[Any, Any], kind: str) -> bool:
    """Whether a procedure's result has the object that its arguments do not name."""
    return any(KIND_OF.get(one) == kind for one in _kinds_in(procedure).values())


async def _of_document(
    session: Session, operation: Operation, need: Need, args: Struct
) -> list[object | None]:
    """The object that a document in the arguments describes, and the one whose UUID it has.

    Beside a file it tells nothing: the file itself has the object.
    """
    given = {} if operation.row is None else await arguments(operation.row, args)
    if "path" in given:
        return [None]
    config = given.get("config")
    name, uuid = getattr(config, "name", None), getattr(config, "uuid", None)
    if not name and uuid is None:
        return [None]
    pool = getattr(args, "pool", None) if need.kind == "storage_vol" else None
    place = "" if pool is None else getattr(await _host_own(session, pool), "name", "")
    told: list[object | None] = [Subject(need.kind, name or "", str(uuid or ""), place)]
    find = _BY_UUID.get(need.kind)
    if isinstance(uuid, UUID) and find is not None and session.driver is not None:
        with suppress(NotFound, Unsupported):
            told.append(await find(session.driver, uuid))
    return told


async def _host_own(session: Session, wire: Any) -> object:  # noqa: ANN401 - one of the structs
    """The object with the name that the host has for its UUID."""
    if isinstance(wire, Subject):  # it has a name and nothing else
        return wire
    driver, kind = session.driver, KIND_OF[type(wire)]
    if driver is not None and kind == "network_port":
        network = await driver.ability(Networks).find_by_uuid(UUID(bytes=wire.net.uuid))
        return msgspec.structs.replace(wire, net=NETWORK.send(network))
    inner = getattr(wire, "dom", wire)
    find = _BY_UUID.get(kind)
    if driver is not None and find is not None:
        return await find(driver, UUID(bytes=inner.uuid))
    if driver is not None and kind == "storage_vol":
        found = await driver.ability(Volumes).find_by_key(wire.key)
        # A driver may go by the pool and the name: all that is sent has to mean one volume.
        if (found.pool, found.name) != (wire.pool, wire.name):
            raise NotFound(f"the key {wire.key!r} is not that of {wire.name!r} in {wire.pool!r}")
        return found
    return wire


_Find: TypeAlias = Callable[[Driver, UUID], Awaitable[object]]

_BY_UUID: Mapping[str, _Find] = {
    "domain": lambda driver, uuid: driver.ability(Definition).find_by_uuid(uuid),
    "network": lambda driver, uuid: driver.ability(Networks).find_by_uuid(uuid),
    "storage_pool": lambda driver, uuid: driver.ability(StoragePools).find_by_uuid(uuid),
    "nwfilter": lambda driver, uuid: driver.ability(NetworkFilters).find_by_uuid(uuid),
    "secret": lambda driver, uuid: driver.ability(Secrets).find_by_uuid(uuid),
}


_REGISTERS = "EVENT"
"""What the names of those procedures have whose permissions to see are for what is told later."""


# --- what a client may see ------------------------------------------------------------------------


def asking_all(args: Struct) -> Struct:
    """The arguments, but for the things where only their number is wanted: some may be cut."""
    if getattr(args, "need_results", 1):
        return args
    return msgspec.structs.replace(args, need_results=1)


async def seen(session: Session, operation: Operation, args: Struct, reply: Struct) -> Struct:
    """A result, without what the client may not see.

    Raises:
        PermissionDenied: It is one object, and the client may not see it.
        Unsupported: It is a list that cannot be cut: libvirt's first lists, of names and numbers.
    """
    procedure = operation.route.procedure
    for need in operation.route.needs:
        if need.field is None and need.kind != "connect" and is_reading(need.permission):
            for name, kind in _kinds_in(procedure).items():
                if KIND_OF.get(kind) == need.kind:
                    await _demand(session, need.permission, getattr(reply, name))
    if _REGISTERS in procedure.name:  # each event is looked at when it is told
        return reply
    for permission in procedure.acl_filter:
        if session.daemon.access.looks_at(session.identity, permission):
            reply = await _cut(session, procedure, permission, reply)
    if getattr(args, "need_results", 1):
        return reply
    name, *_ = procedure.ret.__struct_fields__
    return msgspec.structs.replace(reply, **{name: []})


async def _cut(
    session: Session, procedure: Procedure[Any, Any], permission: str, reply: Struct
) -> Struct:
    name, *_ = procedure.ret.__struct_fields__
    items = getattr(reply, name)
    if not isinstance(items, list) or any(_object_of(one) is None for one in items):
        raise Unsupported("access", procedure.name, "rules look at each object: use newer calls")
    kept = [one for one in items if await may(session, permission, _object_of(one))]
    changed: dict[str, Any] = {name: kept}
    if "ret" in procedure.ret.__struct_fields__:
        changed["ret"] = len(kept)
    return msgspec.structs.replace(reply, **changed)


def _object_of(item: Any) -> object | None:  # noqa: ANN401 - of any list
    """The struct of the object that an item of a list is, or is about."""
    if type(item) in KIND_OF:
        found: object = item
        return found
    inner: object = getattr(item, "dom", None)
    return inner if type(inner) in KIND_OF else None


def _kinds_in(procedure: Procedure[Any, Any]) -> Mapping[str, type]:
    return get_type_hints(procedure.ret)
