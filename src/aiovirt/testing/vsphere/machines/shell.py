"""What a guest's shell makes of a command line: words, redirections, and the programs of the guest.

As in a real guest, `StartProgramInGuest` hands the arguments to a shell, so that output may be
written into a file, which is the only way to get it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile, Result

__all__ = ["run_command"]

_SHELLS: Final = ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash", "sh", "bash")
_NOT_FOUND: Final = 127

# A redirection, the end of a command, or a word, whose parts may be quoted.
_TOKEN: Final = re.compile(
    r"""\s*(?P<mark>2>&1|2>|>>|>|<|;)|\s*(?P<word>(?:[^\s"'<>;\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)"""
)
_SAME: Final = "2>&1"


@dataclass(slots=True)
class _Line:
    """One command: its words, and where its streams lead."""

    words: list[str] = field(default_factory=list)
    streams: dict[str, str] = field(default_factory=dict)


def run_command(guest: Guest, path: str, arguments: str) -> Result:
    """Run a command line in a guest; what is redirected is written into its files.

    Args:
        guest: Where.
        path: The program.
        arguments: The rest of the line, as a shell reads it.
    """
    line = next(_lines(arguments))
    if path in _SHELLS and line.words[:1] == ["-c"] and len(line.words) > 1:
        result = _run_script(guest, line.words[1])
    else:
        result = _run_program(guest, path, line)
    return _written(guest, line, result)


def _run_script(guest: Guest, script: str) -> Result:
    """Run the commands of a script one after the other; the last one's end is its end."""
    whole = Result()
    for line in _lines(script):
        if not line.words:
            continue
        path = line.words.pop(0)
        one = _written(guest, line, _run_program(guest, path, line))
        whole = Result(
            whole.out + one.out, whole.err + one.err, one.status, whole.seconds + one.seconds
        )
    return whole


def _run_program(guest: Guest, path: str, line: _Line) -> Result:
    program = guest.program(path)
    if program is None:
        return Result(err=f"{path}: not found\n".encode(), status=_NOT_FOUND)
    given = guest.files.get(line.streams.get("<", ""), GuestFile()).data
    return program(guest, line.words, given)


def _written(guest: Guest, line: _Line, result: Result) -> Result:
    """Write what is redirected into files; give the rest."""
    out, err = result.out, result.err
    if _SAME in line.streams:
        out, err = out + err, b""
    for mark in (">", ">>"):
        out = _redirected(guest, line, mark, out)
    return replace(result, out=out, err=_redirected(guest, line, "2>", err))


def _redirected(guest: Guest, line: _Line, mark: str, data: bytes) -> bytes:
    """Write a stream into a file, if it leads there; give the rest."""
    path = line.streams.get(mark)
    if path is None:
        return data
    known = guest.files.get(path, GuestFile()).data if mark == ">>" else b""
    guest.files[path] = GuestFile(known + data)
    return b""


def _lines(text: str) -> Iterator[_Line]:
    """The commands of a text; there is always one."""
    line, mark = _Line(), ""
    for token in _TOKEN.finditer(text):
        word = token["word"]
        if word is None and token["mark"] == ";":
            yield line
            line = _Line()
        elif word is None:
            mark = token["mark"]
            line.streams[mark] = ""
        elif mark and mark != _SAME:
            line.streams[mark], mark = "".join(shlex.split(word)), ""
        else:
            line.words.append("".join(shlex.split(word)))
    yield line
