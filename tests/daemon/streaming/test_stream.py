"""One stream on the wire: what is kept, when the client waits, and how it ends."""

from __future__ import annotations

import anyio
import pytest

from aiovirt.daemon.streaming.stream import KEPT_BYTES, KEPT_HOLES, AbortedByClient, ServedStream
from aiovirt.errors import ProtocolError
from aiovirt.model.storage import Hole
from aiovirt.protocols.libvirt.connection import (
    Call,
    Connection,
    Role,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import storage as p
from aiovirt.protocols.libvirt.tables.programs import PROGRAM_VERSION

pytestmark = pytest.mark.anyio

SERIAL = 5
PIECE = b"x" * (KEPT_BYTES // 4)


class Client:
    """A session with one stream open, and the client's end of the protocol."""

    def __init__(self) -> None:
        self.core = Connection(Role.SERVER, peer="a client")
        row = p.STORAGE_VOL_UPLOAD
        call = Call(row.program, PROGRAM_VERSION, row.number, SERIAL, b"")
        self.core.reply(call, row, Empty())
        self.sent: list[bytes] = []
        self.held: set[object] = set()
        self.rooms = 0

    def send_on_stream(self, data: bytes) -> None:
        self.sent.append(data)

    async def wait_for_room(self) -> None:
        self.rooms += 1
        await anyio.lowlevel.checkpoint()

    def hold(self, why: object) -> None:
        self.held.add(why)

    def let_go(self, why: object) -> None:
        self.held.discard(why)


async def everything(stream: ServedStream) -> list[bytes | Hole]:
    """Return what comes up to the stream's end."""
    return [item async for item in stream]


async def _meanwhile(stream: ServedStream, event: StreamEnd | StreamFailure) -> None:
    """Let something come while another thing is waited for."""
    with stream.while_wanted(after_s=0):
        stream.take(event)
        await anyio.sleep_forever()


async def test_what_came_before_the_end_is_given() -> None:
    stream = ServedStream(Client(), SERIAL, holes=True)
    for event in (StreamData(SERIAL, b"a"), StreamHole(SERIAL, 7), StreamEnd(SERIAL)):
        stream.take(event)
    assert await everything(stream) == [b"a", Hole(7)]


async def test_a_client_that_sends_too_fast_waits_until_half_is_taken() -> None:
    client = Client()
    stream = ServedStream(client, SERIAL)
    for _ in range(4):
        assert not client.held
        stream.take(StreamData(SERIAL, PIECE))
    assert client.held
    await anext(stream)
    assert client.held
    await anext(stream)
    assert not client.held


async def test_many_short_packets_take_more_room_than_their_data() -> None:
    client = Client()
    stream = ServedStream(client, SERIAL)
    for _ in range(KEPT_BYTES // 64):
        stream.take(StreamData(SERIAL, b"ab"))
    assert client.held


async def test_holes_take_room_too() -> None:
    client = Client()
    stream = ServedStream(client, SERIAL, holes=True)
    for _ in range(KEPT_HOLES):
        stream.take(StreamHole(SERIAL, 1))
    assert client.held


async def test_a_stream_that_is_forgotten_holds_nobody() -> None:
    client = Client()
    stream = ServedStream(client, SERIAL)
    stream.take(StreamData(SERIAL, PIECE * 4))
    stream.close()
    assert not client.held


async def test_an_abort_is_told_before_what_waits() -> None:
    stream = ServedStream(Client(), SERIAL)
    stream.take(StreamData(SERIAL, b"a"))
    stream.take(StreamFailure(SERIAL, None))
    with pytest.raises(AbortedByClient):
        await everything(stream)


async def test_an_abort_ends_what_waits_for_something_else() -> None:
    stream = ServedStream(Client(), SERIAL)
    with pytest.raises(AbortedByClient):
        await _meanwhile(stream, StreamFailure(SERIAL, None))


async def test_an_end_leaves_the_time_that_was_named() -> None:
    stream = ServedStream(Client(), SERIAL)
    await _meanwhile(stream, StreamEnd(SERIAL))


async def test_an_abort_that_came_before_counts() -> None:
    stream = ServedStream(Client(), SERIAL)
    stream.take(StreamFailure(SERIAL, None))
    with pytest.raises(AbortedByClient), stream.while_wanted():
        await anyio.sleep_forever()


@pytest.mark.parametrize("event", [StreamData(SERIAL, b"a"), StreamHole(SERIAL, 1)])
async def test_a_stream_for_reading_takes_nothing(event: StreamData | StreamHole) -> None:
    stream = ServedStream(Client(), SERIAL, incoming=False)
    stream.take(event)
    with pytest.raises(ProtocolError):
        await everything(stream)


async def test_a_hole_that_was_not_agreed_upon_is_an_error() -> None:
    stream = ServedStream(Client(), SERIAL)
    stream.take(StreamHole(SERIAL, 1))
    with pytest.raises(ProtocolError):
        await everything(stream)


async def test_each_packet_waits_for_room_and_is_no_longer_than_libvirt_takes() -> None:
    client = Client()
    await ServedStream(client, SERIAL).send(b"x" * (2 * MAX_STREAM_DATA + 1))
    assert [len(packet) - 28 for packet in client.sent] == [MAX_STREAM_DATA, MAX_STREAM_DATA, 1]
    assert client.rooms == 3


async def test_nothing_is_sent_on_a_stream_that_is_gone() -> None:
    client = Client()
    stream = ServedStream(client, SERIAL)
    stream.confirm()
    await stream.send(b"late")
    stream.send_end()
    stream.confirm()
    assert len(client.sent) == 1
