"""What a test may leave behind: nothing.  Descriptors, child processes, tasks are counted here.

Each count is a difference between before and after, so that what a wider fixture holds open is
not blamed on the test.
"""

from __future__ import annotations

import functools
import gc
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyio.lowlevel
import pytest

P = ParamSpec("P")
T = TypeVar("T")

# A cancelled asyncio task ends some turns of the loop after its cancellation.
TURNS_TO_END = 20


def descriptors() -> dict[int, str]:
    """Return the open descriptors of this process and what they stand for."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own descriptor is gone by now
            found[int(entry.name)] = str(entry.readlink())
    return found


def children() -> set[int]:
    """Return the children of this process, ended but unreaped ones too."""
    return {
        int(pid)
        for listing in Path("/proc/self/task").glob("*/children")
        for pid in _text(listing).split()
    }


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
        return ""


def _leaked_descriptors(before: dict[int, str]) -> list[str]:
    """Name the descriptors that are new; the same number with another meaning is new too."""
    return [
        f"descriptor {number} ({target})"
        for number, target in descriptors().items()
        if before.get(number) != target
    ]


def _leaked_children(before: set[int]) -> list[str]:
    return [
        f"child {pid} ({_text(Path(f'/proc/{pid}/comm')).strip()})" for pid in children() - before
    ]


class _Complaints(logging.Handler):
    """Keeps what asyncio logs: exceptions nobody took, tasks destroyed while they ran."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"asyncio says: {record.getMessage()}")


@contextmanager
def none_left() -> Iterator[None]:
    """Fail the test when the block leaves a descriptor or a child, or asyncio complains."""
    open_before, children_before = descriptors(), children()
    complaints = _Complaints()
    logger = logging.getLogger("asyncio")
    logger.addHandler(complaints)
    try:
        yield
        if _leaked_descriptors(open_before):
            gc.collect()  # what only a cycle held warns now, and the warning is an error
        left = _leaked_descriptors(open_before) + _leaked_children(children_before)
    finally:
        logger.removeHandler(complaints)
    if left or complaints.lines:
        pytest.fail("left behind: " + "; ".join(left + complaints.lines), pytrace=False)


def without_leaked_tasks(
    function: Callable[P, Awaitable[T]], limit_s: float
) -> Callable[P, Awaitable[T]]:
    """Return the test, made to fail when it hangs, or when a task of it is there at its end."""

    @functools.wraps(function)
    async def watched(*args: P.args, **kwargs: P.kwargs) -> T:
        before = {task.id for task in anyio.get_running_tasks()}
        with anyio.fail_after(limit_s):
            result = await function(*args, **kwargs)
        left: list[str | None] = []
        for _ in range(TURNS_TO_END):
            left = [task.name for task in anyio.get_running_tasks() if task.id not in before]
            if not left:
                return result
            await anyio.lowlevel.checkpoint()
        pytest.fail(f"left behind: tasks {left}", pytrace=False)

    return watched
