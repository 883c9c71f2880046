"""A property collector of our own, and the stream of its updates: it heals, and tells how it goes.

It knows no inventory and no tasks: what is watched, and what is done with updates, is a `Watch`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar, overload

import anyio

from aiovirt.clients.backoff import Backoff
from aiovirt.clients.vsphere.faults import VSphereFault, is_gone, is_passing
from aiovirt.errors import AiovirtError, Closed, ProtocolError
from aiovirt.protocols.vsphere import Arguments, Empty, Method, Ref
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    ObjectUpdate,
    PropertyFilterSpec,
    UpdateSet,
    WaitOptions,
)
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CANCEL_WAIT_FOR_UPDATES,
    CREATE_FILTER,
    CREATE_PROPERTY_COLLECTOR,
    DESTROY_PROPERTY_COLLECTOR,
    DESTROY_VIEW,
    WAIT_FOR_UPDATES_EX,
    CreateFilterArgs,
    WaitForUpdatesExArgs,
)
from aiovirt.protocols.vsphere.tables.faults import RequestCanceled, RuntimeFault
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.protocols.vsphere.tables.tasks_methods import DESTROY_COLLECTOR
from aiovirt.streams.http import Bounds

__all__ = ["MAX_WAIT_S", "PAGE", "Client", "Collector", "Watch"]

MAX_WAIT_S = 60
"""Seconds that the server waits for a change before it answers that there was none."""

GRACE_S = 60.0
"""Seconds that its answer may be late by."""

PAGE = 1000
"""How many objects' updates the server is asked to tell at once."""

GOODBYE_S = 2.0
"""Seconds that the server has to forget a collector."""

DISCARDED = 8
"""How many collectors and views that were given up are remembered, to be destroyed."""

DESTROYS: Final[Mapping[str, Method[Empty, None]]] = {
    "PropertyCollector": DESTROY_PROPERTY_COLLECTOR,
    "EventHistoryCollector": DESTROY_COLLECTOR,
}
"""What ends objects that are no views."""

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class Client(Protocol):
    """What a collector needs of the client."""

    where: str
    content: ServiceContent

    @overload
    async def call(self, method: Method[Empty, R], this: Ref, args: None = None) -> R: ...
    @overload
    async def call(self, method: Method[A, R], this: Ref, args: A) -> R: ...
    async def call(self, method: Method[Any, Any], this: Ref, args: Any = None) -> Any:
        """See `VSphereClient.call`."""

    async def call_taking(
        self,
        method: Method[A, R],
        this: Ref,
        args: A,
        take: Callable[[list[Any]], object],
        *,
        bounds: Bounds | None = None,
    ) -> R:
        """See `VSphereClient.call_taking`."""
        raise NotImplementedError


class Watch(Protocol):
    """What is watched, and what is done with what is told of it; no method but `open` waits."""

    async def open(self, client: Client) -> tuple[Ref | None, PropertyFilterSpec]:
        """Make in the present session what the filter needs, a view mostly; it, and the filter."""
        raise NotImplementedError

    def restart(self) -> None:
        """From now on all is told anew: first what there is, then what changes."""
        raise NotImplementedError

    def take(self, updates: Sequence[ObjectUpdate]) -> None:
        """Take some updates; after a lost connection some may come twice."""
        raise NotImplementedError

    def miss(self, missing: Sequence[MissingObject]) -> None:
        """Take note of objects that the server cannot tell of."""
        raise NotImplementedError

    def whole(self) -> None:
        """All that the server knew has been told."""
        raise NotImplementedError

    def trouble(self, error: AiovirtError) -> None:
        """The stream is interrupted; it is tried again."""
        raise NotImplementedError

    def end(self, error: AiovirtError) -> None:
        """The stream has ended for good."""
        raise NotImplementedError


class Collector:
    """A stream of updates; `run` is its task.

    Args:
        client: The session.
        watch: What is watched.
        backoff: How long to wait before it is tried again.
    """

    def __init__(self, client: Client, watch: Watch, backoff: Backoff | None = None) -> None:
        self._client = client
        self._watch = watch
        self._backoff = backoff or Backoff()
        self._collector: Ref | None = None
        self._view: Ref | None = None
        self._version: str | None = None
        self._waiting = False
        self._discarded: list[Ref | None] = []
        self._settling: list[anyio.Event] = []
        self._ended: AiovirtError | None = None

    async def run(self) -> None:
        """Keep the watch up to date until it is cancelled, or can do no more.

        Cancellation: at once; `close` lets the server forget what was made.
        """
        error: AiovirtError = Closed(f"the connection to {self._client.where} was closed")
        try:
            error = await self._run()
            self._watch.end(error)
        finally:
            self._ended = error
            self._settled(list(self._settling))

    async def _run(self) -> AiovirtError:
        """Keep the watch up to date; why that is not possible any more."""
        self._ended = None
        while True:
            begun = anyio.current_time()
            try:
                if self._collector is None:
                    await self._open()
                await self._follow()
            except AiovirtError as error:
                if not await self._may_go_on(error, anyio.current_time() - begun):
                    return error

    async def _may_go_on(self, error: AiovirtError, lasted_s: float) -> bool:
        """Whether to try again, now that it is time to."""
        fault = error.fault if isinstance(error, VSphereFault) else None
        if isinstance(fault, RequestCanceled):
            return True
        if is_gone(error):
            self._forget()
        elif isinstance(error, ProtocolError) or isinstance(fault, RuntimeFault):
            # Whoever answers so may know no versions any more either.
            self._discard(self._collector, self._view)
            self._forget()
        elif not is_passing(error):
            return False
        self._watch.trouble(error)
        self._backoff.lasted(lasted_s)
        await anyio.sleep(self._backoff.next())
        return True

    def _discard(self, *refs: Ref | None) -> None:
        """Let the server forget these as soon as it is asked for something again."""
        self._discarded = [*self._discarded, *refs][-DISCARDED:]

    def _forget(self) -> None:
        self._collector = self._view = self._version = None

    async def _open(self) -> None:
        client = self._client
        await self._destroy_discarded()
        collector = await client.call(CREATE_PROPERTY_COLLECTOR, client.content.property_collector)
        try:
            self._view, spec = await self._watch.open(client)
            # Whole values, not parts of them: what is whole is right whatever was lost before.
            args = CreateFilterArgs(spec=spec, partial_updates=False)
            await client.call(CREATE_FILTER, collector, args)
        except BaseException:
            self._discard(collector, self._view)
            self._forget()
            raise
        self._collector = collector
        self._watch.restart()

    async def _follow(self) -> None:
        wait_s = 0  # what there is, and not a wait for more
        while True:
            settling = list(self._settling)
            if settling:
                wait_s = 0
            updates = await self._wait(wait_s)
            if updates is not None:
                self._version = updates.version
                for one in updates.filter_set:
                    self._watch.miss(one.missing_set)
            if updates is None or not updates.truncated:
                self._watch.whole()
                self._settled(settling if wait_s == 0 else [])
                wait_s = MAX_WAIT_S

    async def _wait(self, wait_s: int) -> UpdateSet | None:
        if self._collector is None:
            raise ProtocolError(f"{self._client.where}: there is no collector to wait for")
        options = WaitOptions(max_wait_seconds=wait_s, max_object_updates=PAGE)
        args = WaitForUpdatesExArgs(version=self._version, options=options)
        bounds = Bounds(first_byte_s=wait_s + GRACE_S, idle_s=GRACE_S)
        self._waiting = wait_s > 0
        try:
            return await self._client.call_taking(
                WAIT_FOR_UPDATES_EX, self._collector, args, self._watch.take, bounds=bounds
            )
        finally:
            self._waiting = False

    def _settled(self, settling: list[anyio.Event]) -> None:
        for event in settling:
            self._settling.remove(event)
            event.set()

    async def settle(self) -> None:
        """Wait until all is told that the server knew when this was called.

        Raises as `VSphereClient.call`. Cancellation: changes nothing.
        """
        event = anyio.Event()
        self._settling.append(event)
        if self._waiting and self._collector is not None:
            await self._client.call(CANCEL_WAIT_FOR_UPDATES, self._collector)
        await event.wait()
        if self._ended is not None:
            raise self._ended

    async def close(self) -> None:
        """Let the server forget what was made. Cancellation: waited out, for two seconds."""
        self._discarded += [self._collector, self._view]
        self._forget()
        with anyio.move_on_after(GOODBYE_S, shield=True), suppress(AiovirtError):
            await self._destroy_discarded()

    async def _destroy_discarded(self) -> None:
        """Let the server forget what is not used any more, as far as it still knows it."""
        while self._discarded:
            ref = self._discarded.pop(0)
            if ref is None:
                continue
            with suppress(VSphereFault):
                await self._client.call(DESTROYS.get(ref.kind, DESTROY_VIEW), ref)
