"""The bounded broadcast, and task groups whose lone error leaves as itself."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from aiovirt._tasks import Broadcast, Subscription, open_task_group
from aiovirt.errors import Busy, Closed

pytestmark = pytest.mark.anyio


def numbers(backlog: int = 10) -> Broadcast[int]:
    """A broadcast of positive numbers that announces a loss as a negative one."""
    return Broadcast(lambda count: -count, backlog=backlog)


async def rest(source: Broadcast[int], subscription: Subscription[int]) -> list[int]:
    """Close `source` and return what `subscription` still has."""
    source.close()
    return [value async for value in subscription]


async def test_each_subscriber_gets_every_value_in_order() -> None:
    source = numbers()
    async with source.subscribe() as one, source.subscribe() as two:
        for value in (1, 2, 3):
            source.publish(value)
        assert await rest(source, one) == await rest(source, two) == [1, 2, 3]


async def test_a_subscription_is_effective_on_entering_and_not_before() -> None:
    source = numbers()
    subscription = source.subscribe()
    source.publish(1)
    async with subscription:
        source.publish(2)
        assert await rest(source, subscription) == [2]


async def test_a_filter_picks_what_is_delivered() -> None:
    source = numbers()
    async with source.subscribe(lambda value: value % 2 == 0) as even:
        for value in range(1, 6):
            source.publish(value)
        assert await rest(source, even) == [2, 4]


async def test_a_slow_subscriber_loses_the_oldest_and_is_told_how_many() -> None:
    source = numbers(backlog=3)
    async with source.subscribe() as slow:
        for value in range(1, 8):
            source.publish(value)
        assert slow.lost == 4
        assert await rest(source, slow) == [-4, 5, 6, 7]


async def test_a_loss_is_announced_once_and_later_losses_again() -> None:
    source = numbers(backlog=1)
    async with source.subscribe() as slow:
        source.publish(1)
        source.publish(2)
        assert [await anext(slow), await anext(slow)] == [-1, 2]
        source.publish(3)
        source.publish(4)
        assert await rest(source, slow) == [-1, 4]
        assert slow.lost == 2


async def test_one_subscribers_loss_is_not_anothers() -> None:
    source = numbers(backlog=1)
    async with source.subscribe(backlog=5) as wide, source.subscribe() as narrow:
        source.publish(1)
        source.publish(2)
        assert (wide.lost, narrow.lost) == (0, 1)


async def test_a_waiting_subscriber_is_woken() -> None:
    source = numbers()
    async with source.subscribe() as events, open_task_group() as group:
        group.start_soon(publish_soon, source, 7)
        assert await anext(events) == 7


async def publish_soon(source: Broadcast[int], value: int) -> None:
    for _ in range(5):
        await checkpoint()
    source.publish(value)


async def test_cancelling_a_reader_loses_nothing() -> None:
    source = numbers()
    async with source.subscribe() as events:
        source.publish(1)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anext(events)
        assert scope.cancelled_caught
        assert await anext(events) == 1


async def test_closing_with_an_error_raises_it_after_what_waits() -> None:
    source = numbers()
    async with source.subscribe() as events:
        source.publish(1)
        source.close(lambda: OSError("gone"))
        source.publish(2)
        assert await anext(events) == 1
        with pytest.raises(OSError, match="gone"):
            await anext(events)


async def test_subscribing_after_the_close_ends_at_once() -> None:
    source = numbers()
    source.close()
    async with source.subscribe() as events:
        assert [value async for value in events] == []
    assert source.closed


async def test_reading_outside_the_async_with_is_an_error() -> None:
    subscription = numbers().subscribe()
    with pytest.raises(Closed):
        await anext(subscription)


async def test_a_second_reader_is_refused_and_the_first_goes_on() -> None:
    source = numbers()
    async with source.subscribe() as events, open_task_group() as group:
        group.start_soon(expect_busy, events, source)
        assert await anext(events) == 1


async def expect_busy(events: Subscription[int], source: Broadcast[int]) -> None:
    await checkpoint()
    with pytest.raises(Busy):
        await events.__anext__()
    source.publish(1)


async def test_entering_twice_is_refused() -> None:
    async with numbers().subscribe() as events:
        with pytest.raises(Busy):
            await events.__aenter__()


async def test_a_backlog_must_hold_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        numbers(backlog=0)
    with pytest.raises(ValueError, match="at least one"):
        numbers().subscribe(backlog=0)


async def fail(message: str) -> None:
    raise OSError(message)


async def run_failing(*messages: str) -> None:
    async with open_task_group() as group:
        for message in messages:
            group.start_soon(fail, message)
        await anyio.sleep_forever()


async def fail_in_the_body() -> None:
    async with open_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        raise KeyError


async def fail_nested() -> None:
    async with open_task_group(), anyio.create_task_group() as inner:
        inner.start_soon(fail, "inner")


async def test_a_lone_error_of_a_child_leaves_as_itself() -> None:
    with pytest.raises(OSError, match="alone"):
        await run_failing("alone")


async def test_a_lone_error_of_the_body_leaves_as_itself() -> None:
    with pytest.raises(KeyError):
        await fail_in_the_body()


async def test_a_lone_error_leaves_nested_groups_as_itself() -> None:
    with pytest.raises(OSError, match="inner"):
        await fail_nested()


async def test_two_errors_leave_as_a_group() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await run_failing("one", "two")
    assert len(caught.value.exceptions) == 2


async def test_a_cancellation_from_outside_passes_through() -> None:
    with anyio.CancelScope() as scope:
        async with open_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
