"""A whole session with a libvirt daemon while a proxy harms each packet of it in turn.

Whatever happens to a packet, each step of the session ends: well, or with an error of ours.  A real
libvirtd drops a call of which the type was spoilt, and goes on: such a one ends by its caller's
deadline, since nobody can tell it from a call that takes long.  The tests' own watch sees to it
that nothing is left: no descriptor, no task.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import pytest
from libvirtlab import Lab
from proxy import REPLIES, ByteByByte, Cut, Direction, Garble, Harm, Proxy, Stall, Truncate

from aiovirt import _open
from aiovirt.clients.backoff import Backoff
from aiovirt.drivers.libvirt import link, opening
from aiovirt.drivers.libvirt.opening import Session, open_watched_session
from aiovirt.errors import AiovirtError, ConnectionLost, ProtocolError
from aiovirt.interfaces import OpenOptions
from aiovirt.model.events import ConnectionEvent
from aiovirt.model.uri import URI
from aiovirt.objects import Connection as Host
from aiovirt.protocols.libvirt.connection import Message
from aiovirt.protocols.libvirt.packets import MAX_PACKET
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_devices as devices
from aiovirt.protocols.libvirt.tables import domain_events as e
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.streams.unix import UnixListener
from aiovirt.testing.fake_libvirtd import FakeLibvirtd, run_fake_libvirtd

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

PACKETS = 13
"""Calls of the session, and so replies; the messages and data beside them are harmed too."""

DATA = bytes(range(256)) * 40
LISTED = c.ConnectListAllDomainsArgs(1, 0)
LIFECYCLE = e.ConnectDomainEventCallbackRegisterAnyArgs(0, None)

HARMS: dict[str, Callable[[], Harm]] = {
    "cut": Cut,
    "cut in the length": lambda: Truncate(3),
    "cut in the header": lambda: Truncate(20),
    "cut in the payload": lambda: Truncate(29),
    "stalled": Stall,
    "of an enormous length": Garble.length,
    "of a greater length": lambda: Garble(2, 1, 0x10),
    "of a smaller length": lambda: Garble(3, 1, 0x08),
    "of another program": Garble.header,
    "of another procedure": lambda: Garble(15),
    "of another type": lambda: Garble(19, 1, 0x01),
    "of no type": lambda: Garble(16),
    "of another serial": lambda: Garble(23),
    "of another status": lambda: Garble(27, 1, 0x02),
    "of an error's status": lambda: Garble(27, 1, 0x01),
    "with a spoilt payload": Garble.payload,
    "with a spoilt end": lambda: Garble(-3, 3),
}


PATIENT_S = 20
"""Seconds for what will come."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the driver find out soon that nothing comes any more."""
    monkeypatch.setattr(opening, "OPEN_TIMEOUT_S", 0.2)
    monkeypatch.setattr(opening, "CLOSE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(opening, "KEEPALIVE_INTERVAL_S", 0.03)
    monkeypatch.setattr(opening, "KEEPALIVE_COUNT", 2)


class Steps:
    """The session's steps, of which those that were done are noted.

    Args:
        wait_s: Seconds for what may not come without anybody's telling: a message, a stream's data.
    """

    def __init__(self, wait_s: float) -> None:
        self.done: list[str] = []
        self._wait_s = wait_s
        self._told = anyio.Event()

    async def run(self, session: Session) -> None:
        """Take all steps after the opening."""
        client = session.client
        client.on_message = self._hear
        self.done.append("open")
        domain = (await client.call(c.CONNECT_LIST_ALL_DOMAINS, LISTED)).domains[0]
        self.done.append("list")
        await client.call(d.DOMAIN_GET_INFO, d.DomainGetInfoArgs(domain))
        self.done.append("info")
        await self._events(session, domain)
        await self._stream(session, domain)

    async def _events(self, session: Session, domain: Domain) -> None:
        call = session.client.call
        await call(e.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY, LIFECYCLE)
        await call(d.DOMAIN_SUSPEND, d.DomainSuspendArgs(domain))
        with anyio.move_on_after(self._wait_s):  # a message that is lost is told by nobody
            await self._told.wait()
            self.done.append("event")
        await call(d.DOMAIN_RESUME, d.DomainResumeArgs(domain))

    async def _stream(self, session: Session, domain: Domain) -> None:
        args = devices.DomainScreenshotArgs(domain, 0, 0)
        async with session.client.stream(devices.DOMAIN_SCREENSHOT, args) as (_, stream):
            # Data under another serial is nobody's, which libvirt lets pass in silence.
            with anyio.move_on_after(self._wait_s):
                while True:
                    try:
                        await stream.receive()
                    except anyio.EndOfStream:
                        break
                await stream.finish()
                self.done.append("stream")

    def _hear(self, message: Message) -> None:
        if message.procedure == e.DOMAIN_EVENT_CALLBACK_LIFECYCLE.number:
            self._told.set()


EVERYTHING = ["open", "list", "info", "event", "stream"]


async def session_through(
    proxy: Proxy, *, wait_s: float = 0.3, deadline_s: float = PATIENT_S
) -> tuple[list[str], AiovirtError | None]:
    """Run a session through the proxy; return what was done, and the error that ended it."""
    uri = URI.parse(f"test+unix:///default?socket={proxy.path}")
    steps = Steps(wait_s)
    try:
        async with open_watched_session(uri, OpenOptions()) as session:
            with anyio.move_on_after(deadline_s) as deadline:
                await steps.run(session)
            if deadline.cancelled_caught:
                steps.done.append("deadline")
    except AiovirtError as error:
        return steps.done, error
    return steps.done, None


async def harmed(
    target: Path, harm: Harm, direction: Direction, number: int, *, deadline_s: float = PATIENT_S
) -> list[str]:
    """Run a session with one harm through a proxy of its own; return what was done."""
    async with Proxy(target) as proxy:
        proxy.plan(direction, harm, number=number)
        done, error = await session_through(proxy, deadline_s=deadline_s)
    assert error is not None or "deadline" in done or done[:3] == EVERYTHING[:3]
    assert error is None or str(error)
    return done


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[FakeLibvirtd]:
    """Run a fake that tells of a domain's life, and has a screen to show."""
    async with run_fake_libvirtd(path) as fake:
        told = e.DomainEventCallbackLifecycleMsg(
            1, e.DomainEventLifecycleMsg(fake.domains[0], 3, 0)
        )

        async def suspend(_: object) -> Empty:
            await fake.tell(e.DOMAIN_EVENT_CALLBACK_LIFECYCLE, told)
            return Empty()

        fake.data = DATA
        fake.on(
            e.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY,
            lambda _: e.ConnectDomainEventCallbackRegisterAnyRet(1),
        )
        fake.on(d.DOMAIN_SUSPEND, suspend)
        fake.on(d.DOMAIN_RESUME, lambda _: Empty())
        fake.on(devices.DOMAIN_SCREENSHOT, lambda _: devices.DomainScreenshotRet("image/png"))
        yield fake


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("name", HARMS)
async def test_harm_to_each_packet(tmp_path: Path, name: str, direction: Direction) -> None:
    async with serving(tmp_path / "sock") as fake:
        for number in range(PACKETS + (3 if direction is REPLIES else 0)):
            done = await harmed(fake.path, HARMS[name](), direction, number)
            assert "deadline" not in done


@pytest.mark.parametrize("direction", Direction)
async def test_bytes_that_come_one_by_one_do_no_harm(tmp_path: Path, direction: Direction) -> None:
    async with serving(tmp_path / "sock") as fake:
        for number in (0, 1, 5, 7, 9):
            async with Proxy(fake.path) as proxy:
                proxy.plan(direction, ByteByByte(), number=number)
                assert await session_through(proxy, wait_s=PATIENT_S) == (EVERYTHING, None)
        assert not fake.violations


async def test_session_without_harm(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock") as fake, Proxy(fake.path) as proxy:
        assert await session_through(proxy, wait_s=PATIENT_S) == (EVERYTHING, None)
        assert fake.calls[-1] == "CONNECT_CLOSE"
        assert not fake.violations


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("harm", [Cut, lambda: Truncate(20), Garble.length, Garble.payload])
async def test_connection_heals_whatever_is_harmed_while_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[], Harm]
) -> None:
    """Its events are renewed meanwhile, and differences found out: some thirty calls."""
    monkeypatch.setattr(link, "Backoff", lambda: Backoff(0.001, 0.002))
    async with (
        serving(tmp_path / "sock") as fake,
        Proxy(fake.path) as proxy,
        _open.open(f"qemu+unix:///system?socket={proxy.path}") as host,
        host.events() as events,
    ):
        fake.on(c.CONNECT_GET_ALL_DOMAIN_STATS, lambda _: c.ConnectGetAllDomainStatsRet([]))
        for later in range(0, 60, 3):
            proxy.plan(REPLIES, harm(), number=proxy.passed[REPLIES] + later)
            await proxy.cut()
            async for event in events:
                if isinstance(event, ConnectionEvent) and event.connected:
                    break
            await until_answered(host)


async def until_answered(host: Host) -> None:
    """Ask until the connection is there again; each time in vain is a lost connection."""
    while True:
        try:
            assert await host.hostname() == "fake"
        except (ConnectionLost, ProtocolError):
            continue
        return


@pytest.mark.real
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", HARMS)
async def test_harm_to_each_packet_of_a_real_daemon(lab: Lab, name: str) -> None:
    for direction in Direction:
        for number in range(PACKETS + (4 if direction is REPLIES else 0)):
            await harmed(lab.socket, HARMS[name](), direction, number, deadline_s=0.5)


@pytest.mark.real
async def test_session_without_harm_with_a_real_daemon(lab: Lab) -> None:
    await anyio.to_thread.run_sync(lab.restart)  # a harmed call may have stopped its domain
    async with Proxy(lab.socket) as proxy:
        assert await session_through(proxy, wait_s=PATIENT_S) == (EVERYTHING, None)


@asynccontextmanager
async def promising(path: Path) -> AsyncIterator[None]:
    """Listen; to who says anything, say that a packet comes as long as there may be."""

    async def promise() -> None:
        async with await listener.accept() as stream:
            await stream.receive()
            await stream.send(MAX_PACKET.to_bytes(4, "big") + bytes(1000))
            with suppress(anyio.EndOfStream):
                while await stream.receive():
                    pass

    async with UnixListener(path) as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(promise)
        yield


@contextmanager
def memory_watched() -> Iterator[list[int]]:
    """Watch the memory of the block; afterwards the list has the most bytes of it."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield found
    finally:
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


@pytest.mark.usefixtures("impatient")
async def test_promise_of_a_great_packet_costs_no_memory(tmp_path: Path) -> None:
    """A length word says how much may come: nothing is set aside for it."""
    path = tmp_path / "sock"
    with memory_watched() as most:
        async with promising(path), Proxy(path, framed=False) as proxy:
            assert (await session_through(proxy))[1] is not None
    assert most[0] < MAX_PACKET // 4
