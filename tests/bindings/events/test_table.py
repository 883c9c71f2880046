"""Messages and events, both ways: every kind has its row, and literal messages."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wirevalues import structs_of

from aiovirt.bindings.events import addressed, monitor_message, read_event, read_monitor_event
from aiovirt.bindings.events.row import EventRow
from aiovirt.bindings.events.table import BY_MESSAGE, ROWS, row_registered, rows_of
from aiovirt.errors import ProtocolError
from aiovirt.model import constants as c
from aiovirt.model import events as e
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NetworkKey, NodeDeviceKey, SecretKey, StoragePoolKey
from aiovirt.protocols.libvirt.packets import HEADER_SIZE
from aiovirt.protocols.libvirt.procedure import EventKind
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables.programs import Program
from aiovirt.protocols.xdr import codec

KINDS = [entry for entry in registry().values() if isinstance(entry, EventKind)]
ELSEWHERE = {"DOMAIN_MONITOR_EVENT"}
"""Kinds of messages that are no event of `Events`: who asked for them hears them."""

ONE = UUID(int=1)
WEB1 = DomainKey(ONE, "web1")


def text(value: str) -> bytes:
    """Write a text as it is sent: its length, itself, zeros up to a multiple of 4 (RFC 4506)."""
    data = value.encode()
    return number(len(data)) + data + bytes(-len(data) % 4)


def number(value: int) -> bytes:
    """Write a number of 4 bytes."""
    return value.to_bytes(4, "big", signed=value < 0)


def long(value: int) -> bytes:
    """Write a number of 8 bytes."""
    return value.to_bytes(8, "big", signed=value < 0)


NAMED = text("web1") + ONE.bytes
DOM = NAMED + number(7)
CALLBACK = number(3)
"""The number of the callback, which each message to a client of today begins with."""

# The message's number (remote_protocol.x), what is sent, and the event without its time.
MESSAGES: list[tuple[int, bytes, type[e.Event], dict[str, Any]]] = [
    (
        318,
        CALLBACK + DOM + number(2) + number(0),
        e.LifecycleEvent,
        {"domain": WEB1, "detail": e.LifecycleDetail.STARTED_BOOTED},
    ),
    (
        318,
        CALLBACK + DOM + number(5) + number(99),  # a detail of a libvirt to come
        e.LifecycleEvent,
        {"domain": WEB1, "detail": e.LifecycleDetail.STOPPED_SHUTDOWN},
    ),
    (
        107,  # to a client that registered in the old way
        DOM + number(3) + number(1),
        e.LifecycleEvent,
        {"domain": WEB1, "detail": e.LifecycleDetail.SUSPENDED_MIGRATED},
    ),
    (319, CALLBACK + DOM, e.RebootEvent, {"domain": WEB1}),
    (320, CALLBACK + DOM + long(-3600), e.RTCChangeEvent, {"domain": WEB1, "offset_s": -3600}),
    (
        321,
        CALLBACK + DOM + number(2),
        e.WatchdogEvent,
        {"domain": WEB1, "action": e.WatchdogAction.RESET},
    ),
    (
        324,
        CALLBACK + DOM + text("/a.img") + text("virtio-disk0") + number(1) + text("enospc"),
        e.IOErrorEvent,
        {
            "domain": WEB1,
            "source": "/a.img",
            "alias": "virtio-disk0",
            "action": e.IOErrorAction.PAUSE,
            "reason": "enospc",
        },
    ),
    (
        323,
        CALLBACK
        + DOM
        + number(0)
        + (number(1) + text("::1") + text("5900"))
        + (number(1) + text("::2") + text("1234"))
        + text("sasl")
        + (number(1) + text("saslUsername") + text("bob")),
        e.GraphicsEvent,
        {
            "domain": WEB1,
            "phase": e.GraphicsPhase.CONNECT,
            "protocol": "vnc",
            "local": ("::1", "5900"),
            "remote": ("::2", "1234"),
            "identity": {"saslUsername": "bob"},
        },
    ),
    (325, CALLBACK + DOM, e.ControlEvent, {"domain": WEB1, "responsive": False}),
    (
        327,
        CALLBACK + DOM + number(0) + (number(1) + text("/b.iso")) + text("ide0") + number(0),
        e.DiskChangeEvent,
        {
            "domain": WEB1,
            "old_source": None,
            "new_source": "/b.iso",
            "alias": "ide0",
            "reason": c.ConnectDomainEventDiskChangeReason(0),
        },
    ),
    (
        328,
        CALLBACK + DOM + text("ide0") + number(0),
        e.TrayChangeEvent,
        {"domain": WEB1, "alias": "ide0", "opened": True},
    ),
    (
        331,
        CALLBACK + DOM + long(1024),
        e.BalloonChangeEvent,
        {"domain": WEB1, "actual": 1024 * 1024},
    ),
    (
        339,
        number(3) + DOM + text("vda") + number(1) + number(0),
        e.BlockJobEvent,
        {
            "domain": WEB1,
            "disk": "vda",
            "type": c.DomainBlockJobType.PULL,
            "status": c.ConnectDomainEventBlockJobStatus.COMPLETED,
        },
    ),
    (
        315,
        CALLBACK + NAMED + number(2) + number(0),
        e.NetworkLifecycleEvent,
        {"network": NetworkKey(ONE, "web1"), "kind": c.NetworkEventLifecycleType.STARTED},
    ),
    (
        370,
        CALLBACK + NAMED + number(1) + number(0),
        e.StoragePoolLifecycleEvent,
        {"pool": StoragePoolKey(ONE, "web1"), "kind": c.StoragePoolEventLifecycleType.UNDEFINED},
    ),
    (
        376,
        CALLBACK + text("net_lo") + number(0) + number(0),
        e.NodeDeviceLifecycleEvent,
        {"device": NodeDeviceKey("net_lo"), "kind": c.NodeDeviceEventLifecycleType.CREATED},
    ),
    (
        383,
        CALLBACK + (ONE.bytes + number(2) + text("client.admin")),
        e.SecretValueChangedEvent,
        {"secret": SecretKey(ONE, 2, "client.admin")},
    ),
    (
        362,
        number(2),
        e.ConnectionEvent,
        {"connected": False, "error": "the daemon lost its hypervisor (keepalive)"},
    ),
]


def test_every_kind_of_message_has_a_row() -> None:
    names = {kind.name for kind in KINDS if (int(kind.program), kind.number) not in BY_MESSAGE}
    assert names == ELSEWHERE


@pytest.mark.parametrize(("procedure", "payload", "kind", "told"), MESSAGES)
def test_a_literal_message(
    procedure: int, payload: bytes, kind: type[e.Event], told: dict[str, Any]
) -> None:
    event = read_event(Program.REMOTE, procedure, payload)
    assert event is not None
    assert event == kind(time=event.time, **told)


@pytest.mark.parametrize(("procedure", "payload", "kind", "told"), MESSAGES)
def test_a_message_that_is_cut_is_a_protocol_error(
    procedure: int, payload: bytes, kind: type[e.Event], told: dict[str, Any]
) -> None:
    assert kind
    assert told
    for length in range(len(payload)):
        with pytest.raises(ProtocolError):
            read_event(Program.REMOTE, procedure, payload[:length])


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_any_message_is_an_event_or_a_protocol_error(
    kind: EventKind[Any], data: st.DataObject
) -> None:
    payload = codec(kind.msg).encode(data.draw(structs_of(kind.msg)))
    with suppress(ProtocolError):
        event = read_event(int(kind.program), kind.number, payload)
        assert (event is None) == (kind.name in ELSEWHERE)
        assert event is None or not event.synthetic


@given(kind=st.sampled_from(KINDS), payload=st.binary(max_size=120))
def test_random_bytes_are_an_event_or_a_protocol_error(
    kind: EventKind[Any], payload: bytes
) -> None:
    with suppress(ProtocolError):
        read_event(int(kind.program), kind.number, payload)


def test_a_message_of_another_program_is_no_event() -> None:
    assert read_event(0x12345678, 318, b"") is None


@settings(max_examples=50)
@given(
    kind=st.sampled_from(
        [kind for row in ROWS if row.registration is not None for kind in row.kinds]
    ),
    data=st.data(),
)
def test_an_event_comes_back_as_it_was_written(kind: EventKind[Any], data: st.DataObject) -> None:
    row = BY_MESSAGE[int(kind.program), kind.number][1]
    event = row.event
    with suppress(ProtocolError):
        sent = codec(kind.msg).encode(data.draw(structs_of(kind.msg)))
        first = row.read(codec(kind.msg).decode(sent))
        packet = row.packet(first, with_callback=kind is row.callback)
        again = read_event(kind.program, kind.number, packet[HEADER_SIZE:])
        assert isinstance(again, event)
        assert replace(again, time=first.time) == first
        assert row in rows_of(first)


@pytest.mark.parametrize("row", [row for row in ROWS if row.callback], ids=lambda row: row.event)
@given(data=st.data())
@settings(max_examples=5)
def test_a_packet_is_sent_to_any_callback(row: EventRow, data: st.DataObject) -> None:
    assert row.callback is not None
    with suppress(ProtocolError):
        event = row.read(data.draw(structs_of(row.callback.msg)))
        packet = addressed(row.packet(event, with_callback=True), 7)
        assert packet[HEADER_SIZE:] == codec(row.callback.msg).encode(row.message(event, 7))


@pytest.mark.parametrize(("procedure", "payload", "kind", "told"), MESSAGES)
def test_an_event_is_written_as_the_literal_message(
    procedure: int, payload: bytes, kind: type[e.Event], told: dict[str, Any]
) -> None:
    row = BY_MESSAGE[Program.REMOTE, procedure][1]
    packet = row.packet(kind(time=0.0, **told), with_callback=payload.startswith(CALLBACK))
    if payload.startswith(CALLBACK):
        packet = addressed(packet, 3)
    # A domain's number is not known to an event, and so is its detail that is yet to come.
    assert packet[HEADER_SIZE:].replace(number(-1), number(7), 1)[:-4] == payload[:-4]


def test_a_block_job_is_told_by_its_disk_and_by_its_path() -> None:
    event = e.BlockJobEvent(time=0.0, domain=WEB1, disk="vda", path="/a.img", type=1, status=0)
    by_path, by_disk = (row.packet(event, with_callback=True) for row in rows_of(event))
    assert text("/a.img") in by_path
    assert text("vda") in by_disk


def test_a_hypervisor_that_answers_again_has_no_message() -> None:
    assert not rows_of(e.ControlEvent(time=0.0, domain=WEB1, responsive=True))


@pytest.mark.parametrize("kind", [c.DomainEventID, c.NetworkEventID, c.StoragePoolEventID])
def test_every_number_that_clients_ask_for_has_a_row(kind: type[c.DomainEventID]) -> None:
    assert all(row_registered(kind, int(number)) for number in kind)
    assert row_registered(kind, 99) is None


def test_an_event_of_the_monitor_comes_back() -> None:
    event = e.MonitorEvent(time=12.5, domain=WEB1, name="RESUME", data={"a": [1, "b"]})
    assert read_monitor_event(monitor_message(event, 4)) == event
