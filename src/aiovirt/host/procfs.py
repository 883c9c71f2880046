"""Figures of a process from /proc. Source: proc(5). Reading them never waits for the process."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiovirt.errors import NotFound, PermissionDenied

__all__ = [
    "ProcessTimes",
    "interface_counters",
    "process_rss",
    "process_time_ns",
    "process_times",
    "process_uid",
    "terminals_of",
    "thread_time_ns",
    "thread_waits",
]

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_CLOCK = 2
"""The kernel's `CPUCLOCK_SCHED`: the scheduler's own figure, of user and system time together."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """Processor time of a process and its threads, in nanoseconds."""

    user_ns: int
    system_ns: int


def _read(path: str, what: str) -> bytes:
    """A short file of /proc; read plainly, since the statistics of many guests read hundreds."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(handle, 4096)
        finally:
            os.close(handle)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"there is no {what}") from error


def _times(path: str, what: str) -> ProcessTimes:
    # The name, in parentheses, may itself hold spaces and parentheses.
    fields = _read(path, what).rpartition(b")")[2].split(None, 13)
    return ProcessTimes(int(fields[11]) * _TICK_NS, int(fields[12]) * _TICK_NS)


def process_times(pid: int) -> ProcessTimes:
    """The processor time of a process.

    Raises:
        NotFound: It is gone.
    """
    return _times(f"/proc/{pid}/stat", f"process {pid}")


def process_time_ns(pid: int) -> int:
    """The processor time of a process and its threads, in nanoseconds.

    One question to the kernel, where a file of /proc takes three and is counted in ticks.
    Source: clock_getcpuclockid(3).

    Raises:
        NotFound: It is gone.
    """
    try:
        return time.clock_gettime_ns(~pid << 3 | _CLOCK)
    except OSError as error:
        raise NotFound(f"there is no process {pid}") from error


def thread_time_ns(pid: int, thread: int) -> int:
    """The processor time of one thread, in nanoseconds.

    Raises:
        NotFound: It is gone.
    """
    times = _times(f"/proc/{pid}/task/{thread}/stat", f"thread {thread} of process {pid}")
    return times.user_ns + times.system_ns


def thread_waits(pid: int, thread: int) -> tuple[int, int]:
    """How long one thread waited otherwise, and for a processor, in nanoseconds.

    The first is counted only where the kernel's ``sched_schedstats`` is on, and 0 else.

    Raises:
        NotFound: It is gone.
    """
    folder, what = f"/proc/{pid}/task/{thread}", f"thread {thread} of process {pid}"
    delay_ns = int(_read(f"{folder}/schedstat", what).split()[1])
    found = _WAITED.search(_read(f"{folder}/sched", what))
    return (int(float(found[1]) * 1_000_000) if found else 0), delay_ns


_WAITED = re.compile(rb"^(?:se\.statistics\.)?wait_sum *: *([0-9.]+)", re.MULTILINE)
"""Milliseconds; the shorter name is that of Linux 5.16 and later."""


def process_rss(pid: int) -> int:
    """The resident memory of a process, in bytes.

    Raises:
        NotFound: It is gone.
    """
    return int(_read(f"/proc/{pid}/statm", f"process {pid}").split(None, 2)[1]) * _PAGE


def process_uid(pid: int) -> int:
    """Whom a process runs as, by whom it makes files.

    Raises:
        NotFound: It is gone.
    """
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"there is no process {pid}") from error
    # Real, effective, saved and file system; the name before it has no line break unescaped.
    return int(text.partition("\nUid:")[2].split(maxsplit=4)[3])


def terminals_of(pid: int) -> frozenset[int]:
    """The pseudo terminals that a process has made, by their numbers in ``/dev/pts``.

    A number is not given to another as long as the process lives and keeps it.  Source:
    proc_pid_fdinfo(5), ``tty-index``.

    Raises:
        NotFound: It is gone.
        PermissionDenied: It may not be looked at.
    """
    try:
        opened = list(Path(f"/proc/{pid}/fd").iterdir())
        found = frozenset(number for one in opened if (number := _terminal(pid, one)) is not None)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"there is no process {pid}") from error
    except PermissionError as error:
        raise PermissionDenied(f"what process {pid} has open may not be looked at") from error
    if not opened:  # its parent has not heard yet
        raise NotFound(f"process {pid} has ended")
    return found


def _terminal(pid: int, descriptor: Path) -> int | None:
    """The number of the terminal that a descriptor is the master of; None for any other."""
    with suppress(FileNotFoundError, NotFound):  # it was closed meanwhile
        if descriptor.readlink().name == "ptmx":
            facts = _read(f"/proc/{pid}/fdinfo/{descriptor.name}", "such descriptor")
            return int(facts.partition(b"tty-index:")[2].split(None, 1)[0])
    return None


_COUNTERS = ("bytes", "packets", "errors", "dropped")


def interface_counters(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Bytes, packets, errors and drops that an interface received, and that it sent.

    Raises:
        NotFound: There is no such interface.
    """
    folder = Path("/sys/class/net", name, "statistics")
    try:
        received, sent = (
            tuple(int((folder / f"{way}_{counter}").read_text()) for counter in _COUNTERS)
            for way in ("rx", "tx")
        )
    except FileNotFoundError as error:
        raise NotFound(f"there is no network interface {name!r}") from error
    return received, sent
