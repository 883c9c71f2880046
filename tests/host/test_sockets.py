"""Unix sockets by paths of any length."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from aiovirt.errors import HostError
from aiovirt.host.ports import free_port
from aiovirt.host.sockets import connect_unix, listen_unix


def test_path_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with listen_unix(folder / "socket") as listener, connect_unix(folder / "socket") as client:
        peer, _ = listener.accept()
        with peer:
            client.send(b"hello")
            assert peer.recv(5) == b"hello"


def test_stale_socket_is_replaced(tmp_path: Path) -> None:
    listen_unix(tmp_path / "socket").close()
    with listen_unix(tmp_path / "socket"), connect_unix(tmp_path / "socket"):
        pass


def test_nobody_listens(tmp_path: Path) -> None:
    listen_unix(tmp_path / "socket").close()
    with pytest.raises(HostError, match=r"cannot connect to .*: Connection refused"):
        connect_unix(tmp_path / "socket")


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot listen on"):
        listen_unix(tmp_path / "no" / "socket")


def test_nobody_else_may_connect(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with listen_unix(tmp_path / "socket"):
            assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def _free_port(_path: Path) -> int:
    return free_port("127.0.0.1", [5900])


@pytest.mark.parametrize("use", [listen_unix, connect_unix, _free_port])
def test_no_descriptor_is_left(use: Callable[[Path], object], tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        with pytest.raises(HostError, match=r"cannot .*: Too many open files") as caught:
            use(tmp_path / "socket")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert "ulimit -n" in (caught.value.hint or "")
