"""Counting what the processors do for a process, on the real kernel."""

from __future__ import annotations

import mmap
import os
import subprocess
import threading
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


def test_threads_that_end_meanwhile_are_no_error(counters: PerfCounters) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            short = [threading.Thread(target=int) for _ in range(8)]
            for each in short:
                each.start()
            for each in short:
                each.join()

    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        for _ in range(2000):
            counters.stop("page_faults")
            counters.start("page_faults", os.getpid())
    finally:
        over.set()
        busy.join()
    assert counters.read().keys() == {"page_faults"}


def test_a_process_that_is_gone_cannot_be_counted(counters: PerfCounters) -> None:
    ended = subprocess.Popen(["true"])  # noqa: S607 - wherever it is
    ended.wait()
    with pytest.raises(ResourceUnavailable, match="is gone"):
        counters.start("cpu_clock", ended.pid)
    assert counters.names == {"page_faults"}


def test_an_event_that_nobody_counts_is_told(counters: PerfCounters) -> None:
    with pytest.raises(ResourceUnavailable, match="cmt"):
        counters.start("cmt", os.getpid())
    assert counters.names == {"page_faults"}
