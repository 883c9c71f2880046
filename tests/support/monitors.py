"""Real peers for tests: QEMU, its storage daemon and its guest agent, each behind a socket."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anyio

from aiovirt.clients.guest_agent import connect_guest_agent
from aiovirt.errors import NotFound, ResourceUnavailable

__all__ = ["guest_agent", "listening", "machine", "newest_child", "storage_daemon"]

_BARE = ["-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-S"]
_CHARDEV = "socket,id=monitor,fd={fd}"


@contextmanager
def _monitor_of(argv: Sequence[str | Path]) -> Generator[socket.socket, None, None]:
    """Run a program whose arguments name its end as ``{fd}``; give ours. Reaped at the end."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [str(word).replace("{fd}", str(theirs.fileno())) for word in argv]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    try:
        yield ours
    finally:
        ours.close()
        process.kill()
        process.wait()


@contextmanager
def machine(qemu: Path, *argv: str) -> Generator[socket.socket, None, None]:
    """Run a paused QEMU with these arguments more, and give its monitor."""
    monitor = ["-chardev", _CHARDEV, "-mon", "chardev=monitor,mode=control"]
    with _monitor_of([qemu, *_BARE, *monitor, *argv]) as sock:
        yield sock


@contextmanager
def storage_daemon(program: Path) -> Generator[socket.socket, None, None]:
    """Run a qemu-storage-daemon, and give its monitor."""
    with _monitor_of([program, "--chardev", _CHARDEV, "--monitor", "chardev=monitor"]) as sock:
        yield sock


@contextmanager
def guest_agent(program: Path, folder: Path) -> Generator[Path, None, None]:
    """Run qemu-ga on this machine, and give the path where it will listen."""
    path = folder / "agent.sock"
    state = ["-t", str(folder), "-f", str(folder / "agent.pid"), "-l", str(folder / "agent.log")]
    process = subprocess.Popen([str(program), "-m", "unix-listen", "-p", str(path), *state])
    try:
        yield path
    finally:
        process.kill()
        process.wait()


async def listening(path: Path) -> Path:
    """Wait until an agent listens: it tells nobody, so it is tried."""
    with anyio.fail_after(10):
        while True:
            try:
                async with connect_guest_agent(path):
                    return path
            except (NotFound, ResourceUnavailable):
                await anyio.sleep(0.01)


def newest_child() -> int:
    """Return the process id of the child that was started last; a lab may be another one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return int(children.split()[-1])
