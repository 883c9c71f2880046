"""Libraries of asyncio under trio, which leave the rest of the process as it is."""

from __future__ import annotations

import asyncio

import trio

from aiovirt.streams._asyncio import asyncio_loop, in_asyncio


async def _answer() -> int:
    await asyncio.sleep(0)
    return 42


async def _ask() -> int:
    async with asyncio_loop():
        return await in_asyncio(_answer)


def test_what_is_of_asyncio_runs_under_trio() -> None:
    assert trio.run(_ask) == 42


def test_loops_outside_of_trio_stay_those_of_asyncio() -> None:
    trio.run(_ask)
    with asyncio.Runner() as runner:
        assert type(runner.get_loop()).__module__.partition(".")[0] == "asyncio"
