"""Calls of vCenter's REST API, in a session of its own beside that of SOAP.

The session begins with the first call, is renewed when it has expired, and ends with the client.
It knows nothing of what is called.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere.faults import RestRefusal
from aiovirt.clients.vsphere.target import Password, VSphereTarget
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConnectionLost,
    ProtocolError,
    ResourceUnavailable,
)
from aiovirt.protocols.vsphere.rest import (
    CONTENT_TYPE,
    RestBody,
    RestFault,
    RestFaultKind,
    RestMethod,
    encode_body,
    read_fault,
    read_value,
    target_of,
)
from aiovirt.protocols.vsphere.rest.session import (
    BY_HEADER,
    CREATE_SESSION,
    DELETE_SESSION,
    SESSION_HEADER,
    basic,
)
from aiovirt.streams.http import Bounds, HTTPClient

__all__ = ["REST_AT_ONCE", "Rest"]

REST_AT_ONCE: Final = 4
"""How many REST calls are under way at once; further ones wait."""

MAX_VALUE: Final = 16 * 2**20
"""Bytes of an answer: some 100,000 objects of a tag."""

GOODBYE_S: Final = 3.0
"""Seconds that a server has to end a session, or to tell of one that nobody waits for any more."""

B = TypeVar("B", bound=RestBody)
R = TypeVar("R")

_WELL: Final = {200, 201, 204}
_ABSENT: Final = {404, 405, 410}
_STARTING: Final = {502, 503, 504}


class Rest:
    """The REST API of a vCenter.

    Args:
        target: The server, and who we are to it.
        http: The requests to it.
    """

    def __init__(self, target: VSphereTarget, http: HTTPClient) -> None:
        self._target = target
        self._http = http
        self._where = target.where
        self._bounds = Bounds(connect_s=target.connect_s, first_byte_s=target.call_s)
        self._places = anyio.Semaphore(REST_AT_ONCE, fast_acquire=True)
        self._key: str | None = None
        self._generation = 0
        self._refused: str | None = None
        self._renewing = anyio.Lock()

    async def call(self, method: RestMethod[B, R], body: B | None, of: str) -> R:
        """Call a method; its result. See `VSphereClient.call_rest`."""
        async with self._places:
            try:
                return await self._during(method, body, of)
            except ConnectionLost:
                if method.changing:
                    raise
            return await self._during(method, body, of)

    async def _during(self, method: RestMethod[B, R], body: B | None, of: str) -> R:
        """Call a method; once more in a new session where the old one has expired."""
        if self._key is None:
            await self._renew(self._generation)
        generation = self._generation
        try:
            return await self._send(method, body, of, self._shown)
        except RestRefusal as error:
            if error.fault.kind is not RestFaultKind.UNAUTHENTICATED:
                raise
        await self._renew(generation)
        return await self._send(method, body, of, self._shown)

    @property
    def _shown(self) -> dict[str, str]:
        """The headers by which the session is shown."""
        return {SESSION_HEADER: self._key or ""}

    async def _send(
        self, method: RestMethod[B, R], body: B | None, of: str, headers: dict[str, str]
    ) -> R:
        async with self._http.request(
            method.verb,
            target_of(method, of),
            body=encode_body(method, body),
            headers={"Accept": CONTENT_TYPE, "Content-Type": CONTENT_TYPE, **headers},
            bounds=self._bounds,
            judges_401=True,
        ) as answer:
            text = await answer.read(MAX_VALUE)
        # Cookies are for browsers: they would go along with all that is asked of SOAP.
        self._http.cookies.pop(SESSION_HEADER, None)
        if answer.status in _WELL:
            return read_value(method, text)
        told = f"{answer.status} {answer.reason}".rstrip()
        if answer.status in _STARTING:
            raise ResourceUnavailable(
                f"{self._where}: the REST API is not ready for {method.name}: {told}",
                hint="the service vapi-endpoint starts or is overloaded: try again in some minutes",
            )
        if answer.status < 400:  # noqa: PLR2004  # where HTTP's errors begin
            raise ProtocolError(f"{self._where} answered {method.name} with {told}")
        raise RestRefusal(self._where, method, read_fault(answer.status, text))

    # --- the session ----------------------------------------------------------------------------

    async def _renew(self, generation: int) -> None:
        """Begin a session, unless somebody has; a refusal stands, lest the account is locked."""
        async with self._renewing:
            if self._generation != generation:
                return
            if self._refused is not None:
                raise AuthenticationFailed(self._refused, hint="open the connection anew")
            try:
                async with _hurrying(GOODBYE_S):
                    self._key = await self._begin_surely()
                    self._generation += 1
            except AuthenticationFailed as error:
                self._refused = str(error)
                raise

    async def _begin_surely(self) -> str:
        """Begin a session; once more where the connection ends. The key of the session."""
        with suppress(ConnectionLost):
            return await self._begin()
        try:
            return await self._begin()
        except ConnectionLost as error:
            # What is to be done in the session was not even sent.
            raise ConnectionLost(str(error), maybe_done=False, hint=error.hint) from error

    async def _begin(self) -> str:
        login = self._target.login
        if not isinstance(login, Password):
            raise AuthenticationFailed(
                f"{self._where}: the REST API needs a password, and there is a session only",
                hint="open the connection by user and password",
            )
        headers = {"Authorization": basic(login.user, login.password.reveal()), BY_HEADER: "true"}
        try:
            return await self._send(CREATE_SESSION, None, "", headers)
        except RestRefusal as error:
            raise self._refusal(error) from error

    def _refusal(self, error: RestRefusal) -> AiovirtError:
        if error.fault.status in _ABSENT:
            words = "there is no REST API"  # of an ESX host, of a vCenter before 6.5
            fault = RestFault(error.fault.status, RestFaultKind.OPERATION_NOT_FOUND, words)
            return RestRefusal(self._where, CREATE_SESSION, fault)
        if error.fault.kind in {RestFaultKind.UNAUTHENTICATED, RestFaultKind.UNAUTHORIZED}:
            return AuthenticationFailed(
                f"{self._where} does not let us into its REST API: {error.words}",
                hint="may the user log in there? an account is locked after wrong passwords",
            )
        return error

    async def end(self) -> None:
        """End the session, if there is one. Cancellation: waited out, for three seconds."""
        if self._key is None:
            return
        with anyio.move_on_after(GOODBYE_S, shield=True), suppress(AiovirtError):
            await self._send(DELETE_SESSION, None, "", self._shown)


@asynccontextmanager
async def _hurrying(seconds: float) -> AsyncGenerator[None, None]:
    """Do something that is not to be cut off halfway: cancelled, it gets so many seconds more."""
    async with open_task_group() as group:
        with anyio.CancelScope(shield=True) as scope:
            group.start_soon(_hurry, scope, seconds)
            yield
        group.cancel_scope.cancel()


async def _hurry(scope: anyio.CancelScope, seconds: float) -> None:
    """Give a scope a deadline once this task is cancelled."""
    try:
        await anyio.sleep_forever()
    finally:
        scope.deadline = anyio.current_time() + seconds
