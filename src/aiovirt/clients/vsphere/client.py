"""The client of vSphere's web services: one session, any number of calls at once.

It knows methods, tasks and properties, and nothing of what machines and hosts are.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, overload

import anyio
from anyio.abc import TaskGroup

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere._files import DatastoreFile, Download, OnBytes, download, upload
from aiovirt.clients.vsphere._followed import Followed, OnChange, Source
from aiovirt.clients.vsphere._rest import REST_AT_ONCE, Rest
from aiovirt.clients.vsphere._retrieve import PAGE, Retrieval, get_many
from aiovirt.clients.vsphere._session import COOKIE, Session
from aiovirt.clients.vsphere._wire import Wire
from aiovirt.clients.vsphere.faults import not_there
from aiovirt.clients.vsphere.inventory import Inventory, InventorySpec, open_inventory
from aiovirt.clients.vsphere.target import VSphereTarget
from aiovirt.clients.vsphere.tasks import GIVE_UP_S, POWER_TASKS, OnProgress, Tasks
from aiovirt.errors import AiovirtError, Closed, ConnectionLost, PermissionDenied
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Arguments, Empty, Method, Ref, ReplyReader
from aiovirt.protocols.vsphere.rest import RestBody, RestMethod
from aiovirt.protocols.vsphere.tables.collector import PropertyFilterSpec
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.protocols.vsphere.tables.session_methods import CURRENT_TIME, RETRIEVE_SERVICE_CONTENT
from aiovirt.protocols.vsphere.versions import FALLBACK, VERSIONS_PATH, choose, parse_versions
from aiovirt.streams.http import Bounds, HTTPTarget, Trust, open_http

__all__ = ["SERVICE", "VSphereClient", "open_client"]

SERVICE = Ref("ServiceInstance", "ServiceInstance")
"""The object that every server has, from which all others are reached."""

TRANSFERS = 4
"""How many files are under way at once."""

BESIDE = TRANSFERS + REST_AT_ONCE + 6
"""Connections beside those of calls: for files, REST, updates and the session."""

ONCE = {"ReadNextEvents", "ReadPreviousEvents", "ReadNextTasks", "ReadPreviousTasks"}
"""What changes nothing, and yet is not the same when it is called again: it goes on from there."""

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")
B = TypeVar("B", bound=RestBody)
T = TypeVar("T")


class VSphereClient:
    """A session with a vCenter or an ESX host; `open_client` makes it.

    Attributes:
        where: The server as ``user@host:port``, for messages.
        target: The server.
        content: Its managers, and what it says about itself.
    """

    def __init__(self, wire: Wire, content: ServiceContent, group: TaskGroup) -> None:
        self.where = wire.where
        self.target = wire.target
        self.content = content
        self.requests = 0
        self._wire = wire
        self._session = Session(wire, content)
        self._rest = Rest(wire.target, wire.http)
        self._places = anyio.Semaphore(wire.target.in_flight, fast_acquire=True)
        self._transfers = anyio.Semaphore(TRANSFERS)
        self._group = group
        self._closed = False
        self._used = anyio.current_time()
        self._tasks = Tasks(self)
        self._followed: list[Followed] = []

    @property
    def version(self) -> str:
        """The version of the API that is spoken, such as ``6.7``."""
        return self._wire.version

    @property
    def collector(self) -> Ref:
        """The property collector of the session."""
        return self.content.property_collector

    @property
    def user(self) -> str:
        """Who is logged in, in the server's words."""
        user = self._session.user
        return user.user_name if user is not None else ""

    @property
    def session_cookie(self) -> Secret:
        """The session, to be used elsewhere by a `SessionCookie` while this client is open."""
        return Secret(self._wire.http.cookies.get(COOKIE, ""))

    # --- calls --------------------------------------------------------------------------------

    @overload
    async def call(self, method: Method[Empty, R], this: Ref, args: None = None) -> R: ...
    @overload
    async def call(self, method: Method[A, R], this: Ref, args: A) -> R: ...
    async def call(self, method: Method[Any, R], this: Ref, args: Arguments | None = None) -> R:
        """Call a method; its result.

        An expired session is renewed, by one login for all who find it so.  A call that changes
        nothing is made once more if its connection ends.

        Args:
            method: From the tables.
            this: The object.
            args: What the method takes; left out when it takes nothing.

        Raises:
            VSphereFault: The server refused; `VSphereFault.fault` is its typed reason.
            PermissionDenied: The connection is read-only, and the method changes something;
                nothing was sent.
            EncodeError: An argument does not fit its type, or the server's version of the API
                lacks it; nothing was sent.
            AuthenticationFailed: The session has expired, and we are not let in again.
            ConnectionLost: The connection ended; `maybe_done` tells whether the call was sent.
            ResourceUnavailable: Nobody listens there, or the service is not ready.
            Unresponsive: The server did not answer in time; a change may still be carried out.
            ProtocolError: The answer is none.
            Closed: The client was closed before.

        Cancellation: a call that was sent may be carried out.
        """
        body = self._encode(method, this, args)

        def attempt() -> Coroutine[Any, Any, R]:
            return self._wire.send(method, this, body, ReplyReader(method, stream=False))

        async with self._places:
            return await self._during(method, attempt)

    async def call_taking(
        self,
        method: Method[A, R],
        this: Ref,
        args: A,
        take: Callable[[list[Any]], object],
        *,
        bounds: Bounds | None = None,
    ) -> R:
        """Call a method, and give the items of its `Method.stream` to `take` as they come.

        When a call is repeated some come twice.  With `bounds` it takes none of the places of
        calls: it is one that waits.

        Args:
            method: From the tables.
            this: The object.
            args: What the method takes.
            take: Gets items; it must not wait.
            bounds: How long the server may be silent, in place of the usual.

        Raises and cancellation as `call`.
        """
        body = self._encode(method, this, args)

        def attempt() -> Coroutine[Any, Any, R]:
            return self._wire.send(
                method, this, body, ReplyReader(method), take=take, bounds=bounds
            )

        if bounds is not None:
            return await self._session.during(attempt)
        async with self._places:
            return await self._session.during(attempt)

    async def run_task(
        self,
        method: Method[Any, Ref],
        this: Ref,
        args: Arguments | None = None,
        *,
        progress: OnProgress | None = None,
    ) -> object:
        """Call a method that starts a task, and wait for its end; the task's result.

        Args:
            method: One that gives a task.
            this: The object.
            args: What the method takes.
            progress: Called with each new percentage that the server tells.

        Raises:
            VSphereFault: The server refused, or the task ended in an error.
            ConnectionLost: With `maybe_done`: the server has forgotten the task, so that its end
                cannot be told.

        Further errors as `call`.

        Cancellation: the task is asked to end, and waited for some seconds if it will; one that
        cannot goes on. That holds from the first moment on, but for a power operation that nobody
        asked the progress of: one whose start is under way goes on.
        """
        hasty = method.name in POWER_TASKS and progress is None
        start = self.call if hasty else self._begin
        task = await start(method, this, args)
        return await self._tasks.run(task, method.name, this, progress)

    async def _begin(self, method: Method[Any, Ref], this: Ref, args: Arguments | None) -> Ref:
        """Start a task, whose reference is waited for: without it nobody could cancel the task."""
        begun: list[Ref] = []
        done, scope = anyio.Event(), anyio.CancelScope(shield=True)

        async def start() -> None:
            try:
                with scope:
                    begun.append(await self.call(method, this, args))
            finally:
                done.set()

        async with open_task_group() as group:
            group.start_soon(start)
            try:
                await done.wait()
            except anyio.get_cancelled_exc_class():
                scope.deadline = anyio.current_time() + GIVE_UP_S
                with anyio.CancelScope(shield=True):
                    await done.wait()
                for task in begun:
                    await self._tasks.give_up(task, method.name, this)
                raise
        return begun[0]

    async def wait_for_task(self, task: Ref, *, progress: OnProgress | None = None) -> object:
        """Wait for the end of a task that was started elsewhere; its result.

        Raises as `run_task`. Cancellation: the task goes on.
        """
        return await self._tasks.wait(task, "the task", task, progress)

    async def cancel_task(self, task: Ref) -> bool:
        """Ask a task to end; whether it will: some cannot. Raises as `call`, but `VSphereFault`."""
        return await self._tasks.cancel(task)

    def _encode(self, method: Method[Any, Any], this: Ref, args: Arguments | None) -> bytes:
        self._check(method.name, changing=method.changing)
        self._used = anyio.current_time()
        return self._wire.encode(method, this, args)

    def _check(self, name: str, *, changing: bool) -> None:
        """Refuse what is not to be sent, and count what is."""
        if self._closed:
            raise Closed(f"the connection to {self.where} was closed")
        if changing and self.target.readonly:
            raise _read_only(name)
        self.requests += 1

    async def _during(self, method: Method[Any, Any], attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._session.during(attempt)
        except ConnectionLost:
            if method.changing or method.name in ONCE:
                raise
        return await self._session.during(attempt)

    # --- REST ---------------------------------------------------------------------------------

    async def call_rest(
        self, method: RestMethod[B, R], body: B | None = None, *, of: str = ""
    ) -> R:
        """Call a method of a vCenter's REST API; its result.

        It has a session of its own, which begins with the first call.  A call that changes
        nothing is made once more if its connection ends.

        Args:
            method: Of `aiovirt.protocols.vsphere.rest`.
            body: What it takes; left out when it takes nothing.
            of: The identifier of the object that it is about, where it is about one.

        Raises:
            RestRefusal: The server refused; `RestRefusal.fault` tells why. One that has no REST
                API refuses with `RestFaultKind.OPERATION_NOT_FOUND`.

        Further errors and cancellation as `call`.
        """
        self._check(method.name, changing=method.changing)
        return await self._rest.call(method, body, of)

    # --- properties ---------------------------------------------------------------------------

    def retrieve(self, filters: Sequence[PropertyFilterSpec], *, page: int = PAGE) -> Retrieval:
        """Read what matches filters, object by object: an ``async with``, then an ``async for``.

        Args:
            filters: Which objects, and which of their properties.
            page: How many objects the server is to send at once.
        """
        return Retrieval(self, filters, page)

    async def get(self, ref: Ref, *paths: str) -> Mapping[str, object]:
        """Some properties of an object, by their paths; those that are not set are absent.

        Raises:
            VSphereFault: Of `ManagedObjectNotFound`: there is no such object.

        Further errors as `call`.
        """
        found = await self.get_many([ref], paths)
        if ref not in found:
            raise not_there(self.where, ref)
        return found[ref]

    async def get_many(
        self, refs: Iterable[Ref], paths: Sequence[str]
    ) -> Mapping[Ref, Mapping[str, object]]:
        """The same properties of several objects; those that are not there are absent.

        Raises as `call`.
        """
        return await get_many(self, refs, paths)

    def open_inventory(
        self, kinds: Mapping[str, Sequence[str]], *, root: Ref | None = None
    ) -> AbstractAsyncContextManager[Inventory]:
        """Keep properties of all objects of some kinds in memory, for the length of the scope.

        Args:
            kinds: The paths of properties, by the kind of the objects that have them.
            root: The folder, or other container, below which they are; None is all.

        It is entered when the first listing is whole, and heals by itself from then on.

        Raises as `call`.
        """
        paths = {kind: tuple(wanted) for kind, wanted in kinds.items()}
        spec = InventorySpec(paths, root or self.content.root_folder)
        return open_inventory(self, spec)

    def follow(self, source: Source, on_change: OnChange | None = None) -> Followed:
        """Keep in memory what few ask for, from the moment on when somebody first does.

        Args:
            source: What is kept.
            on_change: Called when something of it has changed; it must neither wait nor raise.

        Nothing is asked for before `Followed.begin` is called; it ends with the client.
        """
        followed = Followed(self, source, on_change)
        self.start_soon(followed.run)
        self._followed.append(followed)
        return followed

    # --- files --------------------------------------------------------------------------------

    @asynccontextmanager
    async def download(
        self, file: DatastoreFile, *, offset: int = 0, progress: OnBytes | None = None
    ) -> AsyncGenerator[Download, None]:
        """Read a file of a datastore, in parts, for the length of the scope.

        Args:
            file: It.
            offset: From which byte.
            progress: Called with each part.

        Raises:
            NotFound: There is no such file.
            RemoteError: The server refuses.

        Further errors as `call`. Cancellation: ends the request.
        """
        await self.call(CURRENT_TIME, SERVICE)  # renews the session, which HTTP alone cannot
        async with (
            self._transfers,
            download(self._wire.http, file, offset, progress) as reading,
        ):
            yield reading

    async def upload(
        self,
        file: DatastoreFile,
        parts: AsyncIterable[bytes] | bytes,
        length: int | None,
        *,
        progress: OnBytes | None = None,
    ) -> None:
        """Write a file of a datastore; what is there of that name is replaced.

        Args:
            file: It; its folder is there.
            parts: What is written into it.
            length: Bytes of all parts; None where nobody knows before the last one.
            progress: Called with each part that the server has taken.

        Raises:
            PermissionDenied: The connection is read-only.
            NotFound: There is no such folder or datastore.
            RemoteError: The server refuses.
            ConnectionLost: The file is there in part at most.

        Further errors as `call`. Cancellation: leaves the file there in part.
        """
        if self.target.readonly:
            raise _read_only(f"writing {file}")
        await self.call(CURRENT_TIME, SERVICE)
        async with self._transfers:
            await upload(self._wire.http, file, parts, length, progress)

    # --- life ---------------------------------------------------------------------------------

    def start_soon(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task that lives as long as the client at most."""
        if self._closed:
            raise Closed(f"the connection to {self.where} was closed")
        self._group.start_soon(function)

    async def begin(self) -> None:
        """Log in, and show from then on that the session is in use."""
        await self._session.begin()
        self._group.start_soon(self._keep_alive)
        self._group.start_soon(self._tasks.look)

    async def _keep_alive(self) -> None:
        """Ask for the time when nothing was asked for so long; a failure is for the next call."""
        while True:
            due = self._used + self.target.keepalive_s
            await anyio.sleep_until(due)
            if self._used + self.target.keepalive_s > due:
                continue
            try:
                await self.call(CURRENT_TIME, SERVICE)
            except AiovirtError:
                self._used = anyio.current_time()

    async def end(self) -> None:
        """Log out, if we have logged in; a session that is not ours gets back what we have made."""
        if not self._session.ours:
            await self._tasks.close()
            for followed in self._followed:
                await followed.close()
        self._closed = True
        await self._rest.end()
        await self._session.end()


def _read_only(what: str) -> PermissionDenied:
    return PermissionDenied(
        f"{what} is not for read-only connections", hint="open the host without `readonly`"
    )


@asynccontextmanager
async def open_client(target: VSphereTarget) -> AsyncGenerator[VSphereClient, None]:
    """Have a session with a vCenter or an ESX host for the length of the scope.

    Raises:
        AuthenticationFailed: We are not let in, or the server's certificate does not hold.
        NotFound: There is no host of that name, or it has no vSphere API there.
        ConfigError: A part of the target is wrong.

    Further errors as `VSphereClient.call`.

    Cancellation: leaves nothing open.
    """
    trust = target.trust
    ca_file = Path(trust.ca_file) if trust.ca_file is not None else None
    http_target = HTTPTarget(
        target.url,
        Trust(ca_file, trust.thumbprint, trust.no_verify),
        proxy=target.proxy,
        limit=target.in_flight + BESIDE,
        bounds=Bounds(connect_s=target.connect_s),
    )
    async with open_http(http_target) as http, open_task_group() as group:
        wire = Wire(target, http)
        wire.speak(await _version(wire))
        content = await wire.post(RETRIEVE_SERVICE_CONTENT, SERVICE)
        if wire.version == FALLBACK:
            wire.speak(choose([content.about.api_version]))
        client = VSphereClient(wire, content, group)
        await client.begin()
        try:
            yield client
        finally:
            group.cancel_scope.cancel()
            await client.end()


async def _version(wire: Wire) -> str:
    """The newest version that both sides speak; the oldest where the server does not list any."""
    answer = await wire.http.exchange("GET", VERSIONS_PATH)
    listed = 200
    return choose(parse_versions(answer.body)) if answer.status == listed else FALLBACK
