"""What a server answers, read as it comes: a method's result, item by item, or a fault."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec
from lxml.etree import _Element as Element

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.documents import LONGEST, SOAP, Document, unreadable
from aiovirt.protocols.vsphere.forms import form_of
from aiovirt.protocols.vsphere.method import Method
from aiovirt.protocols.vsphere.reading import Read, local_name, read_fault, reader, zero
from aiovirt.protocols.vsphere.registry import field_form
from aiovirt.protocols.vsphere.tables.faults import MethodFault
from aiovirt.protocols.vsphere.values import Arguments

__all__ = ["ReplyReader", "SoapFault", "decode_reply"]

_FAULT: Final = f"{{{SOAP}}}Fault"

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class SoapFault(msgspec.Struct, frozen=True):
    """The server has refused a call.

    Attributes:
        code: SOAP's code, such as ``ServerFaultCode``.
        message: The server's own words.
        fault: What is wrong, or None where the server told nothing but the message.
    """

    code: str
    message: str
    fault: MethodFault | None = None


class ReplyReader(Generic[R]):
    """Reads the answer to one call.

    Args:
        method: What was called.
        stream: Whether the items of its result are given one by one, by `receive_data`, and then
            are not in the result.  It matters for methods that have a `Method.stream`.
        limit: Bytes of the answer at most.
    """

    def __init__(
        self, method: Method[Any, R], *, stream: bool = True, limit: int = LONGEST
    ) -> None:
        self._method = method
        self._what = f"the answer to {method.name}"
        self._response = f"{method.name}Response"
        self._items: list[Any] = []
        self._results: list[Any] = []
        self._streams = stream and bool(method.stream)
        self._read_item, path = self._item_of(method)
        self._document = Document(self._what, path, self._take, limit=limit)

    def _item_of(self, method: Method[Any, R]) -> tuple[Read | None, tuple[str, ...]]:
        """The reader of what is taken from the answer as it comes, and where it is."""
        form = form_of(method.result)
        if not self._streams:
            # An array is taken item by item as well, so that its XML is never there as a whole.
            return (reader(form.base), (self._response, "returnval")) if form.many else (None, ())
        base = form.base
        for name in method.stream:
            field = field_form(base, name)
            base = base if field is None else field.base
        return reader(base), (self._response, "returnval", *method.stream)

    def _take(self, element: Element) -> None:
        if self._read_item is not None:
            (self._items if self._streams else self._results).append(self._read_item(element))

    def receive_data(self, data: bytes) -> list[Any]:
        """Take the next bytes of the answer, and return the items that ended in them.

        Items are of the type at the end of `Method.stream`: `ObjectContent` of
        RetrievePropertiesEx, `ObjectUpdate` of WaitForUpdatesEx.

        Raises:
            ProtocolError: They are no such answer.
            LimitExceeded: The answer is longer than the limit.
        """
        self._document.feed(data)
        found, self._items = self._items, []
        return found

    def finish(self) -> R | SoapFault:
        """The result, now that the bytes have ended; without the items that were given before.

        Raises:
            ProtocolError: They ended too early, or are no such answer.
        """
        element = self._document.close()
        with unreadable(self._what):
            if element.tag == _FAULT:
                return _read_fault(element)
            if local_name(element.tag) != self._response:
                raise ProtocolError(f"{self._what} is <{element.tag}>")
            result: R = self._read_result(element)
        return result

    def _read_result(self, element: Element) -> Any:  # noqa: ANN401 - what the method gives
        form = form_of(self._method.result)
        if form.many:
            return tuple(self._results)
        if form.base == "void":
            return None
        first = next((child for child in element if local_name(child.tag) == "returnval"), None)
        return zero(form) if first is None else reader(form.base)(first)


def decode_reply(method: Method[Any, R], data: bytes) -> R | SoapFault:
    """The result of a call, or why it was refused, from the whole of the answer.

    Raises:
        ProtocolError: It is no such answer.
    """
    reply = ReplyReader(method, stream=False)
    reply.receive_data(data)
    return reply.finish()


def _read_fault(element: Element) -> SoapFault:
    parts = {local_name(child.tag): child for child in element}
    code, message = (_text(parts.get(name)) for name in ("faultcode", "faultstring"))
    detail = parts.get("detail")
    first = None if detail is None else next(iter(detail), None)
    fault = None if first is None else read_fault(first)
    return SoapFault(local_name(code), message, fault)


def _text(element: Element | None) -> str:
    return "" if element is None else element.text or ""
