"""Programs beside a QEMU: started before it, in its control group, and ended after it.

Each kind is a module of its own that says what is to be run; how it is run is said here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import anyio

from aiovirt.drivers.qemu.process.notes import Kind, Note, note, notes
from aiovirt.drivers.qemu.store.log import DomainLog
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.errors import HostError
from aiovirt.host.cgroups import Group
from aiovirt.host.sockets import connect_unix, listen_unix
from aiovirt.processes import (
    Command,
    DaemonProcess,
    Stdio,
    adopt,
    boot_id,
    start_daemon,
    start_ticks,
)

__all__ = ["Helper", "Surroundings", "answers", "end_helper", "last_words", "start_helpers"]

log = logging.getLogger("aiovirt.qemu")

_READY_BOUND_S: Final = 10.0
_PAUSE_S: Final = 0.01
_GRACE_S: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A program that a QEMU needs.

    Attributes:
        name: What it is for, such as ``swtpm-tpm0``: its log has that name.
        command: What is run, given the descriptor of its socket, or -1.
        socket: Where it is reached.
        listens: Whether it is given that socket; QEMU may connect before it is ready then.
        ready: Tells whether it is ready, where it makes the socket itself.
        as_owner: Whether it runs as QEMU's account, and not as ours.
    """

    name: str
    command: Callable[[int], Command]
    socket: Path
    listens: bool = True
    ready: Callable[[], bool] | None = None
    as_owner: bool = True


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where the helpers of one guest run.

    Attributes:
        folder: The guest's folder, where they are noted.
        logs: The folder of their logs.
        name: The guest's name.
        group: Its control group, or None.
        owner: QEMU's account, or None if it is ours.
    """

    folder: Path
    logs: Path
    name: str
    group: Group | None
    owner: Owner | None


async def start_helpers(helpers: Iterable[Helper], around: Surroundings) -> None:
    """Start the programs that a QEMU needs; they are ready, or will be, when this returns.

    Raises:
        ExecutableNotFound: One is not installed.
        HostError: One ended at once; the text has its last words.

    Cancellation: those that run are noted, for `clear_away`.
    """
    for helper in helpers:
        await _start(helper, around)


async def _start(helper: Helper, around: Surroundings) -> None:
    path = around.logs / f"{around.name}-{helper.name}.log"

    async def noted(pid: int) -> None:
        ticks = start_ticks(pid) or 0
        more = {"pid": str(pid), "ticks": str(ticks), "boot": boot_id(), "log": str(path)}
        note(around.folder, Kind.PROGRAM, helper.name, **more)

    with ExitStack() as stack:
        descriptor = -1
        if helper.listens:
            descriptor = stack.enter_context(listen_unix(helper.socket)).fileno()
            if around.owner is not None:
                os.chown(helper.socket, around.owner.uid, around.owner.gid)
        command = _in_place(helper, descriptor, around)
        handle, said_from = DomainLog(path).open(f"starting: {command.render()}")
        stack.callback(os.close, handle)
        process = await start_daemon(command, stdout=handle, stderr=Stdio.STDOUT, handshake=noted)
    try:
        if helper.ready is not None:
            await _until_ready(helper, process, DomainLog(path), said_from)
            if around.owner is not None:
                os.chown(helper.socket, around.owner.uid, around.owner.gid)
    finally:
        await process.aclose()


def _in_place(helper: Helper, descriptor: int, around: Surroundings) -> Command:
    owner = around.owner if helper.as_owner else None
    return replace(
        helper.command(descriptor),
        cwd=helper.socket.parent,
        umask=0o077,
        cgroup=around.group.folders() if around.group else (),
        pass_fds=(descriptor,) if descriptor >= 0 else (),
        user=owner.name if owner else None,
        group=owner.gid if owner else None,
    )


def answers(socket: Path) -> bool:
    """Whether somebody listens at a socket who minds nobody that comes and goes."""
    with suppress(HostError):
        connect_unix(socket).close()
        return True
    return False


async def _until_ready(
    helper: Helper, process: DaemonProcess, words: DomainLog, said_from: int
) -> None:
    with anyio.move_on_after(_READY_BOUND_S):
        while helper.ready is not None and process.running:
            if helper.ready():
                return
            await anyio.sleep(_PAUSE_S)
    state = "is not ready in time" if process.running else "has ended"
    said = words.since(said_from)
    raise HostError(
        f"{helper.name} {state}" + (f": {said}" if said else ""), hint=f"see {words.path}"
    )


async def last_words(folder: Path) -> str | None:
    """What a helper of a guest said that has ended; None while all run."""
    for each in notes(folder):
        if each.kind is not Kind.PROGRAM:
            continue
        process = _process_of(each)
        if process is not None:
            await process.aclose()
        else:
            said = DomainLog(Path(each.more["log"])).since(0).splitlines()
            return f"{each.what} has ended: {said[-1] if said else 'it said nothing'}"
    return None


def _process_of(made: Note) -> DaemonProcess | None:
    return adopt(int(made.more["pid"]), int(made.more["ticks"]), made.more["boot"])


async def end_helper(made: Note) -> None:
    """End a helper that was noted; one that has ended by itself is no error."""
    process = _process_of(made)
    if process is not None:
        try:
            await process.terminate(grace_s=_GRACE_S)
        finally:
            await process.aclose()
