"""A request's body that comes in parts: handed over one by one, as the server takes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, aclosing

import anyio

from aiovirt.errors import Unresponsive
from aiovirt.streams._asyncio import Home
from aiovirt.streams._http_errors import Bounds

__all__ = ["Upload"]


class Upload:
    """The caller's iterator on one side, asyncio's on the other.

    The caller's runs in a task of the caller's own: what it raises, and when it is cancelled, is as
    if the caller iterated over it.

    Args:
        body: The parts.
        where: The server, for messages.
        bounds: How long it may take nothing.
        home: asyncio's side.
    """

    def __init__(self, body: AsyncIterable[bytes], where: str, bounds: Bounds, home: Home) -> None:
        self._body = body
        self._where = where
        self._bounds = bounds
        self._home = home
        self._scope = anyio.CancelScope()
        self._puts, self._takes = anyio.create_memory_object_stream[bytes | None](0)

    async def feed(self) -> None:
        """Hand over all parts.

        Raises:
            Unresponsive: The server takes no more.
            Exception: What the caller's iterator raises.

        Cancellation: the rest is not asked for.
        """
        with self._scope:
            async with AsyncExitStack() as stack:
                if isinstance(self._body, AsyncGenerator):
                    await stack.enter_async_context(aclosing(self._body))
                async for part in self._body:
                    if part:
                        await self._put(part, self._bounds.idle_s)
            await self._put(None, self._bounds.idle_s)

    async def _put(self, part: bytes | None, idle_s: float) -> None:
        with anyio.move_on_after(self._bounds.connect_s + idle_s):
            await self._puts.send(part)
            return
        raise Unresponsive(
            f"{self._where} took nothing of what is sent to it for {idle_s:g} s",
            hint="is its disk full, or the network in between cut?",
        )

    def stop(self) -> None:
        """Ask the caller's iterator for nothing more."""
        self._scope.cancel()

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """What asyncio's side sends."""
        take = self._home.back(self._takes.receive)
        while (part := await take()) is not None:
            yield part

    def close(self) -> None:
        """Let go of what was not handed over."""
        self._puts.close()
        self._takes.close()
