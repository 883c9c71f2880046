"""Logging in and out, the service's content, the server's time, and what an account may do."""

from __future__ import annotations

from datetime import datetime

from aiovirt.protocols.vsphere import Empty
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import session_methods as m
from aiovirt.protocols.vsphere.tables.session import ServiceContent, UserSession
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.sessions import Session

SERVICE_LOCALES = ("en", "en_US", "")


@handles(m.RETRIEVE_SERVICE_CONTENT)
def retrieve_service_content(call: Call, _: Empty) -> ServiceContent:
    """Say what there is."""
    return call.site.content


@handles(m.CURRENT_TIME)
def current_time(call: Call, _: Empty) -> datetime:
    """Say what time it is there."""
    return call.world.clock.now()


@handles(m.LOGIN)
def login(call: Call, args: m.LoginArgs) -> UserSession:
    """Begin a session by a password."""
    if call.session is not None:
        raise faults.invalid_state()
    if args.locale not in {None, *SERVICE_LOCALES}:
        raise faults.invalid_locale()
    try:
        session = call.site.sessions.login(args.user_name, args.password, call.client)
    except faults.VimFault:
        call.site.events.post(
            e.BadUsernameSessionEvent,
            f"Cannot login {args.user_name}@{call.client.address}",
            user=args.user_name,
            fields={"ip_address": call.client.address},
        )
        raise
    return _logged_in(call, session)


@handles(m.CLONE_SESSION)
def clone_session(call: Call, args: m.CloneSessionArgs) -> UserSession:
    """Begin a session by a ticket of another one."""
    _vcenter_only(call)
    return _logged_in(call, call.site.sessions.clone(args.clone_ticket, call.client))


@handles(m.ACQUIRE_CLONE_TICKET)
def acquire_clone_ticket(call: Call, _: Empty) -> str:
    """Make a ticket for another session of the same user."""
    _vcenter_only(call)
    return call.site.sessions.ticket(call.caller)


@handles(m.LOGOUT)
def logout(call: Call, _: Empty) -> None:
    """End the session."""
    session = call.caller
    call.site.events.post(
        e.UserLogoutSessionEvent,
        f"User {session.user}@{session.client.address} logged out",
        user=session.user,
        fields={
            "ip_address": session.client.address,
            "user_agent": session.client.agent,
            "call_count": session.calls,
            "session_id": session.key,
            "login_time": session.login_time,
        },
    )
    call.site.sessions.end(session)


@handles(m.SESSION_IS_ACTIVE)
def session_is_active(call: Call, args: m.SessionIsActiveArgs) -> bool:
    """Say whether somebody's session is open."""
    _vcenter_only(call)
    found = _session(call, args.session_id)
    return found is not None and found.user == args.user_name


@handles(m.TERMINATE_SESSION)
def terminate_session(call: Call, args: m.TerminateSessionArgs) -> None:
    """End the sessions of others."""
    _vcenter_only(call)
    for key in args.session_id:
        found = _session(call, key)
        if found is call.caller:
            raise faults.invalid_argument("sessionId")
        if found is None:
            raise faults.nothing_found()
        call.site.sessions.end(found)


@handles(m.SET_LOCALE)
def set_locale(_: Call, args: m.SetLocaleArgs) -> None:
    """Choose the language of messages: there is but one."""
    if args.locale not in SERVICE_LOCALES:
        raise faults.invalid_locale()


@handles(m.UPDATE_SERVICE_MESSAGE)
def update_service_message(call: Call, args: m.UpdateServiceMessageArgs) -> None:
    """Set what every user is told."""
    call.world.put(call.this, message=args.message)


@handles(m.HAS_PRIVILEGE_ON_ENTITY)
def has_privilege_on_entity(call: Call, args: m.HasPrivilegeOnEntityArgs) -> tuple[bool, ...]:
    """Say which privileges a session has."""
    call.check(args.entity, "ManagedEntity", "entity")
    found = _session(call, args.session_id)
    if found is None:
        raise faults.invalid_argument("sessionId")
    return tuple(found.account.may(each) for each in args.priv_id)


def _logged_in(call: Call, session: Session) -> UserSession:
    call.logged_in = session
    call.site.events.post(
        e.UserLoginSessionEvent,
        f"User {session.user}@{session.client.address} logged in as {session.client.agent}",
        user=session.user,
        fields={
            "ip_address": session.client.address,
            "user_agent": session.client.agent,
            "locale": "en",
            "session_id": session.key,
        },
    )
    return call.site.sessions.told(session)


def _session(call: Call, key: str) -> Session | None:
    cookies = [each.cookie for each in call.site.sessions.open.values() if each.key == key]
    return call.site.sessions.of(cookies[0]) if cookies else None


def _vcenter_only(call: Call) -> None:
    if not call.site.settings.is_vcenter:
        raise faults.not_implemented()
