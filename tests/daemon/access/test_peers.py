"""What the kernel says of who is at the other end of a Unix socket."""

from __future__ import annotations

import os
import pwd
import socket
import threading

import pytest

from aiovirt.daemon.access import peers
from aiovirt.daemon.access.peers import Peers, network_identity, start_time
from aiovirt.errors import Unresponsive

pytestmark = pytest.mark.anyio


async def test_a_peer_is_known_by_the_kernel() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = await Peers().identify(ours, readonly=True)
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert (found.uid, found.gid, found.pid) == (os.geteuid(), os.getegid(), os.getpid())
    assert (found.user, found.name, found.readonly) == (user, user, True)
    assert found.start_time == start_time(os.getpid())


async def test_names_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def look_up(uid: int, _gid: int) -> tuple[str | None, frozenset[str]]:
        asked.append(uid)
        return "alice", frozenset({"ops"})

    monkeypatch.setattr(peers, "_look_up", look_up)
    known = Peers()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = {await known.identify(ours) for _ in range(3)}
        known.forget()
        await known.identify(ours)
    assert [(one.user, one.groups) for one in found] == [("alice", frozenset({"ops"}))]
    assert len(asked) == 2


@pytest.mark.parametrize("uid", [os.geteuid(), 4711])
async def test_a_name_that_is_not_told_is_not_none(
    monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    """A rule that takes something from a user must hold: so the user is not let in."""
    told = threading.Event()
    monkeypatch.setattr(peers, "LOOK_UP_S", 0.01)
    monkeypatch.setattr(peers, "_look_up", lambda *_: told.wait() and (None, frozenset()))
    monkeypatch.setattr(peers, "credentials", lambda _: (1, uid, 1))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            found = await Peers().identify(ours)
        except Unresponsive:
            assert uid == 4711
        else:
            assert (found.uid, found.user) == (os.geteuid(), None)
        finally:
            told.set()


def test_a_user_without_a_name_has_a_number() -> None:
    assert peers._look_up(4_000_000_000, 4_000_000_000) == (None, frozenset())


def test_the_start_of_a_process_is_in_the_past() -> None:
    mine, first = start_time(os.getpid()), start_time(1)
    assert mine is not None
    assert first is not None
    assert mine >= first
    assert start_time(2**22 + 1) is None


def test_a_name_with_parentheses_does_not_mislead() -> None:
    fields = " ".join(str(number) for number in range(3, 53))
    assert peers._start_time_in(f"7 (a) 1 (b) 9) {fields}") == 22


def test_a_network_peer_is_an_address() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        theirs, (host, port) = listening.accept()
        with theirs:
            found = network_identity(theirs, tls=True)
    assert (found.transport, found.address) == ("tls", f"{host}:{port}")
