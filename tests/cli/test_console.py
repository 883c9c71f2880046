"""The serial console on a real terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest
from clirun import Program, Run, environment, on_terminal, on_terminal_into, program

from aiovirt.cli.console import escape_byte
from aiovirt.cli.failures import UsageError

LEAVE = b"\x1d"


def test_what_is_typed_goes_to_the_guest_and_its_answer_to_the_screen() -> None:
    with on_terminal(*program("console", "web1")) as console:
        console.expect(b"login: ")
        console.type(b"root\r")
        console.expect(b"ROOT")
        console.type(LEAVE)
        assert console.finish() == 0
    assert b"Connected to domain 'web1'\r\nEscape character is ^] (Ctrl + ])" in console.seen


def test_control_c_belongs_to_the_guest() -> None:
    with on_terminal(*program("console", "web1")) as console:
        console.expect(b"login: ")
        console.type(b"\x03a")
        console.expect(b"\x03A")
        console.type(LEAVE)
        assert console.finish() == 0


def test_another_escape_key_may_be_named() -> None:
    with on_terminal(*program("console", "--escape", "^A", "web1")) as console:
        console.expect(b"login: ")
        console.type(LEAVE + b"still here")
        console.expect(b"STILL HERE")
        console.type(b"\x01")
        assert console.finish() == 0


def test_it_ends_when_the_guest_does() -> None:
    with on_terminal(*program("console", "web1")) as console:
        console.expect(b"login: ")
        console.type(b"poweroff\r")
        assert console.finish() == 0


def test_readonly_types_nothing() -> None:
    with on_terminal(*program("console", "--readonly", "web1")) as console:
        console.expect(b"login: ")
        console.type(b"secret" + LEAVE)
        assert console.finish() == 0
    assert b"SECRET" not in console.seen


def test_control_c_leaves_what_is_only_looked_at() -> None:
    with on_terminal(*program("console", "--readonly", "web1")) as console:
        console.expect(b"login: ")
        console.type(b"\x03")
        assert console.finish() == 0


@contextmanager
def looking_through_a_pipe(backend: str = "asyncio") -> Iterator[tuple[Program, FileIO]]:
    """The program on a terminal, its output in a pipe; it has shown all that the guest said."""
    ours, theirs = os.pipe()
    command = program("console", "--readonly", "web1")
    with (
        os.fdopen(ours, "rb", buffering=0) as pipe,
        on_terminal_into(theirs, *command, AIOVIRT_BACKEND=backend) as console,
    ):
        os.close(theirs)
        seen = b""
        while not seen.endswith(b"login: "):
            part = pipe.read(100)
            assert part, f"it ended, and said {seen!r}"
            seen += part
        assert seen == b"Welcome\r\nlogin: "
        yield console, pipe


def test_looking_through_a_pipe_leaves_the_terminal_alone() -> None:
    with looking_through_a_pipe() as (console, pipe):
        assert termios.tcgetattr(console.terminal) == console.before
        console.process.send_signal(signal.SIGINT)
        assert pipe.read() == b""
        assert console.process.wait() == 130


@pytest.mark.parametrize("backend", ["asyncio", "uvloop", "trio"])
def test_looking_ends_when_nobody_reads_though_the_guest_is_quiet(backend: str) -> None:
    with looking_through_a_pipe(backend) as (console, pipe):
        pipe.close()
        assert console.process.wait() == 141


def leave(console: Program) -> None:
    console.type(LEAVE)


def power_off(console: Program) -> None:
    console.type(b"poweroff\r")


def terminate(console: Program) -> None:
    console.process.send_signal(signal.SIGTERM)


def hang_up(console: Program) -> None:
    console.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize(
    ("end", "status"), [(leave, 0), (power_off, 0), (terminate, 143), (hang_up, 129)]
)
def test_the_terminal_is_as_it_was_on_every_path(
    end: Callable[[Program], None], status: int
) -> None:
    with on_terminal(*program("console", "web1")) as console:
        console.expect(b"login: ")
        assert termios.tcgetattr(console.terminal) != console.before
        end(console)
        console.process.wait()
        assert termios.tcgetattr(console.terminal) == console.before
        assert console.finish() == status


@pytest.mark.usefixtures("web1")
def test_typing_needs_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        done = run("console", "web1")
    assert (done.status, done.out) == (2, "")


def test_looking_needs_none_and_ends_at_the_deadline() -> None:
    done = subprocess.run(
        program("console", "--readonly", "--timeout", "0.2", "web1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Welcome\r\nlogin: ", b"")


def test_history_may_be_left_out() -> None:
    with on_terminal(*program("console", "--no-history", "web1")) as console:
        console.expect(b"Escape character")
        console.type(b"x")
        console.expect(b"X")
        console.type(LEAVE)
        assert console.finish() == 0
    assert b"login" not in console.seen


@pytest.mark.parametrize(("text", "byte"), [("^]", 0x1D), ("^A", 1), ("^a", 1), ("^_", 0x1F)])
def test_an_escape_key_is_a_control_character(text: str, byte: int) -> None:
    assert escape_byte(text) == bytes([byte])


@pytest.mark.parametrize("text", ["", "^", "]", "^]]", "^1", "^\n", "^é"])
def test_anything_else_is_no_escape_key(text: str) -> None:
    with pytest.raises(UsageError):
        escape_byte(text)
