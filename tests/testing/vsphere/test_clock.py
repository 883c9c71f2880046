"""The simulator's time runs with the real one, and is set forward at will."""

from __future__ import annotations

import math
from datetime import timedelta

import anyio
import pytest

from aiovirt.testing.vsphere import Clock

pytestmark = pytest.mark.anyio


async def test_a_clock_that_stands_is_set_forward() -> None:
    clock = Clock(running=False)
    begin = clock.now()
    assert clock.now() == begin
    clock.advance(10)
    assert clock.now() - begin == timedelta(seconds=10)
    assert clock.at(5) - begin == timedelta(seconds=5)


async def test_a_running_clock_goes_on() -> None:
    clock = Clock()
    first = clock.seconds()
    await clock.sleep(0.001)
    assert clock.seconds() - first >= 0.001


async def test_who_waits_goes_on_when_the_time_has_come() -> None:
    clock, woken = Clock(running=False), []

    async def wait(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as tasks:
        for seconds in (1, 2, math.inf):
            tasks.start_soon(wait, seconds)
        await anyio.wait_all_tasks_blocked()
        clock.advance(1)
        await anyio.wait_all_tasks_blocked()
        assert woken == [1]
        clock.advance(1)
        await anyio.wait_all_tasks_blocked()
        assert woken == [1, 2]
        tasks.cancel_scope.cancel()


async def test_what_is_over_is_not_waited_for() -> None:
    clock = Clock(running=False)
    clock.advance(5)
    await clock.wait_until(5)
    await clock.wait_until(1)
