"""The envelopes of SOAP 1.1 around calls, results and faults, written.

Source: SOAP 1.1; and which prefixes and headers VMware's servers and clients send.
"""

from __future__ import annotations

from typing import Final, TypeVar, overload

from aiovirt.protocols.vsphere.documents import NAMESPACE, SOAP
from aiovirt.protocols.vsphere.forms import form_of
from aiovirt.protocols.vsphere.method import Empty, Method
from aiovirt.protocols.vsphere.reading import XSI
from aiovirt.protocols.vsphere.registry import AnyMethod
from aiovirt.protocols.vsphere.replies import SoapFault
from aiovirt.protocols.vsphere.scalars import EncodeError, escaped
from aiovirt.protocols.vsphere.values import Arguments, Ref
from aiovirt.protocols.vsphere.versions import numbers
from aiovirt.protocols.vsphere.writing import Output, write_any, write_field, write_members

__all__ = ["CONTENT_TYPE", "encode_call", "encode_fault", "encode_result", "soap_action"]

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    f'xmlns:xsi="{XSI}">'
)
_BODY: Final = "<soapenv:Body>"
_END: Final = "</soapenv:Body></soapenv:Envelope>"


def soap_action(version: str) -> str:
    """The value of the header SOAPAction, which says which version of the API is spoken."""
    return f"{NAMESPACE}/{version}"


@overload
def encode_call(
    method: Method[Empty, R],
    this: Ref,
    args: None = None,
    *,
    operation: str = "",
    version: str = "",
) -> bytes: ...


@overload
def encode_call(
    method: Method[A, R], this: Ref, args: A, *, operation: str = "", version: str = ""
) -> bytes: ...


def encode_call(
    method: AnyMethod,
    this: Ref,
    args: Arguments | None = None,
    *,
    operation: str = "",
    version: str = "",
) -> bytes:
    """The body of a request that calls a method.

    Args:
        method: It.
        this: The object that it is called on.
        args: What it takes; left out when it takes nothing.
        operation: A name for the call, which the server writes into its log; empty for none.
        version: The version of the API that the server speaks; empty when all may be sent.

    Raises:
        EncodeError: An argument does not fit its type, or the server's version lacks it, or the
            method; the field is named.
    """
    if version and numbers(method.since) > numbers(version):
        raise EncodeError(
            f"{method.name} is of version {method.since} of the vSphere API, and the server "
            f"speaks {version}",
            hint="upgrade the server",
        )
    given = method.args() if args is None else args
    if not isinstance(given, method.args):
        raise EncodeError(f"{method.name} takes {method.args.__name__}, not {type(given).__name__}")
    out = Output(version=version, refuse_newer=True)
    out.append(_HEAD)
    if operation:
        name = escaped(operation)
        out.append(f"<soapenv:Header><operationID>{name}</operationID></soapenv:Header>")
    out += (_BODY, f'<{method.name} xmlns="{NAMESPACE}">')
    write_field(out, "_this", "ManagedObjectReference", this)
    write_members(out, given)
    out += (f"</{method.name}>", _END)
    return "".join(out).encode()


def encode_result(
    method: Method[A, R], result: R, *, typed_items: bool = False, version: str = ""
) -> bytes:
    """The body of an answer that gives a method's result.

    Args:
        method: It.
        result: What it gives.
        typed_items: Whether the items of an ``ArrayOf…`` bear their types, as those of real
            servers do.
        version: The version of the API that the client speaks: fields that it lacks are left out.
            Empty to send all.

    Raises:
        EncodeError: The result does not fit its type; the field is named.
    """
    out = Output(typed_items=typed_items, version=version)
    out += (_HEAD, _BODY, f'<{method.name}Response xmlns="{NAMESPACE}">')
    if method.result != "void":
        form = form_of(method.result)
        if result is None and not form.optional and not form.many:
            raise EncodeError(f"{method.name} has a result")
        write_field(out, "returnval", form.base, result, many=form.many)
    out += (f"</{method.name}Response>", _END)
    return "".join(out).encode()


def encode_fault(fault: SoapFault) -> bytes:
    """The body of an answer that refuses a call.

    Raises:
        EncodeError: A field of the fault does not fit its type; it is named.
    """
    out = Output()
    out += (_HEAD, _BODY, "<soapenv:Fault>")
    out.append(f"<faultcode>{escaped(fault.code)}</faultcode>")
    out.append(f"<faultstring>{escaped(fault.message)}</faultstring>")
    if fault.fault is not None:
        out.append(f'<detail xmlns="{NAMESPACE}">')
        write_any(out, f"{type(fault.fault).__name__}Fault", fault.fault)
        out.append("</detail>")
    out += ("</soapenv:Fault>", _END)
    return "".join(out).encode()
