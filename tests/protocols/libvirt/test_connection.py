"""Both ends of a connection, tied together without a wire."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.protocols.libvirt.connection import (
    MAX_SERIAL,
    Call,
    Connection,
    Failure,
    Message,
    Ping,
    Reply,
    Role,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.packets import (
    MAX_DESCRIPTORS,
    Packet,
    PacketStatus,
    PacketType,
    encode_packet,
)
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_devices as devices
from aiovirt.protocols.libvirt.tables import domain_events as events
from aiovirt.protocols.libvirt.tables import storage as s
from aiovirt.protocols.libvirt.tables.structs import Domain, Error, StorageVol
from aiovirt.protocols.xdr import EncodeError, codec

ERROR = Error(42, 10, "Domain not found", 2, None, "a", None, None, -1, -1, None)
VOLUME = s.StorageVolDownloadArgs(StorageVol("p", "v", "/k"), 0, 0, 0)
DOM = Domain("web1", bytes(16), 3)


@pytest.fixture
def client() -> Connection:
    return Connection(Role.CLIENT, peer="the server")


@pytest.fixture
def server() -> Connection:
    return Connection(Role.SERVER, peer="the client")


def called(client: Connection, server: Connection) -> Call:
    """Let the client ask for the host's name; return the call as it came."""
    _, data = client.call(c.CONNECT_GET_HOSTNAME, Empty())
    (call,) = server.receive(data)
    assert isinstance(call, Call)
    return call


def test_first_serial_is_zero_as_virsh_has_it(client: Connection) -> None:
    assert [client.call(c.AUTH_LIST, Empty())[0] for _ in range(3)] == [0, 1, 2]


def test_call_and_reply(client: Connection, server: Connection) -> None:
    call = called(client, server)
    reply = server.reply(call, c.CONNECT_GET_HOSTNAME, c.ConnectGetHostnameRet("node7"))
    (event,) = client.receive(reply)
    assert isinstance(event, Reply)
    assert codec(c.ConnectGetHostnameRet).decode(event.payload).hostname == "node7"
    assert client.outstanding == 0


def test_replies_in_any_order(client: Connection, server: Connection) -> None:
    calls = [called(client, server) for _ in range(4)]
    result = c.ConnectGetHostnameRet("x")
    for call in reversed(calls):
        (event,) = client.receive(server.reply(call, c.CONNECT_GET_HOSTNAME, result))
        assert isinstance(event, Reply)
        assert event.serial == call.serial


def test_refusal(client: Connection, server: Connection) -> None:
    (event,) = client.receive(server.refuse(called(client, server), ERROR))
    assert event == Failure(0, ERROR)


def test_message(client: Connection, server: Connection) -> None:
    kind = events.DOMAIN_EVENT_REBOOT
    (event,) = client.receive(server.message(kind, events.DomainEventRebootMsg(DOM)))
    assert isinstance(event, Message)
    assert codec(kind.msg).decode(event.payload).dom == DOM


def test_a_call_alone_is_taken_at_once(client: Connection, server: Connection) -> None:
    _, data = client.call(d.DOMAIN_GET_STATE, d.DomainGetStateArgs(DOM, 0))
    assert [server.lone_call(data)] == list(server.receive(data))


@pytest.mark.parametrize("cut", [-1, 1, 28])
def test_what_is_no_call_alone_is_left_to_be_received(
    client: Connection, server: Connection, cut: int
) -> None:
    _, data = client.call(d.DOMAIN_GET_STATE, d.DomainGetStateArgs(DOM, 0))
    assert server.lone_call(data[:cut]) is None
    server.receive(data[:cut])
    assert server.lone_call(data) is None  # it belongs behind what came before
    assert client.lone_call(data) is None
    assert server.lone_call(client.ping()) is None


def test_ping_and_pong(client: Connection, server: Connection) -> None:
    assert list(server.receive(client.ping())) == [Ping()]
    assert list(client.receive(server.pong())) == []


def test_reply_to_no_call(client: Connection) -> None:
    packet = Packet(0x20008086, 1, 66, PacketType.REPLY, 5)
    with pytest.raises(ProtocolError, match="which nobody made"):
        list(client.receive(encode_packet(packet)))


def test_reply_of_another_procedure(client: Connection) -> None:
    client.call(c.AUTH_LIST, Empty())
    packet = Packet(0x20008086, 1, 1, PacketType.REPLY, 0)
    with pytest.raises(ProtocolError, match="replied to procedure 66 with 1"):
        list(client.receive(encode_packet(packet)))


@pytest.mark.parametrize("kind", [PacketType.CALL, PacketType.CALL_WITH_FDS])
def test_a_client_is_not_called(client: Connection, kind: PacketType) -> None:
    packet = Packet(0x20008086, 1, 1, kind, 0)
    with pytest.raises(ProtocolError, match=kind.name):
        list(client.receive(encode_packet(packet)))


def test_a_server_gets_no_reply(server: Connection) -> None:
    with pytest.raises(ProtocolError, match="REPLY"):
        list(server.receive(encode_packet(Packet(0x20008086, 1, 1, PacketType.REPLY, 0))))


def test_call_that_was_not_sent_is_forgotten(client: Connection) -> None:
    serial, _ = client.call(c.AUTH_LIST, Empty())
    client.withdraw(serial)
    assert client.outstanding == 0


def test_serials_of_calls_without_a_reply_are_not_used_again(client: Connection) -> None:
    stuck, _ = client.call(c.AUTH_LIST, Empty())
    client._next = MAX_SERIAL
    assert client.call(c.AUTH_LIST, Empty())[0] == MAX_SERIAL
    assert client.call(c.AUTH_LIST, Empty())[0] == stuck + 1


@pytest.fixture
def stream(client: Connection, server: Connection) -> int:
    """Return the serial of a stream that is open on both ends."""
    serial, data = client.call(s.STORAGE_VOL_DOWNLOAD, VOLUME)
    (call,) = server.receive(data)
    assert isinstance(call, Call)
    list(client.receive(server.reply(call, s.STORAGE_VOL_DOWNLOAD, Empty())))
    return serial


def test_data_and_holes(client: Connection, server: Connection, stream: int) -> None:
    data = server.stream_data(stream, b"abc") + server.stream_hole(stream, 1 << 40)
    assert list(client.receive(data)) == [StreamData(stream, b"abc"), StreamHole(stream, 1 << 40)]
    assert list(server.receive(client.stream_data(stream, b""))) == [StreamData(stream, b"")]


def test_end_of_a_stream(client: Connection, server: Connection, stream: int) -> None:
    assert list(server.receive(client.stream_finish(stream))) == [StreamEnd(stream)]
    assert list(client.receive(server.stream_finish(stream))) == [StreamEnd(stream)]
    assert not client.stream_is_open(stream)
    assert not server.stream_is_open(stream)


def test_abort_by_the_server(client: Connection, server: Connection, stream: int) -> None:
    assert list(client.receive(server.stream_abort(stream, ERROR))) == [
        StreamFailure(stream, ERROR)
    ]
    assert list(client.receive(server.message(events.DOMAIN_EVENT_REBOOT, REBOOT))) != []


REBOOT = events.DomainEventRebootMsg(DOM)


def test_abort_by_the_client(client: Connection, server: Connection, stream: int) -> None:
    assert list(server.receive(client.stream_abort(stream))) == [StreamFailure(stream, None)]


def test_data_of_a_stream_that_is_gone_says_nothing(client: Connection, stream: int) -> None:
    other = Connection(Role.SERVER, peer="x")
    packet = Packet(0x20008086, 1, 209, PacketType.STREAM, stream + 7, PacketStatus.CONTINUE, b"x")
    assert list(client.receive(encode_packet(packet))) == []
    with pytest.raises(ProtocolError, match="no stream"):
        other.stream_data(stream, b"x")


@pytest.mark.parametrize("payload", [b"", bytes(11), b"\xff" * 12, bytes(8) + b"\0\0\0\1"])
def test_hole_that_is_none(client: Connection, stream: int, payload: bytes) -> None:
    status = PacketStatus.CONTINUE
    packet = Packet(0x20008086, 1, 209, PacketType.STREAM_HOLE, stream, status, payload)
    with pytest.raises(ProtocolError, match="hole"):
        list(client.receive(encode_packet(packet)))


def test_a_refused_call_opens_no_stream(client: Connection, server: Connection) -> None:
    serial, data = client.call(s.STORAGE_VOL_DOWNLOAD, VOLUME)
    (call,) = server.receive(data)
    assert isinstance(call, Call)
    list(client.receive(server.refuse(call, ERROR)))
    assert not client.stream_is_open(serial)


PACKETS = st.builds(
    Packet,
    st.sampled_from([0x20008086, 0x6B656570, 5]),
    st.just(1),
    st.sampled_from([1, 2, 66, 209, 110]),
    st.sampled_from(PacketType),
    st.integers(0, 3),
    st.sampled_from(PacketStatus),
    st.binary(max_size=40),
)


@given(st.lists(PACKETS, max_size=6), st.sampled_from(Role))
def test_any_packets_are_events_or_a_protocol_error(packets: list[Packet], role: Role) -> None:
    connection = Connection(role, peer="x")
    connection.call(d.DOMAIN_LOOKUP_BY_ID, d.DomainLookupByIdArgs(1))
    connection.call(s.STORAGE_VOL_DOWNLOAD, VOLUME)
    with suppress(ProtocolError):
        for packet in packets:
            list(connection.receive(encode_packet(packet)))


@given(st.lists(PACKETS, max_size=6), st.integers(1, 200), st.sampled_from(Role))
def test_what_comes_does_not_depend_on_the_pieces(
    packets: list[Packet], size: int, role: Role
) -> None:
    data = b"".join(encode_packet(packet) for packet in packets) + b"\0\0\0\1"

    def told(pieces: list[bytes]) -> tuple[list[object], str]:
        connection = Connection(role, peer="x")
        connection.call(d.DOMAIN_LOOKUP_BY_ID, d.DomainLookupByIdArgs(1))
        connection.call(s.STORAGE_VOL_DOWNLOAD, VOLUME)
        found: list[object] = []
        try:
            for piece in pieces:
                found.extend(connection.receive(piece))
        except ProtocolError as error:
            return found, str(error)
        return found, ""

    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert told([data]) == told(pieces)


def test_events_before_a_packet_that_is_none_come_first(
    client: Connection, server: Connection
) -> None:
    call = called(client, server)
    reply = server.reply(call, c.CONNECT_GET_HOSTNAME, c.ConnectGetHostnameRet("node7"))
    events = client.receive(reply + b"HTTP/1.1 400 Bad Request")
    assert isinstance(next(events), Reply)
    with pytest.raises(ProtocolError, match="more than"):
        next(events)
    with pytest.raises(ProtocolError, match="more than"):
        client.receive(b"")


def test_descriptors_before_a_packet_that_is_none_are_given_back(client: Connection) -> None:
    client.call(devices.DOMAIN_OPEN_GRAPHICS_FD, devices.DomainOpenGraphicsFdArgs(DOM, 0, 0))
    number = devices.DOMAIN_OPEN_GRAPHICS_FD.number
    reply = Packet(0x20008086, 1, number, PacketType.REPLY_WITH_FDS, 0, descriptors=(77,))
    nobodys = Packet(0x20008086, 1, 1, PacketType.REPLY_WITH_FDS, 9, descriptors=(78,))
    data = encode_packet(reply) + b"\0" + encode_packet(nobodys) + b"\0"
    events = client.receive(data, [77, 78])
    assert next(events) == Reply(0, b"", (77,))
    with pytest.raises(ProtocolError, match="which nobody made"):
        next(events)
    assert client.abandon() == [78]


def test_descriptors_of_events_that_were_not_taken_are_given_back(client: Connection) -> None:
    client.call(devices.DOMAIN_OPEN_GRAPHICS_FD, devices.DomainOpenGraphicsFdArgs(DOM, 0, 0))
    number = devices.DOMAIN_OPEN_GRAPHICS_FD.number
    reply = Packet(0x20008086, 1, number, PacketType.REPLY_WITH_FDS, 0, descriptors=(77,))
    client.receive(encode_packet(reply) + b"\0", [77])
    assert client.abandon() == [77]


def test_refusal_that_cannot_be_read_is_one_all_the_same(client: Connection) -> None:
    client.call(c.AUTH_LIST, Empty())
    packet = Packet(0x20008086, 1, 66, PacketType.REPLY, 0, PacketStatus.ERROR, b"?")
    assert list(client.receive(encode_packet(packet))) == [Failure(0, None)]


def test_refusal_brings_no_descriptors(client: Connection) -> None:
    client.call(c.AUTH_LIST, Empty())
    kind, status = PacketType.REPLY_WITH_FDS, PacketStatus.ERROR
    packet = Packet(0x20008086, 1, 66, kind, 0, status, b"", (77,))
    with pytest.raises(ProtocolError, match="with a refusal"):
        list(client.receive(encode_packet(packet) + b"\0", [77]))
    assert client.abandon() == [77]


def test_more_descriptors_than_libvirt_takes_are_not_sent(client: Connection) -> None:
    args = devices.DomainOpenGraphicsFdArgs(DOM, 0, 0)
    with pytest.raises(EncodeError, match="33 descriptors"):
        client.call(devices.DOMAIN_OPEN_GRAPHICS_FD, args, descriptors=range(MAX_DESCRIPTORS + 1))
    assert client.outstanding == 0
