"""The end of a driver ends the changes under way, and waits for them."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus

from aiovirt.drivers.qemu.engine.works import Works
from aiovirt.errors import Closed

pytestmark = pytest.mark.anyio


async def test_later_work_is_refused() -> None:
    works = Works()
    await works.close()
    with pytest.raises(Closed, match="the host was closed"):
        async with works.work():
            pytest.fail("this was to be refused")


async def test_end_waits_until_the_work_has_cleaned_up() -> None:
    works = Works()
    told: list[str] = []

    async def work(status: TaskStatus[None]) -> None:
        async with works.work():
            try:
                status.started()
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                    told.append("cleaned up")

    async def ended(*, task_status: TaskStatus[None]) -> None:
        with pytest.raises(Closed, match="meanwhile"):
            await work(task_status)

    async with anyio.create_task_group() as tasks:
        await tasks.start(ended)
        await tasks.start(ended)
        await works.close()
        told.append("closed")
    assert told == ["cleaned up", "cleaned up", "closed"]


async def test_cancellation_from_outside_stays_one() -> None:
    works = Works()
    with anyio.CancelScope() as outside:
        async with works.work():
            outside.cancel()
            await anyio.sleep_forever()
    assert outside.cancelled_caught
    await works.close()
