"""Libraries of asyncio under trio, which leave the rest of the process as it is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest
import trio
import trio.testing

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
    async def tell() -> None:
        begun.set()

    told = home.back(tell)

    async def wait() -> None:
        await told()
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


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "aiovirt asyncio"]


def test_all_share_one_thread_which_ends_with_the_last() -> None:
    async def run() -> None:
        assert threads() == []
        async with asyncio_loop():
            async with asyncio_loop():
                assert len(threads()) == 1
                assert await in_asyncio(_answer) == 42
            assert len(threads()) == 1
            assert await in_asyncio(_answer) == 42
        assert threads() == []
        async with asyncio_loop():
            assert await in_asyncio(_answer) == 42
        assert threads() == []

    trio.run(run)


def test_what_another_scope_runs_goes_on_when_one_is_closed() -> None:
    async def run() -> None:
        outer_may_end = asyncio.Event()

        async def wait() -> str:
            await outer_may_end.wait()
            return "ended"

        async def let_end() -> None:
            outer_may_end.set()

        answers: list[str] = []

        async def ask() -> None:
            answers.append(await in_asyncio(wait))

        async with asyncio_loop(), trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            async with asyncio_loop():
                pass
            await in_asyncio(let_end)
        assert answers == ["ended"]

    trio.run(run)


def test_errors_and_the_context_pass_through() -> None:
    word: ContextVar[str] = ContextVar("word")

    async def fail() -> None:
        raise ValueError(word.get())

    async def run() -> None:
        word.set("mine")
        async with asyncio_loop():
            with pytest.raises(ValueError, match="mine"):
                await in_asyncio(fail)

    trio.run(run)


def test_asyncios_side_gets_what_trios_answers() -> None:
    async def of_trio(number: int) -> int:
        await trio.lowlevel.checkpoint()
        if number < 0:
            raise ValueError("negative")
        return number + 1

    async def run() -> None:
        async with asyncio_loop():
            home = Home()
            back = home.back(of_trio)
            assert await home.run(back, 41) == 42
            with pytest.raises(ValueError, match="negative"):
                await home.run(back, -1)

    trio.run(run)


def test_who_gives_up_ends_what_runs_for_it_on_its_own_side_first() -> None:
    told: list[str] = []

    async def of_trio() -> None:
        try:
            told.append("begun")
            await trio.sleep_forever()
        finally:
            told.append("ended")

    async def run() -> None:
        async with asyncio_loop():
            home = Home()
            back = home.back(of_trio)

            async def of_asyncio() -> None:
                try:
                    await back()
                finally:
                    told.append("told")

            async with trio.open_nursery() as nursery:
                nursery.start_soon(home.run, of_asyncio)
                await trio.testing.wait_all_tasks_blocked(0.05)
                nursery.cancel_scope.cancel()
        assert told == ["begun", "ended", "told"]

    trio.run(run)


def test_what_was_left_of_a_library_is_cancelled_with_the_loop() -> None:
    told: list[str] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("cancelled")

    kept: list[asyncio.Task[None]] = []

    async def leave() -> None:
        kept.append(asyncio.create_task(wait_for_ever()))
        await asyncio.sleep(0)

    async def run() -> None:
        async with asyncio_loop():
            await in_asyncio(leave)
        assert told == ["cancelled"]

    trio.run(run)


def test_a_thread_of_the_loops_that_hangs_holds_nobody_up() -> None:
    """So does who looks up a name at a server that does not answer."""
    may_end = threading.Event()

    async def look_up() -> None:
        await asyncio.get_running_loop().run_in_executor(None, may_end.wait)

    async def run() -> None:
        async with asyncio_loop():
            with trio.move_on_after(0.05) as scope:
                await in_asyncio(look_up)
        assert scope.cancelled_caught

    try:
        trio.run(run)
        assert not may_end.is_set()
    finally:
        may_end.set()


def test_what_ends_the_process_passes_through_from_both_sides() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    async def run() -> None:
        async with asyncio_loop():
            home = Home()
            with pytest.raises(SystemExit):
                await home.run(leave)
            with pytest.raises(SystemExit):
                await home.run(home.back(leave))
            assert await home.run(_answer) == 42

    trio.run(run)


class OnTrio(asyncio.DefaultEventLoopPolicy):
    """What a library that runs asyncio on trio says of the process's loops."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        raise RuntimeError("there is another loop here")


def test_the_policy_of_the_process_does_not_matter() -> None:
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(OnTrio())
    try:
        assert trio.run(_ask) == 42
    finally:
        asyncio.set_event_loop_policy(before)


CTRL_C = """
import asyncio, os, signal, threading
import trio
from aiovirt.streams._asyncio import Home, asyncio_loop

async def wait():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.1)
        raise

async def use(home):
    try:
        await home.run(wait)
    except Exception as error:
        print(type(error).__name__)

async def main():
    async with trio.open_nursery() as nursery:
        async with asyncio_loop():
            nursery.start_soon(use, Home())
            await trio.testing.wait_all_tasks_blocked(0.05)

import trio.testing
try:
    trio.run(main)
except* KeyboardInterrupt:
    print("interrupted")
print([each.name for each in threading.enumerate()])
"""


def test_ctrl_c_while_a_scope_is_closed_leaves_no_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["ConnectionLost", "interrupted", "['MainThread']"]
