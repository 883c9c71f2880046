"""One call as one HTTP request: its body there, a result or a fault back. It knows no session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from aiovirt.clients.vsphere.faults import VSphereFault
from aiovirt.clients.vsphere.target import VSphereTarget
from aiovirt.errors import AuthenticationFailed, NotFound, ProtocolError, ResourceUnavailable
from aiovirt.protocols.vsphere import (
    CONTENT_TYPE,
    Arguments,
    Empty,
    Method,
    Ref,
    ReplyReader,
    SoapFault,
    encode_call,
    soap_action,
)
from aiovirt.streams.http import Answer, Bounds, HTTPClient

__all__ = ["Wire"]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

_OK, _FAULT = 200, 500
_STARTING = {502, 503, 504}
_ABSENT = {404, 405, 410}


class Wire:
    """Calls without a session.

    Attributes:
        target: The server.
        http: The requests to it.
        where: It, for messages.
        version: Of the API that is spoken.
    """

    def __init__(self, target: VSphereTarget, http: HTTPClient) -> None:
        self.target = target
        self.http = http
        self.where = target.where
        self.version = ""
        self._headers: dict[str, str] = {}
        self._bounds = Bounds(connect_s=target.connect_s, first_byte_s=target.call_s)

    def speak(self, version: str) -> None:
        """Speak this version of the API from now on."""
        self.version = version
        self._headers = {"Content-Type": CONTENT_TYPE, "SOAPAction": f'"{soap_action(version)}"'}

    @overload
    async def post(
        self,
        method: Method[Empty, R],
        this: Ref,
        args: None = None,
        *,
        bounds: Bounds | None = None,
    ) -> R: ...
    @overload
    async def post(
        self, method: Method[A, R], this: Ref, args: A, *, bounds: Bounds | None = None
    ) -> R: ...
    async def post(
        self,
        method: Method[Any, Any],
        this: Ref,
        args: Arguments | None = None,
        *,
        bounds: Bounds | None = None,
    ) -> Any:
        """Call a method; its result.

        Raises:
            VSphereFault: The server refused.
            EncodeError: The arguments do not fit; nothing was sent.
            ProtocolError: The answer is none.

        Further errors and cancellation as `HTTPClient.exchange`.
        """
        body = self.encode(method, this, args)
        return await self.send(method, this, body, ReplyReader(method, stream=False), bounds=bounds)

    def encode(self, method: Method[Any, Any], this: Ref, args: Arguments | None = None) -> bytes:
        """The body of a call, in the version that is spoken.

        Raises:
            EncodeError: An argument does not fit its type, or that version lacks it.
        """
        return encode_call(method, this, args, version=self.version)

    async def send(
        self,
        method: Method[Any, R],
        this: Ref,
        body: bytes,
        reader: ReplyReader[R],
        *,
        take: Callable[[list[Any]], object] | None = None,
        bounds: Bounds | None = None,
    ) -> R:
        """Send a call that is encoded already.

        Args:
            method: What is called, on `this`.
            this: The object.
            body: The call.
            reader: Reads the answer, as it comes.
            take: Gets the items that come out of the reader; it must not wait.
            bounds: In place of the usual ones.

        Raises and cancellation as `post`.
        """

        def feed(part: bytes) -> None:
            items = reader.receive_data(part)
            if items and take is not None:
                take(items)

        answer = await self.http.exchange(
            "POST",
            self.target.path,
            body=body,
            headers=self._headers,
            bounds=bounds or self._bounds,
            takers={_OK: feed, _FAULT: feed},
        )
        if answer.status not in {_OK, _FAULT}:
            raise self._refusal(method, answer)
        result = reader.finish()
        if isinstance(result, SoapFault):
            raise VSphereFault(self.where, method.name, this, result)
        return result

    def _refusal(
        self, method: Method[Any, Any], answer: Answer
    ) -> AuthenticationFailed | NotFound | ProtocolError | ResourceUnavailable:
        told = f"{answer.status} {answer.reason}".rstrip()
        if answer.status in _STARTING:
            return ResourceUnavailable(
                f"{self.where}: the vSphere service is not ready for {method.name}: {told}",
                hint="it starts, restarts or is overloaded: try again in some minutes",
            )
        if answer.status in _ABSENT:
            return NotFound(
                f"{self.where} has no vSphere API at {self.target.path}: {told}",
                hint="is it a vCenter or an ESX host, and is that the port of its web services?",
            )
        return ProtocolError(
            f"{self.where} answered {method.name} with {told}, which is no SOAP",
            hint=None if self.target.tls else "plain HTTP was asked for: does that port speak TLS?",
        )
