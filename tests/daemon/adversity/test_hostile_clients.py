"""Clients that mean harm, or know no better: the daemon stays up, small, and at others' service."""

from __future__ import annotations

import array
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from daemonprocess import DaemonProcess, daemon_process
from libvirtpackets import HEADER, Header, packet
from rawclient import (
    AUTH_LIST,
    GET_HOSTNAME,
    LOOKUP_BY_NAME,
    OPEN,
    RawClient,
    descriptors_in,
    opening,
    resident,
    text,
)

pytestmark = pytest.mark.real

SEED = 20090
MIB = 1 << 20
FULL = 2000
GROWTH = 24 * MIB
"""Memory that the daemon may have taken more after an attack than before."""

SETTINGS = {"limits": {"event_backlog": MIB}}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all attacks: what one leaves behind, the next would meet."""
    with daemon_process(tmp_path_factory.mktemp("d"), **SETTINGS) as daemon:
        for _ in range(FULL):  # as many at once as wait to be accepted: memory that is kept
            RawClient(daemon.socket).close()
        serves(daemon)
        yield daemon


@pytest.fixture
def daemon(attacked: DaemonProcess) -> Iterator[DaemonProcess]:
    """The daemon; after the attack it lives, has not grown, and serves as before."""
    before, pid = resident(attacked.pid), attacked.pid
    yield attacked
    assert attacked.pid == pid
    serves(attacked)
    assert resident(pid) - before < GROWTH


def serves(daemon: DaemonProcess) -> None:
    """Have a well-behaved client come, ask and go."""
    with RawClient.opened(daemon.socket) as client:
        assert Header.of(client.call(GET_HOSTNAME)).status == 0


def seeded() -> random.Random:
    """The same chance each time."""
    return random.Random(SEED)  # noqa: S311  # made to be repeated, not to be secret


def code(reply: bytes) -> tuple[int, int]:
    """The code and the domain of an error."""
    assert Header.of(reply).status == 1
    return struct.unpack_from(">ii", reply, HEADER.size)


def conversation() -> bytes:
    """What a client says from its first word to its lookup of a guest."""
    return (
        packet(procedure=AUTH_LIST)
        + packet(procedure=OPEN, serial=1, payload=opening("test:///default"))
        + packet(procedure=LOOKUP_BY_NAME, serial=2, payload=text("test"))
        + packet(procedure=GET_HOSTNAME, serial=3)
    )


def test_random_bytes(daemon: DaemonProcess) -> None:
    chance = seeded()
    for _ in range(200):
        with RawClient(daemon.socket) as client:
            client.send(chance.randbytes(chance.randrange(1, 5000)))


def test_conversations_that_break_off_anywhere(daemon: DaemonProcess) -> None:
    said = conversation()
    for end in range(0, len(said), 3):
        with RawClient(daemon.socket) as client:
            client.send(said[:end])


def test_conversations_with_a_wrong_byte(daemon: DaemonProcess) -> None:
    chance = seeded()
    for _ in range(300):
        said = bytearray(conversation())
        said[chance.randrange(len(said))] = chance.randrange(256)
        with RawClient(daemon.socket) as client:
            client.send(bytes(said))
            client.socket.shutdown(socket.SHUT_WR)
            client.ended()


@pytest.mark.parametrize("length", [0, 3, 27, (32 << 20) + 5, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_connection(daemon: DaemonProcess, length: int) -> None:
    with RawClient(daemon.socket) as client:
        client.send(struct.pack(">I", length) + bytes(24))
        assert client.ended()


def test_what_is_promised_takes_no_memory_until_it_comes(daemon: DaemonProcess) -> None:
    before = resident(daemon.pid)
    with ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(RawClient.opened(daemon.socket))
            client.send(struct.pack(">I", 32 << 20) + bytes(4096))
        serves(daemon)
        assert resident(daemon.pid) - before < GROWTH


def test_who_says_nothing_or_a_byte_holds_nobody_up(daemon: DaemonProcess) -> None:
    with ExitStack() as stack:
        for at in range(100):
            client = stack.enter_context(RawClient(daemon.socket))
            client.send(conversation()[: at % 5])
        serves(daemon)


def test_who_must_say_who_it_is_and_does_not_is_sent_away(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    asking: dict[str, str | Path] = {"auth_unix_rw": "sasl", "sasl_passwords": passwords}
    limits = {"auth_timeout_s": 1.0}
    with daemon_process(tmp_path / "d", access=asking, limits=limits) as daemon, ExitStack() as end:
        slow = [end.enter_context(RawClient(daemon.socket)) for _ in range(10)]
        for at, client in enumerate(slow):
            client.send(conversation()[: at % 5])
        assert all(client.ended() for client in slow)


def test_calls_before_the_host_is_open_are_refused(daemon: DaemonProcess) -> None:
    with RawClient(daemon.socket) as client:
        assert code(client.call(LOOKUP_BY_NAME, text("test"))) == (1, 7)
        assert code(client.call(GET_HOSTNAME)) == (1, 7)


def test_what_a_client_must_not_say_harms_nobody(daemon: DaemonProcess) -> None:
    with RawClient.opened(daemon.socket) as client:
        for type_ in (1, 2, 3, 6):  # reply, message, stream, hole: of nothing
            for status in (0, 1, 2):
                client.send(packet(procedure=209, type_=type_, serial=77, status=status))
    with RawClient.opened(daemon.socket) as client:
        assert Header.of(client.call(OPEN, opening("test:///default"))).status == 1


@pytest.mark.parametrize("procedure", [0, -1, 444_444, 2**31 - 1])
def test_procedures_that_there_are_none_of(daemon: DaemonProcess, procedure: int) -> None:
    with RawClient.opened(daemon.socket) as client:
        reply = client.call(procedure)
        assert code(reply) == (39, 7)
        assert b"unknown procedure" in reply


def test_programs_that_there_are_none_of(daemon: DaemonProcess) -> None:
    with RawClient.opened(daemon.socket) as client:
        assert code(client.call(1, program=0x12345678)) == (39, 7)


def test_arguments_that_are_none(daemon: DaemonProcess) -> None:
    with RawClient.opened(daemon.socket) as client:
        assert code(client.call(LOOKUP_BY_NAME, b"\xff\xff\xff\xff"))[0] == 39
        assert code(client.call(LOOKUP_BY_NAME))[0] == 39
        assert Header.of(client.call(GET_HOSTNAME)).status == 0


def test_thousands_of_connects(daemon: DaemonProcess) -> None:
    for _ in range(FULL):
        RawClient(daemon.socket).close()


def test_descriptors_where_none_belong_are_closed(daemon: DaemonProcess) -> None:
    before = descriptors_in(daemon.pid)
    with RawClient.opened(daemon.socket) as client, socket.socket() as passed:
        several = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [passed.fileno()] * 20))]
        with suppress(BrokenPipeError, ConnectionResetError):  # it may be sent away for it
            for serial in range(50):
                call = packet(procedure=GET_HOSTNAME, serial=1000 + serial)
                client.socket.sendmsg([call], several)
    with RawClient.opened(daemon.socket) as client, socket.socket() as passed:
        call = packet(procedure=GET_HOSTNAME, type_=4, serial=9, payload=struct.pack(">I", 30))
        client.socket.sendmsg([call], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"")])
    end = time.monotonic() + 10
    while descriptors_in(daemon.pid) > before and time.monotonic() < end:
        serves(daemon)
    assert descriptors_in(daemon.pid) <= before


def test_who_asks_and_does_not_read_is_bounded(daemon: DaemonProcess) -> None:
    before = resident(daemon.pid)
    with RawClient.opened(daemon.socket) as client:
        client.socket.settimeout(0.5)
        call = packet(procedure=7, serial=5)  # CONNECT_GET_CAPABILITIES: a long answer
        try:
            for _ in range(20_000):
                client.socket.sendall(call)
        except (TimeoutError, OSError):
            pass  # it is not read any more, or sent away
        serves(daemon)
        assert resident(daemon.pid) - before < GROWTH
