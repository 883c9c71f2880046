"""From a command to a plan: every decision that a child would otherwise have to make.

The order of the steps is libvirt's where it matters: descriptors first; what needs privileges
before they are given up; the directory as the new user; the handshake as the very last.
This module must not start anything.
"""

from __future__ import annotations

import array
import fcntl
import functools
import os
import resource
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from aiovirt.processes._abilities import abilities
from aiovirt.processes._capabilities import capability_sets, mask_of, own_capabilities
from aiovirt.processes._command import Command, Namespace
from aiovirt.processes._fds import WRITE_LOCK
from aiovirt.processes._identity import NOBODY_ELSE, Identity
from aiovirt.processes._steps import CLONE_FILES, LAST_FD, Op, Plan, Step

__all__ = ["HANDSHAKE", "INHERIT", "NULL", "Wiring", "environment", "make_plan", "plain_steps"]

CLOSE_RANGE_UNSHARE = 2
PR_SET_KEEPCAPS = 8
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
PRIO_PROCESS = 0
KEEP_ID = -1
HANDSHAKE = "handshake"

_RESOURCES = {
    "memlock": resource.RLIMIT_MEMLOCK,
    "nproc": resource.RLIMIT_NPROC,
    "nofile": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
    "cpu": resource.RLIMIT_CPU,
}

NULL, INHERIT = -1, -2

_Phased = tuple[str, Step]


class Wiring(NamedTuple):
    """What the child's descriptors are to be.

    Attributes:
        stdio: For 0, 1 and 2: our descriptor (3 or more), `NULL` or `INHERIT`.
        passed: Descriptors that keep their number and survive exec.
        handshake: The child's end of the handshake's socket, or -1.
        pidfile: The open pidfile, which stands in `passed` too, or -1.
    """

    stdio: tuple[int, int, int]
    passed: tuple[int, ...] = ()
    handshake: int = -1
    pidfile: int = -1


def _close_steps(wiring: Wiring) -> Iterator[_Phased]:
    """Close everything that is not wired, the gaps between included.

    The table is shared with the parent at first (CLONE_FILES) and copied by the first
    close_range only up to the highest descriptor kept, so that thousands of others cost nothing.
    """
    sources = {fd for fd in (*wiring.stdio, wiring.handshake) if fd >= 0}
    keep = sorted(sources.union(wiring.passed))
    if not abilities().close_range:
        yield "close", (Op.CLOSE_LISTED, array.array("i", keep).tobytes(), len(keep))
        return
    yield "close", (Op.CLOSE_RANGE, max(keep, default=2) + 1, LAST_FD, CLOSE_RANGE_UNSHARE)
    for below, above in zip([2, *keep], keep, strict=False):
        if above - below > 1:
            yield "close", (Op.CLOSE_RANGE, below + 1, above - 1, 0)


def _stdio_steps(wiring: Wiring) -> Iterator[_Phased]:
    for number, source in enumerate(wiring.stdio):
        if source > NULL:
            yield "stdio", (Op.DUP, source, number, 0)
    nulls = [number for number, source in enumerate(wiring.stdio) if source == NULL]
    if nulls:
        yield "stdio", (Op.OPEN_AS, nulls[0], b"/dev/null", os.O_RDWR)
        for number in nulls[1:]:
            yield "stdio", (Op.DUP, nulls[0], number, 0)
    for source in {fd for fd in wiring.stdio if fd > NULL}.difference(wiring.passed):
        yield "stdio", (Op.CLOSE, source)
    for fd in wiring.passed:
        yield "pass_fds", (Op.FCNTL, fd, fcntl.F_SETFD, 0)


def _session_steps(command: Command, *, orphan: bool) -> Iterator[_Phased]:
    if command.umask is not None:
        yield "umask", (Op.UMASK, command.umask)
    # A daemon is in the middle process's new session already, without leading it: so it cannot
    # come by a controlling terminal when it opens one.
    yield (
        ("session", (Op.SETSID,))
        if command.new_session and not orphan
        else ("group", (Op.SETPGID, 0, 0))
    )


def _write(phase: str, path: str | Path, text: str) -> _Phased:
    data = text.encode()
    return phase, (Op.WRITE_FILE, os.fsencode(path), data, len(data))


def _pidfile_steps(command: Command, pidfile: int) -> Iterator[_Phased]:
    """Lock, compare, write: by the program's own process, which keeps lock and descriptor."""
    if command.pidfile is None:
        return
    phase = f"pidfile {command.pidfile}"
    yield phase, (Op.FCNTL, pidfile, fcntl.F_SETLK, WRITE_LOCK)
    yield phase, (Op.PIDFILE, pidfile, os.fsencode(command.pidfile))


def _host_steps(command: Command, cgroups: Sequence[Path]) -> Iterator[_Phased]:
    for cgroup in cgroups:
        yield _write(f"cgroup {cgroup}", cgroup / "cgroup.procs", "0")
    if command.oom_score_adj is not None:
        yield _write("oom_score_adj", "/proc/self/oom_score_adj", str(command.oom_score_adj))
    if command.nice is not None:
        yield "nice", (Op.SETPRIORITY, PRIO_PROCESS, 0, command.nice)
    if command.affinity is not None:
        mask = sum(1 << cpu for cpu in command.affinity)
        data = mask.to_bytes((mask.bit_length() + 63) // 64 * 8, "little")
        yield "affinity", (Op.SETAFFINITY, 0, len(data), data)
    for name, value in command.limits.items():
        pair = struct.pack("=QQ", *[value % (1 << 64)] * 2)
        yield f"limits.{name}", (Op.PRLIMIT, 0, _RESOURCES[name], pair, 0)
    if command.selinux_label is not None:
        yield _write("selinux_label", "/proc/thread-self/attr/exec", command.selinux_label)
    if command.apparmor_profile is not None:
        path = abilities().apparmor or ""  # there is one: it was checked
        yield _write("apparmor_profile", path, f"exec {command.apparmor_profile}")


def _identity_steps(command: Command, identity: Identity) -> Iterator[_Phased]:
    kept = mask_of(command.keep_capabilities)
    bounded = command.drop_capabilities and own_capabilities() & mask_of(frozenset({"setpcap"}))
    if bounded:
        for number in range(abilities().last_capability + 1):
            if not kept >> number & 1:
                yield "capabilities", (Op.PRCTL, PR_CAPBSET_DROP, number, 0, 0, 0)
    if identity.groups is not None:
        yield (
            "groups",
            (Op.SETGROUPS, len(identity.groups), array.array("I", identity.groups).tobytes()),
        )
    if identity.gid is not None:
        yield "group", (Op.SETRESGID, *[identity.gid] * 3)
    if kept:
        yield "capabilities", (Op.PRCTL, PR_SET_KEEPCAPS, 1, 0, 0, 0)
    if identity.uid is not None:
        yield "user", (Op.SETRESUID, *[identity.uid] * 3)
    if command.drop_capabilities:
        yield "capabilities", (Op.CAPSET, *capability_sets(kept))
        for number in range(kept.bit_length()):
            if kept >> number & 1:
                raise_it = (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)
                yield "capabilities", (Op.PRCTL, *raise_it)
        if not bounded:  # or an exec as root, or of a set-uid program, would give all of them back
            yield "capabilities", (Op.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _last_steps(command: Command, wiring: Wiring, *, orphan: bool) -> Iterator[_Phased]:
    cwd = "/" if orphan and command.cwd is None else command.cwd
    if cwd is not None:
        yield f"cwd {cwd}", (Op.CHDIR, os.fsencode(cwd))
    if command.death_signal is not None:
        parent = 0 if Namespace.PID in command.namespaces else os.getpid()
        yield "death_signal", (Op.DEATH_SIGNAL, command.death_signal, parent)
    if wiring.handshake >= 0:
        yield HANDSHAKE, (Op.HANDSHAKE, wiring.handshake)


def environment(command: Command) -> Mapping[bytes, bytes] | None:
    """Return the program's variables, or None when it inherits ours."""
    if command.env is None and command.env_pass is None:
        return None
    names = (os.fsencode(name) for name in command.env_pass or ())
    passed = {name: os.environb[name] for name in names if name in os.environb}
    given = command.env or {}
    return passed | {os.fsencode(name): os.fsencode(value) for name, value in given.items()}


def _environment_block(command: Command, *, own_copy: bool) -> tuple[bytes, ...] | None:
    variables = environment(command)
    if variables is None and not own_copy:
        return None
    pairs = os.environb if variables is None else variables
    return tuple(name + b"=" + value for name, value in pairs.items())


def make_plan(
    command: Command,
    path: bytes,
    argv: tuple[bytes, ...],
    *,
    wiring: Wiring,
    identity: Identity,
    cgroup: int = -1,
    beside: bool = False,
    orphan: bool = False,
) -> Plan:
    """Return the plan of a command.

    Args:
        command: What to run.
        path: The program's file, already looked up.
        argv: The arguments, the program's name first.
        wiring: Its descriptors.
        identity: Its user and groups.
        cgroup: A descriptor of the unified cgroup to be born into, or -1 to enter by writing.
        beside: Whether the child runs beside us (so that our environment must be copied).
        orphan: Whether it becomes a daemon.
    """
    if _settings_of(command) == NO_SETTINGS and not orphan:
        steps, phases = plain_steps(wiring)
    else:
        cgroups = () if cgroup >= 0 else command.cgroup
        steps, phases = _apart(_all_steps(command, wiring, identity, cgroups, orphan=orphan))
    sharing = CLONE_FILES if abilities().close_range else 0
    env = _environment_block(command, own_copy=beside or orphan)
    return Plan(steps, phases, path, argv, env, int(command.namespaces) | sharing, cgroup)


def _all_steps(
    command: Command,
    wiring: Wiring,
    identity: Identity,
    cgroups: Sequence[Path],
    *,
    orphan: bool,
) -> Iterator[_Phased]:
    yield from _close_steps(wiring)
    yield from _stdio_steps(wiring)
    yield from _session_steps(command, orphan=orphan)
    yield from _host_steps(command, cgroups)
    yield from _pidfile_steps(command, wiring.pidfile)
    yield from _identity_steps(command, identity)
    yield from _last_steps(command, wiring, orphan=orphan)


def _apart(phased: Iterable[_Phased]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    pairs = tuple(phased)
    return tuple([step for _, step in pairs]), tuple([phase for phase, _ in pairs])


NOT_IN_STEPS = {"program", "args", "env", "env_pass", "pass_fds"}
_settings_of = attrgetter(*(f.name for f in fields(Command) if f.name not in NOT_IN_STEPS))
PLAIN = Command("-")
NO_SETTINGS = _settings_of(PLAIN)


@functools.lru_cache(maxsize=64)
def plain_steps(wiring: Wiring) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return steps and phases of a command without settings: most are wired as another one was."""
    return _apart(_all_steps(PLAIN, wiring, NOBODY_ELSE, (), orphan=False))
