"""What a client calls, read: the server's end of `encode_call`."""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass

from lxml.etree import _Element as Element

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.documents import LONGEST, NAMESPACE, Document, unreadable
from aiovirt.protocols.vsphere.forms import fields_of
from aiovirt.protocols.vsphere.method import Empty
from aiovirt.protocols.vsphere.reading import local_name, read_exactly, read_ref
from aiovirt.protocols.vsphere.registry import AnyMethod, method_named
from aiovirt.protocols.vsphere.values import Arguments, Ref

__all__ = ["Request", "read_request"]


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    Attributes:
        name: The method's name.
        method: The method, or None where the table has none of this name.
        this: The object that it is called on.
        args: What it is given; `Empty` where the table has no such method.
        version: The version of the API that the client speaks; empty where it does not say.
    """

    name: str
    method: AnyMethod | None
    this: Ref
    args: Arguments
    version: str


def read_request(data: bytes, action: str = "", *, limit: int = LONGEST) -> Request:
    """Read the body of a request.

    Args:
        data: The whole of it.
        action: The value of the header SOAPAction.
        limit: Bytes of the body at most.

    Raises:
        ProtocolError: It is no call, lacks an argument that is required, or has one that does not
            fit its type.
        LimitExceeded: It is longer than the limit.
    """
    document = Document("the request", limit=limit)
    document.feed(data)
    element = document.close()
    name = local_name(element.tag)
    parts = {local_name(child.tag): child for child in element}
    this = read_ref(parts["_this"]) if "_this" in parts else None
    if this is None:
        raise ProtocolError(f"the call of {name} names no object")
    method = method_named(name)
    version = action.strip('"').removeprefix(NAMESPACE).removeprefix("/")
    args = Empty() if method is None else _read_args(method, element, parts.keys())
    return Request(name, method, this, args, version)


def _read_args(method: AnyMethod, element: Element, given: KeysView[str]) -> Arguments:
    kind: type[Arguments] = method.args
    for field in fields_of(kind):
        if not (field.form.optional or field.form.many or field.wire in given):
            raise ProtocolError(f"the call of {method.name} lacks {field.wire}")
    with unreadable(f"the call of {method.name}"):
        return read_exactly(kind, element)
