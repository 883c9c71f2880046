"""One host's events to any number of clients; no sockets, no session."""

from __future__ import annotations

import logging
from typing import cast
from uuid import UUID

import pytest

from aiovirt.bindings.events import EventRow, read_event, row_registered
from aiovirt.daemon.events.client import ClientEvents, Wish
from aiovirt.daemon.events.hub import HostEvents
from aiovirt.interfaces.driver import Driver
from aiovirt.model import events as e
from aiovirt.model.constants import DomainEventID, NetworkEventID
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NetworkKey
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.connection import Connection, Message, Role

pytestmark = pytest.mark.anyio

WEB1 = DomainKey(UUID(int=1), "web1")
WEB2 = DomainKey(UUID(int=2), "web2")
STARTED = e.LifecycleEvent(time=1.0, domain=WEB1, detail=e.LifecycleDetail.STARTED_BOOTED)


class Listener:
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.packets: list[bytes] = []

    def tell(self, wish: Wish, packet: bytes, about: object) -> None:
        assert wish.wants(about)
        self.packets.append(packet)
        core = Connection(Role.CLIENT, peer="the daemon")
        self.heard += [item for item in core.receive(packet) if isinstance(item, Message)]

    @property
    def told(self) -> list[type[e.Event]]:
        """The kinds of events that it was told."""
        read = [read_event(one.program, one.procedure, one.payload) for one in self.heard]
        return [type(event) for event in read if event is not None]


class Host(HostEvents):
    """The events of a host whose domain 1 has the number 7."""

    uri = URI.parse("test:///default")

    def __init__(self) -> None:
        super().__init__(cast("Driver", self), self._number)

    async def _number(self, key: DomainKey) -> int:
        return 7 if key == WEB1 else -1

    def listen(
        self,
        number: DomainEventID | NetworkEventID,
        *,
        callback: int | None = 1,
        about: object = None,
    ) -> Listener:
        """Register a client."""
        listener = Listener()
        row = row_registered(type(number), number)
        assert isinstance(row, EventRow)
        self.add(Wish(cast("ClientEvents", listener), row, callback, about))
        return listener


async def test_each_is_told_under_its_own_number() -> None:
    host = Host()
    first = host.listen(DomainEventID.LIFECYCLE, callback=3)
    second = host.listen(DomainEventID.LIFECYCLE, callback=4)
    await host.tell(STARTED)
    assert [first.heard[0].payload[:4], second.heard[0].payload[:4]] == [b"\0\0\0\3", b"\0\0\0\4"]
    assert first.heard[0].payload[4:] == second.heard[0].payload[4:]


async def test_an_old_client_is_told_without_a_number() -> None:
    host = Host()
    old = host.listen(DomainEventID.LIFECYCLE, callback=None)
    await host.tell(STARTED)
    assert old.heard[0].procedure == 107
    assert old.told == [e.LifecycleEvent]


async def test_the_domains_own_number_goes_along() -> None:
    host = Host()
    listener = host.listen(DomainEventID.LIFECYCLE)
    await host.tell(STARTED)
    assert WEB1.uuid.bytes + b"\0\0\0\7" in listener.packets[0]


async def test_who_asked_for_one_domain_hears_of_no_other() -> None:
    host = Host()
    listener = host.listen(DomainEventID.REBOOT, about=DomainKey(WEB2.uuid, "an older name"))
    await host.tell(e.RebootEvent(time=1.0, domain=WEB1))
    await host.tell(e.RebootEvent(time=1.0, domain=WEB2))
    assert len(listener.heard) == 1


async def test_who_asked_for_one_kind_hears_no_other() -> None:
    host = Host()
    networks = host.listen(NetworkEventID.LIFECYCLE)
    await host.tell(STARTED)
    await host.tell(
        e.NetworkLifecycleEvent(time=1.0, network=NetworkKey(UUID(int=3), "default"), kind=2)
    )
    assert networks.told == [e.NetworkLifecycleEvent]


async def test_a_block_job_is_told_in_both_ways() -> None:
    host = Host()
    by_path = host.listen(DomainEventID.BLOCK_JOB)
    by_disk = host.listen(DomainEventID.BLOCK_JOB_2)
    await host.tell(e.BlockJobEvent(time=1.0, domain=WEB1, disk="vda", type=1, status=0))
    assert [by_path.heard[0].procedure, by_disk.heard[0].procedure] == [326, 339]


async def test_a_loss_is_logged_and_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    listener = host.listen(DomainEventID.LIFECYCLE)
    with caplog.at_level(logging.WARNING):
        await host.tell(e.EventsLost(time=1.0, count=5))
    assert not listener.heard
    assert "5 events" in caplog.text


async def test_an_event_that_cannot_be_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    listener = host.listen(DomainEventID.DEVICE_ADDED)
    await host.tell(e.DeviceAddedEvent(time=1.0, domain=WEB1, alias="a\0b"))
    await host.tell(e.DeviceAddedEvent(time=1.0, domain=WEB1, alias="a"))
    assert len(listener.heard) == 1
    assert "cannot be told" in caplog.text


async def test_who_wants_no_more_is_told_no_more() -> None:
    host = Host()
    listener = Listener()
    row = row_registered(DomainEventID, 0)
    assert row is not None
    wish = Wish(cast("ClientEvents", listener), row, 1)
    host.add(wish)
    host.remove(wish)
    host.remove(wish)
    await host.tell(STARTED)
    assert not listener.heard
