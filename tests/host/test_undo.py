"""Undo steps run on failure and cancellation, last first, and never on success."""

from __future__ import annotations

import anyio
import pytest

from aiovirt.host.undo import undo_on_failure

pytestmark = pytest.mark.anyio


async def test_success_forgets_the_steps() -> None:
    done: list[str] = []
    async with undo_on_failure() as undo:
        undo.callback(done.append, "step")
    assert done == []


async def test_failure_runs_them_last_first() -> None:
    done: list[str] = []

    async def fail() -> None:
        async with undo_on_failure() as undo:
            undo.callback(done.append, "first")
            undo.callback(done.append, "second")
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert done == ["second", "first"]


async def test_cancellation_runs_them_to_their_end() -> None:
    done: list[str] = []

    async def step() -> None:
        await anyio.lowlevel.checkpoint()
        done.append("step")

    with anyio.CancelScope() as scope:
        async with undo_on_failure() as undo:
            undo.push_async_callback(step)
            scope.cancel()
            await anyio.sleep_forever()
    assert done == ["step"]
