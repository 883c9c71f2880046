"""Questions about many things at once: those that come while an answer is under way go together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from aiovirt.errors import AiovirtError, Closed

__all__ = ["Batches"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Batch(Generic[K, V]):
    keys: dict[K, None] = field(default_factory=dict)
    answered: anyio.Event = field(default_factory=anyio.Event)
    answers: Mapping[K, V] = field(default_factory=dict)
    error: AiovirtError | None = None


class Batches(Generic[K, V]):
    """One question at a time, each about all that was asked for while the last was under way.

    Who makes it has `run` run beside.

    Args:
        ask: Answers for several keys; it may leave out those that are not there.
    """

    def __init__(self, ask: Callable[[tuple[K, ...]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._next: _Batch[K, V] | None = None
        self._wanted = anyio.Event()
        self._ended = False

    async def get(self, *keys: K) -> Mapping[K, V]:
        """The answers for some keys, asked for after this call; those of others may be among them.

        Raises:
            AiovirtError: What asking has raised, for all of whom it was asked.
            Closed: Nobody asks any more.

        Cancellation: others still get their answers.
        """
        if self._ended:
            raise _closed()
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            self._wanted.set()
        batch.keys.update(dict.fromkeys(keys))
        await batch.answered.wait()
        if batch.error is not None:
            raise batch.error
        return batch.answers

    async def run(self) -> None:
        """Ask, until this is cancelled."""
        batch: _Batch[K, V] | None = None
        try:
            while True:
                await self._wanted.wait()
                self._wanted = anyio.Event()
                batch, self._next = self._next, None
                if batch is not None:
                    await self._answer(batch)
        finally:  # when nobody asks any more, nobody must wait
            self._ended = True
            for left in (batch, self._next):
                if left is not None and not left.answered.is_set():
                    left.error = _closed()
                    left.answered.set()

    async def _answer(self, batch: _Batch[K, V]) -> None:
        try:
            batch.answers = await self._ask(tuple(batch.keys))
        except AiovirtError as error:
            batch.error = error
        batch.answered.set()


def _closed() -> Closed:
    return Closed("the connection was closed")
