"""How programs are started in guests: the shell that reads a line of words and redirections.

VMware Tools have no pipes, so that a shell has to lead a program's streams into files.  Under Unix
Tools start one by themselves, in Windows they do not, and `cmd.exe` is the program.  It knows
nothing of the server.
"""

from __future__ import annotations

import ntpath
import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiovirt.errors import CallerError, ConfigError
from aiovirt.protocols.vsphere.tables.guest import GuestProgramSpec

__all__ = ["GuestShell", "PosixShell", "WindowsShell", "command_line"]

MAX_LINE: Final = 8191
"""Characters of a line that `cmd.exe` reads."""

_BATCH: Final = (".bat", ".cmd")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:\\+@-]+")
_ABSOLUTE: Final = re.compile(r'(?:[A-Za-z]:\\|\\\\[^\\]+\\)[^<>"|?*]+')
_SPECIAL: Final = re.compile(r'[()%!^"<>&|]')
_BEFORE_QUOTE: Final = re.compile(r'(\\*)"')
_AT_END: Final = re.compile(r"(\\+)$")
_CMD: Final = "cmd.exe"
_RUNS: Final = frozenset({"/c", "/k"})


class GuestShell(ABC):
    """A guest's way to start programs."""

    @abstractmethod
    def start(
        self, argv: Sequence[str], env: Mapping[str, str] | None, streams: Mapping[str, str]
    ) -> GuestProgramSpec:
        """What starts a program.

        Args:
            argv: Its path, and its arguments.
            env: Its whole environment, or None for that of the account.
            streams: Files for ``<``, ``>`` and ``2>``.

        Raises:
            CallerError: The shell cannot be told these words.
        """

    @abstractmethod
    def end(self, pid: int) -> GuestProgramSpec | None:
        """What ends a program with all that it has started; None where Tools do that."""


class PosixShell(GuestShell):
    """Tools in Linux and its like: ``/bin/sh`` reads the arguments."""

    def start(
        self, argv: Sequence[str], env: Mapping[str, str] | None, streams: Mapping[str, str]
    ) -> GuestProgramSpec:
        """See `GuestShell.start`."""
        words = [shlex.quote(each) for each in argv[1:]]
        words += [f"{mark} {shlex.quote(path)}" for mark, path in streams.items()]
        return GuestProgramSpec(
            program_path=argv[0], arguments=" ".join(words), env_variables=_variables(env)
        )

    def end(self, pid: int) -> None:
        """See `GuestShell.end`."""


@dataclass(frozen=True, slots=True)
class WindowsShell(GuestShell):
    r"""``cmd.exe``, which Tools start by its whole path: they know no variables in that.

    Attributes:
        root: Where Windows is, such as ``C:\Windows``.
        home: The folder in which programs start, or None for what Tools take.
    """

    root: str
    home: str | None = None

    def start(
        self, argv: Sequence[str], env: Mapping[str, str] | None, streams: Mapping[str, str]
    ) -> GuestProgramSpec:
        """See `GuestShell.start`.

        Programs start in the account's home.  Windows itself needs ``SystemRoot``, which is added
        to an environment that lacks it.
        """
        given = {"<": "nul", **streams}
        marks = [f"{mark} {_quoted(path)}" for mark, path in given.items()]
        if env is not None and "systemroot" not in {name.lower() for name in env}:
            env = {**env, "SystemRoot": self.root}
        # /d: nothing that the account has set to be run first; /v:off: "!" is no variable.
        # Blanks between redirections would be the program's, if they stood behind it.
        arguments = f'/d /v:off /s /c "{" ".join(marks)} {command_line(argv)}"'
        if len(arguments) > MAX_LINE:
            raise CallerError(
                f"{argv[0]} has arguments of {len(arguments)} characters, and cmd.exe reads "
                f"{MAX_LINE} of them at most",
                hint="put them into a file of the guest, or give them as standard input",
            )
        return self._spec("cmd.exe", arguments, env)

    def end(self, pid: int) -> GuestProgramSpec:
        """See `GuestShell.end`: Windows ends a process, and lets those live that it has started."""
        return self._spec("taskkill.exe", f"/F /T /PID {pid}", None)

    def _spec(self, name: str, arguments: str, env: Mapping[str, str] | None) -> GuestProgramSpec:
        return GuestProgramSpec(
            program_path=rf"{self.root}\System32\{name}",
            arguments=arguments,
            working_directory=self.home,
            env_variables=_variables(env),
        )


def _variables(env: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in (env or {}).items())


# --- of Windows -----------------------------------------------------------------------------------


def command_line(argv: Sequence[str]) -> str:
    """A program and its arguments, as ``cmd.exe`` reads a line and the program reads its own.

    Source: Microsoft's "Parsing C command-line arguments" and the help of ``cmd /?``.

    Args:
        argv: The program's path, and its arguments.

    Raises:
        CallerError: It is no path of Windows, or there is a word that no line can hold.
    """
    path = argv[0].replace("/", "\\")
    if not _ABSOLUTE.fullmatch(path):
        raise CallerError(
            f"{argv[0]!r} is no whole path of a program in Windows",
            hint=r"such as C:\Windows\System32\whoami.exe, or C:\Windows\System32\cmd.exe with "
            "/c and a command of the shell",
        )
    for word in argv:
        if set(word) & set("\0\r\n"):
            raise ConfigError(
                f"an argument of {argv[0]} has a line break, which cmd.exe takes for its end",
                field="argv",
                hint="put it into a file of the guest, or give it as standard input",
            )
    # In carets, not in quotes: a percent sign would name a variable there, too.
    words = [_SPECIAL.sub(r"^\g<0>", each) for each in _words(path, argv[1:])]
    return " ".join([_quoted(path), *words])


def _words(path: str, arguments: Sequence[str]) -> Iterator[str]:
    """The arguments as the program reads them."""
    name = ntpath.basename(path).lower()
    if name == _CMD:
        yield from _of_cmd(arguments)
    else:
        batch = name.endswith(_BATCH)
        yield from (_argument(each, batch=batch) for each in arguments)


def _of_cmd(arguments: Sequence[str]) -> Iterator[str]:
    """The same of ``cmd.exe``, which takes all behind ``/c`` as it is, but for quotes around it."""
    rest = iter(arguments)
    for word in rest:
        yield word
        if word.lower() in _RUNS:
            yield f'"{" ".join(rest)}"'


def _argument(text: str, *, batch: bool) -> str:
    """One argument; programs of C end a quote by an odd number of backslashes before none."""
    if _PLAIN.fullmatch(text):
        return text
    # A batch file's line is read by cmd.exe again, which knows no backslashes before quotes.
    inner = text.replace('"', '""') if batch else _BEFORE_QUOTE.sub(r'\1\1\\"', text)
    return '"' + _AT_END.sub(r"\1\1", inner) + '"'


def _quoted(path: str) -> str:
    """A path in quotes, of which a percent sign stands outside: there a caret can be before it."""
    return '"' + path.replace("%", '"^%"') + '"'
