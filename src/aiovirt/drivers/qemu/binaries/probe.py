"""Asking a QEMU binary what it can do: one short run without a machine, over QMP.

The run gets its monitor as a connected socket, so there is no path to race for, and all
questions are sent at once.
"""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import QMPClient, connect_qmp
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.binaries.find import kvm_accessible
from aiovirt.drivers.qemu.binaries.interpret import QUERIES, Query, interpret
from aiovirt.errors import ConnectionLost, HostError, QMPCommandError, Unresponsive
from aiovirt.processes import COMMON_ENV, Command, Process, Stdio, open_process

__all__ = ["PROBE_TIMEOUT_S", "probe"]

PROBE_TIMEOUT_S: Final = 30.0
"""Seconds that a binary has to answer everything."""

STDERR_LIMIT: Final = 16 * 1024
"""The most bytes that are kept of what a failing binary says."""

_STDERR_WAIT_S: Final = 2.0


async def probe(path: Path, *, kvm: bool | None = None) -> BinaryCapabilities:
    """Run a binary and ask it.

    Args:
        path: The binary.
        kvm: Whether to let it try KVM; None tries where this user may use it.

    Raises:
        ExecutableNotFound: There is no such file.
        CannotExecute: It may not be executed, or is no program.
        HostError: It ended or is no QEMU; the message has its own words.
        Unresponsive: It did not answer within `PROBE_TIMEOUT_S`.

    Cancellation: the run is ended.
    """
    if kvm is None:
        kvm = kvm_accessible()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = _command(path, theirs.fileno(), kvm=kvm)
        async with open_process(command, stderr=Stdio.PIPE, grace_s=0) as process:
            theirs.close()
            answers = await _bounded(ours, path, process)
    return interpret(str(path), answers)


def _command(path: Path, monitor: int, *, kvm: bool) -> Command:
    accelerators = "kvm:tcg" if kvm else "tcg"
    return Command(
        path,
        (
            *("-S", "-nodefaults", "-no-user-config", "-display", "none"),
            *("-machine", f"none,accel={accelerators}"),
            *("-chardev", f"socket,id=monitor,fd={monitor}"),
            *("-mon", "chardev=monitor,mode=control"),
        ),
        env_pass=COMMON_ENV,
        pass_fds=(monitor,),
        death_signal=signal.SIGKILL,
    )


async def _bounded(monitor: socket.socket, path: Path, process: Process) -> dict[str, object]:
    try:
        with anyio.fail_after(PROBE_TIMEOUT_S):
            return await _ask(monitor, path)
    except TimeoutError as error:
        raise Unresponsive(
            f"{path} did not describe itself within {PROBE_TIMEOUT_S:.0f} s"
        ) from error
    except ConnectionLost as error:
        words = await _last_words(process)
        raise HostError(
            f"{path} cannot be used as QEMU: {words}",
            hint="run it with -version by hand to see whether it works on this host",
        ) from error


async def _ask(monitor: socket.socket, path: Path) -> dict[str, object]:
    """The answers to all questions, sent without waiting for one another."""
    answers: dict[str, object] = {}
    # unchecked: commands that this binary lacks are asked on purpose
    async with (
        connect_qmp(monitor, name=str(path), check_schema=False) as client,
        open_task_group() as group,
    ):
        for name, query in QUERIES.items():
            group.start_soon(_answer, client, name, query, answers)
    return answers


async def _answer(client: QMPClient, name: str, query: Query, answers: dict[str, object]) -> None:
    try:
        answers[name] = await client.execute(query.command, query.arguments)
    except QMPCommandError:
        if not query.optional:
            raise


async def _last_words(process: Process) -> str:
    """The end of what the binary wrote to standard error, on one line."""
    said = b""
    if process.stderr is not None:
        with anyio.move_on_after(_STDERR_WAIT_S), suppress(anyio.EndOfStream):
            while len(said) < STDERR_LIMIT:
                said += await process.stderr.receive(STDERR_LIMIT)
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
