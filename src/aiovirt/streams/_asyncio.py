"""Libraries that speak asyncio only, run under whichever event loop there is.

Under trio they run in a loop of asyncio in a thread of its own, which must be open around all that
they do.  So what is theirs is touched by functions that run there, and by nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import sniffio

if TYPE_CHECKING:
    from aiovirt.streams._loop_thread import Scope

__all__ = ["Home", "asyncio_loop", "from_asyncio", "in_asyncio"]

P = ParamSpec("P")
T = TypeVar("T")

_SCOPE: ContextVar[Scope] = ContextVar("_SCOPE")


def _under_trio() -> bool:
    return sniffio.current_async_library() == "trio"


@asynccontextmanager
async def asyncio_loop() -> AsyncGenerator[None, None]:
    """Have a loop of asyncio for the length of the scope."""
    if not _under_trio():
        yield
        return
    async with import_module("aiovirt.streams._loop_thread").open_scope() as scope:
        before = _SCOPE.set(scope)
        try:
            yield
        finally:
            _SCOPE.reset(before)


async def in_asyncio(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await a function of asyncio's; inside `asyncio_loop`. Cancellation: passed on to it.

    Raises:
        ConnectionLost: The loop was closed meanwhile.
    """
    return await Home().run(function, *args, **kwargs)


def from_asyncio(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Return a function of the running loop as one that asyncio's side may await."""
    return Home().back(function)


class Home:
    """The loop that something was made on: made inside `asyncio_loop`, of use to any task after.

    Under trio a task finds only a loop that was opened around it, or around the one that began it.
    """

    def __init__(self) -> None:
        self._scope = _SCOPE.get() if _under_trio() else None

    async def run(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await a function of asyncio's on that loop. Cancellation: passed on to it.

        Raises:
            ConnectionLost: The loop is closed, or was meanwhile.
        """
        if self._scope is None:
            return await function(*args, **kwargs)
        return await self._scope.run(function, *args, **kwargs)

    def back(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return a function of the running loop as one that this loop's side may await.

        Where several are open the task's own would be the innermost one, which need not be this.
        """
        return function if self._scope is None else self._scope.back(function)
