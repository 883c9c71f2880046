"""The steps between fork and exec: what the parent decides and the child merely runs.

A step is a tuple of an operation and its arguments, numbers and bytes (which the helper passes as
addresses).  The helper and its Python twin run the same steps.  This module must not know what a
command is, nor which of the two will run the plan.
"""

from __future__ import annotations

import enum
from typing import NamedTuple, TypeAlias

__all__ = ["CLONE_FILES", "LAST_FD", "SPAWN_FAILED", "Op", "Outcome", "Plan", "Step"]

Step: TypeAlias = tuple[int | bytes, ...]

LAST_FD = 0x7FFFFFFF
CLONE_FILES = 0x400  # linux/sched.h; os.CLONE_FILES came with Python 3.12
SPAWN_FAILED = -1
"""The index of the step "fork", which stands before all others."""


class Op(enum.IntEnum):
    """What a child can be told to do; the helper's table has the same order."""

    CLOSE_RANGE = 0
    """first, last, flags: the raw system call."""
    CLOSE_LISTED = 1
    """descriptors to keep (native ints), their count: close all others above 2."""
    OPEN_AS = 2
    """number, path, flags: open a file under that number."""
    DUP = 3
    """source, number, flags: dup3."""
    CLOSE = 4
    FCNTL = 5
    UMASK = 6
    SETSID = 7
    SETPGID = 8
    WRITE_FILE = 9
    """path, data, length: one whole write to an existing file."""
    PIDFILE = 10
    """descriptor, path: write the own pid into the file if the path still leads to it."""
    PRLIMIT = 11
    """pid, resource, struct rlimit64, 0."""
    SETPRIORITY = 12
    SETAFFINITY = 13
    """pid, length, mask."""
    SETGROUPS = 14
    """count, native uint32s."""
    SETRESGID = 15
    SETRESUID = 16
    PRCTL = 17
    CAPSET = 18
    """header, data: as capset(2) has them."""
    CHDIR = 19
    DEATH_SIGNAL = 20
    """signal, pid of the parent, or 0 when the child cannot see it."""
    HANDSHAKE = 21
    """socket: write one byte, then wait for the byte 1; end of file is a refusal."""


class Plan(NamedTuple):
    """All that a child needs, ready to run.

    Attributes:
        steps: What runs between fork and exec.
        phases: For each step, what to call it when it fails.
        path: The program's file.
        argv: Its arguments, the first being its name.
        env: ``NAME=value`` each, or None for ours as it is.
        flags: Of clone(2): namespaces, and CLONE_FILES when the first step unshares the table.
        cgroup: A descriptor of the cgroup to be born into, or -1.
    """

    steps: tuple[Step, ...]
    phases: tuple[str, ...]
    path: bytes
    argv: tuple[bytes, ...]
    env: tuple[bytes, ...] | None
    flags: int = 0
    cgroup: int = -1


class Outcome(NamedTuple):
    """What became of a plan.

    Attributes:
        pid: The child's, or 0 when there was none.
        pidfd: Refers to the child; the receiver owns it; -1 when there was no child.
        step: The index of the step that failed: `SPAWN_FAILED`, or the number of steps for exec.
        error: Its errno, or 0 when the program runs.
    """

    pid: int
    pidfd: int
    step: int
    error: int
