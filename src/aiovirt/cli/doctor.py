"""``doctor``: looks at this machine and says what is missing, and what to do about it."""

from __future__ import annotations

from aiovirt.cli.arguments import ContextArg
from aiovirt.cli.results import Column, Rows

__all__ = ["doctor"]


async def doctor(*, context: ContextArg) -> Rows:
    """Look whether this machine can run virtual machines, and say what is missing.

    aiovirt doctor
    """
    return Rows([Column("name", "Check")], [])
