"""Telling how far a long call is, while it is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError
from aiovirt.interfaces import Driver, Jobs
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobStats

__all__ = ["OnProgress", "watched"]

T = TypeVar("T")

OnProgress = Callable[[JobStats], None]
"""Gets how far a job is, now and then; it must not wait."""

LOOK_S = 0.5
"""Seconds between two looks."""


async def watched(
    driver: Driver, domain: DomainKey, work: Callable[[], Awaitable[T]], progress: OnProgress | None
) -> T:
    """Do something that takes long, and tell now and then how far the domain's job is."""
    if progress is None:
        return await work()
    async with open_task_group() as tasks:
        tasks.start_soon(_look, driver.ability(Jobs), domain, progress)
        try:
            return await work()
        finally:
            tasks.cancel_scope.cancel()
    raise AssertionError  # the block either returns or raises


async def _look(jobs: Jobs, domain: DomainKey, progress: OnProgress) -> None:
    """Look until cancelled; whoever cannot tell is not asked again."""
    with suppress(AiovirtError):
        while True:
            await anyio.sleep(LOOK_S)
            stats = await jobs.job_stats(domain)
            if stats.active:
                progress(stats)
