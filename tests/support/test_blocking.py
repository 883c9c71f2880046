"""The audit hook finds calls of the package that block a loop, and no others."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FunctionType

import anyio.to_thread
import blocking
import pytest

pytestmark = pytest.mark.anyio

LOOK_UP = "socket.getaddrinfo('127.0.0.1', 1)"


def as_package(expression: str, **names: object) -> Callable[[], object]:
    """Make a function of an expression, as if it stood in the package."""
    code = compile(expression, f"{blocking.PACKAGE}/made_up.py", "eval")
    return FunctionType(code, {"socket": socket, **names})


async def test_the_package_must_not_block_a_loop() -> None:
    with pytest.raises(blocking.BlockedTheLoop, match=r"socket\.getaddrinfo"):
        as_package(LOOK_UP)()


async def test_the_package_may_use_a_worker_thread() -> None:
    await anyio.to_thread.run_sync(as_package(LOOK_UP))


async def test_the_package_may_connect_a_socket_that_does_not_block() -> None:
    with socket.socket(socket.AF_UNIX) as plug:
        plug.settimeout(0)
        with pytest.raises(FileNotFoundError):
            as_package("plug.connect('/absent')", plug=plug)()


async def test_a_test_may_block() -> None:
    assert socket.getaddrinfo("127.0.0.1", 1)
