"""The QMP client against a fake QEMU."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import EVENTS_LOST, QMPClient, connect_qmp
from aiovirt.clients.qmp._client import IN_FLIGHT
from aiovirt.errors import (
    CallerError,
    Closed,
    ConnectionLost,
    NotFound,
    ProtocolError,
    QMPCommandError,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.protocols.qmp import Greeting, Version
from aiovirt.protocols.qmp.commands import (
    Cont,
    Getfd,
    QueryCpusFast,
    QueryStatus,
    Quit,
    StatusInfo,
    Stop,
)
from aiovirt.testing.fake_qemu import FakeQemu, run_fake_qemu
from aiovirt.testing.faults import Flood, Hold, Refuse, Silent

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[FakeQemu, QMPClient], None]:
    async with run_fake_qemu() as fake, connect_qmp(fake.connect(), name="web1") as qmp:
        yield fake, qmp


async def test_the_greeting_is_typed() -> None:
    async with connected() as (_, qmp):
        assert qmp.greeting == Greeting(Version(9, 9, 9), "fake", ("oob",))


async def test_out_of_band_is_negotiated_when_it_is_offered() -> None:
    async with connected() as (fake, qmp):
        assert qmp.oob
        assert fake.requests[0].arguments == {"enable": ["oob"]}


async def test_without_the_offer_nothing_is_negotiated_and_oob_is_refused() -> None:
    old = Greeting(Version(1, 0, 0))
    async with run_fake_qemu(greeting=old) as fake, connect_qmp(fake.connect()) as qmp:
        assert fake.requests[0].arguments is None
        with pytest.raises(Unsupported, match="exec-oob"):
            await qmp.execute("query-status", oob=True)


async def test_a_path_can_be_connected_to(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sock"
    async with run_fake_qemu(path), connect_qmp(path) as qmp:
        assert await qmp.execute("query-status") == {"status": "paused", "running": False}


async def test_a_path_longer_than_a_socket_address_can_be_connected_to(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / "monitor.sock"
    path.parent.mkdir()
    async with run_fake_qemu(path), connect_qmp(path) as qmp:
        await qmp.execute("query-status")


async def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.sock"):
        async with connect_qmp(tmp_path / "nothing.sock"):
            pass


async def test_a_path_without_a_listener_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    async with run_fake_qemu(path):
        os.link(path, tmp_path / "copy.sock")
    with pytest.raises(ResourceUnavailable, match=r"copy\.sock"):
        async with connect_qmp(tmp_path / "copy.sock"):
            pass


async def test_arguments_and_keywords_are_joined_with_dashes() -> None:
    async with connected() as (_, qmp):
        result = await qmp.execute("echo", {"a_b": 1}, node_name="n", size=2)
        assert result == {"a_b": 1, "node-name": "n", "size": 2}


async def test_a_typed_command_gives_a_typed_result() -> None:
    async with connected() as (_, qmp):
        assert await qmp.call(QueryStatus()) == StatusInfo(status="paused", running=False)


async def test_several_commands_go_as_one_and_answer_in_their_order() -> None:
    async with connected() as (fake, qmp):
        fake.handlers["query-cpus-fast"] = lambda _: []
        paused = StatusInfo(status="paused", running=False)
        assert await qmp.call_all(QueryStatus(), QueryCpusFast(), QueryStatus()) == [
            paused,
            [],
            paused,
        ]


async def test_what_is_refused_among_several_is_told_in_its_place() -> None:
    async with connected() as (fake, qmp):
        fake.script.add("stop", Refuse("GenericError", "no"))
        found = await qmp.execute_each(("echo", {"a": 1}), ("stop", {}), ("echo", {"b": 2}))
        assert [error and error.command for error in found] == [None, "stop", None]


async def test_a_command_can_be_left_to_itself() -> None:
    """What is sent later is done later, refused or not."""
    async with connected() as (fake, qmp):
        hold = Hold()
        fake.script.add("cont", hold)
        fake.script.add("stop", Refuse("GenericError", "no"))
        await qmp.post(Cont())
        await qmp.post(Stop())
        await hold.reached.wait()
        hold.until.set()
        assert await qmp.execute("echo", {"a": 1}) == {"a": 1}
        assert [request.name for request in fake.requests[1:]] == ["cont", "stop", "echo"]


async def test_more_commands_than_may_be_on_their_way_all_answer() -> None:
    async with connected() as (_, qmp):
        many = [("echo", {"a": number}) for number in range(3 * IN_FLIGHT)]
        async with anyio.create_task_group() as group:
            group.start_soon(qmp.execute_each, *many)
            assert await qmp.execute_each(*many) == [None] * len(many)


async def test_a_result_of_another_shape_is_the_servers_fault() -> None:
    async with connected() as (fake, qmp):
        fake.handlers["query-cpus-fast"] = lambda _: [{"cpu-index": "zero"}]
        with pytest.raises(ProtocolError, match=r"web1: .*query-cpus-fast"):
            await qmp.call(QueryCpusFast())


async def test_an_error_keeps_its_class_and_text() -> None:
    async with connected() as (fake, qmp):
        fake.script.add("stop", Refuse("DeviceNotActive", "no such thing"))
        with pytest.raises(QMPCommandError) as caught:
            await qmp.call(Stop())
    error = caught.value
    assert (error.command, error.error_class) == ("stop", "DeviceNotActive")
    assert error.description == "no such thing"


async def test_arguments_that_are_no_json_are_the_callers_fault_and_nothing_is_sent() -> None:
    async with connected() as (fake, qmp):
        with pytest.raises(CallerError, match="echo"):
            await qmp.execute("echo", {"x": object()})
        await qmp.execute("echo")
        assert [request.name for request in fake.requests[1:]] == ["echo"]


async def test_calls_of_many_tasks_get_their_own_replies() -> None:
    async with connected() as (_, qmp), open_task_group() as group:

        async def ask(number: int) -> None:
            assert await qmp.execute("echo", number=number) == {"number": number}

        for number in range(50):
            group.start_soon(ask, number)


async def test_out_of_band_overtakes_what_is_stuck() -> None:
    async with connected() as (fake, qmp), open_task_group() as group:
        hold = Hold()
        for _ in range(20):
            fake.script.add("stop", hold)
            group.start_soon(qmp.call, Stop())
        await hold.reached.wait()
        assert await qmp.execute("echo", oob=True) == {}
        hold.until.set()


async def test_a_cancelled_call_leaves_the_connection_good() -> None:
    async with connected() as (fake, qmp):
        hold = Hold()
        fake.script.add("echo", hold)
        async with open_task_group() as group:
            group.start_soon(qmp.execute, "echo", {"late": True})
            await hold.reached.wait()
            group.cancel_scope.cancel()
        hold.until.set()
        assert await qmp.execute("echo", {"late": False}) == {"late": False}


async def test_a_call_cancelled_before_it_is_sent_sends_nothing() -> None:
    async with connected() as (fake, qmp):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await qmp.call(Quit())
        await qmp.execute("echo")
        assert [request.name for request in fake.requests[1:]] == ["echo"]


async def test_a_deadline_ends_a_call_that_is_never_answered() -> None:
    async with connected() as (fake, qmp):
        fake.script.add("stop", Silent())
        with pytest.raises(TimeoutError), anyio.fail_after(0.01):
            await qmp.call(Stop())
        assert await qmp.execute("echo") == {}


async def test_events_come_in_order_with_data_and_time() -> None:
    async with connected() as (_, qmp), qmp.events() as events:
        await qmp.call(Cont())
        await qmp.call(Stop())
        first, second = await anext(events), await anext(events)
        assert (first.name, second.name, first.timestamp) == ("RESUME", "STOP", 1.5)


async def test_an_event_arrives_while_nobody_calls() -> None:
    async with connected() as (fake, qmp), qmp.events() as events:
        await fake.announce("POWERDOWN", {"a": 1})
        event = await anext(events)
        assert (event.name, event.data) == ("POWERDOWN", {"a": 1})


async def test_an_event_arrives_between_the_calls_of_others() -> None:
    async with connected() as (fake, qmp), open_task_group() as group, qmp.events() as events:

        async def keep_calling() -> None:
            while True:
                await qmp.execute("echo")

        group.start_soon(keep_calling)
        await fake.announce("POWERDOWN")
        assert (await anext(events)).name == "POWERDOWN"
        group.cancel_scope.cancel()


async def test_events_can_be_picked_by_name() -> None:
    async with connected() as (_, qmp), qmp.events("STOP") as events:
        await qmp.call(Cont())
        await qmp.call(Stop())
        assert (await anext(events)).name == "STOP"


async def test_an_event_of_an_action_is_there_before_its_subscriber_reads() -> None:
    async with connected() as (_, qmp), qmp.events("RESUME") as events:
        await qmp.call(Cont())
        with anyio.fail_after(5):
            assert (await anext(events)).name == "RESUME"


async def test_a_flood_is_bounded_and_the_loss_is_announced() -> None:
    async with connected() as (fake, qmp), qmp.events(backlog=10) as events:
        fake.script.add("echo", Flood(25))
        await qmp.execute("echo")
        loss = await anext(events)
        assert (loss.name, loss.data) == (EVENTS_LOST, {"count": 15})
        assert (await anext(events)).data == {"number": 15}


async def test_events_end_with_the_connection() -> None:
    async with connected() as (_, qmp), qmp.events() as events:
        await qmp.call(Quit())
        assert [event.name async for event in events] == ["SHUTDOWN"]


async def test_the_end_is_told_with_its_reason() -> None:
    async with connected() as (_, qmp):
        await qmp.call(Quit())
        end = await qmp.wait_closed()
        assert (str(end), end.error) == ("closed by the peer", None)
        with pytest.raises(ConnectionLost, match="query-status") as caught:
            await qmp.call(QueryStatus())
        assert not caught.value.maybe_done


async def test_after_the_block_the_client_is_closed() -> None:
    async with connected() as (_, qmp):
        pass
    with pytest.raises(Closed):
        await qmp.call(QueryStatus())
    assert str(await qmp.wait_closed()) == "closed by this side"


async def test_descriptors_travel_with_their_command() -> None:
    reading, writing = os.pipe()
    async with connected() as (fake, qmp):
        fake.handlers["getfd"] = lambda _: {}
        await qmp.call(Getfd("pipe"), fds=[writing])
        os.close(writing)
        assert fake.requests[-1].descriptors == 1
        os.write(fake.descriptors[0], b"through")
        assert os.read(reading, 7) == b"through"
    os.close(reading)


@asynccontextmanager
async def holding_getfd() -> AsyncGenerator[tuple[FakeQemu, QMPClient, Hold], None]:
    """Have a server that knows ``getfd``, and does not answer the first one before it is let."""
    async with connected() as (fake, qmp):
        fake.handlers["getfd"] = lambda _: {}
        hold = Hold()
        fake.script.add("getfd", hold)
        yield fake, qmp, hold


async def test_commands_with_descriptors_go_one_at_a_time() -> None:
    async with holding_getfd() as (fake, qmp, hold), open_task_group() as group:
        group.start_soon(lambda: qmp.call(Getfd("one"), fds=[0]))
        await hold.reached.wait()
        group.start_soon(lambda: qmp.call(Getfd("two"), fds=[0]))
        await qmp.execute("echo", oob=True)
        assert [request.name for request in fake.requests].count("getfd") == 1
        hold.until.set()
    assert [request.name for request in fake.requests].count("getfd") == 2


async def arrived() -> None:
    """Let all that was sent arrive."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("many", [1, 2])
async def test_nothing_is_sent_behind_a_command_with_descriptors(many: int) -> None:
    """QEMU looks at descriptors with each byte that comes before it has taken them."""
    async with holding_getfd() as (fake, qmp, hold), open_task_group() as group:
        group.start_soon(lambda: qmp.call(Getfd("one"), fds=[0]))
        await hold.reached.wait()
        if many == 1:
            group.start_soon(lambda: qmp.call(QueryStatus()))
        else:
            group.start_soon(lambda: qmp.call_all(*[QueryStatus()] * many))
        await arrived()
        assert fake.requests[-1].name == "getfd"
        hold.until.set()
    assert fake.requests[-1].name == "query-status"


async def test_who_gives_up_a_command_with_descriptors_lets_others_through_at_its_reply() -> None:
    async with holding_getfd() as (fake, qmp, hold), open_task_group() as group:
        with anyio.CancelScope() as scope:
            async with open_task_group() as inner:
                inner.start_soon(lambda: qmp.call(Getfd("one"), fds=[0]))
                await hold.reached.wait()
                scope.cancel()
        group.start_soon(lambda: qmp.call(QueryStatus()))
        await arrived()
        assert fake.requests[-1].name == "getfd"
        hold.until.set()
    assert fake.requests[-1].name == "query-status"


@pytest.mark.parametrize("oob", [False, True])
async def test_many_commands_with_descriptors_let_others_through(oob: bool) -> None:  # noqa: FBT001 - a parameter
    async with connected() as (fake, qmp), open_task_group() as group:
        fake.handlers["getfd"] = lambda _: {}

        async def keep_sending() -> None:
            while True:
                await qmp.call(Getfd("one"), fds=[0])

        for _ in range(2):
            group.start_soon(keep_sending)
        await arrived()
        before = [request.name for request in fake.requests].count("getfd")
        await qmp.execute("echo", oob=oob)
        passed = [request.name for request in fake.requests].count("getfd") - before
        assert passed < 100  # of thousands a second
        group.cancel_scope.cancel()


@pytest.mark.parametrize("fds", [[1 << 20], [0] * 254], ids=["closed", "too many"])
async def test_descriptors_that_cannot_be_sent_leave_the_connection_good(fds: list[int]) -> None:
    async with connected() as (fake, qmp):
        with pytest.raises(CallerError, match="descriptor"):
            await qmp.call(Getfd("pipe"), fds=fds)
        assert await qmp.execute("echo", text="still here") == {"text": "still here"}
        assert [request.name for request in fake.requests] == ["qmp_capabilities", "echo"]


async def test_arguments_nested_too_deeply_leave_the_connection_good() -> None:
    deep: dict[str, object] = {}
    for _ in range(5000):
        deep = {"a": deep}
    async with connected() as (_, qmp):
        with pytest.raises(CallerError, match="JSON"):
            await qmp.execute("echo", deep)
        assert await qmp.execute("echo", {"a": 1}) == {"a": 1}


async def test_calls_of_a_wider_scope_end_with_the_connection() -> None:
    lost: list[ConnectionLost] = []

    async def call(qmp: QMPClient) -> None:
        with pytest.raises(ConnectionLost) as caught:
            await qmp.execute("echo")
        lost.append(caught.value)

    async with open_task_group() as group, connected() as (fake, qmp):
        fake.script.add("echo", silent := Silent())
        group.start_soon(call, qmp)
        await silent.reached.wait()
    assert [error.maybe_done for error in lost] == [True]
