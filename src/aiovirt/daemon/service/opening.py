"""What a client calls before and after it uses a host: opening, features, closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiovirt.bindings.values import VERSION
from aiovirt.daemon.access.refusals import with_number
from aiovirt.daemon.service.handler import AnyHandler, StreamHandler
from aiovirt.errors import CallerError, Unsupported
from aiovirt.interfaces import HostInfo, Migration, Networks, immediate, supported
from aiovirt.model.constants import ConnectFlags, ErrorDomain, ErrorNumber
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import admin as a
from aiovirt.protocols.libvirt.tables import connect as c

if TYPE_CHECKING:
    from aiovirt.daemon.hosts import Host
    from aiovirt.daemon.service.session import Session

__all__ = ["CLAIMED", "FIRST", "HANDLERS"]

CLAIMED = (11, 3, 0)
"""The libvirt whose protocol is served, for drivers that claim no other."""

FIRST: Mapping[Procedure[Any, Any], bool] = {
    c.AUTH_LIST: True,
    c.AUTH_SASL_INIT: True,
    c.AUTH_SASL_START: True,
    c.AUTH_SASL_STEP: True,
    c.AUTH_POLKIT: True,
    c.CONNECT_SUPPORTS_FEATURE: False,
    c.CONNECT_OPEN: False,
    c.CONNECT_CLOSE: False,
    a.CONNECT_OPEN: False,
    a.CONNECT_CLOSE: False,
}
"""What a client may call that has opened nothing, and whether before it shows who it is."""

KEEPALIVE = 10
"""`VIR_DRV_FEATURE_PROGRAM_KEEPALIVE`: asking for it begins the daemon's own pings."""


# --- opening and closing ------------------------------------------------------------------------


async def _open(session: Session, call: Call, args: c.ConnectOpenArgs) -> None:
    if session.host is not None:
        raise _already_open()
    host = await session.daemon.hosts.get(args.name)
    if session.host is not None:  # by another call meanwhile
        raise _already_open()
    _opened(session, call, args, host)


def _open_at_once(session: Session, call: Call, args: c.ConnectOpenArgs) -> bool:
    """Open a host that is open already: nearly always."""
    host = None if session.host is not None else session.daemon.hosts.present(args.name)
    if host is None:
        return False
    _opened(session, call, args, host)
    return True


def _opened(session: Session, call: Call, args: c.ConnectOpenArgs, host: Host) -> None:
    if args.flags & ConnectFlags.RO and not session.readonly:
        session.becomes(readonly=True)
    session.opened(host)
    session.reply(call, c.CONNECT_OPEN, Empty())


def _already_open() -> CallerError:
    error = CallerError("connection already open")
    return with_number(error, ErrorNumber.ERR_INTERNAL_ERROR, ErrorDomain.RPC)


async def _close(session: Session, call: Call, _args: Empty) -> None:
    await session.closed_by_client()
    _closed(session, call, c.CONNECT_CLOSE)


def _close_at_once(session: Session, call: Call, _args: Empty) -> bool:
    """Close what leaves nothing to be done."""
    if session.must_close:
        return False
    _closed(session, call, c.CONNECT_CLOSE)
    return True


def _closed(session: Session, call: Call, procedure: Procedure[Empty, Empty]) -> None:
    session.reply(call, procedure, Empty())
    session.finish()


@immediate
async def _open_admin(_session: Session, _args: a.ConnectOpenArgs) -> Empty:
    return Empty()


async def _close_admin(session: Session, call: Call, _args: Empty) -> None:
    _closed(session, call, a.CONNECT_CLOSE)


# --- features -----------------------------------------------------------------------------------


@immediate
async def _supports(
    session: Session, args: c.ConnectSupportsFeatureArgs
) -> c.ConnectSupportsFeatureRet:
    if args.feature == KEEPALIVE:
        session.keep_alive()
    known = FEATURES.get(args.feature)
    return c.ConnectSupportsFeatureRet(int(known is not None and known(session)))


def _always(_session: Session) -> bool:
    return True


def _passes_descriptors(session: Session) -> bool:
    return session.line.passes_descriptors


def _having(ability: type[Any], operation: str) -> Callable[[Session], bool]:
    def has(session: Session) -> bool:
        driver = session.driver
        return driver is not None and operation in supported(ability, type(driver.ability(ability)))

    return has


_MIGRATES = _having(Migration, "prepare_migration")

# libvirt's virDrvFeature (src/libvirt_internal.h), by its numbers.
FEATURES: Mapping[int, Callable[[Session], bool]] = {
    4: _MIGRATES,  # MIGRATION_P2P
    6: _MIGRATES,  # MIGRATION_V3
    7: _MIGRATES,  # MIGRATE_CHANGE_PROTECTION
    8: _passes_descriptors,  # FD_PASSING
    9: _always,  # TYPED_PARAM_STRING
    KEEPALIVE: _always,
    11: _MIGRATES,  # XML_MIGRATABLE
    12: _MIGRATES,  # MIGRATION_OFFLINE
    13: _MIGRATES,  # MIGRATION_PARAMS
    14: _always,  # REMOTE_EVENT_CALLBACK
    15: _always,  # REMOTE_CLOSE_CALLBACK
    16: _having(Networks, "update"),  # NETWORK_UPDATE_HAS_CORRECT_ORDER
}


# --- facts of the connection --------------------------------------------------------------------


@immediate
async def _uri(session: Session, _args: Empty) -> c.ConnectGetUriRet:
    return c.ConnectGetUriRet(str(session.opened_host().uri))


@immediate
async def _type(session: Session, _args: Empty) -> c.ConnectGetTypeRet:
    return c.ConnectGetTypeRet(session.opened_host().driver.name)


async def _library_version(session: Session, _args: Empty) -> c.ConnectGetLibVersionRet:
    try:
        version = await session.ability(HostInfo).library_version()
    except Unsupported:
        version = CLAIMED
    return c.ConnectGetLibVersionRet(VERSION.send(version))


@immediate
async def _is_secure(session: Session, _args: Empty) -> c.ConnectIsSecureRet:
    return c.ConnectIsSecureRet(int(session.line.encrypted or session.line.local))


# --- the close callback -------------------------------------------------------------------------


@immediate
async def _callback(_session: Session, _args: Empty) -> Empty:
    """Drivers run in this process: that one is lost is seen by the connection's own end."""
    return Empty()


HANDLERS: Mapping[Procedure[Any, Any], AnyHandler] = {
    c.CONNECT_OPEN: StreamHandler(_open, _open_at_once),
    c.CONNECT_CLOSE: StreamHandler(_close, _close_at_once),
    a.CONNECT_OPEN: _open_admin,
    a.CONNECT_CLOSE: StreamHandler(_close_admin),
    c.CONNECT_SUPPORTS_FEATURE: _supports,
    c.CONNECT_GET_URI: _uri,
    c.CONNECT_GET_TYPE: _type,
    c.CONNECT_GET_LIB_VERSION: _library_version,
    c.CONNECT_IS_SECURE: _is_secure,
    c.CONNECT_REGISTER_CLOSE_CALLBACK: _callback,
    c.CONNECT_UNREGISTER_CLOSE_CALLBACK: _callback,
}
