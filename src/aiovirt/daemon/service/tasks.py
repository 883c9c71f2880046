"""The tasks of one client, which end with it: in the daemon's own group.

Most clients have none, and a group for each costs a sixth of what it costs to serve a client that
comes, asks a little and goes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVarTuple, Unpack

import anyio
from anyio.abc import TaskGroup, TaskStatus

__all__ = ["ClientTasks"]

Ts = TypeVarTuple("Ts")

log = logging.getLogger("aiovirt.daemon.service")


class ClientTasks:
    """Those of one client.

    Args:
        group: Where they run; it outlives the client.
        client: Its number, for logs.
        failed: Called when one of them fails by an error that nobody foresaw, which is logged.
    """

    __slots__ = ("_client", "_ended", "_failed", "_group", "_idle", "_scopes")

    def __init__(self, group: TaskGroup, client: int, failed: Callable[[], None]) -> None:
        self._group = group
        self._client = client
        self._failed = failed
        self._scopes: set[anyio.CancelScope] = set()
        self._idle: anyio.Event | None = None
        self._ended = False

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._scopes)

    def start_soon(
        self, work: Callable[[Unpack[Ts]], Coroutine[Any, Any, None]], /, *args: *Ts
    ) -> None:
        """Begin a task; when the client has gone already, it is cancelled where it first waits."""
        self._group.start_soon(self._run, self._scope(), partial(work, *args))

    async def start(self, work: Callable[..., Awaitable[None]], *args: Any) -> Any:  # noqa: ANN401
        """Begin a task that takes ``task_status``, and wait until it says that it has begun.

        Raises:
            Exception: What it raises before.

        Cancellation: ends the task, unless it has begun.
        """
        return await self._group.start(self._run_and_tell, self._scope(), partial(work, *args))

    def _scope(self) -> anyio.CancelScope:
        scope = anyio.CancelScope()
        if self._ended:
            scope.cancel()
        self._scopes.add(scope)
        return scope

    async def _run(
        self,
        scope: anyio.CancelScope,
        work: Callable[[], Awaitable[None]],
        status: _Status | None = None,
    ) -> None:
        try:
            with scope:
                await work()
        except Exception as error:
            if status is not None and not status.told:
                raise  # to who waits for it to begin
            self._tell_failure(error)
        finally:
            self._leave(scope)

    async def _run_and_tell(
        self,
        scope: anyio.CancelScope,
        work: Callable[..., Awaitable[None]],
        *,
        task_status: TaskStatus[Any],
    ) -> None:
        status = _Status(task_status)
        await self._run(scope, partial(work, task_status=status), status)

    def _tell_failure(self, error: Exception) -> None:
        log.error("client %d has failed", self._client, exc_info=error)
        self._failed()

    def _leave(self, scope: anyio.CancelScope) -> None:
        self._scopes.discard(scope)
        if self._idle is not None and not self._scopes:
            self._idle.set()

    def cancel(self) -> None:
        """The client has gone: cancel all, and what begins from now on."""
        self._ended = True
        for scope in self._scopes:
            scope.cancel()

    async def wait(self) -> None:
        """Wait until all have ended. Cancellation: it waits all the same, as a group does."""
        if self._scopes:
            self._idle = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self._idle.wait()


class _Status(TaskStatus[Any]):
    """Tells whether the task has said that it has begun."""

    def __init__(self, status: TaskStatus[Any]) -> None:
        self._status = status
        self.told = False

    def started(self, value: Any = None) -> None:  # noqa: ANN401
        self.told = True
        self._status.started(value)
