"""File systems of a guest that stand still for a moment, and go on whatever happens."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from aiovirt.drivers.qemu.engine.agent import ask_agent
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.errors import AiovirtError
from aiovirt.host.files import host_error

__all__ = ["frozen", "thaw_left_frozen"]

log = logging.getLogger("aiovirt.qemu")

_NOTE: Final = "frozen"


@asynccontextmanager
async def frozen(domain: ManagedDomain, *, wanted: bool) -> AsyncIterator[None]:
    """A block in which the guest's file systems stand still; they are always thawed.

    An agent that does not thaw them is told of in the log: what the block did is done.  While
    they stand still there is a note of it for the next process.

    Raises:
        AgentError: The guest's agent cannot freeze them.
        HostError: The disk is full.
    """
    if not wanted:
        yield
        return
    live = domain.running()
    try:
        (live.folder / _NOTE).touch()
    except OSError as error:
        raise host_error(error, "cannot note that file systems stand still") from error
    try:
        await ask_agent(domain, "guest-fsfreeze-freeze")
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await _thaw(domain, live)


async def _thaw(domain: ManagedDomain, live: LiveDomain) -> None:
    try:
        await ask_agent(domain, "guest-fsfreeze-thaw")
    except AiovirtError as error:
        log.warning("domain %s: its file systems may stand still: %s", domain.name, error)
    (live.folder / _NOTE).unlink(missing_ok=True)


def thaw_left_frozen(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    """Let the file systems of a guest go on that an earlier process has left frozen."""
    if (live.folder / _NOTE).exists():
        engine.tasks.start_soon(_thaw_left, domain, live)


async def _thaw_left(domain: ManagedDomain, live: LiveDomain) -> None:
    """Thaw them when nothing is under way: this process may have frozen them itself."""
    try:
        async with domain.changes:
            if domain.live is live and (live.folder / _NOTE).exists():
                await _thaw(domain, live)
    except AiovirtError as error:
        log.warning("domain %s: its file systems may stand still: %s", domain.name, error)
