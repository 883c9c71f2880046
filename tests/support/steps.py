"""Cancel a coroutine at its n-th wait: what cancellation leaves is tested at every await."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import anyio

__all__ = ["CancelledAt", "run_cancelled_at"]

T = TypeVar("T")


@dataclass
class CancelledAt(Generic[T]):
    """An awaitable that runs a coroutine and cancels `scope` at its wait number `step`.

    Attributes:
        waits: How often it has waited so far.
    """

    coroutine: Coroutine[Any, Any, T]
    step: int
    scope: anyio.CancelScope
    waits: int = 0

    def __await__(self) -> Generator[Any, Any, T]:
        """Pass everything between the coroutine and the event loop through."""
        try:
            yielded = self.coroutine.send(None)
            while True:
                self.waits += 1
                if self.waits == self.step:
                    self.scope.cancel()
                try:
                    sent = yield yielded
                except BaseException as error:  # noqa: BLE001 - it is the coroutine's to handle
                    yielded = self.coroutine.throw(error)
                else:
                    yielded = self.coroutine.send(sent)
        except StopIteration as done:
            value: T = done.value
            return value


async def run_cancelled_at(coroutine: Coroutine[Any, Any, object], step: int) -> bool:
    """Run a coroutine, cancelled at that wait; tell whether it waited that often."""
    scope = anyio.CancelScope()
    running = CancelledAt(coroutine, step, scope)
    with scope:
        await running
    return running.waits >= step
