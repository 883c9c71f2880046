"""Starts the user's own daemon when a client needs it and none runs.

Two clients may start one each at once: the daemon that comes second ends by itself, for a lock is
held beside the socket, and both clients reach the first.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

import anyio

from aiovirt.clients.libvirt.transports.sockets import Choice
from aiovirt.errors import HostError, NotFound, ResourceUnavailable, Unresponsive
from aiovirt.processes import COMMON_ENV, Command, start_daemon
from aiovirt.streams.unix import connect_unix

__all__ = ["start_and_connect"]

DAEMON_LIFE_S = 120
"""After how many seconds without clients and guests a started daemon ends, as libvirt has it."""

RETRY_S = 0.05
"""Seconds between two tries while a started daemon makes its socket."""

_PASSED = (
    *COMMON_ENV,
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
)
_SEARCH = ("/usr/sbin", "/usr/local/sbin", "/sbin")


async def start_and_connect(choice: Choice, timeout_s: float) -> socket.socket:
    """Start one of the daemons that a choice names, and connect to it.

    Raises:
        NotFound: None of them is installed.
        HostError: It could not be started, or ended again.
        Unresponsive: It has no socket in time.
    """
    program = _find_daemon(choice)
    command = Command(program, ("--timeout", str(DAEMON_LIFE_S)), env_pass=_PASSED, umask=0o077)
    async with await start_daemon(command) as daemon:
        with anyio.move_on_after(timeout_s):
            while True:
                ran = daemon.running
                sock = await _try(choice)
                if sock is not None:
                    return sock
                if not ran:  # it may be the loser of two that were started at once: asked last
                    raise HostError(
                        f"{program} was started and ended again, without a socket {choice.path}",
                        hint=f"run {program} yourself to see why",
                    )
                await anyio.sleep(RETRY_S)
    raise Unresponsive(
        f"{program} was started, but has no socket {choice.path} after {timeout_s:g} s",
        hint=f"run {program} yourself to see why",
    )


async def _try(choice: Choice) -> socket.socket | None:
    for path in choice.siblings:
        try:
            return await connect_unix(path)
        except (NotFound, ResourceUnavailable):
            continue
    return None


def _find_daemon(choice: Choice) -> str:
    """Return the path of the daemon to start: what a variable such as LIBVIRTD_PATH says first.

    So AIOVIRTD_PATH has our own started on a host that has libvirt's, too.
    """
    for name in choice.daemons:
        if told := os.environ.get(f"{name.upper()}_PATH"):
            return told
    beside = str(Path(sys.executable).parent)  # where our own is, in an environment of Python
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SEARCH, beside])
    for name in choice.daemons:
        if found := shutil.which(name, path=search):
            return found
    raise NotFound(
        f"{' or '.join(reversed(choice.daemons))} does not run for this user, "
        "and is not installed here",
        hint="install libvirt's daemon, or open a remote host: qemu+ssh://HOST/system",
    )
