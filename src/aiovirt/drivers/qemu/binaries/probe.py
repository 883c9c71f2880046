"""Asking a QEMU binary what it can do: one short run without a machine, over QMP.

The run gets its monitor as a connected socket, so there is no path to race for, and all
questions are sent at once, but those about properties of devices: there are devices that end it.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import anyio
import msgspec

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import QMPClient, connect_qmp
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.binaries.find import kvm_accessible
from aiovirt.drivers.qemu.binaries.interpret import (
    EMULATED,
    QUERIES,
    Query,
    interpret,
    lacking_parts,
)
from aiovirt.errors import ConnectionLost, HostError, QMPCommandError, Unresponsive
from aiovirt.processes import COMMON_ENV, Command, Process, Stdio, open_process

__all__ = ["PROBE_TIMEOUT_S", "probe"]

PROBE_TIMEOUT_S: Final = 30.0
"""Seconds that a binary has to answer everything, in however many runs."""

STDERR_LIMIT: Final = 16 * 1024
"""The most bytes that are kept of what a failing binary says."""

_END_WAIT_S: Final = 2.0
"""Seconds that a binary which closed its monitor has for its last words, and to be gone."""

_FAULTS: Final = frozenset(
    {
        *(signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV),
        *(signal.SIGSYS, signal.SIGTRAP),
    }
)
"""The signals that a program gets for what it does itself: signal(7)."""

_Ask: TypeAlias = Callable[[QMPClient], Awaitable[None]]


async def probe(
    path: Path, *, kvm: bool | None = None, drivers: Collection[str] = ()
) -> BinaryCapabilities:
    """Run a binary and ask it.

    Args:
        path: The binary.
        kvm: Whether to let it try KVM; None tries where this user may use it.
        drivers: The devices whose properties are asked for, as far as it has them.

    Raises:
        ExecutableNotFound: There is no such file.
        CannotExecute: It may not be executed, or is no program.
        HostError: It ended or is no QEMU; the message has its own words.
        Unresponsive: It did not answer within `PROBE_TIMEOUT_S`.

    Cancellation: the run is ended.
    """
    if kvm is None:
        kvm = kvm_accessible()
    try:
        with anyio.fail_after(PROBE_TIMEOUT_S):
            return await _probe(path, kvm=kvm, drivers=frozenset(drivers))
    except TimeoutError as error:
        raise Unresponsive(
            f"{path} did not describe itself within {PROBE_TIMEOUT_S:.0f} s"
        ) from error


async def _probe(path: Path, *, kvm: bool, drivers: frozenset[str]) -> BinaryCapabilities:
    survey = _Survey(drivers)
    await survey.finish(path, kvm=kvm)
    found = interpret(str(path), survey.answers)
    if not found.kvm:
        return found
    emulated: dict[str, object] = {}
    end = await _run(path, partial(_ask, EMULATED, emulated), kvm=False)
    if end is not None:
        raise end.error(path) from end.cause
    return interpret(str(path), survey.answers, emulated)


@dataclass(frozen=True, slots=True)
class _End:
    """That a binary ended before it was asked all.

    Attributes:
        words: The last that it said.
        signal: What killed it; None where nothing did.
        cause: How it was noticed.
    """

    words: str
    signal: int | None
    cause: ConnectionLost

    @property
    def by_fault(self) -> bool:
        """Whether it failed itself, which it will do again when it is asked the same."""
        return self.signal in _FAULTS

    @property
    def by_others(self) -> bool:
        """Whether it was killed, by somebody or for want of memory: that tells nothing of it."""
        return self.signal is not None and not self.by_fault

    def error(self, path: Path) -> HostError:
        """What to tell of it."""
        silence = f"signal {self.signal} ended it" if self.signal else "it ended without a word"
        return HostError(
            f"{path} cannot be used as QEMU: {self.words or silence}",
            hint="run it with -version by hand to see whether it works on this host",
        )


@dataclass
class _Survey:
    """All that one binary is asked, which may end at a question: the next run goes on behind it.

    Attributes:
        drivers: The devices whose properties are asked for.
        answers: What it answered, as `interpret` wants it.
        told: The properties of devices; None where it ended instead of telling them.
    """

    drivers: frozenset[str]
    answers: dict[str, object] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)
    _about: str | None = None

    async def finish(self, path: Path, *, kvm: bool) -> None:
        """Run the binary until it has been asked all.

        A device is believed to end it that makes it fail, or at which it ends twice in a row.

        Raises:
            HostError: It ended at something else, or was killed twice in a row.
        """
        doubted = None
        while (end := await _run(path, self._ask, kvm=kvm)) is not None:
            about, self._about = self._about, None
            again = about == doubted
            if about is None or (again and end.by_others):
                raise end.error(path) from end.cause
            if again or end.by_fault:
                self.told[about] = None
            doubted = about

    async def _ask(self, client: QMPClient) -> None:
        if not self.answers:
            answers: dict[str, object] = {}
            await _ask(QUERIES, answers, client)
            self.answers = {**answers, "properties": self.told}
        for driver in sorted(self._open()):
            self._about = driver
            # one after the other, so that it is known which of them it ended at
            with suppress(QMPCommandError):  # then nothing is known of it
                told = await client.execute("device-list-properties", {"typename": driver})
                self.told[driver] = told
            self._about = None

    def _open(self) -> frozenset[str]:
        """The devices that it has and that nothing is known of."""
        types = msgspec.convert(self.answers["devices"], list[dict[str, object]])
        names = {str(each.get("name")) for each in types}
        return (self.drivers & names) - lacking_parts(names) - self.told.keys()


async def _run(path: Path, ask: _Ask, *, kvm: bool) -> _End | None:
    """Run the binary once, and ask it something; how it ended if it did so before."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = _command(path, theirs.fileno(), kvm=kvm)
        async with open_process(command, stderr=Stdio.PIPE, grace_s=0) as process:
            theirs.close()
            try:
                # unchecked: commands that this binary lacks are asked on purpose
                async with connect_qmp(ours, name=str(path), check_schema=False) as client:
                    await ask(client)
            except ConnectionLost as error:
                return await _end_of(process, error)
    return None


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


async def _ask(queries: Mapping[str, Query], answers: dict[str, object], client: QMPClient) -> None:
    """Note the answers to all questions, sent without waiting for one another."""
    async with open_task_group() as group:
        for name, query in queries.items():
            group.start_soon(_answer, client, name, query, answers)


async def _answer(client: QMPClient, name: str, query: Query, answers: dict[str, object]) -> None:
    try:
        answers[name] = await client.execute(query.command, query.arguments)
    except QMPCommandError:
        if not query.optional:
            raise


async def _end_of(process: Process, cause: ConnectionLost) -> _End:
    said, killer = b"", None
    with anyio.move_on_after(_END_WAIT_S):
        if process.stderr is not None:
            with suppress(anyio.EndOfStream):
                while len(said) < STDERR_LIMIT:
                    said += await process.stderr.receive(STDERR_LIMIT)
        killer = (await process.wait()).signal
    lines = said.decode(errors="replace").strip().splitlines()
    return _End(lines[-1] if lines else "", killer, cause)
