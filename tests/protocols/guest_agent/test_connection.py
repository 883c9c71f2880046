"""The guest agent core with literal bytes: whole, byte by byte, truncated, random."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import Closed, LimitExceeded, ProtocolError
from aiovirt.protocols.guest_agent import AgentConnection, AgentMessage, Synced
from aiovirt.protocols.qmp import Disconnected, Failure, Request, Role, Success

STALE = b'lf": 1}\n{"return": {"late": true}}\n'
SYNCED = b'\xff{"return": 77}\n'


def cuts(data: bytes) -> list[Sequence[bytes]]:
    return [[data], [data[i : i + 1] for i in range(len(data))]]


def feed(core: AgentConnection, pieces: Sequence[bytes]) -> list[AgentMessage]:
    found: list[AgentMessage] = []
    for piece in pieces:
        core.receive_data(piece)
        while (message := core.next_message()) is not None:
            found.append(message)
    return found


def syncing(max_message: int = 1000) -> AgentConnection:
    core = AgentConnection(Role.CLIENT, peer="guest", max_message=max_message)
    core.sync(77)
    return core


def ready(max_message: int = 1000) -> AgentConnection:
    core = syncing(max_message)
    assert feed(core, [SYNCED]) == [Synced(77)]
    return core


def test_a_sync_is_set_off_by_the_byte_that_no_json_has() -> None:
    sent = AgentConnection(Role.CLIENT).sync(5)
    assert sent == b'\xff{"execute":"guest-sync-delimited","arguments":{"id":5}}'


@pytest.mark.parametrize("pieces", cuts(STALE + SYNCED))
def test_what_lay_on_the_line_is_dropped(pieces: Sequence[bytes]) -> None:
    core = syncing()
    assert feed(core, pieces) == [Synced(77)]
    assert core.synced


@pytest.mark.parametrize("pieces", cuts(b'\xff{"return": 76}\n{"return": {}}\n' + SYNCED))
def test_the_answer_to_a_former_sync_is_dropped(pieces: Sequence[bytes]) -> None:
    assert feed(syncing(), pieces) == [Synced(77)]


def test_an_agent_that_cannot_sync_says_so() -> None:
    line = b'\xff{"error": {"class": "CommandNotFound", "desc": "old"}}\n'
    assert feed(syncing(), [line]) == [Failure(None, "CommandNotFound", "old")]


@pytest.mark.parametrize("pieces", cuts(b'{"return": {"a": "\xc3\xa4"}}\n'))
def test_a_reply_is_read(pieces: Sequence[bytes]) -> None:
    core = ready()
    core.send(Request("guest-ping"))
    assert feed(core, pieces) == [Success(None, '{"a": "ä"}'.encode())]


def test_a_command_waits_for_the_sync_and_for_the_reply_before_it() -> None:
    with pytest.raises(ProtocolError, match="its turn"):
        syncing().send(Request("guest-ping"))
    core = ready()
    core.send(Request("guest-ping"))
    with pytest.raises(ProtocolError, match="its turn"):
        core.send(Request("guest-ping"))


def test_after_giving_up_the_late_reply_is_dropped() -> None:
    core = ready()
    core.send(Request("guest-exec"))
    core.give_up()
    assert feed(core, [b'{"return": {"pid": 1}}\n']) == []
    assert not core.synced
    core.sync(78)
    assert feed(core, [b'{"return": 1}\n\xff{"return": 78}\n']) == [Synced(78)]


@pytest.mark.parametrize(
    "data", [b'{"return": {}}\n', b"login:\n", b'{"event": "X"}\n', b'\xff{"return": 5}\n']
)
def test_what_comes_unasked_is_an_error(data: bytes) -> None:
    core = ready()
    with pytest.raises(ProtocolError, match="guest"):
        feed(core, [data])
    with pytest.raises(Closed):
        core.receive_data(b"x")


def test_the_end_is_told() -> None:
    assert feed(ready(), [b""]) == [Disconnected()]


def test_a_guest_cannot_fill_the_hosts_memory() -> None:
    core = ready()
    core.send(Request("guest-ping"))
    with pytest.raises(LimitExceeded):
        core.receive_data(b'{"return": "' + b"A" * 1000)


def test_noise_before_a_sync_is_not_kept() -> None:
    core = syncing()
    for _ in range(100):
        assert feed(core, [b"A" * 100_000]) == []
    assert feed(core, [SYNCED]) == [Synced(77)]


def test_a_server_forgets_half_a_command_at_a_reset() -> None:
    core = AgentConnection(Role.SERVER)
    client = AgentConnection(Role.CLIENT)
    (request,) = feed(core, [b'{"execute": "guest-fi', client.sync(3)])
    assert request == Request("guest-sync-delimited", {"id": 3})
    assert feed(client, [core.send_synced(3)]) == [Synced(3)]


def test_each_end_says_its_own() -> None:
    with pytest.raises(ProtocolError, match="a server does not send Request"):
        AgentConnection(Role.SERVER).send(Request("x"))
    with pytest.raises(ProtocolError, match="a client does not send Success"):
        ready().send(Success(None, b"{}"))


@given(st.sampled_from(list(Role)), st.lists(st.binary(min_size=1, max_size=30), max_size=20))
def test_random_bytes_give_messages_or_a_protocol_error(role: Role, pieces: list[bytes]) -> None:
    core = AgentConnection(role, max_message=100)
    try:
        feed(core, pieces)
    except ProtocolError:
        with pytest.raises(Closed):
            core.receive_data(b"x")


@given(st.lists(st.binary(max_size=30), max_size=10), st.integers(0, 2**63 - 1))
def test_a_sync_gets_through_any_noise_without_its_byte(noise: list[bytes], number: int) -> None:
    core = AgentConnection(Role.CLIENT)
    core.sync(number)
    quiet = [piece.replace(b"\xff", b"") for piece in noise]
    answer = AgentConnection(Role.SERVER).send_synced(number)
    assert feed(core, [*[piece for piece in quiet if piece], answer]) == [Synced(number)]
