"""Long work on a disk, as a value, and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import anyio

from aiovirt.config import Disk
from aiovirt.model.blocks import BlockJobKind

__all__ = ["BlockJob", "progress"]

STEPS: Final = 4
STEP_S: Final = 0.01
"""A job without a limit takes so many steps, each so many seconds."""


@dataclass(eq=False, slots=True)
class BlockJob:
    """A job of one disk.

    Attributes:
        kind: What it does.
        end: How much there is to do, in bytes.
        current: How much of it is done.
        bandwidth: The limit in bytes a second, 0 for none.
        destination: The disk as a copy makes it.
        base: The path of the image that stays when it is done.
        top: The path of the highest image that is merged.
        ready: Whether all is copied, and it follows the disk until it is told.
        aborted: Set when it shall end undone.
        ended: Set when it is over.
    """

    kind: BlockJobKind
    end: int
    current: int = 0
    bandwidth: int = 0
    destination: Disk | None = None
    base: str | None = None
    top: str | None = None
    ready: bool = False
    aborted: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)


async def progress(job: BlockJob) -> bool:
    """Let a job go on until all is done; tells whether it came so far.

    A limit of the bandwidth makes each step as long as it would be.
    """
    step = max(job.end // STEPS, 1)
    while job.current < job.end:
        seconds = step / job.bandwidth if job.bandwidth else STEP_S
        with anyio.move_on_after(max(seconds, STEP_S)):
            await job.aborted.wait()
            return False
        job.current = min(job.current + step, job.end)
    return True
