"""Libraries that speak asyncio only, run under whichever event loop there is.

Under trio they run in a loop of trio-asyncio, which must be open around all that they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

import sniffio

from aiovirt._tasks import lone_errors
from aiovirt.errors import ConnectionLost

__all__ = ["Home", "asyncio_loop", "from_asyncio", "in_asyncio"]

P = ParamSpec("P")
T = TypeVar("T")


def _under_trio() -> bool:
    return sniffio.current_async_library() == "trio"


@cache
def _trio_asyncio() -> Any:  # noqa: ANN401 - it has no types
    """Load it on first use, and let loops that are made outside of trio stay asyncio's own.

    It would have `asyncio.run` run on trio from then on, in every thread of the process.
    """
    new_event_loop = asyncio.new_event_loop
    loaded = import_module("trio_asyncio")
    for module in (asyncio, asyncio.events):
        vars(module).update(new_event_loop=new_event_loop)
    return loaded


@asynccontextmanager
async def asyncio_loop() -> AsyncGenerator[None, None]:
    """Have a loop of asyncio for the length of the scope."""
    if not _under_trio():
        yield
        return
    with lone_errors():
        async with _trio_asyncio().open_loop():
            yield


async def in_asyncio(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await a function of asyncio's; inside `asyncio_loop`. Cancellation: passed on to it.

    Raises:
        ConnectionLost: The loop was closed meanwhile.
    """
    if not _under_trio():
        return await function(*args, **kwargs)
    adapted: Callable[P, Awaitable[T]] = _trio_asyncio().aio_as_trio(function)
    with _closed_meanwhile():
        return await adapted(*args, **kwargs)


@contextmanager
def _closed_meanwhile() -> Iterator[None]:
    """Say of what ends since its loop does that its connection was closed.

    It is cancelled on asyncio's side alone: whoever waits for it is not.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        raise ConnectionLost("the connection was closed meanwhile", maybe_done=True) from error


class Home:
    """The loop that something was made on: made inside `asyncio_loop`, of use to any task after.

    Under trio a task finds only a loop that was opened around it, or around the one that began it.
    """

    def __init__(self) -> None:
        self._loop = _trio_asyncio().current_loop.get() if _under_trio() else None

    async def run(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await a function of asyncio's on that loop. Cancellation: passed on to it.

        Raises:
            ConnectionLost: The loop is closed, or was meanwhile.
        """
        if self._loop is None:
            return await function(*args, **kwargs)
        if self._loop.is_closed():
            raise ConnectionLost("the connection was closed", maybe_done=False)
        adapted: Callable[P, Awaitable[T]] = _trio_asyncio().aio_as_trio(function, loop=self._loop)
        with _closed_meanwhile():
            return await adapted(*args, **kwargs)

    def back(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return a function of the running loop as one that this loop's side may await.

        Where several are open the task's own would be the innermost one, which need not be this.
        """
        if self._loop is None:
            return function
        adapted: Callable[P, Awaitable[T]] = _trio_asyncio().trio_as_aio(function, loop=self._loop)
        return adapted


def from_asyncio(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Return a function of the running loop as one that asyncio's side may await."""
    if not _under_trio():
        return function
    adapted: Callable[P, Awaitable[T]] = _trio_asyncio().trio_as_aio(function)
    return adapted
