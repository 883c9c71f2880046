"""TCP connections: addresses that race, and refusals that say what to do."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.errors import NotFound, PermissionDenied, ResourceUnavailable, Unresponsive
from aiovirt.streams import tcp
from aiovirt.streams.tcp import connect_tcp

pytestmark = pytest.mark.anyio


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A listener that takes no more: its queue is full, and the kernel drops what comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as stack:
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening


def port_of(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def address(listening: socket.socket) -> tcp._Address:
    return tcp._Address(socket.AF_INET, ("127.0.0.1", port_of(listening)))


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return port_of(listening)


async def test_the_socket_is_connected_non_blocking_and_undelayed(listener: socket.socket) -> None:
    with await connect_tcp("127.0.0.1", port_of(listener)) as sock:
        theirs, _ = listener.accept()
        with theirs:
            sock.send(b"x")
            assert theirs.recv(1) == b"x"
        assert sock.gettimeout() == 0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_name_is_looked_up(listener: socket.socket) -> None:
    with await connect_tcp("localhost", port_of(listener)) as sock:
        assert sock.getpeername() == listener.getsockname()


async def test_a_refusal_says_who_should_listen(closed_port: int) -> None:
    with pytest.raises(ResourceUnavailable, match=r"libvirtd at 127.0.0.1:.* refuses") as caught:
        await connect_tcp("127.0.0.1", closed_port, listener="libvirtd", refused_hint="start it")
    assert caught.value.hint == "start it"


async def test_an_unknown_name_is_said_to_be_one() -> None:
    with pytest.raises(NotFound, match=r"no host of the name host.invalid") as caught:
        await connect_tcp("host.invalid", 1)
    assert "spelling" in (caught.value.hint or "")


async def test_a_name_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(NotFound, match="is no name of a host"):
        await connect_tcp("a" * 70 + ".example", 1)


async def test_silence_is_told_from_refusal(silent: socket.socket) -> None:
    with pytest.raises(Unresponsive, match=r"does not answer within 0.3 s") as caught:
        await connect_tcp("127.0.0.1", port_of(silent), timeout_s=0.3)
    assert "firewall" in (caught.value.hint or "")


async def test_a_silent_address_does_not_hold_up_the_next(
    silent: socket.socket, listener: socket.socket
) -> None:
    with await tcp._first_of([address(silent), address(listener)], "it", None) as sock:
        assert sock.getpeername() == listener.getsockname()


async def test_the_next_address_is_tried_at_once_after_a_refusal(
    listener: socket.socket, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "ATTEMPT_DELAY_S", 1e6)
    refusing = tcp._Address(socket.AF_INET, ("127.0.0.1", closed_port))
    with await tcp._first_of([refusing, address(listener)], "it", None) as sock:
        assert sock.getpeername() == listener.getsockname()


async def test_a_cancelled_attempt_leaves_no_socket(silent: socket.socket) -> None:
    async with open_task_group() as group:
        group.start_soon(connect_tcp, "127.0.0.1", port_of(silent))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


async def test_the_families_take_turns() -> None:
    four = [tcp._Address(socket.AF_INET, (f"192.0.2.{n}", 1)) for n in range(3)]
    six = [tcp._Address(socket.AF_INET6, (f"2001:db8::{n}", 1)) for n in range(2)]
    assert tcp._mixed([*six, *four]) == [six[0], four[0], six[1], four[1], four[2]]


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EHOSTUNREACH, ResourceUnavailable, "route"),
        (errno.ENETUNREACH, ResourceUnavailable, "route"),
        (errno.EACCES, PermissionDenied, "firewall"),
        (errno.ETIMEDOUT, Unresponsive, "up"),
    ],
)
async def test_each_failure_says_what_may_be_done(
    code: int, kind: type[Exception], words: str
) -> None:
    error = tcp.refusal([OSError(code, "no")], "it", None)
    assert isinstance(error, kind)
    assert words in (error.hint or "")


async def test_a_refusal_tells_more_than_another_failure() -> None:
    failures = [OSError(errno.ENETUNREACH, "no"), OSError(errno.ECONNREFUSED, "no")]
    assert "refuses" in str(tcp.refusal(failures, "it", None))
