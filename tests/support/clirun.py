"""The command line as a function, and as a program on a terminal, for its tests."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from fakeguest import Guest

__all__ = [
    "Both",
    "Define",
    "Done",
    "Program",
    "Run",
    "document",
    "on_terminal",
    "on_terminal_into",
    "program",
    "squeezed",
]

SUPPORT = Path(__file__).parent

# The program, with the host in memory behind ``fake:///lab`` and a domain that runs on it.
_PROGRAM = """
import sys
from aiovirt import _open
from aiovirt.cli import main
import fakehost
_open.DRIVERS["fake"] = "fakehost"
fakehost.HOSTS["/lab"] = fakehost.furnished("web1")
sys.exit(main())
"""


def document(name: str, uuid: str | None = None) -> str:
    """A small domain as XML."""
    identity = f"<uuid>{uuid}</uuid>" if uuid else ""
    return (
        f"<domain type='qemu'><name>{name}</name>{identity}<title>The {name}</title>"
        "<memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type>hvm</type></os><devices>"
        "<disk type='file' device='disk'><source file='/a.img'/><target dev='vda'/></disk>"
        "<interface type='bridge'><source bridge='br0'/></interface></devices></domain>"
    )


@dataclass
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- what it holds is for the test to say
        """Its output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Done]
Both = Callable[..., tuple[str, str]]
Define = Callable[[str], Guest]


def squeezed(text: str) -> str:
    """The words of each line that has some, rules left out; a document as it is compared."""
    if text.lstrip().startswith("<"):
        return ET.canonicalize(text, strip_text=True)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip("-"))


def environment(**more: str) -> dict[str, str]:
    """The environment of a program under test: the host in memory is its default."""
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    own = {"PYTHONPATH": str(SUPPORT), "AIOVIRT_DEFAULT_URI": "fake:///lab", "TERM": "xterm"}
    return inherited | own | more


def program(*argv: str) -> list[str]:
    """The command line of the program in a process of its own."""
    return [sys.executable, "-c", _PROGRAM, *argv]


@dataclass
class Program:
    """The program on a terminal.

    Attributes:
        process: The program.
        terminal: Our end of its terminal.
        before: How the terminal was set when the program began.
        seen: All that it has shown so far.
    """

    process: subprocess.Popen[bytes]
    terminal: int
    before: list[Any]
    seen: bytes = b""

    def expect(self, text: bytes) -> None:
        """Read until the text is seen; the test's own time limit bounds it."""
        while text not in self.seen:
            part = self._read()
            assert part, f"{text!r} never came, only {self.seen!r}"

    def _read(self) -> bytes:
        select.select([self.terminal], [], [])
        try:
            part = os.read(self.terminal, 4096)
        except OSError:  # EIO: the other side is closed (Linux, pty(7))
            part = b""
        self.seen += part
        return part

    def type(self, text: bytes) -> None:
        """Press keys."""
        os.write(self.terminal, text)

    def finish(self) -> int:
        """Read to the end, and give the exit status."""
        while self._read():
            pass
        return self.process.wait()


def on_terminal(*argv: str, **more: str) -> AbstractContextManager[Program]:
    """Run the program on a terminal of its own, as its session's leader."""
    return on_terminal_into(None, *argv, **more)


@contextmanager
def on_terminal_into(output: int | None, *argv: str, **more: str) -> Iterator[Program]:
    """Run it likewise, but with its standard output elsewhere."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    try:
        process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs if output is None else output,
            stderr=theirs,
            env=environment(**more),
            start_new_session=True,
        )
        os.close(theirs)
        with process:
            try:
                yield Program(process, ours, before)
            finally:
                process.kill()
    finally:
        os.close(ours)
