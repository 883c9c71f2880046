"""The session of a client: how it begins, is renewed for all who find it expired, and ends.

It knows how to log in, and nothing of what the session is for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio

from aiovirt.clients.vsphere._wire import Wire
from aiovirt.clients.vsphere.faults import VSphereFault
from aiovirt.clients.vsphere.target import CloneTicket, Password, SessionCookie
from aiovirt.errors import AiovirtError, AuthenticationFailed, ConfigError
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import ObjectSpec, PropertyFilterSpec, PropertySpec
from aiovirt.protocols.vsphere.tables.collector_methods import (
    RETRIEVE_PROPERTIES,
    RetrievePropertiesArgs,
)
from aiovirt.protocols.vsphere.tables.faults import (
    InvalidLogin,
    MethodFault,
    NoPermission,
    NotAuthenticated,
)
from aiovirt.protocols.vsphere.tables.session import ServiceContent, UserSession
from aiovirt.protocols.vsphere.tables.session_methods import (
    CLONE_SESSION,
    LOGIN,
    LOGOUT,
    CloneSessionArgs,
    LoginArgs,
)

__all__ = ["COOKIE", "Session"]

COOKIE = "vmware_soap_session"
"""The cookie that stands for a session."""

LOCALE = "en"
"""In which language a server words its messages, where it has several."""

GOODBYE_S = 3.0
"""Seconds that a server has to end a session."""

T = TypeVar("T")

_RIGHTS = "are the user and the password right, and may that user log in there?"
_ACCOUNT = "an account is locked for some minutes after several wrong passwords"


class Session:
    """One login, and those that follow when it has expired."""

    def __init__(self, wire: Wire, content: ServiceContent) -> None:
        self.user: UserSession | None = None
        self.ours = False
        self._wire = wire
        self._content = content
        self._generation = 0
        self._refused: str | None = None
        self._renewing = anyio.Lock()

    @property
    def manager(self) -> Ref:
        """The session manager; every server has one."""
        return self._content.session_manager or Ref("SessionManager", "SessionManager")

    async def begin(self) -> None:
        """Log in.

        Raises:
            AuthenticationFailed: We are not let in.
        """
        login = self._wire.target.login
        try:
            match login:
                case Password():
                    await self._log_in(login)
                case SessionCookie():
                    await self._adopt(login)
                case CloneTicket():
                    await self._clone(login)
        except VSphereFault as error:
            raise self._refusal(error) from error
        self._generation += 1

    async def _log_in(self, login: Password) -> None:
        self._wire.http.cookies.pop(COOKIE, None)
        args = LoginArgs(user_name=login.user, password=login.password.reveal(), locale=LOCALE)
        self.user = await self._wire.post(LOGIN, self.manager, args)
        self.ours = True

    async def _clone(self, login: CloneTicket) -> None:
        args = CloneSessionArgs(clone_ticket=login.ticket.reveal())
        self.user = await self._wire.post(CLONE_SESSION, self.manager, args)
        self.ours = True

    async def _adopt(self, login: SessionCookie) -> None:
        value = login.value.reveal()
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(f"the value of the cookie {COOKIE} is none", field="cookie")
        self._wire.http.cookies[COOKIE] = value
        current = PropertyFilterSpec(
            prop_set=(PropertySpec(type=self.manager.kind, path_set=("currentSession",)),),
            object_set=(ObjectSpec(obj=self.manager),),
        )
        found = await self._wire.post(
            RETRIEVE_PROPERTIES,
            self._content.property_collector,
            RetrievePropertiesArgs(spec_set=(current,)),
        )
        known = [prop.val for one in found for prop in one.prop_set]
        if not known or not isinstance(known[0], UserSession):
            raise AuthenticationFailed(
                f"{self._wire.where} does not know the session of the cookie {COOKIE}",
                hint="it has expired, or belongs to another server",
            )
        self.user = known[0]

    def _refusal(self, error: VSphereFault) -> AiovirtError:
        fault: MethodFault | None = error.fault
        if not isinstance(fault, (InvalidLogin, NoPermission, NotAuthenticated)):
            return error
        where = self._wire.where
        return AuthenticationFailed(
            f"{where} does not let us in: {error.words or type(fault).__name__}",
            hint=f"{_RIGHTS} {_ACCOUNT}",
        )

    async def during(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await `attempt`; if the session has expired, renew it and await it once more.

        A server that finds no session has not looked at the call, so nothing is done twice.

        Raises:
            AuthenticationFailed: The session has expired and cannot be renewed.
        """
        generation = self._generation
        try:
            return await attempt()
        except VSphereFault as error:
            if not isinstance(error.fault, NotAuthenticated):
                raise
            await self._renew(generation, error)
        return await attempt()

    async def _renew(self, generation: int, error: VSphereFault) -> None:
        """Log in anew, unless somebody has since; a refusal stands, lest the account is locked."""
        async with self._renewing:
            if self._generation != generation:
                return
            if self._refused is None and not isinstance(self._wire.target.login, Password):
                self._refused = f"{self._wire.where}: the session has expired"
            if self._refused is not None:
                raise AuthenticationFailed(
                    self._refused, hint="open the connection anew"
                ) from error
            try:
                await self.begin()
            except AuthenticationFailed as refusal:
                self._refused = str(refusal)
                raise

    async def end(self) -> None:
        """Log out, if we have logged in. Cancellation: waited out, for three seconds."""
        if not self.ours:
            return
        with anyio.move_on_after(GOODBYE_S, shield=True), suppress(AiovirtError):
            await self._wire.post(LOGOUT, self.manager)
