"""Terminals that QEMU names are opened only when they are its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aiovirt.drivers.qemu.engine.connect import open_terminal
from aiovirt.errors import HostError, PermissionDenied


@pytest.fixture
def terminal() -> Iterator[str]:
    """The path of a terminal of ours."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_own_terminal(terminal: str) -> None:
    handle = open_terminal(terminal, os.geteuid())
    assert not os.get_blocking(handle)
    os.close(handle)


def test_terminal_of_somebody_else(terminal: str) -> None:
    with pytest.raises(PermissionDenied, match="is not QEMU's"):
        open_terminal(terminal, os.geteuid() + 1)


def test_terminal_that_is_gone() -> None:
    with pytest.raises(HostError, match="cannot open the terminal /dev/pts/99999"):
        open_terminal("/dev/pts/99999", os.geteuid())
