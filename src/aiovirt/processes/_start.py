"""Start a command: look things up, wire it, run its plan, and tell what went wrong in words.

What a caller can get wrong is told before anything is forked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import (
    CannotExecute,
    ConfigError,
    ExecutableNotFound,
    SpawnError,
    SpawnSetupError,
    Unsupported,
)
from aiovirt.processes._abilities import abilities
from aiovirt.processes._command import Command, Secret
from aiovirt.processes._engine import BesideUs, Engine, default_engine
from aiovirt.processes._fds import filled_pipe, high_copy, lifted, open_file, scarce
from aiovirt.processes._handle import Handle
from aiovirt.processes._identity import NOBODY_ELSE, names_anybody, resolve_identity
from aiovirt.processes._plan import HANDSHAKE, Wiring, make_plan
from aiovirt.processes._steps import SPAWN_FAILED, Outcome, Plan

__all__ = ["Handshake", "engine", "start"]

Handshake: TypeAlias = Callable[[int], Awaitable[None]]
"""Called with the pid while the child waits just before its exec; raising forbids the exec."""

engine: Engine = default_engine()

READY, GO = b"1", b"1"


class _Preparation:
    """The descriptors that live from the first look-up to the exec; closes them all."""

    def __init__(self, command: Command, stdio: tuple[int, int, int]) -> None:
        self.command = command
        self.stdio = stdio
        self.owned: list[int] = []
        self.secrets: list[int] = []
        self.cgroup = self.pidfile = self.ours = self.theirs = -1

    def close(self) -> None:
        while self.owned:
            os.close(self.owned.pop())

    def prepare(self, *, shake_hands: bool) -> tuple[bytes, ...]:
        """Open what is needed; returns the arguments.

        Raises:
            ResourceUnavailable: There is no descriptor or pipe for it.
        """
        command = self.command
        try:
            if command.cgroup:
                self._enter_cgroup()
            if command.pidfile is not None:
                self._open_pidfile(command.pidfile)
            if shake_hands:
                self._open_handshake()
            return (os.fsencode(command.program), *map(self._argument, command.args))
        except OSError as error:
            raise scarce(command.program, error) from error

    def _argument(self, arg: str | bytes | Path | Secret) -> bytes:
        if not isinstance(arg, Secret):
            return os.fsencode(arg)
        fd = filled_pipe(arg.data)
        self.owned.append(fd)
        self.secrets.append(fd)
        return os.fsencode(arg.fill(fd))

    def _enter_cgroup(self) -> None:
        """Open the cgroup when the child can be born into it."""
        paths = self.command.cgroup
        if len(paths) != 1 or not engine.into_cgroup():
            return
        if (paths[0] / "cgroup.controllers").exists():  # stands in unified cgroups only
            self.cgroup = os.open(paths[0], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            self.owned.append(self.cgroup)

    def _open_pidfile(self, path: Path) -> None:
        """Open the pidfile; the program's own process locks it."""
        self.pidfile = lifted(open_file(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644))
        self.owned.append(self.pidfile)

    def _open_handshake(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for end in (ours, theirs):
                self.owned.append(high_copy(end.fileno()))
        self.ours, self.theirs = self.owned[-2:]
        os.set_blocking(self.ours, False)

    def close_theirs(self) -> None:
        """Leave the child's end of the handshake to the child alone."""
        if self.theirs >= 0:
            self._close(self.theirs)
            self.theirs = -1

    def close_ours(self) -> None:
        """Refuse the handshake.

        The rest stays: a child that has not made its own table yet would otherwise find others'
        descriptors under these numbers.
        """
        if self.ours >= 0:
            self._close(self.ours)
            self.ours = -1

    def _close(self, fd: int) -> None:
        self.owned.remove(fd)
        os.close(fd)

    def wiring(self) -> Wiring:
        passed = (*self.command.pass_fds, *self.secrets)
        if self.pidfile >= 0:
            passed = (*passed, self.pidfile)
        return Wiring(self.stdio, passed, self.theirs, self.pidfile)


def find_program(command: Command) -> bytes:
    """Return the program's file: a plain name is looked up in our PATH, as libvirt does.

    Raises:
        ExecutableNotFound: No such name in PATH.
    """
    text = os.fspath(command.program)
    if text.startswith("/"):
        return os.fsencode(text)
    found = text if "/" in text else shutil.which(text)
    if found is None:
        raise ExecutableNotFound(
            f"there is no program {text!r} in PATH",
            program=text,
            phase="lookup",
            errno=errno.ENOENT,
            hint="install it, or give its path",
        )
    return os.fsencode(Path(found).absolute())


def _check(command: Command) -> None:
    """Find what only this host can tell to be wrong."""
    if not abilities().pidfd:
        raise Unsupported("process", "starting programs", "this kernel has no pidfd (Linux 5.4)")
    if command.selinux_label is not None and not abilities().selinux:
        raise Unsupported("process", "selinux_label", "SELinux is not enabled on this host")
    if command.apparmor_profile is not None and abilities().apparmor is None:
        raise Unsupported("process", "apparmor_profile", "AppArmor is not enabled on this host")
    for fd in command.pass_fds:
        try:
            fcntl.fcntl(fd, fcntl.F_GETFD)
        except (OSError, OverflowError):
            raise ConfigError(
                f"command {command.program}: pass_fds: descriptor {fd} is not open",
                field="pass_fds",
            ) from None


def _fork_phase(command: Command, plan: Plan) -> str:
    """Name what the kernel may have refused a new process for."""
    into = f" into cgroup {command.cgroup[0]}" if plan.cgroup >= 0 else ""
    spaces = ", ".join(str(space.name) for space in command.namespaces)
    return f"fork{into}" + (f" with namespaces {spaces}" if spaces else "")


def _failure(command: Command, plan: Plan, outcome: Outcome) -> SpawnError:
    """Say in words which step failed, as the class that the exit status stands for."""
    program, number = os.fsdecode(plan.path), outcome.error
    kind: type[SpawnError] = SpawnSetupError
    hint = None
    if outcome.step == SPAWN_FAILED:
        phase = _fork_phase(command, plan)
    elif outcome.step < len(plan.phases):
        phase = plan.phases[outcome.step]
        if phase.startswith("pidfile") and number in (errno.EAGAIN, errno.EACCES):
            hint = "another process holds the pidfile, or its folder is not ours"
    else:
        phase, kind = "exec", CannotExecute
        if number == errno.ENOENT:
            exists = Path(program).exists()
            kind = CannotExecute if exists else ExecutableNotFound
            hint = "the interpreter in its first line may be missing" if exists else None
    text = f"{command.program} could not be started: {phase}: {os.strerror(number)}"
    return kind(text, program=program, phase=phase, errno=number, hint=hint)


async def start(
    command: Command,
    stdio: tuple[int, int, int],
    *,
    handshake: Handshake | None = None,
    orphan: bool = False,
) -> Handle:
    """Start a command and return when its program runs.

    Args:
        command: What to run.
        stdio: Descriptors for 0 to 2, as `Wiring` has them.
        handshake: Called while the child waits just before its exec.
        orphan: Make it a daemon: no child of ours, in a session of its own.

    Raises:
        ExecutableNotFound, CannotExecute, SpawnSetupError: It does not run.

    *Cancellation*: nothing runs, nothing is left.
    """
    _check(command)
    path = find_program(command)
    identity = await resolve_identity(command) if names_anybody(command) else NOBODY_ELSE
    preparation = _Preparation(command, stdio)
    beside = orphan or handshake is not None
    try:
        argv = preparation.prepare(shake_hands=handshake is not None)
        plan = make_plan(
            command,
            path,
            argv,
            wiring=preparation.wiring(),
            identity=identity,
            cgroup=preparation.cgroup,
            beside=beside,
            orphan=orphan,
        )
        if beside:
            outcome = await _run_beside(plan, preparation, handshake, orphan=orphan)
        else:
            outcome = engine.start(plan)
    finally:
        preparation.close()
    return _settled(command, plan, outcome)


def _settled(command: Command, plan: Plan, outcome: Outcome) -> Handle:
    if not outcome.error:
        return Handle(outcome.pid, outcome.pidfd)
    _bury(outcome)
    raise _failure(command, plan, outcome)


def _bury(outcome: Outcome) -> None:
    """Reap a child that gave up before its exec (or was made to), and close its pidfd."""
    if outcome.pidfd < 0:
        return  # there was none
    handle = Handle(outcome.pid, outcome.pidfd)
    handle.reap_now()
    handle.close()


async def _run_beside(
    plan: Plan, preparation: _Preparation, handshake: Handshake | None, *, orphan: bool
) -> Outcome:
    """Run a plan whose child waits for us, or that makes a daemon, without blocking the loop."""
    try:
        child = engine.start_beside(plan, orphan=orphan)
    except OSError as error:
        return Outcome(0, -1, SPAWN_FAILED, error.errno or errno.EAGAIN)
    decided, agreed = False, True
    try:
        if handshake is not None:
            agreed = await _shake_hands(child, preparation, handshake)
        await anyio.wait_readable(child.fd)
        decided = True
    finally:
        if not decided:
            with anyio.CancelScope(shield=True):
                await _call_off(child, preparation)
    outcome = child.finish()
    if agreed or outcome.error:
        return outcome
    return outcome._replace(step=plan.phases.index(HANDSHAKE), error=errno.EPIPE)  # it was killed


async def _shake_hands(child: BesideUs, preparation: _Preparation, handshake: Handshake) -> bool:
    """Wait until the child is ready, and let it go; false when it has failed or was killed.

    Our copy of the child's end stays open until then: the helper's middle process shares our
    descriptors, and the child takes its copy from there.
    """
    ours = preparation.ours
    await _first_readable(ours, child.fd)
    if not _is_ready(ours):
        return False
    preparation.close_theirs()
    await handshake(child.pid)
    return _let_go(ours)


def _is_ready(ours: int) -> bool:
    with suppress(BlockingIOError, ConnectionResetError):
        return os.read(ours, 1) == READY
    return False


def _let_go(ours: int) -> bool:
    with suppress(BrokenPipeError):
        os.write(ours, GO)
        return True
    return False


async def _first_readable(*fds: int) -> None:
    async def wait(fd: int) -> None:
        await anyio.wait_readable(fd)
        group.cancel_scope.cancel()

    async with open_task_group() as group:
        for fd in fds:
            group.start_soon(wait, fd)


async def _call_off(child: BesideUs, preparation: _Preparation) -> None:
    """End a start halfway: the end of file refuses the handshake; what runs already is killed."""
    preparation.close_ours()
    await anyio.wait_readable(child.fd)
    outcome = child.finish()
    if not outcome.error:
        handle = Handle(outcome.pid, outcome.pidfd)
        handle.send_signal(signal.SIGKILL)
        await handle.must_end()
    _bury(outcome)
