"""What a guest's shell makes of a command line: words, redirections, and the programs of the guest.

As in a real guest, `StartProgramInGuest` hands the arguments to a shell, so that output may be
written into a file, which is the only way to get it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace

from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile, Result

__all__ = ["run_command"]

_SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash", "sh", "bash")
_NOT_FOUND = 127


@dataclass(slots=True)
class _Redirections:
    """Where a command's streams lead."""

    given: str | None = None
    out: str | None = None
    err: str | None = None
    append: bool = False
    words: list[str] = field(default_factory=list)


def run_command(guest: Guest, path: str, arguments: str) -> Result:
    """Run a command line in a guest; what is redirected is written into its files.

    Args:
        guest: Where.
        path: The program.
        arguments: The rest of the line, as a shell reads it.
    """
    line = _parse(arguments)
    if path in _SHELLS and line.words[:1] == ["-c"] and len(line.words) > 1:
        result = _run_script(guest, line.words[1])
    else:
        result = _run_program(guest, path, line)
    return _written(guest, line, result)


def _run_script(guest: Guest, script: str) -> Result:
    """Run the commands of a script one after the other; the last one's end is its end."""
    whole = Result()
    for command in script.split(";"):
        line = _parse(command)
        if not line.words:
            continue
        first, *rest = line.words
        line.words = rest
        one = _written(guest, line, _run_program(guest, first, line))
        whole = Result(
            whole.out + one.out, whole.err + one.err, one.status, whole.seconds + one.seconds
        )
    return whole


def _run_program(guest: Guest, path: str, line: _Redirections) -> Result:
    program = guest.program(path)
    if program is None:
        return Result(err=f"{path}: not found\n".encode(), status=_NOT_FOUND)
    given = guest.files.get(line.given or "", GuestFile()).data
    return program(guest, line.words, given)


def _written(guest: Guest, line: _Redirections, result: Result) -> Result:
    """Write what is redirected into files; give the rest."""
    out, err = result.out, result.err
    if line.err is not None and line.err == line.out:
        out, err = out + err, b""
    if line.out is not None:
        known = guest.files.get(line.out, GuestFile()).data if line.append else b""
        guest.files[line.out] = GuestFile(known + out)
        out = b""
    if line.err is not None and line.err != line.out:
        guest.files[line.err] = GuestFile(err)
        err = b""
    return replace(result, out=out, err=err)


def _parse(text: str) -> _Redirections:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="<>&")
    lexer.whitespace_split = True
    found = _Redirections()
    words = list(lexer)
    while words:
        _take(found, words)
    return found


def _take(found: _Redirections, words: list[str]) -> None:
    word = words.pop(0)
    if word == "2" and words[:1] in (([">"]), ([">&"])):
        merged = words.pop(0) == ">&"
        target = words.pop(0) if words else ""
        found.err = found.out if merged else target
    elif word in {">", ">>"} and words:
        found.out, found.append = words.pop(0), word == ">>"
    elif word == "<" and words:
        found.given = words.pop(0)
    else:
        found.words.append(word)
