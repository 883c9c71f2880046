"""Asking the user at the terminal for a name or a password, when nothing else answered.

It knows the terminal; what the answers are for it is told by the request.
"""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiovirt.cli import terminal
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Secret

__all__ = ["ask", "ask_at"]

ASKED = frozenset(
    {
        CredentialKind.USERNAME,
        CredentialKind.AUTHNAME,
        CredentialKind.PASSPHRASE,
        CredentialKind.ECHOPROMPT,
        CredentialKind.NOECHOPROMPT,
        CredentialKind.REALM,
    }
)

LONGEST = 4096
"""Bytes of one answer: what a terminal takes for a line (Linux, termios(3))."""


async def ask(request: CredentialRequest) -> str | Secret | None:
    """Ask on standard error, read from standard input; None when that is no terminal.

    The event loop goes on meanwhile.

    Cancellation: the terminal is as it was; getpass in a thread would go on reading from it.
    """
    return await ask_at(request, source=0, target=2)


async def ask_at(request: CredentialRequest, *, source: int, target: int) -> str | Secret | None:
    """Ask on one descriptor and read from another, as `ask`."""
    if request.kind not in ASKED or not os.isatty(source):
        return None
    default = f" [{request.default}]" if request.default else ""
    prompt = f"{request.prompt}{default}: ".encode()
    if not request.secret:
        await terminal.write(target, prompt)
        return await _line(source) or request.default
    # Unseen first: what is typed at the sight of the prompt must not show either.
    with _unseen(source):
        await terminal.write(target, prompt)
        answer = await _line(source)
    return None if answer is None else Secret(answer)


async def _line(source: int) -> str | None:
    """One line without its end, or None at the end of the input."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < LONGEST:
        part = await terminal.read(source)
        if not part:
            break
        line += part
    return line.decode(errors="replace").rstrip("\r\n") if line else None


@contextmanager
def _unseen(descriptor: int) -> Iterator[None]:
    """What is typed does not show, but for the end of the line."""
    before = termios.tcgetattr(descriptor)
    local = before[3] & ~termios.ECHO | termios.ECHONL
    try:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, [*before[:3], local, *before[4:]])
        yield
    finally:
        # A terminal that has gone meanwhile has nothing to restore.
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
