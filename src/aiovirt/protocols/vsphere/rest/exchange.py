"""One method of the REST API: where it is, what it takes and gives, as bytes and back.

Source: VMware's reference of the vSphere Automation API 6.5 to 7.0: an identifier stands in the
path as ``id:…``, what is done with it in the query as ``~action=…``, and a result comes as
``{"value": …}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec

from aiovirt.errors import ProtocolError

__all__ = [
    "CONTENT_TYPE",
    "NO_JSON",
    "ROOT",
    "RestBody",
    "RestMethod",
    "encode_body",
    "encode_value",
    "read_body",
    "read_value",
    "target_of",
]

CONTENT_TYPE: Final = "application/json"
NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading garbage raises."""

ROOT: Final = "/rest/com/vmware/cis"


class RestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a method takes; itself it is the body of those that take nothing."""


B = TypeVar("B", bound=RestBody)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RestMethod(Generic[B, R]):
    """A method.

    Attributes:
        name: As it is called in messages: ``tag-association.attach``.
        verb: HTTP's.
        path: Below `ROOT`.
        body: The class of what it takes.
        value: The class of what it gives; that of None where it gives nothing.
        of: Whether it is about one object, whose identifier stands in the path.
        action: What is done, where the verb does not tell.
        empty: What it gives where the server leaves the value out.
        changing: Whether it changes something.
        privilege: What an account needs for it; of changes only.
    """

    name: str
    verb: str
    path: str
    body: type[B]
    value: type[R]
    of: bool = False
    action: str = ""
    empty: R | None = None
    changing: bool = False
    privilege: str = ""


class _Envelope(msgspec.Struct, Generic[R]):
    value: R | None = None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401  # any type there is
    return msgspec.json.Decoder(kind)


# --- the client's end -----------------------------------------------------------------------------


def target_of(method: RestMethod[Any, Any], of: str = "") -> str:
    """The path and the query of a call.

    Args:
        method: What is called.
        of: The identifier of the object that it is about, where it is about one.
    """
    place = f"{ROOT}{method.path}"
    if method.of:
        place += f"/id:{quote(of, safe=':')}"
    return f"{place}?~action={method.action}" if method.action else place


def encode_body(method: RestMethod[B, Any], body: B | None) -> bytes:
    """The body of a call; nothing for verbs that have none."""
    if method.verb != "POST":
        return b""
    return msgspec.json.encode(body if body is not None else RestBody())


def read_value(method: RestMethod[Any, R], body: bytes) -> R:
    """The result of a call that went well.

    Raises:
        ProtocolError: It is none.
    """
    found: R | None = None
    if method.value is not NoneType:
        try:
            found = _decoder(_Envelope[method.value]).decode(body).value  # type: ignore[name-defined]
        except NO_JSON as error:
            raise ProtocolError(f"the answer to {method.name} is none: {error}") from error
        if found is None and method.empty is None:
            raise ProtocolError(f"the answer to {method.name} has no value")
    return found if found is not None else method.empty  # type: ignore[return-value]


# --- the server's end -----------------------------------------------------------------------------


def read_body(method: RestMethod[B, Any], body: bytes) -> B:
    """What a method is to take; it may be left out where nothing is.

    Raises:
        ProtocolError: It is not what the method takes.
    """
    try:
        return _decoder(method.body).decode(body or b"{}")  # type: ignore[no-any-return]
    except NO_JSON as error:
        raise ProtocolError(f"the body of {method.name} is none: {error}") from error


def encode_value(method: RestMethod[Any, R], value: R) -> bytes:
    """The body of an answer."""
    return b"" if method.value is NoneType else msgspec.json.encode({"value": value})
