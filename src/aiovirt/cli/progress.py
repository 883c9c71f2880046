"""A sign of life on a terminal while something takes long. It knows standard error only."""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.cli.colours import decorated

__all__ = ["progress"]

DELAY_S = 0.4
"""What is done sooner shows nothing."""

FRAME_S = 0.12

_FRAMES = "|/-\\"
_CLEAR_LINE = "\r\x1b[K"  # ECMA-48: erase in line


@asynccontextmanager
async def progress(text: str, *, wanted: bool) -> AsyncIterator[None]:
    """Turn a wheel before `text` for the length of the block, where there is a terminal.

    Cancellation: the line is cleared.
    """
    if not (wanted and decorated(sys.stderr)):
        yield
        return
    async with open_task_group() as group:
        group.start_soon(_turn, text)
        yield
        group.cancel_scope.cancel()


async def _turn(text: str) -> None:
    await anyio.sleep(DELAY_S)
    try:
        for frame in itertools.cycle(_FRAMES):
            sys.stderr.write(f"{_CLEAR_LINE}{frame} {text}")
            sys.stderr.flush()
            await anyio.sleep(FRAME_S)
    finally:
        sys.stderr.write(_CLEAR_LINE)
        sys.stderr.flush()
