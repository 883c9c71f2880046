"""Properties read once, page by page: a page is asked for when the one before has been read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import anyio

from aiovirt.clients.vsphere.faults import VSphereFault, expired
from aiovirt.errors import AiovirtError, ConnectionLost
from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectContent,
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
    RetrieveOptions,
    RetrieveResult,
)
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CANCEL_RETRIEVE_PROPERTIES_EX,
    CONTINUE_RETRIEVE_PROPERTIES_EX,
    RETRIEVE_PROPERTIES_EX,
    CancelRetrievePropertiesExArgs,
    ContinueRetrievePropertiesExArgs,
    RetrievePropertiesExArgs,
)
from aiovirt.protocols.vsphere.tables.faults import ManagedObjectNotFound, NotAuthenticated

__all__ = ["PAGE", "Calls", "Retrieval", "get_many", "properties_of"]

PAGE = 1000
"""How many objects a server is asked to put onto one page; it may take fewer, or ignore it."""

GOODBYE_S = 2.0
"""Seconds that a server has to forget the rest of a retrieval that is given up."""

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class Calls(Protocol):
    """Who can call methods."""

    where: str

    @property
    def collector(self) -> Ref:
        """The property collector of the session."""
        raise NotImplementedError

    def call_taking(
        self, method: Method[A, R], this: Ref, args: A, take: Callable[[list[Any]], object]
    ) -> Coroutine[Any, Any, R]:
        """Call a method, and give the items of its stream to `take` as they come."""
        raise NotImplementedError


class Retrieval:
    """What matches filters, object by object: an ``async with``, then an ``async for``.

    At most one page is in memory.  Left before its end it lets the server forget the rest.
    """

    def __init__(self, calls: Calls, filters: Sequence[PropertyFilterSpec], page: int) -> None:
        self._calls = calls
        self._filters = tuple(filters)
        self._page = page
        self._waiting: deque[ObjectContent] = deque()
        self._token: str | None = None
        self._begun = False

    async def __aenter__(self) -> Self:
        """Nothing is asked for yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the server forget the rest."""
        token, self._token = self._token, None
        if token is None:
            return
        args = CancelRetrievePropertiesExArgs(token=token)
        with (
            anyio.move_on_after(GOODBYE_S, shield=True),
            suppress(AiovirtError),
        ):
            await self._calls.call_taking(
                CANCEL_RETRIEVE_PROPERTIES_EX, self._calls.collector, args, _nothing
            )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ObjectContent:
        """Return the next object; raises as `VSphereClient.call`."""
        while not self._waiting:
            if self._begun and self._token is None:
                raise StopAsyncIteration
            await self._ask()
        return self._waiting.popleft()

    async def _ask(self) -> None:
        if self._token is not None:
            await self._ask_on(self._token)
            return
        try:
            await self._ask_first()
        except ConnectionLost:  # reading changes nothing: once more
            self._waiting.clear()
            await self._ask_first()

    async def _ask_first(self) -> None:
        args = RetrievePropertiesExArgs(
            spec_set=self._filters, options=RetrieveOptions(max_objects=self._page)
        )
        self._know(await self._call(RETRIEVE_PROPERTIES_EX, args))

    async def _ask_on(self, token: str) -> None:
        args = ContinueRetrievePropertiesExArgs(token=token)
        self._know(await self._call(CONTINUE_RETRIEVE_PROPERTIES_EX, args))

    def _know(self, result: RetrieveResult | None) -> None:
        self._begun = True
        self._token = result.token if result is not None else None

    async def _call(self, method: Method[A, Any], args: A) -> RetrieveResult | None:
        result: RetrieveResult | None = await self._calls.call_taking(
            method, self._calls.collector, args, self._take
        )
        return result

    def _take(self, objects: list[ObjectContent]) -> None:
        for content in objects:
            for missing in content.missing_set:
                # Anybody may ask for properties, so an expired session is told of each of them.
                if isinstance(missing.fault.fault, NotAuthenticated):
                    raise expired(self._calls.where, content.obj)
        self._waiting.extend(objects)


def _nothing(_items: list[Any]) -> None:
    """What is done with the items of a method that has none."""


def properties_of(content: ObjectContent) -> dict[str, object]:
    """The properties of an object by their paths; those that are not set are absent."""
    return {prop.name: prop.val for prop in content.prop_set}


async def get_many(
    calls: Calls, refs: Iterable[Ref], paths: Sequence[str], page: int = PAGE
) -> dict[Ref, Mapping[str, object]]:
    """The properties of several objects; those that are not there are absent.

    Raises as `VSphereClient.call`.
    """
    wanted = dict.fromkeys(refs)
    while wanted:
        found: dict[Ref, Mapping[str, object]] = {}
        try:
            async with Retrieval(calls, _filters(wanted, paths), page) as objects:
                async for content in objects:
                    found[content.obj] = properties_of(content)
        except VSphereFault as error:
            # Servers before 6.0, and simulators, refuse all for one that is not there.
            gone = error.fault
            if not isinstance(gone, ManagedObjectNotFound) or gone.obj not in wanted:
                raise
            del wanted[gone.obj]
        else:
            return found
    return {}


def _filters(refs: Iterable[Ref], paths: Sequence[str]) -> list[PropertyFilterSpec]:
    by_kind: dict[str, list[Ref]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, []).append(ref)
    return [
        PropertyFilterSpec(
            prop_set=(PropertySpec(type=kind, path_set=tuple(paths)),),
            object_set=tuple(ObjectSpec(obj=ref) for ref in of_kind),
            report_missing_objects_in_results=True,
        )
        for kind, of_kind in by_kind.items()
    ]
