"""A loop of asyncio in a thread of its own, for the libraries that one run of trio uses by it.

There is one for all connections of a run: it begins with the first scope, and ends with the last.
Loaded under trio only.  A call costs two wake-ups of a thread, which is less than a third of what
running asyncio's loop on top of trio's costs, and changes nothing in asyncio for the rest of the
process.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NoReturn, ParamSpec, TypeVar

import outcome
import trio
from sniffio import current_async_library_cvar

from aiovirt.errors import ConnectionLost

__all__ = ["Scope", "open_scope"]

P = ParamSpec("P")
T = TypeVar("T")

_Raise = Callable[[], NoReturn]


class _LoopThread:
    """The thread, and who uses it; all but `_serve` is of trio's side.

    Attributes:
        loop: Its event loop.
        token: The run of trio that it is for.
        users: How many scopes are open.
    """

    def __init__(self) -> None:
        # The process's policy may be that of a library that runs asyncio on trio.
        self.loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop()
        self.token = trio.lowlevel.current_trio_token()
        self.users = 0
        self._stop = asyncio.Event()
        self._ended = trio.Event()
        self._thread = threading.Thread(target=self._serve, name="aiovirt asyncio", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            self.loop.close()
            raise

    def _serve(self) -> None:
        try:
            self.loop.run_until_complete(self._until_stopped())
        finally:
            self.loop.close()
            self.token.run_sync_soon(self._ended.set)

    async def _until_stopped(self) -> None:
        """As `asyncio.Runner`, which would wait for names that are being looked up, too."""
        await self._stop.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        await self.loop.shutdown_asyncgens()

    @trio.lowlevel.enable_ki_protection
    async def stop(self) -> None:
        """End it; returns when nothing of it is left."""
        self.loop.call_soon_threadsafe(self._stop.set)
        await self._ended.wait()
        self._thread.join()  # that was its last word


_RUNNING: trio.lowlevel.RunVar[_LoopThread | None] = trio.lowlevel.RunVar("_RUNNING", None)


class _Call:
    """One function of asyncio's that a task of trio waits for.

    Args:
        scope: To what it belongs.
        make: Makes the coroutine, on asyncio's side.
    """

    def __init__(self, scope: Scope, make: Callable[[], Awaitable[Any]]) -> None:
        self._scope = scope
        self._make = make
        self._waits = trio.lowlevel.current_task()
        self._task: asyncio.Task[Any] | None = None
        self._context = contextvars.copy_context()
        self._context.run(current_async_library_cvar.set, None)
        self._raise_cancelled: _Raise | None = None

    @trio.lowlevel.enable_ki_protection  # Ctrl-C comes while it waits, not before
    async def result(self) -> Any:  # noqa: ANN401 - that of any function
        """Wait for it."""
        loop = self._scope.thread.loop
        loop.call_soon_threadsafe(self._begin)
        try:
            return await trio.lowlevel.wait_task_rescheduled(self._abort)
        except _Passed as error:
            raise error.what from error
        except asyncio.CancelledError as error:
            if self._raise_cancelled is not None:
                self._raise_cancelled()
            # It is cancelled on asyncio's side alone: whoever waits for it is not.
            raise ConnectionLost("the connection was closed meanwhile", maybe_done=True) from error

    def _abort(self, raise_cancelled: _Raise) -> trio.lowlevel.Abort:
        self._raise_cancelled = raise_cancelled
        self._scope.thread.loop.call_soon_threadsafe(self._cancel)
        return trio.lowlevel.Abort.FAILED  # it is over when asyncio's side says so

    # --- asyncio's side -----------------------------------------------------------------------

    def _begin(self) -> None:
        self._task = self._scope.begin(_awaited(self._make), self._context)
        self._task.add_done_callback(self._finish)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _finish(self, task: asyncio.Task[Any]) -> None:
        found = outcome.capture(task.result)
        self._scope.thread.token.run_sync_soon(trio.lowlevel.reschedule, self._waits, found)
        self._task = None


class _Passed(Exception):
    """What ends a process, on its way through the other side: there it would end the loop.

    Attributes:
        what: It.
    """

    def __init__(self, what: BaseException) -> None:
        super().__init__(what)
        self.what = what


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    try:
        return await make()
    except (SystemExit, KeyboardInterrupt) as end:
        raise _Passed(end) from end


class _Return:
    """One function of trio's that a task of asyncio waits for; it runs in a task of its own."""

    def __init__(self, thread: _LoopThread, make: Callable[[], Awaitable[Any]]) -> None:
        self._thread = thread
        self._make = make
        self._done: asyncio.Future[Any] = thread.loop.create_future()
        self._scope = trio.CancelScope()

    async def result(self) -> Any:  # noqa: ANN401 - that of any function
        """Wait for it, on asyncio's side."""
        context = contextvars.copy_context()
        begin = partial(trio.lowlevel.spawn_system_task, self._run, context=context)
        self._thread.token.run_sync_soon(begin)
        try:
            return await asyncio.shield(self._done)
        except asyncio.CancelledError:
            self._thread.token.run_sync_soon(self._scope.cancel)
            while not self._done.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([self._done])
            raise

    async def _run(self) -> None:
        finish: Callable[[], object] = self._done.cancel
        try:
            with self._scope:
                try:
                    finish = partial(self._done.set_result, await self._make())
                except (SystemExit, KeyboardInterrupt) as end:
                    finish = partial(self._fail, _Passed(end))
                except Exception as error:  # noqa: BLE001 - it is raised on the other side
                    finish = partial(self._fail, error)
        finally:
            self._thread.loop.call_soon_threadsafe(finish)

    def _fail(self, error: Exception) -> None:
        self._done.set_exception(error)
        self._done.exception()  # who was waiting may have given up: that is no complaint


class Scope:
    """What one connection runs on the loop; `open_scope` makes it."""

    def __init__(self, thread: _LoopThread) -> None:
        self.thread = thread
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def run(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await a function of asyncio's. Cancellation: passed on to it, and waited for.

        Raises:
            ConnectionLost: The scope is over, or was meanwhile.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise ConnectionLost("the connection was closed", maybe_done=False)
        result: T = await _Call(self, partial(function, *args, **kwargs)).result()
        return result

    def back(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return a function of trio's as one that asyncio's side may await."""

        async def called(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = await _Return(self.thread, partial(function, *args, **kwargs)).result()
            return result

        return called

    def begin(
        self, work: Coroutine[Any, Any, Any], context: contextvars.Context
    ) -> asyncio.Task[Any]:
        """Begin a task, on asyncio's side."""
        task = self.thread.loop.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @trio.lowlevel.enable_ki_protection
    async def close(self) -> None:
        """Cancel what still runs; it is over then."""
        self._closed = True
        await _Call(self, self._cancel_others).result()

    async def _cancel_others(self) -> None:
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)


@asynccontextmanager
@trio.lowlevel.enable_ki_protection
async def open_scope() -> AsyncGenerator[Scope, None]:
    """Have asyncio's loop for the length of the scope. Cancellation: leaves nothing running."""
    thread = _RUNNING.get()
    if thread is None:
        thread = _LoopThread()
        _RUNNING.set(thread)
    thread.users += 1
    scope = Scope(thread)
    try:
        yield scope
    finally:
        with trio.CancelScope(shield=True):
            try:
                await scope.close()
            finally:  # also where Ctrl-C ends that
                thread.users -= 1
                if not thread.users:
                    _RUNNING.set(None)
                    await thread.stop()
