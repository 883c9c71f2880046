"""The tasks of one client: they end with it, and their faults are its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus

from aiovirt._tasks import open_task_group
from aiovirt.daemon.service.tasks import ClientTasks

pytestmark = pytest.mark.anyio


@dataclass
class Seen:
    """What happened."""

    failures: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def failed(self) -> None:
        self.failures.append("failed")

    async def hang(self, name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            self.cancelled.append(name)


async def fail() -> None:
    await anyio.lowlevel.checkpoint()
    raise ValueError("a fault of ours")


@pytest.fixture
def seen() -> Seen:
    """Return what happens."""
    return Seen()


@pytest.fixture
async def tasks(seen: Seen) -> AsyncIterator[ClientTasks]:
    """Return the tasks of a client, in a group that ends only when all have ended."""
    async with open_task_group() as group:
        yield ClientTasks(group, 7, seen.failed)


async def test_all_are_cancelled_and_waited_for(tasks: ClientTasks, seen: Seen) -> None:
    tasks.start_soon(seen.hang, "a")
    tasks.start_soon(seen.hang, "b")
    await anyio.wait_all_tasks_blocked()
    tasks.cancel()
    await tasks.wait()
    assert (sorted(seen.cancelled), bool(tasks)) == (["a", "b"], False)


async def test_what_begins_after_the_end_is_cancelled_where_it_waits(
    tasks: ClientTasks, seen: Seen
) -> None:
    tasks.cancel()
    tasks.start_soon(seen.hang, "late")
    await tasks.wait()
    assert seen.cancelled == ["late"]


async def test_who_is_cancelled_waits_all_the_same(tasks: ClientTasks, seen: Seen) -> None:
    tasks.start_soon(seen.hang, "a")
    await anyio.wait_all_tasks_blocked()
    tasks.cancel()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await tasks.wait()
    assert seen.cancelled == ["a"]


async def test_a_fault_is_the_clients_alone(
    tasks: ClientTasks, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    tasks.start_soon(seen.hang, "a")
    tasks.start_soon(fail)
    await anyio.wait_all_tasks_blocked()
    assert (seen.failures, seen.cancelled) == (["failed"], [])
    assert "client 7 has failed" in caplog.text
    assert "a fault of ours" in caplog.text
    tasks.cancel()


async def begins(fails: str, *, task_status: TaskStatus[int]) -> None:
    if fails == "before":
        await fail()
    task_status.started(3)
    await fail()


async def test_a_fault_before_a_task_has_begun_is_the_callers(
    tasks: ClientTasks, seen: Seen
) -> None:
    with pytest.raises(ValueError, match="a fault of ours"):
        await tasks.start(begins, "before")
    assert (seen.failures, bool(tasks)) == ([], False)


async def test_a_fault_after_that_is_the_clients(tasks: ClientTasks, seen: Seen) -> None:
    assert await tasks.start(begins, "after") == 3
    await tasks.wait()
    assert seen.failures == ["failed"]
