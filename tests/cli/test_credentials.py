"""Asking at a terminal: what shows, what does not, and how the terminal is left."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import pytest

from aiovirt.cli.credentials import ask_at
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Secret

pytestmark = pytest.mark.anyio


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    with ExitStack() as stack:
        ends = os.openpty()
        for end in ends:
            stack.callback(os.close, end)
        yield ends


def asking(kind: CredentialKind, default: str | None = None) -> CredentialRequest:
    return CredentialRequest(kind, "libvirt", "h", "Enter it", None, default)


async def until(descriptor: int, end: bytes) -> bytes:
    seen = b""
    while not seen.endswith(end):
        await anyio.wait_readable(descriptor)
        seen += os.read(descriptor, 1000)
    return seen


async def answered(
    terminal: tuple[int, int], request: CredentialRequest, answer: bytes
) -> tuple[str | Secret | None, bytes]:
    """Let a user answer; what they get, and what was to be seen after the prompt."""
    user, program = terminal
    found: list[str | Secret | None] = []
    seen: list[bytes] = []

    async def ask() -> None:
        found.append(await ask_at(request, source=program, target=program))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await until(user, b": ")
        os.write(user, answer)
        seen.append(await until(user, b"\n"))
    return found[0], seen[0]


async def test_a_password_does_not_show(terminal: tuple[int, int]) -> None:
    found, seen = await answered(terminal, asking(CredentialKind.PASSPHRASE), b"geheim \n")
    assert found == Secret("geheim ")
    assert b"geheim" not in seen
    assert termios.tcgetattr(terminal[1])[3] & termios.ECHO


async def test_a_name_shows_and_has_a_default(terminal: tuple[int, int]) -> None:
    request = asking(CredentialKind.AUTHNAME, "tim")
    assert await answered(terminal, request, b"tom\n") == ("tom", b"tom\r\n")
    assert (await answered(terminal, request, b"\n"))[0] == "tim"


async def test_a_cancelled_question_leaves_the_terminal_as_it_was(
    terminal: tuple[int, int],
) -> None:
    user, program = terminal
    before = termios.tcgetattr(program)
    async with anyio.create_task_group() as group:
        group.start_soon(
            lambda: ask_at(asking(CredentialKind.PASSPHRASE), source=program, target=program)
        )
        await until(user, b": ")
        assert not termios.tcgetattr(program)[3] & termios.ECHO
        group.cancel_scope.cancel()
    assert termios.tcgetattr(program) == before


async def test_nobody_is_asked_where_there_is_no_terminal() -> None:
    reading, writing = os.pipe()
    try:
        request = asking(CredentialKind.PASSPHRASE)
        assert await ask_at(request, source=reading, target=writing) is None
    finally:
        os.close(reading)
        os.close(writing)


async def test_what_is_no_question_is_not_asked(terminal: tuple[int, int]) -> None:
    request = asking(CredentialKind.EXTERNAL)
    assert await ask_at(request, source=terminal[1], target=terminal[1]) is None
