"""The simulated server's answers to SOAP: who may call what, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import (
    CONTENT_TYPE,
    Request,
    SoapFault,
    encode_fault,
    encode_result,
    read_request,
)
from aiovirt.protocols.vsphere.registry import AnyMethod, is_kind
from aiovirt.protocols.vsphere.tables.faults import MethodFault
from aiovirt.testing.http import Request as HttpRequest
from aiovirt.testing.http import Response
from aiovirt.testing.http.server import HttpConnection
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handler_of, has_kind
from aiovirt.testing.vsphere.faults import VimFault
from aiovirt.testing.vsphere.fetching import FETCH, read_fetch
from aiovirt.testing.vsphere.sessions import Client, Session
from aiovirt.testing.vsphere.site import Site

__all__ = ["COOKIE", "SoapExchange", "answer_soap"]

COOKIE: Final = "vmware_soap_session"

_OPEN: Final = frozenset(
    {
        "CloneSession",
        "Fetch",
        "Login",
        "LoginByToken",
        "LoginExtensionByCertificate",
        "RetrieveProperties",
        "RetrievePropertiesEx",
        "RetrieveServiceContent",
    }
)
"""Methods that need no session."""

_OWN: Final = ("PropertyCollector", "PropertyFilter", "View", "HistoryCollector", "SessionManager")
"""Objects that are the caller's own: changing them changes nothing for others."""


class SoapExchange:
    """One request that is at work; see `aiovirt.testing.vsphere.plan.Exchange`."""

    def __init__(self, site: Site, connection: HttpConnection, session: Session | None) -> None:
        self.session = session
        self.response: Response | None = None
        self._site = site
        self._connection = connection

    async def sleep(self, seconds: float) -> None:
        """Wait, on the simulator's clock."""
        await self._site.clock.sleep(seconds)

    def refuse(self, fault: MethodFault) -> None:
        """Raise a fault."""
        raise faults.planned(fault)

    def cut(self, sent: int) -> None:
        """End the connection after so many bytes of the answer."""
        self._connection.cut_after = sent

    def answer(self, status: int, body: bytes) -> None:
        """Give an answer that is none of the protocol."""
        self.response = Response(status, body, (("Content-Type", "text/plain"),))

    def expire(self) -> None:
        """End the session of the caller."""
        if self.session is not None:
            self._site.sessions.end(self.session)
            self.session = None

    def restart(self) -> None:
        """Forget all sessions, views and collectors, and drop all connections."""
        self._site.restart()

    def replaced(self, usual: Response) -> Response:
        """The answer, which may have been replaced."""
        return usual if self.response is None else self.response

    @property
    def is_cut(self) -> bool:
        """Whether the connection is to end."""
        return self._connection.cut_after is not None


async def answer_soap(site: Site, http: HttpRequest, connection: HttpConnection) -> Response:
    """Do one call.

    Args:
        site: The server.
        http: The request.
        connection: Where it came by.
    """
    session = site.sessions.of(http.cookies.get(COOKIE))
    exchange = SoapExchange(site, connection, session)
    try:
        request = read_request(http.body, http.headers.get("soapaction", ""))
        if request.name == FETCH.name:
            request = replace(request, method=FETCH, args=read_fetch(http.body))
    except ProtocolError as error:
        return _faulted(site, SoapFault("ClientFaultCode", str(error), None))
    base = f"{'https' if site.tls else 'http'}://{http.headers.get('host', '')}"
    client = Client(agent=http.headers.get("user-agent", ""), base=base)
    return await _at_work(site, exchange, request, client)


async def _at_work(
    site: Site, exchange: SoapExchange, request: Request, client: Client
) -> Response:
    """Do a call; its session is in use as long."""
    session = exchange.session
    if session is not None:
        session.at_work += 1
        session.calls += 1
    try:
        return await _answer(site, exchange, request, client)
    except VimFault as error:
        return exchange.replaced(_faulted(site, error.soap()))
    finally:
        if session is not None:
            session.at_work -= 1
            session.last_active = site.clock.seconds()


async def _answer(site: Site, exchange: SoapExchange, request: Request, client: Client) -> Response:
    plan, name, this = site.plan, request.name, request.this
    plan.calls[name] += 1
    await plan.at(exchange, name, this.value, "before")
    if exchange.response is not None:
        return exchange.response
    if exchange.is_cut:
        return Response(HTTPStatus.INTERNAL_SERVER_ERROR)
    call = Call(site, this, name, exchange.session, client)
    method = _checked(call, request)
    result = await _do(call, method, request)
    body = encode_result(method, result, typed_items=site.settings.typed_arrays)
    await plan.at(exchange, name, this.value, "after")
    return exchange.replaced(_response(site, body, call.logged_in))


async def _do(call: Call, method: AnyMethod, request: Request) -> object:
    handler = handler_of(method.name, request.this.kind)
    if handler is None:
        raise faults.not_implemented()
    result = handler(call, request.args)
    return await result if isinstance(result, Awaitable) else result


def _checked(call: Call, request: Request) -> AnyMethod:
    """The method, if there is one, and if it may be called on the object by the caller.

    Raises:
        VimFault: It may not.
    """
    _check_version(call.site, request.version)
    if call.session is None and request.name not in _OPEN:
        raise faults.not_authenticated(call.this)
    method = _known(call.site, request)
    if method is None:
        raise faults.method_not_found(call.this, request.name)
    if call.this not in call.world:
        raise faults.not_found(call.this)
    if not has_kind(call.this.kind, method.owner):
        raise faults.method_not_found(call.this, request.name)
    _check_rights(call, method)
    return method


def _known(site: Site, request: Request) -> AnyMethod | None:
    """The method, if the server has it."""
    method: AnyMethod | None = request.method
    if method is None or site.settings.lacks(method.name):
        return None
    return method if site.settings.has(method.since) else None


def _check_rights(call: Call, method: AnyMethod) -> None:
    """Refuse what the account may not do, or nobody by this licence."""
    if call.session is not None and method.privilege not in {"", "System.Anonymous"}:
        call.demand(method.privilege)
    own = any(is_kind(call.this.kind, kind) for kind in _OWN)
    if call.site.settings.read_only_licence and method.changing and not own:
        raise faults.restricted_version()


def _check_version(site: Site, version: str) -> None:
    if version and not site.settings.has(version):
        raise faults.invalid_request(f'Unsupported version URI "urn:vim25/{version}"')


def _response(site: Site, body: bytes, logged_in: Session | None) -> Response:
    headers = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-cache")]
    if logged_in is not None:
        cookie = f'{COOKIE}="{logged_in.cookie}"; Path=/; HttpOnly; Secure'
        headers.append(("Set-Cookie", cookie))
    return Response(HTTPStatus.OK, body, tuple(headers), site.settings.chunk)


def _faulted(site: Site, fault: SoapFault) -> Response:
    return Response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        encode_fault(fault),
        (("Content-Type", CONTENT_TYPE),),
        site.settings.chunk,
    )
