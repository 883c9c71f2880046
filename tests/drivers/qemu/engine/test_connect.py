"""Terminals that QEMU names are opened only when they are its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from aiovirt.drivers.qemu.engine import connect
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


def test_terminal_of_a_process_that_may_not_be_looked_at(
    terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_pid: int) -> frozenset[int]:
        raise PermissionDenied("it may not be looked at")

    monkeypatch.setattr(connect, "terminals_of", denied)
    os.close(open_terminal(terminal, os.getpid()))
    monkeypatch.setattr(connect, "process_uid", lambda _pid: os.geteuid() + 1)
    with pytest.raises(PermissionDenied, match="is not QEMU's"):
        open_terminal(terminal, os.getpid())


def test_terminal_that_is_gone() -> None:
    with pytest.raises(HostError, match="cannot open the terminal /dev/pts/99999"):
        open_terminal("/dev/pts/99999", os.getpid())
