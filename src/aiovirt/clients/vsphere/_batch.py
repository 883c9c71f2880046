"""Questions about many things at once: those that come while an answer is under way go together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import anyio

from aiovirt.errors import AiovirtError, Closed

__all__ = ["Batches", "StartSoon"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

StartSoon: TypeAlias = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Starts a task."""


@dataclass(slots=True)
class _Batch(Generic[K, V]):
    keys: dict[K, None] = field(default_factory=dict)
    answered: anyio.Event = field(default_factory=anyio.Event)
    answers: Mapping[K, V] = field(default_factory=dict)
    error: AiovirtError | None = None


class Batches(Generic[K, V]):
    """One question at a time, each about all that was asked for while the last was under way.

    Args:
        ask: Answers for several keys; it may leave out those that are not there.
        start_soon: Starts a task which asks, for as long as there is something to ask.
    """

    def __init__(
        self,
        ask: Callable[[tuple[K, ...]], Awaitable[Mapping[K, V]]],
        start_soon: StartSoon,
    ) -> None:
        self._ask = ask
        self._start_soon = start_soon
        self._next: _Batch[K, V] | None = None
        self._asking = False

    async def get(self, *keys: K) -> Mapping[K, V]:
        """The answers for some keys, asked for after this call; those of others may be among them.

        Raises:
            AiovirtError: What asking has raised, for all of whom it was asked.

        Cancellation: others still get their answers.
        """
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
        batch.keys.update(dict.fromkeys(keys))
        if not self._asking:
            self._asking = True
            self._start_soon(self._run)
        await batch.answered.wait()
        if batch.error is not None:
            raise batch.error
        return batch.answers

    async def _run(self) -> None:
        batch: _Batch[K, V] | None = None
        try:
            while (batch := self._next) is not None:
                self._next = None
                try:
                    batch.answers = await self._ask(tuple(batch.keys))
                except AiovirtError as error:
                    batch.error = error
                batch.answered.set()
        finally:  # when nobody asks any more, nobody must wait
            self._asking = False
            for left in (batch, self._next):
                if left is not None and not left.answered.is_set():
                    left.error = Closed("the connection was closed")
                    left.answered.set()
            self._next = None
