"""Unix sockets: descriptors, listeners, and paths."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.errors import AlreadyExists, NotFound, ResourceUnavailable
from aiovirt.streams.unix import UnixListener, UnixStream, connect_unix, unix_pair

pytestmark = pytest.mark.anyio


async def test_descriptors_travel_and_stay_the_senders() -> None:
    ours, theirs = unix_pair()
    reading, writing = os.pipe()
    async with ours, theirs:
        await ours.send_with_descriptors(b"two", [reading, writing])
        data, (reading_too, writing_too) = await theirs.receive_with_descriptors()
        os.write(writing_too, b"through")
        assert (data, os.read(reading, 7)) == (b"two", b"through")
    for each in (reading, writing, reading_too, writing_too):
        os.close(each)


async def test_descriptors_received_are_not_inherited() -> None:
    ours, theirs = unix_pair()
    async with ours, theirs:
        await ours.send_with_descriptors(b"x", [0])
        _, (received,) = await theirs.receive_with_descriptors()
        assert not os.get_inheritable(received)
        os.close(received)


async def test_descriptors_that_nobody_asked_for_are_closed() -> None:
    ours, theirs = unix_pair()
    reading, writing = os.pipe()
    async with ours, theirs:
        await ours.send_with_descriptors(b"x", [writing])
        os.close(writing)
        assert await theirs.receive() == b"x"
        assert os.read(reading, 1) == b""
    os.close(reading)


async def test_descriptors_travel_with_the_first_byte_of_much() -> None:
    ours, theirs = unix_pair()
    data = b"x" * 3_000_000
    async with ours, theirs, open_task_group() as group:
        group.start_soon(ours.send_with_descriptors, data, [0])
        received, (descriptor,) = await theirs.receive_with_descriptors()
        os.close(descriptor)
        while len(received) < len(data):
            more, none = await theirs.receive_with_descriptors()
            assert none == []
            received += more
        assert received == data


async def test_a_listener_accepts_and_leaves_no_path(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with (
        UnixListener(path) as listener,
        UnixStream(await connect_unix(path)) as ours,
        await listener.accept() as theirs,
    ):
        await ours.send(b"hello")
        assert await theirs.receive() == b"hello"
    assert not path.exists()


async def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with UnixListener(path, backlog=1) as listener, open_task_group() as group:

        async def come_and_go() -> None:
            (await connect_unix(path)).close()

        for _ in range(6):
            group.start_soon(come_and_go)
        for _ in range(6):
            await (await listener.accept()).aclose()


async def test_giving_up_a_full_queue_leaves_no_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with UnixListener(path, backlog=1):
        waiting = [await connect_unix(path), await connect_unix(path)]
        with anyio.move_on_after(0.02) as scope:
            await connect_unix(path)
        assert scope.cancelled_caught
        for sock in waiting:
            sock.close()


async def test_a_path_in_use_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AlreadyExists, match="file"):
        UnixListener(tmp_path / "file")


async def test_a_long_path_in_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / "socket"
    with pytest.raises(NotFound, match="xxx"):
        await connect_unix(path)
    with pytest.raises(NotFound, match="xxx"):
        UnixListener(path)


async def test_a_file_that_is_no_socket_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceUnavailable, match="file"):
        await connect_unix(tmp_path / "file")
