"""Where a program's standard input and output come from and go to."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from aiovirt.errors import ConfigError
from aiovirt.processes._fds import STDERR, high_copy, high_pipe, lifted, open_file
from aiovirt.processes._pipes import PipeReceiveStream, PipeSendStream
from aiovirt.processes._plan import INHERIT, NULL

__all__ = ["OutputFile", "Source", "Stdio", "Target", "Wires"]


class Stdio(enum.Enum):
    """What a standard stream can be besides a descriptor or a file."""

    NULL = enum.auto()
    """/dev/null."""
    INHERIT = enum.auto()
    """Ours."""
    PIPE = enum.auto()
    """A byte stream on our side."""
    STDOUT = enum.auto()
    """For standard error: where standard output goes, interleaved as written."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to write to.

    Attributes:
        path: Its path.
        append: Keep what is in it, and write at its end.
        mode: Its permissions when it is created.
    """

    path: Path
    append: bool = False
    mode: int = 0o600


Source: TypeAlias = Stdio | int | Path
Target: TypeAlias = Stdio | int | Path | OutputFile


class Wires:
    """The three standard streams of one program: opens, and closes on either side.

    Attributes:
        stdio: The child's side, as `Wiring` has it.
        stdin, stdout, stderr: Our side of pipes, or None.
    """

    def __init__(self) -> None:
        self.stdio = (NULL, NULL, NULL)
        self.stdin: PipeSendStream | None = None
        self.stdout: PipeReceiveStream | None = None
        self.stderr: PipeReceiveStream | None = None
        self._theirs: list[int] = []

    @classmethod
    def open(cls, stdin: Source, stdout: Target, stderr: Target) -> Wires:
        """Open what the program needs.

        Raises:
            ConfigError: A stream cannot be what was asked.
            PermissionDenied, ResourceUnavailable: A file cannot be opened.
        """
        wires = cls()
        if stdin is stdout is stderr is Stdio.NULL:
            return wires
        try:
            wires._connect(stdin, stdout, stderr)
        except BaseException:
            wires.close()
            raise
        return wires

    def _connect(self, stdin: Source, stdout: Target, stderr: Target) -> None:
        if stdin is Stdio.STDOUT or stdout is Stdio.STDOUT:
            raise ConfigError("only stderr can go where stdout goes", field="stdio")
        source = self._input(stdin)
        out, self.stdout = self._output(stdout)
        if stderr is Stdio.STDOUT:
            err = self._keep(high_copy(1)) if out == INHERIT else out
        else:
            err, self.stderr = self._output(stderr)
        self.stdio = (source, out, err)

    def _input(self, source: Source) -> int:
        if source is Stdio.PIPE:
            read, write = high_pipe()
            self._theirs.append(read)
            self.stdin = PipeSendStream(write)
            return read
        if isinstance(source, Path):
            return self._keep(open_file(source, os.O_RDONLY))
        return self._plain(source)

    def _output(self, target: Target) -> tuple[int, PipeReceiveStream | None]:
        if target is Stdio.PIPE:
            read, write = high_pipe()
            self._theirs.append(write)
            return write, PipeReceiveStream(read)
        if isinstance(target, Path):
            target = OutputFile(target)
        if isinstance(target, OutputFile):
            how = os.O_APPEND if target.append else os.O_TRUNC
            return self._keep(
                open_file(target.path, os.O_WRONLY | os.O_CREAT | how, target.mode)
            ), None
        return self._plain(target), None

    def _plain(self, what: Stdio | int) -> int:
        if isinstance(what, Stdio):
            return INHERIT if what is Stdio.INHERIT else NULL
        if what < 0:
            raise ConfigError(f"{what} is no descriptor", field="stdio")
        return what if what > STDERR else self._keep(high_copy(what))

    def _keep(self, fd: int) -> int:
        fd = lifted(fd)
        self._theirs.append(fd)
        return fd

    def close_theirs(self) -> None:
        """Close our copies of the child's side."""
        while self._theirs:
            os.close(self._theirs.pop())

    def close(self) -> None:
        """Close both sides."""
        self.close_theirs()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
