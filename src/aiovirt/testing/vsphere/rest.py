"""The simulated vCenter's REST API: its sessions, who may do what, and what goes wrong on the way.

Source: VMware's reference of the vSphere Automation API, below ``/rest``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.rest import (
    CONTENT_TYPE,
    ROOT,
    RestFaultKind,
    RestMethod,
    encode_fault,
    encode_value,
    read_body,
)
from aiovirt.protocols.vsphere.rest import tagging as t
from aiovirt.protocols.vsphere.rest.session import (
    BY_HEADER,
    CREATE_SESSION,
    DELETE_SESSION,
    SESSION_HEADER,
)
from aiovirt.testing.http import Request, Response
from aiovirt.testing.http.server import HttpConnection
from aiovirt.testing.vsphere.faults import VimFault
from aiovirt.testing.vsphere.folders import account_of
from aiovirt.testing.vsphere.service import SoapExchange
from aiovirt.testing.vsphere.settings import Account
from aiovirt.testing.vsphere.site import Site
from aiovirt.testing.vsphere.tagging import RestRefused, TagStore

__all__ = ["answer_rest", "is_rest"]

SINCE: Final = "6.5"
"""The first version of vCenter that has the API."""

_JSON: Final = (("Content-Type", CONTENT_TYPE),)
_Methods = tuple[RestMethod[Any, Any], ...]
_METHODS: Final[_Methods] = (CREATE_SESSION, DELETE_SESSION, *t.METHODS)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is at work.

    Attributes:
        site: The server.
        method: What is called.
        of: The object that it is about.
        request: As it came.
    """

    site: Site
    method: RestMethod[Any, Any]
    of: str
    request: Request

    @property
    def account(self) -> Account:
        """Who calls.

        Raises:
            RestRefused: Nobody knows.
        """
        found = self.site.rest_sessions.of(self.request.headers.get(SESSION_HEADER))
        found = found or self.site.rest_sessions.of(self.request.cookies.get(SESSION_HEADER))
        if found is None:
            raise RestRefused(RestFaultKind.UNAUTHENTICATED, "This method requires authentication.")
        return found


class _RestExchange(SoapExchange):
    """One request that is at work."""

    def __init__(self, call: _Call, connection: HttpConnection) -> None:
        super().__init__(call.site, connection, None)
        self._call = call

    def expire(self) -> None:
        """End the session of the caller."""
        self._call.site.rest_sessions.end(self._call.request.headers.get(SESSION_HEADER, ""))


def is_rest(site: Site, request: Request) -> bool:
    """Whether a request is for the API, and the server has it."""
    settings = site.settings
    return request.path.startswith("/rest/") and settings.is_vcenter and settings.has(SINCE)


async def answer_rest(site: Site, request: Request, connection: HttpConnection) -> Response:
    """Do one call.

    Args:
        site: The server, which has the API.
        request: The call.
        connection: Where it came by.
    """
    fitting, of = _fitting(request)
    fitting = [each for each in fitting if not site.settings.lacks(each.name)]
    method = next((each for each in fitting if each.verb == request.method), None)
    if method is None:
        return Response(HTTPStatus.METHOD_NOT_ALLOWED) if fitting else _lacking(request)
    call = _Call(site, method, of, request)
    exchange = _RestExchange(call, connection)
    site.plan.calls[method.name] += 1
    try:
        await site.plan.at(exchange, method.name, of, "before")
        if exchange.response is not None or exchange.is_cut:
            return exchange.replaced(Response(HTTPStatus.INTERNAL_SERVER_ERROR))
        response = _do(call)
        await site.plan.at(exchange, method.name, of, "after")
        return exchange.replaced(response)
    except RestRefused as error:
        return _refused(error.kind, error.message)
    except VimFault as error:
        return _refused(RestFaultKind.ERROR, error.message)


def _fitting(request: Request) -> tuple[list[RestMethod[Any, Any]], str]:
    """The methods of a path and an action, and the identifier in the path."""
    path = urlsplit(request.target).path
    place, slash, last = path.removeprefix(ROOT).rpartition("/")
    named = last.startswith("id:") and bool(slash)
    place = place if named else path.removeprefix(ROOT)
    action = request.query.get("~action", "")
    found = [
        each for each in _METHODS if (each.path, each.of, each.action) == (place, named, action)
    ]
    return found, unquote(last.removeprefix("id:")) if named else ""


def _lacking(request: Request) -> Response:
    return _refused(RestFaultKind.OPERATION_NOT_FOUND, f"There is no {request.path}")


def _refused(kind: RestFaultKind, message: str) -> Response:
    status, body = encode_fault(kind, message)
    realm = (("WWW-Authenticate", 'Basic realm="VAPI endpoint"'),)
    more = realm if kind is RestFaultKind.UNAUTHENTICATED else ()
    return Response(status, body, (*_JSON, *more))


def _do(call: _Call) -> Response:
    """Do a call.

    Raises:
        RestRefused: It may not be, or cannot.
    """
    method = call.method
    if method is CREATE_SESSION:
        return _log_in(call)
    _check_rights(call, call.account)
    if method is DELETE_SESSION:
        call.site.rest_sessions.end(call.request.headers.get(SESSION_HEADER, ""))
        return Response(HTTPStatus.OK)
    try:
        body = read_body(method, call.request.body)
    except ProtocolError as error:
        raise RestRefused(RestFaultKind.UNEXPECTED_INPUT, str(error)) from error
    value = _DO[method.name](call.site.tagging, call.of, body)
    return Response(HTTPStatus.OK, encode_value(method, value), _JSON)


def _check_rights(call: _Call, account: Account) -> None:
    """Refuse what the account may not do."""
    privileges = [call.method.privilege]
    if call.method in {t.ATTACH_TAG, t.DETACH_TAG} and call.site.settings.has("7.0"):
        privileges.append(t.ATTACH_TO_OBJECT)
    for privilege in privileges:
        if not account.may(privilege):
            raise RestRefused(RestFaultKind.UNAUTHORIZED, f"{privilege} is lacking")


def _log_in(call: _Call) -> Response:
    account = account_of(call.site, call.request)
    if account is None:
        raise RestRefused(RestFaultKind.UNAUTHENTICATED, "Invalid credentials.")
    key = call.site.rest_sessions.begin(account)
    headers = list(_JSON)
    if call.request.headers.get(BY_HEADER) != "true":
        headers.append(("Set-Cookie", f"{SESSION_HEADER}={key};Path=/rest;Secure;HttpOnly"))
    return Response(HTTPStatus.OK, encode_value(CREATE_SESSION, key), tuple(headers))


# --- what the methods do --------------------------------------------------------------------------


def _tags_of(store: TagStore, _: str, body: t.OneObject) -> tuple[str, ...]:
    store.check_object(body.object_id)
    return store.of_object(body.object_id)


def _tags_of_many(store: TagStore, _: str, body: t.ManyObjects) -> tuple[t.ObjectTags, ...]:
    found = [(each, _tags_of(store, "", t.OneObject(object_id=each))) for each in body.object_ids]
    return tuple(t.ObjectTags(object_id=each, tag_ids=keys) for each, keys in found if keys)


_DO: Final[dict[str, Callable[[TagStore, str, Any], object]]] = {
    t.LIST_CATEGORIES.name: lambda store, _, __: tuple(store.categories),
    t.GET_CATEGORY.name: lambda store, of, _: store.category(of),
    t.CREATE_CATEGORY.name: lambda store, _, body: store.make_category(body.create_spec),
    t.DELETE_CATEGORY.name: lambda store, of, _: store.delete_category(of),
    t.LIST_TAGS.name: lambda store, _, __: tuple(store.tags),
    t.LIST_TAGS_FOR_CATEGORY.name: lambda store, of, _: store.of_category(of),
    t.GET_TAG.name: lambda store, of, _: store.tag(of),
    t.CREATE_TAG.name: lambda store, _, body: store.make(body.create_spec),
    t.DELETE_TAG.name: lambda store, of, _: store.delete(of),
    t.ATTACH_TAG.name: lambda store, of, body: store.attach(of, body.object_id),
    t.DETACH_TAG.name: lambda store, of, body: store.detach(of, body.object_id),
    t.LIST_ATTACHED_TAGS.name: _tags_of,
    t.LIST_ATTACHED_TAGS_ON_OBJECTS.name: _tags_of_many,
    t.LIST_ATTACHED_OBJECTS.name: lambda store, of, _: store.objects(of),
}
