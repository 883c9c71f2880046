"""What is inside a machine: a guest with VMware Tools, accounts, files, processes and programs.

Programs are Python functions; some of a Unix system's are there, and a test adds its own.
Guests of Windows are in `windows`.
"""

from __future__ import annotations

import math
import ntpath
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Final, TypeAlias

__all__ = ["BUILTIN", "WINDOWS", "Guest", "GuestFile", "Process", "Program", "Result"]

WINDOWS: Final = "windowsGuest"

_WHOLE: Final = {WINDOWS: re.compile(r'[A-Za-z]:\\(?:[^/:*?"<>|\0-\x1f]*)')}
_UNIX: Final = re.compile("/[^\0]*")
"""Paths of files as a guest's system writes them."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a program did.

    Attributes:
        out: What it wrote to its standard output.
        err: What it wrote to its standard error.
        status: How it ended.
        seconds: How long it ran, on the simulator's clock; infinity is until it is killed.
        kills: The processes that it has ended, by number.
    """

    out: bytes = b""
    err: bytes = b""
    status: int = 0
    seconds: float = 0.0
    kills: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file in a guest.

    Attributes:
        data: Its contents.
        mode: Its permissions, as of Unix.
        modified: When it was written.
    """

    data: bytes = b""
    mode: int = 0o644
    modified: datetime | None = None


@dataclass(eq=False, slots=True)
class Process:
    """A process in a guest.

    Attributes:
        pid: Its number.
        name: The program's name.
        command: The whole command line.
        owner: The account that it runs as.
        began: When, in seconds of the clock.
        ends: When it ends, likewise.
        status: How it ends.
        start_time: When it began.
        end_time: When it ended, or None.
        parent: The process that has started it, or None for VMware Tools.
        holds: The files that nobody can remove while it runs, as in Windows.
    """

    pid: int
    name: str
    command: str
    owner: str
    began: float
    ends: float
    status: int
    start_time: datetime
    end_time: datetime | None = None
    parent: int | None = None
    holds: frozenset[str] = frozenset()


@dataclass(eq=False)
class Guest:
    """The guest of one machine.

    Attributes:
        tools: Whether VMware Tools are installed; they run while the machine does.
        full_name: What Tools say of the system.
        family: ``linuxGuest`` or ``windowsGuest``.
        host_name: The guest's name of itself.
        addresses: Its IP addresses, of all network cards.
        accounts: Its accounts, and their passwords.
        environment: What its processes have in their environments.
        files: Its files, by path.
        folders: Its folders.
        processes: What runs, or ran lately, by number.
        temporary: Its folder for temporary files.
        programs: What can be started, by path.
        builtin: What can be started, too.
        keys: The keys that were pressed by its console, such as ``left_shift+0x04``.
        reboots: How often it has started anew while its machine ran on.
        obeys: Whether it shuts down, reboots and stands by when it is asked to.
    """

    tools: bool = True
    full_name: str = "Debian GNU/Linux 12 (64-bit)"
    family: str = "linuxGuest"
    host_name: str = "guest"
    addresses: tuple[str, ...] = ()
    accounts: dict[str, str] = field(default_factory=lambda: {"root": "secret"})
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/bin:/bin"})
    files: dict[str, GuestFile] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"/", "/tmp", "/root", "/etc"})  # noqa: S108
    processes: dict[int, Process] = field(default_factory=dict)
    temporary: str = "/tmp"  # noqa: S108 - the guest's, not ours
    programs: dict[str, Program] = field(default_factory=dict)
    builtin: Mapping[str, Program] = field(default_factory=lambda: BUILTIN)
    keys: list[str] = field(default_factory=list)
    reboots: int = 0
    obeys: bool = True
    last_pid: int = 1000

    @property
    def paths(self) -> ModuleType:
        """The functions for paths of its system."""
        return ntpath if self.family == WINDOWS else posixpath

    def is_whole(self, path: str) -> bool:
        """Whether a path is one from the root, or the drive, as its system writes it."""
        return _WHOLE.get(self.family, _UNIX).fullmatch(path) is not None

    def program(self, path: str) -> Program | None:
        """What is started by a path, or None; in Windows capital letters are as small ones."""
        if self.family != WINDOWS:
            return self.programs.get(path) or self.builtin.get(path)
        own = {name.lower(): program for name, program in self.programs.items()}
        return own.get(path.lower()) or self.builtin.get(path.lower())


Program: TypeAlias = Callable[[Guest, list[str], bytes], Result]
"""What a program does, given the guest, its arguments and its standard input."""


def _echo(_: Guest, arguments: list[str], __: bytes) -> Result:
    return Result(" ".join(arguments).encode() + b"\n")


def _cat(guest: Guest, arguments: list[str], given: bytes) -> Result:
    missing = [path for path in arguments if path not in guest.files]
    if missing:
        text = f"cat: {missing[0]}: No such file or directory\n"
        return Result(err=text.encode(), status=1)
    data = b"".join(guest.files[path].data for path in arguments)
    return Result(data if arguments else given)


def _sleep(_: Guest, arguments: list[str], __: bytes) -> Result:
    if arguments == ["infinity"]:
        return Result(seconds=math.inf)
    try:
        return Result(seconds=sum(float(each) for each in arguments))
    except ValueError:
        return Result(err=b"sleep: invalid time interval\n", status=1)


def _hostname(guest: Guest, _: list[str], __: bytes) -> Result:
    return Result(guest.host_name.encode() + b"\n")


def _true(_: Guest, __: list[str], ___: bytes) -> Result:
    return Result()


def _false(_: Guest, __: list[str], ___: bytes) -> Result:
    return Result(status=1)


_NAMES: dict[str, Program] = {
    "cat": _cat,
    "echo": _echo,
    "false": _false,
    "hostname": _hostname,
    "sleep": _sleep,
    "true": _true,
}
BUILTIN: dict[str, Program] = {
    f"{folder}{name}": program
    for folder in ("", "/bin/", "/usr/bin/")
    for name, program in _NAMES.items()
}
"""The programs that every guest has, by path and by name."""
