"""A bar for the long work of a domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiovirt.cli.bars import bar
from aiovirt.cli.session import Session
from aiovirt.model.jobs import JobStats

__all__ = ["job_bar"]


@contextmanager
def job_bar(
    session: Session, text: str, *, wanted: bool = True
) -> Iterator[Callable[[JobStats], None] | None]:
    """What draws how far a job is, for the length of the block; None where nobody sees it."""
    with bar(text, wanted=wanted and not session.settings.quiet) as draw:
        if draw is None:
            yield None
            return

        def show(stats: JobStats) -> None:
            total, remaining = stats.total, stats.remaining
            if total is not None and remaining is not None:
                draw(max(0, total - remaining), total)

        yield show
