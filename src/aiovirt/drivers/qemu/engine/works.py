"""The changes under way in a driver: its end ends them, and waits until they have cleaned up.

The root is another process's when the driver has ended, so nothing may be made in it any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from aiovirt.errors import Closed

__all__ = ["Works"]


class Works:
    """The changes under way. It knows nothing of what they change."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._idle = anyio.Event()
        self._closed = False

    def check_open(self) -> None:
        """See that the driver is open.

        Raises:
            Closed: It was closed.
        """
        if self._closed:
            raise Closed("the host was closed: its `async with` block has ended")

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """One change, for the length of the block, which `close` cancels.

        Raises:
            Closed: The driver was closed before or meanwhile; the block has cleaned up.
        """
        self.check_open()
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
                return
            finally:
                self._scopes.discard(scope)
                if not self._scopes:
                    self._idle.set()
        raise Closed("the host was closed meanwhile, and what was under way there was ended")

    async def close(self) -> None:
        """End all changes, and wait until they have cleaned up; later ones are refused.

        Cancellation: it goes on waiting; each change bounds its own cleaning up.
        """
        self._closed = True
        self._idle = anyio.Event()
        for scope in self._scopes:
            scope.cancel()
        if self._scopes:
            with anyio.CancelScope(shield=True):
                await self._idle.wait()
