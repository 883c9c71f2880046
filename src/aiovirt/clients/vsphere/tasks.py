"""Tasks of a server, waited for: one look at a new one, then one list that one stream watches.

However many tasks are waited for, nothing is polled and no filter is made for any of them.  Most
end so soon that the look, which goes together with those at others, has found their end.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import anyio

from aiovirt.clients.vsphere._batch import Batches
from aiovirt.clients.vsphere._retrieve import Calls, get_many
from aiovirt.clients.vsphere._store import Properties
from aiovirt.clients.vsphere._tasklist import (
    PATHS,
    ListClient,
    OnProgress,
    TaskList,
    Waiting,
    forgotten,
)
from aiovirt.clients.vsphere.faults import VSphereFault, is_gone, is_passing
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere import Ref, SoapFault
from aiovirt.protocols.vsphere.tables.faults import LocalizedMethodFault
from aiovirt.protocols.vsphere.tables.tasks_methods import CANCEL_TASK

__all__ = ["GIVE_UP_S", "POWER_TASKS", "OnProgress", "TaskClient", "Tasks"]

GIVE_UP_S = 10.0
"""Seconds that a task has to end that is given up."""

POWER_TASKS = frozenset(
    {"PowerOffVM_Task", "PowerOnVM_Task", "ResetVM_Task", "SuspendVM_Task"},
)
"""They make nothing that could be left behind, and are called by the thousand."""


class TaskClient(ListClient, Calls, Protocol):
    """What tasks need of the client."""


class Tasks:
    """Those who wait for tasks of a server."""

    def __init__(self, client: TaskClient) -> None:
        self._client = client
        self._waiting: dict[Ref, Waiting] = {}
        self._looks: Batches[Ref, Properties] = Batches(self._look)
        self._list = TaskList(client, self._waiting)

    async def look(self) -> None:
        """Look at tasks that are new, until this is cancelled: who makes it has it run beside."""
        await self._looks.run()

    async def run(
        self, task: Ref, method: str, this: Ref, progress: OnProgress | None = None
    ) -> object:
        """Wait for a task that was just started; if the wait is cancelled, let it end.

        Raises as `wait`. Cancellation: the task is asked to end, and waited for some seconds if it
        will.
        """
        try:
            return await self.wait(task, method, this, progress)
        except anyio.get_cancelled_exc_class():
            await self.give_up(task, method, this)
            raise

    async def give_up(self, task: Ref, method: str, this: Ref) -> None:
        """Have a task end that nobody waits for any more; it has `GIVE_UP_S` seconds for that.

        Cancellation: it waits all the same.
        """
        with anyio.move_on_after(GIVE_UP_S, shield=True), suppress(AiovirtError):
            if await self.cancel(task):
                await self.wait(task, method, this)

    async def close(self) -> None:
        """Let the server forget what was made. Cancellation: waited out, for two seconds."""
        await self._list.close()

    async def cancel(self, task: Ref) -> bool:
        """Ask a task to end; whether it will: one that cannot, or has ended, is left alone."""
        try:
            await self._client.call(CANCEL_TASK, task)
        except VSphereFault:
            return False
        return True

    async def wait(
        self, task: Ref, method: str, this: Ref, progress: OnProgress | None = None
    ) -> object:
        """Wait for the end of a task; its result.

        Args:
            task: It.
            method: What has started it, for messages.
            this: What that was called on, for messages.
            progress: Called with each new percentage.

        Raises:
            VSphereFault: It ended in an error.
            ConnectionLost: With `maybe_done`: the server has forgotten it.
            AiovirtError: The session cannot be renewed.

        Cancellation: the task goes on.
        """
        waiting = self._waiting.setdefault(task, Waiting(task))
        waiting.waiters += 1
        if progress is not None:
            waiting.listeners.append(progress)
        try:
            await self._look_at(waiting)
            if not waiting.ended.is_set():
                self._list.add(task)
                await waiting.ended.wait()
            return self._outcome(waiting, method, this)
        finally:
            if progress is not None:
                waiting.listeners.remove(progress)
            waiting.waiters -= 1
            if not waiting.waiters:
                self._waiting.pop(task, None)
                self._list.remove(task)

    async def _look_at(self, waiting: Waiting) -> None:
        try:
            found = await self._looks.get(waiting.ref)
        except AiovirtError as error:
            if not is_passing(error) and not is_gone(error):
                raise
            return  # the stream heals, and tells it
        if waiting.ref in found:
            waiting.take(found[waiting.ref])
        else:
            waiting.fail(lambda: forgotten(self._client.where, waiting.ref))

    async def _look(self, tasks: tuple[Ref, ...]) -> Mapping[Ref, Properties]:
        return await get_many(self._client, tasks, PATHS)

    def _outcome(self, waiting: Waiting, method: str, this: Ref) -> object:
        if waiting.error is not None:
            raise waiting.error()
        known = waiting.known
        if known.get("info.state") == "success":
            return known.get("info.result")
        error = known.get("info.error")
        told = SoapFault("ServerFaultCode", "the task failed, and the server does not say why")
        if isinstance(error, LocalizedMethodFault):
            told = SoapFault(told.code, error.localized_message or "", error.fault)
        raise VSphereFault(self._client.where, method, this, told)
