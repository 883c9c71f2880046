"""The audit hook finds calls of the package that block a loop, and no others."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import anyio.to_thread
import blocking
import pytest

pytestmark = pytest.mark.anyio

CALLS = {
    "time.sleep": "time.sleep(0)",
    "socket.getaddrinfo": "socket.getaddrinfo('127.0.0.1', 1)",
    "socket.gethostbyname": "socket.gethostbyname('127.0.0.1')",
    "socket.gethostbyaddr": "socket.gethostbyaddr('127.0.0.1')",
    "socket.connect": "plug.connect('/absent')",
    "subprocess.Popen": "subprocess.Popen(['true'])",
    "os.system": "os.system('true')",
    "os.posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "fcntl.flock": "fcntl.flock(file, fcntl.LOCK_EX)",
    "fcntl.lockf": "fcntl.lockf(file, fcntl.LOCK_EX)",
}
"""Each event that is watched, and a call that gives it."""

MODULES = {"fcntl": fcntl, "os": os, "socket": socket, "subprocess": subprocess, "time": time}


def as_package(expression: str, **names: object) -> Callable[[], object]:
    """Make a function of an expression, as if it stood in the package."""
    code = compile(expression, f"{blocking.PACKAGE}/made_up.py", "eval")
    return FunctionType(code, {**MODULES, **names})


@pytest.mark.parametrize("event", blocking.BLOCKING)
async def test_the_package_must_not_block_a_loop(event: str, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as plug,
        (tmp_path / "lock").open("w") as file,
        pytest.raises(blocking.BlockedTheLoop, match=event),
    ):
        as_package(CALLS[event], plug=plug, file=file)()


@pytest.mark.parametrize("function", ["flock", "lockf"])
@pytest.mark.parametrize("operation", ["LOCK_EX | fcntl.LOCK_NB", "LOCK_UN"])
async def test_the_package_may_take_a_lock_without_waiting(
    function: str, operation: str, tmp_path: Path
) -> None:
    with (tmp_path / "lock").open("w") as file:
        as_package(f"fcntl.{function}(file, fcntl.{operation})", file=file)()


async def test_the_package_may_use_a_worker_thread() -> None:
    await anyio.to_thread.run_sync(as_package(CALLS["socket.getaddrinfo"]))


async def test_the_package_may_connect_a_socket_that_does_not_block() -> None:
    with socket.socket(socket.AF_UNIX) as plug:
        plug.settimeout(0)
        with pytest.raises(FileNotFoundError):
            as_package("plug.connect('/absent')", plug=plug)()


async def test_a_test_may_block() -> None:
    assert socket.getaddrinfo("127.0.0.1", 1)
