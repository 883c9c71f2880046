"""What strace sees of many spawns: children never probe, nor close one by one."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import counterparts
import pytest

from aiovirt.processes import Command, Stdio, run

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SPAWNS = 20
DESCRIPTORS = 300
SCRIPT = f"""
import os, sys
import anyio
from aiovirt.processes import Command, Stdio, run
from aiovirt.processes import _start

held = [os.dup(0) for _ in range({DESCRIPTORS})]
for fd in held:
    os.set_inheritable(fd, True)

async def main():
    assert _start.engine.name == "helper"
    for _ in range({SPAWNS}):
        await run(Command("/bin/true"), stdout=Stdio.NULL, stderr=Stdio.NULL)

anyio.run(main)
"""
CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: the traced program has its own."""
    return "asyncio"


@pytest.fixture
async def calls(tmp_path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return what each process called, until its exec: names and the rest of the line."""
    pytest.importorskip("aiovirt.processes._spawn", reason="the C helper is not built here")
    strace, log = counterparts.program("strace"), tmp_path / "log"
    args = ("-f", "-qq", "-s", "8", "-o", log, sys.executable, "-c", SCRIPT)
    await run(Command(strace, args), stdout=Stdio.NULL)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    started: set[str] = set()
    for line in log.read_text(encoding="utf-8").splitlines():
        match = CALL.match(line)
        if match and match[1] not in started:
            found[match[1]].append((match[2], match[3]))
            if match[2] == "execve" and len(found) > 1:
                started.add(match[1])
    return found


def _children(calls: dict[str, list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    return list(calls.values())[1:]


async def test_every_child_makes_the_same_few_calls(
    calls: dict[str, list[tuple[str, str]]],
) -> None:
    sequences = {tuple(name for name, _ in child) for child in _children(calls)}
    assert len(_children(calls)) == SPAWNS
    (sequence,) = sequences
    counts = Counter(sequence)
    assert counts["close_range"] == 1
    assert counts["close"] == 1  # of /dev/null, after its copies were made
    assert set(counts) == {
        "rt_sigaction",
        "close_range",
        "openat",
        "close",
        "dup3",
        "setpgid",
        "rt_sigprocmask",
        "execve",
    }


async def test_no_call_of_a_child_fails_but_those_on_kill_and_stop(
    calls: dict[str, list[tuple[str, str]]],
) -> None:
    """The dispositions of SIGKILL and SIGSTOP cannot be set: the child need not know which."""
    failed = {
        (name, rest.partition(",")[0])
        for child in _children(calls)
        for name, rest in child
        if " = -1 " in rest
    }
    assert failed <= {("rt_sigaction", "SIGKILL"), ("rt_sigaction", "SIGSTOP")}


async def test_the_parent_probes_once(calls: dict[str, list[tuple[str, str]]]) -> None:
    parent = next(iter(calls.values()))
    probes = [(name, rest) for name, rest in parent if " = -1 E" in rest]
    names = Counter(name for name, _ in probes)
    assert (names["close_range"], names["clone3"]) == (1, 2)
    assert sum(name == "clone3" for name, _ in parent) == SPAWNS + 2
