"""Taking connections while a block is open, on every loop."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from aiovirt.streams.accepting import MOST_TAKEN, accepting

pytestmark = pytest.mark.anyio

WAITING = MOST_TAKEN + 8


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """Return a socket that listens."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        sock.listen(WAITING)
        yield sock


def connected(listening: socket.socket) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(listening.getsockname())
    return client


async def test_all_are_taken_in_their_order(listening: socket.socket) -> None:
    clients = [connected(listening) for _ in range(WAITING)]
    async with accepting(listening) as accept:
        for number, client in enumerate(clients):
            with await accept() as taken, client:
                taken.sendall(bytes([number]))
                assert client.recv(9) == bytes([number])


async def test_giving_up_loses_none(listening: socket.socket) -> None:
    async with accepting(listening) as accept:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(accept)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        with connected(listening) as client, await accept() as taken:
            taken.sendall(b"x")
            assert client.recv(9) == b"x"


async def test_who_gives_up_takes_no_more_however_many_come(listening: socket.socket) -> None:
    clients = [connected(listening) for _ in range(WAITING)]
    taken: list[socket.socket] = []

    async def take_all(scope: anyio.CancelScope) -> None:
        async with accepting(listening) as accept:
            with scope:
                while True:
                    taken.append(await accept())

    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()
        tasks.start_soon(take_all, scope)
        while not taken:
            await anyio.lowlevel.checkpoint()
        scope.cancel()
    assert len(taken) < WAITING
    for sock in (*taken, *clients):
        sock.close()


def hung_up(client: socket.socket) -> bool:
    with client:
        try:
            return client.recv(9) == b""
        except ConnectionResetError:
            return True


async def test_who_was_not_asked_for_is_hung_up_on(listening: socket.socket) -> None:
    async with accepting(listening) as accept:
        clients = [connected(listening) for _ in range(3)]
        (await accept()).close()
        await anyio.wait_all_tasks_blocked()
    listening.close()
    assert [hung_up(client) for client in clients] == [True, True, True]


async def test_what_is_no_listening_socket_is_told() -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        async with accepting(silent) as accept:
            with pytest.raises(OSError, match="Invalid argument"):
                await accept()
