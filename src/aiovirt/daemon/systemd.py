"""What systemd and a daemon tell each other: sockets that it hands over, readiness, the watchdog.

Source: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3). Without systemd nothing happens.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import MutableMapping
from dataclasses import dataclass

import anyio

__all__ = ["Handed", "Notifier", "handed_sockets"]

FIRST_DESCRIPTOR = 3
MOST_DESCRIPTORS = 64


@dataclass(frozen=True, slots=True)
class Handed:
    """A listening socket of systemd's, and the name that its unit gives it."""

    sock: socket.socket
    name: str


def handed_sockets(environment: MutableMapping[str, str] = os.environ) -> list[Handed]:
    """Take the sockets over that systemd has opened for this process; children get none."""
    process, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    found: list[Handed] = []
    for place in range(min(int(count), MOST_DESCRIPTORS)):
        descriptor = FIRST_DESCRIPTOR + place
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        sock = socket.socket(fileno=descriptor)
        found.append(Handed(sock, names[place] if place < len(names) else ""))
    return found


class Notifier:
    """Tells systemd how the daemon is."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        self._address = _address(environment.pop("NOTIFY_SOCKET", ""))
        watched = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = environment.pop("WATCHDOG_USEC", "")
        self._period_s = int(period) / 1e6 if watched and period.isdecimal() else 0.0

    def tell(self, *states: str) -> None:
        """Send ``READY=1`` and the like. Who does not listen is not waited for."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(0)
                sock.connect(self._address)
                sock.send("\n".join(states).encode())
        except OSError:
            return

    def ready(self, status: str) -> None:
        """It serves."""
        self.tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """It reads its settings again; `ready` follows."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.tell("RELOADING=1", f"MONOTONIC_USEC={now_us}")

    def stopping(self, status: str) -> None:
        """It ends."""
        self.tell("STOPPING=1", f"STATUS={status}")

    async def pat_watchdog(self) -> None:
        """Tell again and again that the event loop turns, where systemd wants to know."""
        while self._period_s:
            self.tell("WATCHDOG=1")
            await anyio.sleep(self._period_s / 2)


def _address(name: str) -> str:
    """The address of a socket: a path, or with an @ a name that is no file."""
    return f"\0{name[1:]}" if name.startswith("@") else name
