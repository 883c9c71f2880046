"""Counting what the processors do for a process, on the real kernel."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator

import pytest

from aiovirt.errors import PermissionDenied, ResourceUnavailable
from aiovirt.host.perf import PerfCounters


@pytest.fixture
def counters() -> Iterator[PerfCounters]:
    """Return counters, which are closed."""
    found = PerfCounters()
    try:
        found.start("page_faults", os.getpid())
    except PermissionDenied as error:
        pytest.skip(str(error))
    yield found
    found.close()
    assert found.names == frozenset()


def test_what_a_process_does_is_counted(counters: PerfCounters) -> None:
    before = counters.read()["page_faults"]
    with mmap.mmap(-1, 1 << 20) as fresh:  # what the allocator gives may have been touched before
        fresh.write(bytes(len(fresh)))
    assert counters.read()["page_faults"] > before


def test_an_event_is_counted_once_and_until_it_is_stopped(counters: PerfCounters) -> None:
    counters.start("page_faults", os.getpid())
    counters.stop("page_faults")
    assert counters.read() == {}
    counters.stop("page_faults")


def test_an_event_that_nobody_counts_is_told(counters: PerfCounters) -> None:
    with pytest.raises(ResourceUnavailable, match="cmt"):
        counters.start("cmt", os.getpid())
    assert counters.names == {"page_faults"}
