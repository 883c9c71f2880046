"""Figures of processes and interfaces."""

from __future__ import annotations

import os
import threading

import pytest

from aiovirt.errors import NotFound
from aiovirt.host.procfs import (
    interface_counters,
    process_rss,
    process_time_ns,
    process_times,
    process_uid,
    terminals_of,
    thread_time_ns,
)

GONE = 2**22 + 1  # beyond the kernel's highest pid


def test_own_process() -> None:
    times = process_times(os.getpid())
    assert times.user_ns + times.system_ns > 0
    assert process_time_ns(os.getpid()) > 0
    assert process_rss(os.getpid()) > 1_000_000
    assert process_uid(os.getpid()) == os.geteuid()
    assert thread_time_ns(os.getpid(), threading.get_native_id()) >= 0


def test_loopback_counters() -> None:
    received, sent = interface_counters("lo")
    assert len(received) == len(sent) == 4


@pytest.mark.parametrize("ask", [process_times, process_time_ns, process_rss, process_uid])
def test_process_that_is_gone(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(NotFound):
        ask(GONE)


def test_interface_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="no network interface 'nope0'"):
        interface_counters("nope0")


def test_terminals_that_a_process_has_made() -> None:
    ours, theirs = os.openpty()
    number = int(os.ttyname(theirs).rpartition("/")[2])
    assert number in terminals_of(os.getpid())
    os.close(ours)
    os.close(theirs)
    assert number not in terminals_of(os.getpid())
    with pytest.raises(NotFound):
        terminals_of(GONE)
