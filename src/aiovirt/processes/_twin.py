"""The helper in Python: the same steps after a plain fork, where there is no helper.

It is correct, and slow: fork copies the page tables of the parent, and Python runs in the child.
The child touches nothing but what the plan says; it reports a failure through a pipe that closes
at exec.  Namespaces are entered by unshare instead of at birth.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import resource
import signal
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from aiovirt.processes._abilities import NR_CLOSE_RANGE, raw_syscall
from aiovirt.processes._command import Namespace
from aiovirt.processes._fds import high_pipe
from aiovirt.processes._steps import LAST_FD, SPAWN_FAILED, Op, Outcome, Plan, Step

__all__ = ["BesideUs", "start", "start_beside"]

SETUP_FAILED, NO_EXEC, NO_FILE = 125, 126, 127
REPORT = struct.Struct("=ii")
PID = struct.Struct("=i")
ANY_NAMESPACE = functools.reduce(int.__or__, (int(namespace) for namespace in Namespace))
PR_SET_PDEATHSIG = 1


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: int | bytes) -> None:
    arguments = (ctypes.c_ulong(arg) if isinstance(arg, int) else arg for arg in args)
    if _libc()[name](*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


# --- the steps ------------------------------------------------------------------------------


def _around(first: int, last: int, hole: int) -> Iterator[tuple[int, int]]:
    """Split a range around the report's descriptor, which only exec may close."""
    if first <= hole <= last:
        spans = ((first, hole - 1), (hole + 1, last))
        return (span for span in spans if span[0] <= span[1])
    return iter(((first, last),))


def _close_range(report: int, first: int, last: int, flags: int) -> None:
    for start, end in _around(first, last, report):
        raw_syscall(NR_CLOSE_RANGE, start, end, flags)


def _close_listed(report: int, keep: bytes, _count: int) -> None:
    """For old kernels; os.closerange is closefrom on FreeBSD, one call for all above the last."""
    kept = {0, 1, 2, report, *array.array("i", keep)}
    listing = Path("/proc/self/fd")
    if not listing.is_dir():
        edges = sorted(kept)
        for below, above in zip(edges, [*edges[1:], LAST_FD], strict=True):
            os.closerange(below + 1, above)
        return
    for fd in {int(entry.name) for entry in listing.iterdir()}.difference(kept):
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
            os.close(fd)


def _open_as(number: int, path: bytes, flags: int) -> None:
    fd = os.open(path, flags)
    if fd != number:
        os.dup2(fd, number)
        os.close(fd)


def _write_file(path: bytes, data: bytes, _length: int) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def _fcntl(fd: int, code: int, argument: int | bytes) -> None:
    fcntl.fcntl(fd, code, argument)


def _pidfile(fd: int, path: bytes) -> None:
    if not os.path.samestat(os.fstat(fd), Path(os.fsdecode(path)).stat()):
        raise OSError(errno.ESTALE, "the pidfile was replaced")
    os.ftruncate(fd, 0)
    os.write(fd, b"%d\n" % os.getpid())


def _setaffinity(_pid: int, _length: int, mask: bytes) -> None:
    bits = int.from_bytes(mask, "little")
    os.sched_setaffinity(0, [cpu for cpu in range(bits.bit_length()) if bits >> cpu & 1])


def _prlimit(_pid: int, which: int, pair: bytes, _old: int) -> None:
    soft, hard = struct.unpack("=qq", pair)  # -1 is RLIM_INFINITY in both worlds
    resource.setrlimit(which, (soft, hard))


def _handshake(socket: int) -> None:
    os.write(socket, b"1")
    if os.read(socket, 1) != b"1":
        raise OSError(errno.ECANCELED, "refused")


def _death_signal(number: int, parent: int) -> None:
    _call("prctl", PR_SET_PDEATHSIG, number)
    if parent and os.getppid() != parent:
        raise ProcessLookupError(errno.ESRCH, "the parent is gone")


CLOSERS = frozenset({Op.CLOSE_RANGE, Op.CLOSE_LISTED})
"""Steps that must know the report's descriptor, to leave it open."""

STEPS: dict[int, Callable[..., object]] = {
    Op.CLOSE_RANGE: _close_range,
    Op.CLOSE_LISTED: _close_listed,
    Op.OPEN_AS: _open_as,
    Op.DUP: lambda source, number, _flags: os.dup2(source, number),
    Op.CLOSE: os.close,
    Op.FCNTL: _fcntl,
    Op.UMASK: os.umask,
    Op.SETSID: os.setsid,
    Op.SETPGID: os.setpgid,
    Op.WRITE_FILE: _write_file,
    Op.PIDFILE: _pidfile,
    Op.PRLIMIT: _prlimit,
    Op.SETPRIORITY: os.setpriority,
    Op.SETAFFINITY: _setaffinity,
    Op.SETGROUPS: lambda _count, groups: os.setgroups(array.array("I", groups)),
    Op.SETRESGID: os.setresgid,
    Op.SETRESUID: os.setresuid,
    Op.PRCTL: lambda *args: _call("prctl", *args),
    Op.CAPSET: lambda header, data: _call("capset", header, data),
    Op.CHDIR: os.chdir,
    Op.DEATH_SIGNAL: _death_signal,
    Op.HANDSHAKE: _handshake,
}


# --- the child ------------------------------------------------------------------------------


def _reset_signals() -> None:
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):  # SIGKILL, SIGSTOP, and libc's own
            signal.signal(number, signal.SIG_DFL)


def _enter_namespaces(flags: int) -> None:
    wanted = flags & ANY_NAMESPACE & ~Namespace.PID
    if wanted:
        _call("unshare", wanted)


def _run_step(step: Step, report: int) -> None:
    code, *args = step
    if code in CLOSERS:
        args.insert(0, report)
    STEPS[int(code)](*args)


def _variables(plan: Plan) -> Mapping[bytes, bytes]:
    if plan.env is None:
        return os.environb
    pairs = (pair.partition(b"=") for pair in plan.env)
    return {name: value for name, _, value in pairs}


def _program(plan: Plan, report: int, mask: set[int]) -> NoReturn:
    """Run the steps and exec; whatever happens, never return into the parent's code."""
    index, status = SPAWN_FAILED, SETUP_FAILED
    try:
        _reset_signals()
        _enter_namespaces(plan.flags)
        for position, step in enumerate(plan.steps):
            index = position
            _run_step(step, report)
        index, status = len(plan.steps), NO_EXEC
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.execve(plan.path, plan.argv, _variables(plan))  # noqa: S606  a shell is no part of it
    except OSError as error:
        os.write(report, REPORT.pack(index, error.errno or errno.EINVAL))
        status = NO_FILE if index == len(plan.steps) and error.errno == errno.ENOENT else status
    except BaseException:  # noqa: BLE001  a bug here must not run the parent's code a second time
        os.write(report, REPORT.pack(index, errno.EINVAL))
    finally:
        os._exit(status)


# --- the parent -----------------------------------------------------------------------------


@contextlib.contextmanager
def _pid_namespace(flags: int) -> Iterator[None]:
    """Make the next child the first of a new pid namespace, and only that one."""
    if not flags & Namespace.PID:
        yield
        return
    ours = os.open("/proc/thread-self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("unshare", int(Namespace.PID))
        try:
            yield
        finally:
            _call("setns", ours, 0)
    finally:
        os.close(ours)


def _fork(child: Callable[[], NoReturn]) -> int:
    """Fork with all signals blocked; the child starts with them blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with warnings.catch_warnings():
            # Python warns of a fork beside threads: the child runs no code that needs one.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            child()
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _failed(error: OSError) -> Outcome:
    return Outcome(0, -1, SPAWN_FAILED, error.errno or errno.EAGAIN)


class BesideUs:
    """A child that runs beside us until its exec.

    Attributes:
        fd: Readable once the program runs or has failed; `finish` then does not block.
        pid: The program's.
        pidfd: Refers to it; whoever started it owns it.
    """

    def __init__(self, fd: int, pid: int, pidfd: int) -> None:
        self.fd = fd
        self.pid = pid
        self.pidfd = pidfd

    def finish(self) -> Outcome:
        """Return what became of it, once."""
        data = os.read(self.fd, REPORT.size)
        os.close(self.fd)
        step, error = REPORT.unpack(data) if data else (SPAWN_FAILED, 0)
        return Outcome(self.pid, self.pidfd, step, error)


def start_beside(plan: Plan, *, orphan: bool) -> BesideUs:
    """Start a plan without waiting for its exec.

    Raises:
        OSError: There could be no child.
    """
    read, write = high_pipe()
    try:
        begin = _begin_orphan if orphan else _begin_child
        pid, pidfd = begin(plan, write)
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(write)
    return BesideUs(read, pid, pidfd)


def _begin_child(plan: Plan, report: int) -> tuple[int, int]:
    with _pid_namespace(plan.flags):
        pid = _fork(lambda: _program(plan, report, set()))
    try:
        return pid, os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


class _Pipe:
    """A pipe that closes with its scope, or end by end before."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe2(os.O_CLOEXEC)

    def close_write(self) -> None:
        fd, self.write = self.write, -1
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        self.close_write()
        os.close(self.read)


def _begin_orphan(plan: Plan, report: int) -> tuple[int, int]:
    """Double fork.  The middle process stays until we hold the program's pidfd.

    Until then a program that has ended is its zombie, so that the pid can be no other's.
    """
    with contextlib.closing(_Pipe()) as go, contextlib.closing(_Pipe()) as told:
        middle = _fork(lambda: _middle(plan, report, go, told))
        try:
            told.close_write()
            return _told_of(told.read)
        finally:
            go.close_write()
            with contextlib.suppress(ChildProcessError):  # SIGCHLD is ignored: it reaps itself
                os.waitpid(middle, 0)


def _middle(plan: Plan, report: int, go: _Pipe, told: _Pipe) -> NoReturn:
    try:
        go.close_write()
        os.setsid()
        with _pid_namespace(plan.flags):
            pid = _fork(lambda: _program(plan, report, set()))
        os.write(told.write, PID.pack(pid))
        os.read(go.read, 1)
    except OSError as error:
        os.write(told.write, PID.pack(-(error.errno or errno.EAGAIN)))
    finally:
        os._exit(0)


def _told_of(read: int) -> tuple[int, int]:
    """Take the program's pid, and hold it."""
    data = os.read(read, PID.size)
    (pid,) = PID.unpack(data) if data else (-errno.ECANCELED,)
    if pid < 0:
        raise OSError(-pid, "there is no program's process")
    try:
        return pid, os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        raise


def start(plan: Plan) -> Outcome:
    """Start a plan and return when its program runs or has failed."""
    try:
        child = start_beside(plan, orphan=False)
    except OSError as error:
        return _failed(error)
    return child.finish()
