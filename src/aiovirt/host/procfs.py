"""Figures of a process from /proc. Source: proc(5). Reading them never waits for the process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aiovirt.errors import NotFound

__all__ = [
    "ProcessTimes",
    "interface_counters",
    "process_rss",
    "process_times",
    "process_uid",
    "thread_time_ns",
]

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """Processor time of a process and its threads, in nanoseconds."""

    user_ns: int
    system_ns: int


def _times(path: Path, what: str) -> ProcessTimes:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"there is no {what}") from error
    # The name, in parentheses, may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return ProcessTimes(int(fields[11]) * _TICK_NS, int(fields[12]) * _TICK_NS)


def process_times(pid: int) -> ProcessTimes:
    """The processor time of a process.

    Raises:
        NotFound: It is gone.
    """
    return _times(Path(f"/proc/{pid}/stat"), f"process {pid}")


def thread_time_ns(pid: int, thread: int) -> int:
    """The processor time of one thread, in nanoseconds.

    Raises:
        NotFound: It is gone.
    """
    times = _times(Path(f"/proc/{pid}/task/{thread}/stat"), f"thread {thread} of process {pid}")
    return times.user_ns + times.system_ns


def process_rss(pid: int) -> int:
    """The resident memory of a process, in bytes.

    Raises:
        NotFound: It is gone.
    """
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"there is no process {pid}") from error


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
