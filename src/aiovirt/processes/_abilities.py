"""What this kernel can do, found out once in the parent, before any fork.

No child ever probes: what a plan may use is read from here.  Every test calls the system call
itself and not the C library's wrapper, which may imitate it in another way (closefrom of glibc
closes one by one).
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Abilities", "abilities", "raw_syscall"]

# These calls have the same number on every Linux architecture that CPython supports.
NR_CLONE3 = 435
NR_CLOSE_RANGE = 436

LINUX = sys.platform.startswith("linux")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the kernel offers.

    Attributes:
        close_range: The system call (Linux 5.9).
        clone3: The system call (Linux 5.3), which a sandbox may refuse.
        into_cgroup: clone3 with CLONE_INTO_CGROUP (Linux 5.7).
        pidfd: pidfd_open and waiting by it (Linux 5.4).
        last_capability: The highest capability number, or -1.
        selinux: Whether an exec label can be set.
        apparmor: The file by which a thread sets the profile of what it executes, or None.
    """

    close_range: bool
    clone3: bool
    into_cgroup: bool
    pidfd: bool
    last_capability: int
    selinux: bool
    apparmor: str | None


@functools.cache
def _syscall() -> ctypes._NamedFuncPointer:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return function


def raw_syscall(number: int, *args: int) -> int:
    """Make a system call by its number.

    Raises:
        OSError: It failed.
    """
    result: int = _syscall()(ctypes.c_long(number), *(ctypes.c_long(arg) for arg in args))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _answers(expected: int, number: int, *args: int) -> bool:
    """Whether a call with senseless arguments is refused for the expected reason."""
    try:
        raw_syscall(number, *args)
    except OSError as error:
        return error.errno == expected
    return False


def _can_enter_cgroup() -> bool:
    # Bit 33 of the flags, the cgroup -1: a kernel that knows the flag says EBADF or EINVAL for
    # the descriptor; one that does not refuses the size of the structure with E2BIG because
    # bytes it does not know are set.
    flags, size = 0x200000000, 88
    arguments = (ctypes.c_uint64 * 11)(flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7FFFFFFF)
    return _answers(errno.EBADF, NR_CLONE3, ctypes.addressof(arguments), size)


def _pidfd() -> bool:
    if not hasattr(os, "P_PIDFD"):
        return False
    try:
        descriptor = os.pidfd_open(os.getpid())
    except OSError:
        return False
    try:
        os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return True  # understood: we are no child of our own
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _last_capability() -> int:
    try:
        return int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    except OSError:
        return -1


def _apparmor() -> str | None:
    """Its own file (Linux 5.8), or the one that modules share before; proc_pid_attr(5)."""
    try:
        on = Path("/sys/module/apparmor/parameters/enabled").read_text(encoding="ascii")
    except OSError:
        return None
    if on.strip() != "Y":
        return None
    own = Path("/proc/self/attr/apparmor").is_dir()
    return f"/proc/thread-self/attr/{'apparmor/' if own else ''}exec"


@functools.cache
def abilities() -> Abilities:
    """Return the kernel's abilities; the first call finds them out.

    `aiovirt.processes` makes that first call when it is imported.
    """
    if not LINUX:
        return Abilities(
            close_range=False,
            clone3=False,
            into_cgroup=False,
            pidfd=False,
            last_capability=-1,
            selinux=False,
            apparmor=None,
        )
    return Abilities(
        close_range=_answers(errno.EINVAL, NR_CLOSE_RANGE, 1, 0, 0),
        clone3=_answers(errno.EINVAL, NR_CLONE3, 0, 0),
        into_cgroup=_can_enter_cgroup(),
        pidfd=_pidfd(),
        last_capability=_last_capability(),
        selinux=Path("/sys/fs/selinux/enforce").exists(),
        apparmor=_apparmor(),
    )
