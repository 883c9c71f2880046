"""What a daemon and systemd tell each other."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.daemon import systemd
from aiovirt.daemon.systemd import Notifier, handed_sockets


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(0)
        yield sock


def environment(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(manager.getsockname()), **more}


def test_it_says_that_it_serves(manager: socket.socket) -> None:
    Notifier(environment(manager)).ready("serving")
    assert manager.recv(100) == b"READY=1\nSTATUS=serving"


def test_it_says_since_when_it_reads_its_settings(manager: socket.socket) -> None:
    Notifier(environment(manager)).reloading()
    assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_a_name_that_is_no_file_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")
        name = sock.getsockname()[1:].decode()
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).stopping("bye")
        assert sock.recv(100) == b"STOPPING=1\nSTATUS=bye"


def test_nobody_who_listens_is_no_error(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "none")}).ready("serving")
    Notifier({}).ready("serving")


def test_children_learn_nothing_of_it(manager: socket.socket) -> None:
    shared = environment(manager, WATCHDOG_USEC="1000", WATCHDOG_PID=str(os.getpid()))
    Notifier(shared)
    assert not shared


@pytest.mark.anyio
async def test_the_watchdog_is_patted(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="2000"))
    async with open_task_group() as tasks:
        tasks.start_soon(notifier.pat_watchdog)
        for _ in range(2):
            await anyio.wait_readable(manager)
            assert manager.recv(100) == b"WATCHDOG=1"
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_another_processs_watchdog_is_not(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="2000", WATCHDOG_PID="1"))
    await notifier.pat_watchdog()


def test_sockets_are_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        descriptor = os.dup(theirs.fileno())
        os.set_inheritable(descriptor, True)
        monkeypatch.setattr(systemd, "FIRST_DESCRIPTOR", descriptor)
        told = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "tls"}
        (handed,) = handed_sockets(told)
        with handed.sock:
            assert (handed.name, handed.sock.getsockname()) == ("tls", theirs.getsockname())
            assert not handed.sock.get_inheritable()
        assert not told


@pytest.mark.parametrize("told", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}])
def test_sockets_of_another_process_are_not(told: dict[str, str]) -> None:
    assert handed_sockets(told) == []
