"""The QMP core with literal bytes: whole, byte by byte, truncated, with trailing bytes, random."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import Closed, LimitExceeded, ProtocolError
from aiovirt.protocols.qmp import (
    Connection,
    Disconnected,
    Event,
    Failure,
    Greeting,
    Message,
    Phase,
    Request,
    Role,
    Success,
    Version,
)
from aiovirt.protocols.qmp.wire import LONGEST_REQUEST

# As QEMU 7.2 sent it, on 2022's wire.
GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"},'
    b' "capabilities": ["oob"]}}\r\n'
)
NEGOTIATED = b'{"return": {}, "id": 1}\r\n'
STOP = (
    b'{"timestamp": {"seconds": 1795310250, "microseconds": 500000}, "event": "STOP",'
    b' "data": {"a": [1, "}\\""]}}\r\n'
)
REFUSED = b'{"id": 2, "error": {"class": "GenericError", "desc": "no \\u00e4"}}\r\n'


def cuts(data: bytes) -> list[Sequence[bytes]]:
    """The ways in which bytes arrive: at once, one by one, and in halves."""
    half = len(data) // 2
    return [[data], [data[i : i + 1] for i in range(len(data))], [data[:half], data[half:]]]


def messages_of(core: Connection) -> list[Message]:
    found: list[Message] = []
    while (message := core.next_message()) is not None:
        found.append(message)
    return found


def feed(core: Connection, pieces: Sequence[bytes]) -> list[Message]:
    for piece in pieces:
        core.receive_data(piece)
    return messages_of(core)


def ready_client(max_message: int = 10_000) -> Connection:
    core = Connection(Role.CLIENT, peer="web1", max_message=max_message)
    core.receive_data(GREETING)
    core.send(Request("qmp_capabilities", None, 1))
    core.receive_data(NEGOTIATED)
    messages_of(core)
    return core


def ready_server() -> Connection:
    core = Connection(Role.SERVER, max_message=10_000)
    core.send(Greeting(Version(7, 2, 0)))
    core.receive_data(b'{"execute": "qmp_capabilities"}')
    core.send(Success(None, b"{}"))
    messages_of(core)
    return core


@pytest.mark.parametrize("pieces", cuts(GREETING))
def test_the_greeting_is_read(pieces: Sequence[bytes]) -> None:
    core = Connection(Role.CLIENT)
    assert feed(core, pieces) == [Greeting(Version(7, 2, 22), "Debian", ("oob",))]
    assert core.phase is Phase.NEGOTIATION


@pytest.mark.parametrize("pieces", cuts(STOP + REFUSED + STOP))
def test_events_and_replies_are_read_in_order(pieces: Sequence[bytes]) -> None:
    core = ready_client()
    core.send(Request("device_del", {"id": "x"}, 2))
    stop = Event("STOP", {"a": [1, '}"']}, 1795310250.5)
    assert feed(core, pieces) == [stop, Failure(2, "GenericError", "no ä"), stop]


def test_replies_may_come_out_of_order() -> None:
    core = ready_client()
    core.send(Request("a", None, 2))
    core.send(Request("b", None, 3, oob=True))
    found = feed(core, [b'{"return": 5, "id": 3}\n{"return": [1], "id": 2}\n'])
    assert found == [Success(3, b"5"), Success(2, b"[1]")]
    assert core.unanswered == 0


@pytest.mark.parametrize("end", range(1, len(STOP) - 2))
def test_a_message_cut_short_is_an_error(end: int) -> None:
    core = ready_client()
    core.receive_data(STOP[:end])
    with pytest.raises(ProtocolError, match="inside a message"):
        core.receive_data(b"")
    assert core.phase is Phase.CLOSED


def test_what_comes_before_a_fault_is_not_lost() -> None:
    core = ready_client()
    with pytest.raises(ProtocolError):
        core.receive_data(STOP + b"HTTP/1.1 200 OK\r\n")
    assert [type(message) for message in messages_of(core)] == [Event]


def test_what_comes_before_an_overlong_message_is_not_lost() -> None:
    core = ready_client()
    with pytest.raises(LimitExceeded):
        core.receive_data(STOP + b"{" * 10_001)
    assert [type(message) for message in messages_of(core)] == [Event]


def test_the_end_between_two_messages_is_told() -> None:
    core = ready_client()
    assert feed(core, [STOP, b""])[-1] == Disconnected()
    with pytest.raises(Closed):
        core.receive_data(STOP)


@pytest.mark.parametrize(
    "line",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"[]\n",
        b"{}\n",
        b'{"return": {}}\n',
        b'{"return": {}, "id": 99}\n',
        b'{"return": {}, "id": {"a": 1}}\n',
        b'{"event": 5}\n',
        b'{"event": "X", "timestamp": {"seconds": %s, "microseconds": 0}}\n' % (b"9" * 400),
        b'{"event": "X", "data": []}\n',
        b'{"error": {"class": "GenericError"}}\n',
        b'{"return": {}, "id": 1\xff}\n',
        GREETING,
        b"[" * 5000 + b"\n",
    ],
)
def test_what_is_no_message_or_not_now_is_an_error(line: bytes) -> None:
    core = ready_client()
    with pytest.raises(ProtocolError, match="web1"):
        core.receive_data(line)
    assert core.phase is Phase.CLOSED


def test_events_do_not_come_before_the_end_of_the_negotiation() -> None:
    core = Connection(Role.CLIENT)
    with pytest.raises(ProtocolError, match="phase greeting"):
        core.receive_data(STOP)


def test_what_a_client_before_had_asked_is_no_answer_to_the_negotiation() -> None:
    """QEMU sends the end of what it was at to whoever has connected meanwhile."""
    core = Connection(Role.CLIENT)
    core.receive_data(GREETING)
    (own,) = {core.fresh_id(), core.fresh_id()}
    assert own != Connection(Role.CLIENT).fresh_id()
    core.send(Request("qmp_capabilities", None, own))
    late = b'{"return": {}}\n{"error": {"class": "GenericError", "desc": "x"}}\n' + NEGOTIATED
    assert feed(core, [late]) == [Greeting(Version(7, 2, 22), "Debian", ("oob",))]
    assert feed(core, [f'{{"return": {{}}, "id": "{own}"}}\n'.encode()]) == [Success(own, b"{}")]
    assert core.phase is Phase.READY


def test_a_reply_comes_once() -> None:
    core = ready_client()
    core.send(Request("a", None, 2))
    with pytest.raises(ProtocolError, match="unknown id 2"):
        core.receive_data(b'{"return": 1, "id": 2}\n{"return": 1, "id": 2}\n')


def test_a_refusal_without_id_is_for_the_oldest_request() -> None:
    core = ready_client()
    for number in (3, 4):
        core.send(Request("a", None, number))
    lines = b'{"error": {"class": "GenericError", "desc": "x"}}\n{"return": 1, "id": 4}\n'
    assert feed(core, [lines]) == [Failure(3, "GenericError", "x"), Success(4, b"1")]


def test_a_refusal_without_id_that_may_be_for_one_out_of_band_is_an_error() -> None:
    core = ready_client()
    core.send(Request("a", None, 3))
    core.send(Request("a", None, 4, oob=True))
    with pytest.raises(ProtocolError, match="unknown id None: x"):
        core.receive_data(b'{"error": {"class": "GenericError", "desc": "x"}}\n')


@pytest.mark.parametrize("character", ["\ufdd0", "\uffff", "\U0001fffe", "\U0010ffff"])
def test_a_noncharacter_is_not_sent(character: str) -> None:
    core = ready_client()
    with pytest.raises(ValueError, match=f"U\\+{ord(character):04X} is no character"):
        core.send(Request("a", {"x": f"ä{character}"}, 3))
    core.send(Request("a", {"x": "ä\ufffd\U0010fffd\0"}, 3))


def test_a_request_longer_than_a_server_reads_is_not_sent() -> None:
    core = ready_client()
    with pytest.raises(ValueError, match="are more than"):
        core.send(Request("a", {"x": "x" * LONGEST_REQUEST}, 3))
    core.send(Request("a", None, 3))


@pytest.mark.parametrize("size", [200, 9000])
def test_a_message_longer_than_the_limit_is_refused_before_its_end(size: int) -> None:
    core = ready_client(max_message=size)
    with pytest.raises(LimitExceeded) as caught:
        core.receive_data(b'{"event": "' + b"A" * size)
    assert caught.value.limit == size


def test_a_message_of_just_the_limit_is_taken() -> None:
    line = b'{"event": "' + b"A" * 300 + b'"}'
    core = ready_client(max_message=len(line))
    assert len(feed(core, [line + b"\r\n"])) == 1


def test_a_clients_negotiation_comes_first() -> None:
    core = Connection(Role.CLIENT)
    with pytest.raises(ProtocolError, match="phase greeting"):
        core.send(Request("stop", None, 1))
    core.receive_data(GREETING)
    with pytest.raises(ProtocolError, match="must wait"):
        core.send(Request("stop", None, 1))


def test_a_refused_negotiation_can_be_tried_again() -> None:
    core = Connection(Role.CLIENT)
    core.receive_data(GREETING)
    core.send(Request("qmp_capabilities", {"enable": ["x"]}, 1))
    core.receive_data(b'{"error": {"class": "GenericError", "desc": "x"}, "id": 1}\n')
    core.send(Request("qmp_capabilities", None, 2))
    core.receive_data(b'{"return": {}, "id": 2}\n')
    assert core.phase is Phase.READY


def test_an_id_in_use_is_refused_and_fresh_ids_are_free_and_short() -> None:
    core = ready_client()
    core.send(Request("a", None, 5))
    with pytest.raises(ProtocolError, match="in use"):
        core.send(Request("b", None, 5))
    fresh: list[int] = []
    for _ in range(30):
        number = core.fresh_id()
        assert isinstance(number, int)
        fresh.append(number)
        core.send(Request("a", None, fresh[-1]))
    assert len(set(fresh)) == 30
    assert max(fresh) < 40
    assert 5 not in fresh


def test_a_lone_request_needs_no_id() -> None:
    core = ready_client()
    assert core.fresh_id() is None
    core.send(Request("a"))
    assert core.fresh_id() is not None
    assert feed(core, [b'{"return": 1}\n']) == [Success(None, b"1")]


def test_requests_are_short_and_each_sends_the_beginning_of_the_next_along() -> None:
    core = ready_client()
    assert core.send(Request("stop", None, 3)) == b'{"execute":"stop","id":3}{"execute":"'
    sent = core.send(Request("a", {"b": 1}, 4))
    assert sent == b'a","arguments":{"b":1},"id":4}{"execute":"'


def test_nothing_follows_a_command_with_descriptors() -> None:
    core = ready_client()
    core.send(Request("stop", None, 3))
    sent = core.send(Request("getfd", {"fdname": "a"}, 4, descriptors=1))
    assert sent == b'getfd","arguments":{"fdname":"a"},"id":4}'
    assert core.send(Request("b", None, 5)) == b'{"execute":"b","id":5}{"execute":"'


def test_out_of_band_cuts_off_what_was_begun_once_at_a_time() -> None:
    core = ready_client()
    core.send(Request("stop", None, 3))
    assert core.send(Request("a", None, 4, oob=True)) == b'","id":"-"}{"exec-oob":"a","id":4}'
    assert core.send(Request("b", None, 5)) == b'{"execute":"b","id":5}'
    assert core.send(Request("c", None, 6, oob=True)) == b'{"exec-oob":"c","id":6}'
    assert core.unanswered == 4


def test_reply_to_what_was_cut_off_is_dropped() -> None:
    core = ready_client()
    core.send(Request("stop", None, 3))
    core.send(Request("a", None, 4, oob=True))
    refused = b'{"id": "-", "error": {"class": "CommandNotFound", "desc": "no"}}\n'
    assert feed(core, [refused, b'{"return": {}, "id": 4}\n']) == [Success(4, b"{}")]
    assert core.send(Request("b", None, 5)).endswith(b'{"execute":"')
    with pytest.raises(ProtocolError):
        feed(core, [refused])


def test_the_negotiation_sends_nothing_along() -> None:
    core = Connection(Role.CLIENT)
    core.receive_data(GREETING)
    assert core.send(Request("qmp_capabilities")) == b'{"execute":"qmp_capabilities"}'


def test_a_request_that_cannot_be_written_leaves_no_trace() -> None:
    core = ready_client()
    with pytest.raises(TypeError):
        core.send(Request("a", {"b": object()}, 4))
    assert core.unanswered == 0
    assert core.send(Request("a")).startswith(b'{"execute":"a"}')


REQUESTS = b'{"execute": "a", "arguments": {"x": "}\\"{"}, "id": 2}  {"exec-oob": "b", "id": "c"}\n'


@pytest.mark.parametrize("pieces", cuts(REQUESTS))
def test_a_server_reads_requests_by_their_braces(pieces: Sequence[bytes]) -> None:
    assert feed(ready_server(), pieces) == [
        Request("a", {"x": '}"{'}, 2),
        Request("b", None, "c", oob=True),
    ]


def test_descriptors_belong_to_the_next_whole_request() -> None:
    core = ready_server()
    core.receive_data(b'{"execute": "getfd",', 1)
    core.receive_data(b'"id": 1}{"execute": "b", "id": 2}')
    first, second = messages_of(core)
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert (first.descriptors, second.descriptors) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"[]",
        b"{]",
        b'{"execute": "a", "exec-oob": "b"}',
        b'{"arguments": {}}',
        b'{"execute": "a", "argument": {}}',
        b'{"execute": 5}',
        b'{"execute": "a", "arguments": []}',
    ],
)
def test_a_server_refuses_what_is_no_command(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        ready_server().receive_data(line)


def test_a_server_says_events_only_when_it_is_ready() -> None:
    core = Connection(Role.SERVER)
    core.send(Greeting(Version(1, 0, 0)))
    with pytest.raises(ProtocolError, match="phase negotiation"):
        core.send(Event("STOP"))


@pytest.mark.parametrize("make", [ready_client, ready_server])
@given(pieces=st.lists(st.binary(max_size=30), max_size=20))
def test_random_bytes_give_messages_or_a_protocol_error(
    make: Callable[[], Connection], pieces: list[bytes]
) -> None:
    core = make()
    try:
        feed(core, [piece for piece in pieces if piece])
    except ProtocolError:
        assert core.phase is Phase.CLOSED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), json_values, max_size=4)


@given(arguments=objects, name=st.text(min_size=1), oob=st.booleans(), size=st.integers(1, 40))
def test_what_a_client_says_the_server_reads(
    arguments: dict[str, object], name: str, *, oob: bool, size: int
) -> None:
    request = Request(name, arguments, 7, oob)
    data = ready_client().send(request)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert feed(ready_server(), pieces) == [request]


@given(data=objects, name=st.text(min_size=1), micro=st.none() | st.integers(0, 2**50))
def test_what_a_server_says_the_client_reads(
    data: dict[str, object], name: str, micro: int | None
) -> None:
    event = Event(name, data, None if micro is None else micro / 1e6)
    assert feed(ready_client(100_000), [ready_server().send(event)]) == [event]
