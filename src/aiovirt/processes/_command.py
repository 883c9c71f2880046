"""A command as a value: the program, its arguments, and all that can be set about its process.

Nothing here touches the host; a mistake that can be seen without it is told at once.
"""

from __future__ import annotations

import enum
import os
import shlex
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self, TypeAlias

from aiovirt.errors import ConfigError
from aiovirt.processes._capabilities import CAPABILITIES

__all__ = ["COMMON_ENV", "SECRET_LIMIT", "Argument", "Command", "Limits", "Namespace", "Secret"]

COMMON_ENV = (
    "LC_ALL",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
)
"""What libvirt passes to nearly every program it starts (it sets LC_ALL to C)."""

SECRET_LIMIT = 1 << 20
"""The most bytes of one secret: what the kernel lets an unprivileged pipe hold at once."""

MASK = "***"
UMASK_MAX = 0o777
NICE = range(-20, 20)
OOM_SCORE = range(-1000, 1001)
IDS = range(2**32 - 1)  # the last number, -1 for the kernel, leaves a user or group as it is
CPUS = range(1 << 16)
LIMIT_MAX = 2**63 - 1
FIRST_PASSED_FD = 3


class Namespace(enum.IntFlag):
    """Namespaces that the program gets for itself; the values are those of clone(2)."""

    MOUNT = 0x00020000
    CGROUP = 0x02000000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NET = 0x40000000


NO_NAMESPACE = Namespace(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits, soft and hard alike; None leaves a limit as it is.

    Attributes:
        memlock: Bytes that may be locked in memory.
        nproc: Processes of the user.
        nofile: Open descriptors.
        core: Bytes of a core dump.
        cpu: Seconds of CPU time.
    """

    memlock: int | None = None
    nproc: int | None = None
    nofile: int | None = None
    core: int | None = None
    cpu: int | None = None

    UNLIMITED: ClassVar[int] = -1

    def __post_init__(self) -> None:
        for name, value in self.items():
            if not self.UNLIMITED <= value <= LIMIT_MAX:
                raise ConfigError(f"limits.{name} is {value}", field=f"limits.{name}")

    def items(self) -> list[tuple[str, int]]:
        """Return the limits that are set, by name."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, value) for name, value in pairs if value is not None]


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """An argument whose content reaches the program through a pipe of its own, never by argv.

    Attributes:
        data: The content, at most `SECRET_LIMIT` bytes.
        form: The argument that the program gets; ``{fd}`` becomes the pipe's descriptor number,
            so ``Secret(key, "secret,id=s0,file=/dev/fd/{fd}")`` is what QEMU wants.
    """

    data: bytes
    form: str = "/dev/fd/{fd}"

    def __post_init__(self) -> None:
        if "{fd}" not in self.form:
            raise ConfigError("a secret's form has no {fd} in it", field="args")
        if len(self.data) > SECRET_LIMIT:
            raise ConfigError(f"a secret is longer than {SECRET_LIMIT} bytes", field="args")

    def __repr__(self) -> str:
        return f"Secret({MASK}, form={self.form!r})"

    def fill(self, number: int | str) -> str:
        """Return the argument for a descriptor number."""
        return self.form.replace("{fd}", str(number))


Argument: TypeAlias = str | bytes | Path | Secret


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, and what its process is to be like.

    The process always starts with default signal dispositions, an empty signal mask, a process
    group of its own, and no descriptors but 0 to 2, `pass_fds` and its secrets' pipes.

    Attributes:
        program: A path, or a name that is looked up in *our* PATH before anything is started.
        args: The arguments after the program's name.
        env: The environment; None inherits ours, unless `env_pass` is given.
        env_pass: Names of our variables to pass; those that are not set are left out.  `env`
            stands above them.
        cwd: The working directory, entered as the user that the program runs as.
        umask: The file mode mask, or None to inherit it.
        user: A name or a uid; supplementary groups and the primary group follow from it.  A uid
            that has no name needs `group`.
        group: A name or a gid in place of the user's.
        groups: Supplementary groups in place of the user's.
        drop_capabilities: Drop all capabilities but `keep_capabilities`, for good: without
            CAP_SETPCAP by forbidding new privileges, which set-uid programs then do not get either.
        keep_capabilities: Names such as ``net_admin``; they survive a change of the user.
        limits: Resource limits.
        nice: The niceness, -20 to 19.
        oom_score_adj: -1000 (never kill) to 1000.
        affinity: The CPUs to run on, or None for ours.
        cgroup: Directories of the cgroups to run in: one in the unified hierarchy, which the
            process is born into where the kernel can, or one for each version 1 controller.
        new_session: Lead a new session, without a terminal.
        death_signal: A signal for the program when the *thread* that started it ends, also by
            ``kill -9``; a program that changes its own user loses it (prctl(2)).
        namespaces: Namespaces of its own.
        pidfile: A file to lock and to write the pid into.  The lock (fcntl) is the program's and
            ends with it; starting a second one fails while it is held.
        pass_fds: Descriptors from 3 upwards that keep their number in the program.
        selinux_label: The SELinux context of the program.
        apparmor_profile: The profile of AppArmor that it runs in, which is loaded.

    Raises:
        ConfigError: A field is wrong; the error names it.
    """

    program: str | Path
    args: tuple[Argument, ...] = ()
    env: Mapping[str, str | bytes] | None = None
    env_pass: tuple[str, ...] | None = None
    cwd: str | Path | None = None
    umask: int | None = None
    user: str | int | None = None
    group: str | int | None = None
    groups: tuple[str | int, ...] | None = None
    drop_capabilities: bool = False
    keep_capabilities: frozenset[str] = frozenset()
    limits: Limits = Limits()
    nice: int | None = None
    oom_score_adj: int | None = None
    affinity: frozenset[int] | None = None
    cgroup: tuple[Path, ...] = ()
    new_session: bool = False
    death_signal: signal.Signals | None = None
    namespaces: Namespace = NO_NAMESPACE
    pidfile: Path | None = None
    pass_fds: tuple[int, ...] = ()
    selinux_label: str | None = None
    apparmor_profile: str | None = None

    def __post_init__(self) -> None:
        for check, field in _CHECKS:
            problem = check(self)
            if problem:
                raise ConfigError(f"command {self.program}: {field}: {problem}", field=field)

    @classmethod
    def of(cls, program: str | Path, *args: Argument) -> Self:
        """Return a command with nothing but arguments."""
        return cls(program, args)

    def render(self) -> str:
        """Return the command line for a log: set variables, quoted arguments, no secret."""
        words = [f"{name}={_quoted(value)}" for name, value in (self.env or {}).items()]
        words.append(_quoted(self.program))
        words.extend(_quoted(arg) for arg in self.args)
        return " ".join(words)

    def __str__(self) -> str:
        return self.render()


def _quoted(word: Argument) -> str:
    return shlex.quote(word.fill(MASK) if isinstance(word, Secret) else os.fsdecode(word))


def _bad_program(command: Command) -> str | None:
    text = os.fsdecode(command.program)
    return "is empty" if not text else "contains a NUL" if "\0" in text else None


def _bad_args(command: Command) -> str | None:
    for index, arg in enumerate(command.args):
        text = arg.form if isinstance(arg, Secret) else os.fsdecode(arg)
        if "\0" in text:
            return f"number {index} contains a NUL"
    return None


def _bad_env(command: Command) -> str | None:
    for name, value in (command.env or {}).items():
        if not name or "=" in name or "\0" in name:
            return f"{name!r} is no name of a variable"
        if "\0" in os.fsdecode(value):
            return f"{name} contains a NUL"
    return None


def _bad_umask(command: Command) -> str | None:
    mask = command.umask
    return None if mask is None or 0 <= mask <= UMASK_MAX else f"{mask:o} is not within 0 to 777"


def _bad_capabilities(command: Command) -> str | None:
    if command.keep_capabilities and not command.drop_capabilities:
        return "given, but drop_capabilities is not"
    unknown = sorted(name for name in command.keep_capabilities if name not in CAPABILITIES)
    return f"{', '.join(unknown)}: no such capability" if unknown else None


def _bad_nice(command: Command) -> str | None:
    value = command.nice
    return None if value is None or value in NICE else f"{value} is not within -20 to 19"


def _bad_oom_score(command: Command) -> str | None:
    value = command.oom_score_adj
    return None if value is None or value in OOM_SCORE else f"{value} is not within -1000 to 1000"


def _bad_affinity(command: Command) -> str | None:
    cpus = command.affinity
    if cpus is None:
        return None
    wrong = sorted(cpu for cpu in cpus if cpu not in CPUS)
    if wrong:
        return f"{wrong[0]} is not within 0 to {CPUS[-1]}"
    return None if cpus else "names no CPU"


def _bad_pass_fds(command: Command) -> str | None:
    fds = command.pass_fds
    if any(fd < 0 for fd in fds):
        return f"{min(fds)} is no descriptor"
    if any(fd < FIRST_PASSED_FD for fd in fds):
        return f"{min(fds)} clashes with standard input, output and error (0 to 2)"
    return "a descriptor is given twice" if len(set(fds)) != len(fds) else None


def _bad_cwd(command: Command) -> str | None:
    return "is empty" if command.cwd == "" else None


def _bad_pidfile(command: Command) -> str | None:
    inside = Namespace.PID in command.namespaces
    return "has no meaning in a pid namespace" if command.pidfile and inside else None


def _all_of(command: Command, field: str) -> tuple[object, ...]:
    value = getattr(command, field)
    return value if isinstance(value, tuple) else (value,)


def _ids(field: str) -> Callable[[Command], str | None]:
    def check(command: Command) -> str | None:
        numbers = (each for each in _all_of(command, field) if isinstance(each, int))
        wrong = next((number for number in numbers if number not in IDS), None)
        return None if wrong is None else f"{wrong} is not within 0 to {IDS[-1]}"

    return check


def _text(field: str) -> Callable[[Command], str | None]:
    def check(command: Command) -> str | None:
        texts = (str(each) for each in _all_of(command, field))
        return "contains a NUL" if any("\0" in text for text in texts) else None

    return check


_CHECKS = (
    (_bad_program, "program"),
    (_bad_args, "args"),
    (_bad_env, "env"),
    (_bad_umask, "umask"),
    (_bad_capabilities, "keep_capabilities"),
    (_bad_nice, "nice"),
    (_bad_oom_score, "oom_score_adj"),
    (_bad_affinity, "affinity"),
    (_bad_pass_fds, "pass_fds"),
    (_bad_pidfile, "pidfile"),
    (_bad_cwd, "cwd"),
    *((_ids(field), field) for field in ("user", "group", "groups")),
    *(
        (_text(field), field)
        for field in ("cwd", "pidfile", "cgroup", "selinux_label", "apparmor_profile", "env_pass")
    ),
)
