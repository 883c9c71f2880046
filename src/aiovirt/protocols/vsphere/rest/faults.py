"""What the REST API answers when it refuses.

Source: VMware's ``com.vmware.vapi.std.errors``, and HTTP's numbers for them in its reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from aiovirt.protocols.vsphere.rest.exchange import NO_JSON

__all__ = ["RestFault", "RestFaultKind", "encode_fault", "read_fault"]

PREFIX: Final = "com.vmware.vapi.std.errors."


class RestFaultKind(StrEnum):
    """What is wrong, by the last part of VMware's name of it."""

    ALREADY_EXISTS = "already_exists"
    CONCURRENT_CHANGE = "concurrent_change"
    ERROR = "error"
    INTERNAL_SERVER_ERROR = "internal_server_error"
    INVALID_ARGUMENT = "invalid_argument"
    NOT_ALLOWED_IN_CURRENT_STATE = "not_allowed_in_current_state"
    NOT_FOUND = "not_found"
    OPERATION_NOT_FOUND = "operation_not_found"
    RESOURCE_BUSY = "resource_busy"
    RESOURCE_IN_USE = "resource_in_use"
    SERVICE_UNAVAILABLE = "service_unavailable"
    TIMED_OUT = "timed_out"
    UNABLE_TO_ALLOCATE_RESOURCE = "unable_to_allocate_resource"
    UNAUTHENTICATED = "unauthenticated"
    UNAUTHORIZED = "unauthorized"
    UNEXPECTED_INPUT = "unexpected_input"
    UNSUPPORTED = "unsupported"


_STATUS: Final = {
    RestFaultKind.UNAUTHENTICATED: 401,
    RestFaultKind.UNAUTHORIZED: 403,
    RestFaultKind.NOT_FOUND: 404,
    RestFaultKind.OPERATION_NOT_FOUND: 404,
    RestFaultKind.INTERNAL_SERVER_ERROR: 500,
    RestFaultKind.ERROR: 500,
    RestFaultKind.SERVICE_UNAVAILABLE: 503,
    RestFaultKind.TIMED_OUT: 504,
}
"""HTTP's number of a fault; 400 for all others."""

_OF_STATUS: Final = {
    400: RestFaultKind.INVALID_ARGUMENT,
    401: RestFaultKind.UNAUTHENTICATED,
    403: RestFaultKind.UNAUTHORIZED,
    404: RestFaultKind.NOT_FOUND,
    503: RestFaultKind.SERVICE_UNAVAILABLE,
    504: RestFaultKind.TIMED_OUT,
}
"""What a number means where nothing else is told: a proxy before the service tells no more."""


@dataclass(frozen=True, slots=True)
class RestFault:
    """Why a call was refused.

    Attributes:
        status: HTTP's number.
        kind: What is wrong.
        message: The server's words, or nothing.
    """

    status: int
    kind: RestFaultKind
    message: str = ""


class _Message(msgspec.Struct):
    default_message: str = ""


class _Value(msgspec.Struct):
    messages: tuple[_Message | str, ...] | None = None


class _Body(msgspec.Struct):
    type: str
    value: _Value = msgspec.field(default_factory=_Value)


_READER: Final = msgspec.json.Decoder(_Body)


def read_fault(status: int, body: bytes) -> RestFault:
    """Why a call was refused; an answer that does not tell is judged by its number.

    Args:
        status: HTTP's number.
        body: Of the answer.
    """
    by_status = _OF_STATUS.get(status, RestFaultKind.ERROR)
    try:
        told = _READER.decode(body)
    except NO_JSON:
        return RestFault(status, by_status)
    name = told.type.removeprefix(PREFIX)
    kind = RestFaultKind(name) if name in set(RestFaultKind) else by_status
    texts = (
        each if isinstance(each, str) else each.default_message
        for each in told.value.messages or ()
    )
    return RestFault(status, kind, "; ".join(text.strip() for text in texts if text.strip()))


def encode_fault(kind: RestFaultKind, message: str) -> tuple[int, bytes]:
    """The number and the body of an answer that refuses."""
    words = {"id": f"com.vmware.{kind}", "default_message": message, "args": []}
    told = {"type": f"{PREFIX}{kind}", "value": {"messages": [words]}}
    return _STATUS.get(kind, 400), msgspec.json.encode(told)
