"""Asking the user at the terminal for a name or a password, when nothing else answered.

It knows the terminal; what the answers are for it is told by the request.
"""

from __future__ import annotations

import os

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


async def ask(request: CredentialRequest) -> str | Secret | None:
    """Ask on standard error, read from standard input; None when that is no terminal.

    The event loop goes on meanwhile. Cancellation: the terminal is as it was.
    """
    return await ask_at(request, source=0, target=2)


async def ask_at(request: CredentialRequest, *, source: int, target: int) -> str | Secret | None:
    """Ask on one descriptor and read from another, as `ask`."""
    if request.kind not in ASKED or not os.isatty(source):
        return None
    default = f" [{request.default}]" if request.default else ""
    prompt = f"{request.prompt}{default}: ".encode()
    answer = await terminal.ask(prompt, source=source, target=target, seen=not request.secret)
    if answer is None:
        return None if request.secret else request.default
    text = answer.decode(errors="replace")
    return Secret(text) if request.secret else text or request.default
