"""Terminals that QEMU names are opened only when they are its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from aiovirt.drivers.qemu.engine.connect import open_terminal
from aiovirt.errors import HostError, NotFound, PermissionDenied

GONE = 2**22 + 1  # beyond the kernel's highest pid


@pytest.fixture
def terminal() -> Iterator[str]:
    """The path of a terminal of ours."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def sleeper() -> Iterator[int]:
    """The process of a program that has made no terminal."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process.pid
        process.kill()


def test_own_terminal(terminal: str) -> None:
    handle = open_terminal(terminal, os.getpid())
    assert not os.get_blocking(handle)
    os.close(handle)


def test_terminal_of_somebody_else(terminal: str, sleeper: int) -> None:
    with pytest.raises(PermissionDenied, match="is not QEMU's"):
        open_terminal(terminal, sleeper)


def test_terminal_of_a_qemu_that_has_ended(terminal: str) -> None:
    with pytest.raises(NotFound):
        open_terminal(terminal, GONE)


WITHOUT_A_LOOK = """
import os, sys
from aiovirt.drivers.qemu.engine.connect import open_terminal
from aiovirt.errors import PermissionDenied
for pid in map(int, sys.argv[2:]):
    try:
        os.close(open_terminal(sys.argv[1], pid))
        print("open")
    except PermissionDenied as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look at others' processes, or not")
def test_terminal_of_a_process_that_may_not_be_looked_at(terminal: str) -> None:
    """Then it tells whose it is that both are the same account's."""
    blind = ("setpriv", "--bounding-set", "-sys_ptrace")
    with subprocess.Popen(["/bin/sleep", "60"], user=65534) as other:
        program = (sys.executable, "-c", WITHOUT_A_LOOK, terminal, str(os.getpid()), str(other.pid))
        done = subprocess.run([*blind, *program], capture_output=True, text=True, check=True)
        other.kill()
    first, second = done.stdout.splitlines()
    assert first == "open"
    assert "is not QEMU's" in second


def test_terminal_that_is_gone() -> None:
    with pytest.raises(HostError, match="cannot open the terminal /dev/pts/99999"):
        open_terminal("/dev/pts/99999", os.getpid())
