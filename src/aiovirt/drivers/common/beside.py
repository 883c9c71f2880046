"""Work on documents that may be very large, which must not hold up the event loop."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from aiovirt.config import View, element

__all__ = ["LARGE", "beside", "worked_on"]

T = TypeVar("T")

LARGE = 500
"""How many elements a document has at least that is worked on beside the event loop."""

AT_ONCE = 2
"""Large documents that are worked on at once: all of them share the interpreter."""

_limiter: RunVar[CapacityLimiter] = RunVar("aiovirt_large_documents")


async def beside(work: Callable[[], T]) -> T:
    """Do some work on large documents in a thread, of which there are few.

    Cancellation: the work is finished first.
    """
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(AT_ONCE)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)


async def worked_on(document: View, work: Callable[[], T]) -> T:
    """Do some work on a document, in a thread if it is large.

    Args:
        document: It; nobody else may have it meanwhile.
        work: What is to be done.

    Cancellation: the work is finished first.
    """
    node = element(document)
    if node is None or sum(1 for _ in islice(node.iter(), LARGE)) < LARGE:
        return work()
    return await beside(work)
