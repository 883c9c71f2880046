"""Libraries of asyncio under trio, which leave the rest of the process as it is."""

from __future__ import annotations

import asyncio

import pytest
import trio

from aiovirt.errors import ConnectionLost
from aiovirt.streams._asyncio import Home, asyncio_loop, in_asyncio


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


async def _wait_until_closed() -> None:
    async with trio.open_nursery() as nursery:
        begun = trio.Event()
        async with asyncio_loop():
            nursery.start_soon(_wait_for_ever, Home(), begun)
            await begun.wait()


async def _wait_for_ever(home: Home, begun: trio.Event) -> None:
    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    with pytest.raises(ConnectionLost, match="closed meanwhile") as caught:
        await home.run(wait)
    assert caught.value.maybe_done


def test_what_waits_while_its_loop_is_closed_is_told_so() -> None:
    trio.run(_wait_until_closed)


def test_what_is_asked_of_a_loop_that_is_closed_is_not_begun() -> None:
    async def ask() -> None:
        async with asyncio_loop():
            home = Home()
        with pytest.raises(ConnectionLost, match="was closed") as caught:
            await home.run(_answer)
        assert not caught.value.maybe_done

    trio.run(ask)


def test_who_gives_up_is_cancelled_by_trio() -> None:
    async def give_up() -> bool:
        async with asyncio_loop():
            with trio.move_on_after(0) as scope:
                await in_asyncio(asyncio.Event().wait)
        return scope.cancelled_caught

    assert trio.run(give_up)
