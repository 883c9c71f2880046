"""A guest of Windows: its folders, its programs, and its shell `cmd.exe`.

It is as strict as Windows is to VMware Tools: programs are started by whole paths with drives and
backslashes, variables in them mean nothing, ``/bin/sh`` is not there, a process that is ended
leaves those that it has started, and a file that one of these has open cannot be removed.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile, Process, Program, Result
from aiovirt.testing.vsphere.machines.winwords import (
    Command,
    arguments_of,
    batch_arguments,
    commands_of,
    expanded,
)

__all__ = ["Child", "run_windows", "windows_guest"]

ROOT: Final = r"C:\Windows"
HOME: Final = r"C:\Users\Administrator"
TEMPORARY: Final = rf"{HOME}\AppData\Local\Temp"
CMD: Final = "cmd.exe"

_SYSTEM: Final = rf"{ROOT}\System32"
_UNKNOWN: Final = 1
_OPTIONS: Final = re.compile(
    r"\s*(?P<options>(?:/[^\s/:]+(?::\w+)?\s+)*?)/c\s?(?P<line>.*)", re.IGNORECASE
)
_ENDINGS: Final = ("", ".com", ".exe", ".bat", ".cmd")
_NUL: Final = "nul"


def windows_guest(**fields: object) -> Guest:
    """A guest of Windows Server, whose account is ``Administrator`` with the password ``secret``.

    Args:
        fields: Attributes of `Guest` that are to be others.
    """
    folders = {"C:\\", ROOT, _SYSTEM, r"C:\Users", HOME, rf"{HOME}\AppData"}
    folders |= {rf"{HOME}\AppData\Local", TEMPORARY}
    guest = Guest(
        full_name="Microsoft Windows Server 2019 (64-bit)",
        family="windowsGuest",
        accounts={"Administrator": "secret"},
        environment={
            "ComSpec": rf"{_SYSTEM}\cmd.exe",
            "PATH": rf"{_SYSTEM};{ROOT}",
            "SystemRoot": ROOT,
            "TEMP": TEMPORARY,
            "USERPROFILE": HOME,
        },
        folders=folders,
        temporary=TEMPORARY,
        builtin=_PROGRAMS,
    )
    return replace(guest, **fields)  # type: ignore[arg-type]  # they are checked by Guest itself


@dataclass(frozen=True, slots=True)
class Child:
    """A process that a shell has started.

    Attributes:
        name: Its program.
        command: Its command line.
        result: What it did.
        holds: The files that it has open while it runs.
    """

    name: str
    command: str
    result: Result
    holds: frozenset[str]


@dataclass(slots=True)
class _Shell:
    """One run of ``cmd.exe``."""

    guest: Guest
    environment: Mapping[str, str]
    folder: str
    children: list[Child] = field(default_factory=list)

    def run(self, arguments: str) -> Result:
        """Run what is behind ``/c``."""
        found = _OPTIONS.fullmatch(arguments)
        if found is None:
            return Result()  # it would wait for commands on a terminal that is not there
        line = found["line"]
        if "/s" in found["options"].lower().split() or not self._is_quoted_program(line):
            line = _unquoted(line)
        whole = Result()
        for command in commands_of(expanded(line, self.environment)):
            if command.after == "|":
                return Result(err=b"pipes are not simulated\r\n", status=_UNKNOWN)
            if (command.after, bool(whole.status)) in {("&&", True), ("||", False)}:
                continue
            one = self._redirected(command)
            whole = Result(
                whole.out + one.out,
                whole.err + one.err,
                one.status,
                whole.seconds + one.seconds,
                whole.kills + one.kills,
            )
        return whole

    # --- one command ----------------------------------------------------------------------------

    def _redirected(self, command: Command) -> Result:
        """Run a command, and write what it writes where that shall go."""
        leads = {mark: self._place(path) for mark, path in command.streams.items()}
        for mark, path in leads.items():
            if path and not self._can(mark, path):
                text = "The system cannot find the path specified.\r\n"
                return Result(err=text.encode(), status=_UNKNOWN)
        given = self.guest.files.get(leads.get("<", ""), GuestFile()).data
        result = self._program(command, given, frozenset(filter(None, leads.values())))
        if "2>&1" in leads:
            result = replace(result, out=result.out + result.err, err=b"")
        out = self._written(leads, "1", result.out)
        return replace(result, out=out, err=self._written(leads, "2", result.err))

    def _place(self, path: str) -> str:
        if not path or path.lower() == _NUL:
            return ""
        return ntpath.normpath(ntpath.join(self.folder, path))

    def _can(self, mark: str, path: str) -> bool:
        return path in self.guest.files if mark == "<" else self._is_folder(ntpath.dirname(path))

    def _is_folder(self, path: str) -> bool:
        return path.lower() in {each.lower() for each in self.guest.folders}

    def _written(self, leads: Mapping[str, str], handle: str, data: bytes) -> bytes:
        """Write a stream into its file; give it back if it has none."""
        for mark in (f"{handle}>", f"{handle}>>"):
            if mark in leads:
                path = leads[mark]
                known = self.guest.files.get(path, GuestFile()).data if mark[1:] == ">>" else b""
                if path:
                    self.guest.files[path] = GuestFile(known + data)
                return b""
        return data

    def _program(self, command: Command, given: bytes, holds: frozenset[str]) -> Result:
        """Run a command of the shell's own, or a program."""
        own = _OWN.get(command.path.lower())
        if own is not None:
            return own(self, command.rest)
        path = next(filter(self.guest.program, self._candidates(command.path)), None)
        if path is None:
            text = f"'{command.path}' is not recognized as an internal or external command,\r\n"
            return Result(err=text.encode(), status=_UNKNOWN)
        if ntpath.basename(path).lower() == CMD:
            inner = _Shell(self.guest, self.environment, self.folder, self.children)
            return inner.run(command.rest)
        result = _called(self.guest, path, command.rest, given)
        self.children.append(Child(ntpath.basename(path), f'"{path}"{command.rest}', result, holds))
        return result

    def _is_quoted_program(self, line: str) -> bool:
        """Whether a line has two quotes, and between them a program whose name has blanks."""
        name = line.partition('"')[2].partition('"')[0]
        odd = line.count('"') != len('""') or " " not in name or set(name) & set("&<>()@^|")
        return not odd and any(map(self.guest.program, self._candidates(name)))

    def _candidates(self, name: str) -> list[str]:
        folders = [""] if ntpath.dirname(name) else self._path()
        return [ntpath.join(folder, name) + end for folder in folders for end in _ENDINGS]

    def _path(self) -> list[str]:
        known = {name.lower(): value for name, value in self.environment.items()}
        return [self.folder, *known.get("path", "").split(";")]


def _unquoted(line: str) -> str:
    """A line without the quotes around it: its first and its last one, if it begins with one."""
    before, quote, behind = line[1:].rpartition('"')
    return before + behind if line.startswith('"') and quote else line


def _called(guest: Guest, path: str, rest: str, given: bytes) -> Result:
    program = guest.program(path)
    if program is None:
        return Result(status=_UNKNOWN)
    batch = path.lower().endswith((".bat", ".cmd"))
    return program(guest, batch_arguments(rest) if batch else arguments_of(rest), given)


def run_windows(
    guest: Guest, path: str, arguments: str, environment: Mapping[str, str], folder: str
) -> tuple[Result, list[Child]]:
    """Run a program as Tools start it; what it did, and what it has started itself.

    Args:
        guest: Where.
        path: The program, by its whole path.
        arguments: The rest of its command line.
        environment: What it has in its environment.
        folder: Where it starts.
    """
    if ntpath.basename(path).lower() == CMD:
        shell = _Shell(guest, environment, folder)
        return shell.run(arguments), shell.children
    return _called(guest, path, f" {arguments}", b""), []


# --- commands of the shell's own ------------------------------------------------------------------


def _echo(_: _Shell, rest: str) -> Result:
    return Result(rest[1:].encode() + b"\r\n")


def _set(shell: _Shell, rest: str) -> Result:
    wanted = rest.strip().lower()
    pairs = sorted(shell.environment.items(), key=lambda pair: pair[0].lower())
    found = [f"{name}={value}\r\n" for name, value in pairs if name.lower().startswith(wanted)]
    return Result("".join(found).encode(), status=0 if found else _UNKNOWN)


def _cd(shell: _Shell, _: str) -> Result:
    return Result(f"{shell.folder}\r\n".encode())


def _exit(_: _Shell, rest: str) -> Result:
    return Result(status=int(rest.replace("/b", "").strip() or 0))


_Own: TypeAlias = Callable[[_Shell, str], Result]
_OWN: Final[dict[str, _Own]] = {"cd": _cd, "echo": _echo, "exit": _exit, "set": _set}


# --- programs -------------------------------------------------------------------------------------


def _hostname(guest: Guest, _: list[str], __: bytes) -> Result:
    return Result(guest.host_name.encode() + b"\r\n")


def _sort(_: Guest, __: list[str], given: bytes) -> Result:
    return Result(b"".join(sorted(given.splitlines(keepends=True))))


def _taskkill(guest: Guest, words: list[str], _: bytes) -> Result:
    options = [word.lower() for word in words]
    pid = next((int(word) for word in words if word.isdigit()), 0)
    process = guest.processes.get(pid)
    if process is None or process.end_time is not None or "/pid" not in options:
        return Result(err=f'ERROR: The process "{pid}" not found.\r\n'.encode(), status=128)
    kills = _tree(guest, process) if "/t" in options else (pid,)
    return Result("".join(f"SUCCESS: {each}\r\n" for each in kills).encode(), kills=kills)


def _tree(guest: Guest, process: Process) -> tuple[int, ...]:
    """A process and all that it has started, the youngest first."""
    own = [each for each in guest.processes.values() if each.parent == process.pid]
    return (*(pid for each in own for pid in _tree(guest, each)), process.pid)


def _cmd(_: Guest, __: list[str], ___: bytes) -> Result:
    raise AssertionError  # a shell runs it


_PROGRAMS: dict[str, Program] = {
    rf"{_SYSTEM}\{name}.exe".lower(): program
    for name, program in {
        "cmd": _cmd,
        "hostname": _hostname,
        "sort": _sort,
        "taskkill": _taskkill,
    }.items()
}
"""The programs that every guest of Windows has, by their paths in small letters."""
