"""The sign of life on a terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace

import anyio
import pytest

from aiovirt.cli import progress as module
from aiovirt.cli.progress import progress

pytestmark = pytest.mark.anyio


class Terminal(io.StringIO):
    """A terminal that tells when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = anyio.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    # By the module's own name: pytest changes sys.stderr between fixtures and tests.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=terminal))
    monkeypatch.setattr(module, "DELAY_S", 0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return terminal


async def test_a_long_wait_shows_and_clears_itself(terminal: Terminal) -> None:
    async with progress("web1: waiting", wanted=True):
        await terminal.written.wait()
    assert "| web1: waiting" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


async def fail(terminal: Terminal) -> None:
    async with progress("web1: waiting", wanted=True):
        await terminal.written.wait()
        raise KeyError("x")


async def test_an_error_leaves_as_itself_and_clears_it(terminal: Terminal) -> None:
    with pytest.raises(KeyError):
        await fail(terminal)
    assert terminal.getvalue().endswith("\r\x1b[K")


async def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    monkeypatch.setattr(module, "DELAY_S", 0)
    async with progress("web1: waiting", wanted=True):
        await anyio.lowlevel.checkpoint()
    assert pipe.getvalue() == ""


async def test_quiet_means_quiet(terminal: Terminal) -> None:
    async with progress("web1: waiting", wanted=False):
        await anyio.lowlevel.checkpoint()
    assert terminal.getvalue() == ""
