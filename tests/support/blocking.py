"""Fail a test in which aiovirt calls something that blocks, on a thread that runs a loop.

Found by Python's audit events (PEP 578), not by a clock: a slow machine gives no false alarm.
`time.sleep` is no such event before Python 3.13, so `watch` makes it one.
What a test itself does on its loop is its own affair; only calls from the package count.
"""

from __future__ import annotations

import fcntl
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import SupportsIndex

from sniffio import AsyncLibraryNotFoundError, current_async_library

import aiovirt

PACKAGE = str(Path(aiovirt.__file__).parent)


class BlockedTheLoop(AssertionError):
    """The package called something that blocks while an event loop waited for it."""


def _always(_args: tuple[object, ...]) -> bool:
    return True


def _blocking_socket(args: tuple[object, ...]) -> bool:
    return isinstance(args[0], socket.socket) and args[0].gettimeout() != 0


def _waits_for_a_lock(args: tuple[object, ...]) -> bool:
    """Tell whether the operation takes a lock, and waits when another has it."""
    operation = args[1]
    return isinstance(operation, int) and not operation & (fcntl.LOCK_NB | fcntl.LOCK_UN)


BLOCKING: dict[str, Callable[[tuple[object, ...]], bool]] = {
    "time.sleep": _always,
    "socket.getaddrinfo": _always,
    "socket.gethostbyname": _always,
    "socket.gethostbyaddr": _always,
    "socket.connect": _blocking_socket,
    "subprocess.Popen": _always,
    "os.system": _always,
    "os.posix_spawn": _always,
    "fcntl.flock": _waits_for_a_lock,
    "fcntl.lockf": _waits_for_a_lock,
}
"""Audit event to whether its arguments mean that the call blocks."""


def _on_a_loop() -> bool:
    try:
        current_async_library()
    except AsyncLibraryNotFoundError:
        return False
    return True


def _called_by_package() -> bool:
    """Tell whether the innermost caller that is no library code stands in the package."""
    frame = sys._getframe(2)
    while frame.f_back is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE):
            return True
        if "site-packages" not in name and "/tests/" in name and name != __file__:
            return False
        frame = frame.f_back
    return False


def _audit(event: str, args: tuple[object, ...]) -> None:
    blocks = BLOCKING.get(event)
    if blocks and blocks(args) and _on_a_loop() and _called_by_package():
        raise BlockedTheLoop(f"{event} was called on an event loop")


def watch() -> None:
    """Begin to watch; it lasts as long as the process."""
    sys.addaudithook(_audit)
    sleep = time.sleep

    def audited_sleep(seconds: float | SupportsIndex, /) -> None:
        sys.audit("time.sleep", seconds)
        sleep(seconds)

    time.sleep = audited_sleep
