"""What a vSphere server answers instead of a result, as an error. The driver says what it means."""

from __future__ import annotations

from typing import Any

from aiovirt.errors import (
    AiovirtError,
    ConnectionLost,
    NotFound,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.protocols.vsphere import Ref, SoapFault
from aiovirt.protocols.vsphere.rest import RestFault, RestMethod
from aiovirt.protocols.vsphere.tables.faults import (
    InvalidCollectorVersion,
    ManagedObjectNotFound,
    MethodFault,
    NotAuthenticated,
)

__all__ = ["RestRefusal", "VSphereFault", "expired", "is_gone", "is_passing", "not_there"]


class VSphereFault(RemoteError):
    """A server refused a call, or a task of its ended in an error.

    Attributes:
        method: The method's name, such as ``PowerOnVM_Task``.
        ref: The object that it was called on.
        fault: What is wrong, or None where the server told nothing but words.
        words: The server's own words.
    """

    def __init__(self, where: str, method: str, ref: Ref, told: SoapFault) -> None:
        kind = type(told.fault).__name__ if told.fault is not None else told.code
        text = f"{told.message} ({kind})" if told.message else kind
        super().__init__(f"{where}: {method} of {ref.kind} {ref.value}: {text}")
        self.method = method
        self.ref = ref
        self.fault: MethodFault | None = told.fault
        self.words = told.message


class RestRefusal(RemoteError):
    """A vCenter refused a call of its REST API.

    Attributes:
        method: The method's name, such as ``tag.create``.
        fault: What is wrong.
        words: The server's own words, or those for what is wrong.
    """

    def __init__(self, where: str, method: RestMethod[Any, Any], fault: RestFault) -> None:
        self.words = fault.message or f"{fault.kind} ({fault.status})"
        super().__init__(f"{where}: {method.name}: {self.words}")
        self.method = method.name
        self.fault = fault


def not_there(where: str, ref: Ref) -> VSphereFault:
    """The error of an object that the server does not know."""
    told = SoapFault("ServerFaultCode", "there is no such object", ManagedObjectNotFound(obj=ref))
    return VSphereFault(where, "RetrievePropertiesEx", ref, told)


def expired(where: str, ref: Ref) -> VSphereFault:
    """The error of a session that has expired, where a server tells so only of properties."""
    told = SoapFault("ServerFaultCode", "the session has expired", NotAuthenticated(object=ref))
    return VSphereFault(where, "RetrievePropertiesEx", ref, told)


_GONE = (ManagedObjectNotFound, NotAuthenticated, InvalidCollectorVersion)
_PASSING = (ConnectionLost, Unresponsive, ResourceUnavailable, ProtocolError, NotFound)
"""A host that restarts is not found by its name, or has nothing at the API's path, for a while."""


def is_gone(error: AiovirtError) -> bool:
    """Whether what a session had made is gone: it expired, or the server was restarted."""
    return isinstance(error, VSphereFault) and isinstance(error.fault, _GONE)


def is_passing(error: AiovirtError) -> bool:
    """Whether the same call may go well later, without anybody's help."""
    return isinstance(error, _PASSING)
