"""File systems of a guest that stand still for the length of a block, and go on in any case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from aiovirt.errors import (
    AgentError,
    AgentNotReady,
    CallerError,
    ConfigError,
    ConnectionLost,
    GuestAgentError,
    InvalidState,
    NotFound,
    Unresponsive,
)

__all__ = ["frozen"]

_RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""The pauses between attempts to reach an agent that was lost; the last repeats."""

Freezing = Callable[[], Awaitable[int]]

_NOT_SENT = (AgentNotReady, CallerError, ConfigError)
"""What says that no agent was told to freeze anything."""
_LOST = (AgentError, ConnectionLost, Unresponsive)
"""What may pass: the agent is started anew, the connection healed."""


@asynccontextmanager
async def frozen(
    name: str, freeze: Freezing, thaw: Freezing, thaw_within_s: float
) -> AsyncIterator[int]:
    """Freeze for the length of the block; see `DomainAgent.frozen`."""
    try:
        count = await freeze()
    except _NOT_SENT:
        raise
    except GuestAgentError:
        await _thaw(name, thaw, 0)  # it may have frozen some, before the one that it could not
        raise
    except BaseException:
        await _thaw(name, thaw, thaw_within_s)
        raise
    try:
        yield count
    finally:
        await _thaw(name, thaw, thaw_within_s)


async def _thaw(name: str, thaw: Freezing, within_s: float) -> None:
    """Thaw, whoever has cancelled what; an agent that was lost has some time to come back.

    Raises:
        AgentError: It did not.
    """
    with anyio.CancelScope(shield=True):
        ends = anyio.current_time() + within_s
        attempt = 0
        while True:
            error = await _try(thaw)
            pause = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
            if error is None:
                return
            if isinstance(error, GuestAgentError) or anyio.current_time() + pause > ends:
                break
            attempt += 1
            await anyio.sleep(pause)
        raise AgentError(
            f"the file systems of domain {name!r} could not be thawed: {error}",
            hint=f"its guest stands still: thaw it with aiovirt domfsthaw {name}, or end it",
        ) from error


async def _try(thaw: Freezing) -> Exception | None:
    """What has hindered it; nothing when no guest is there any more."""
    try:
        await thaw()
    except (InvalidState, NotFound):
        return None
    except _LOST as error:
        return error
    return None
