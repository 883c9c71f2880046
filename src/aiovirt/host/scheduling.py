"""How the kernel schedules threads: processors that they may use, policies, priorities.

Source: sched(7).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiovirt.errors import NotFound, PermissionDenied
from aiovirt.host.files import host_error
from aiovirt.model.cpusets import format_cpus

__all__ = ["POLICIES", "affinity", "host_cpus", "set_affinity", "set_policy", "threads_of"]

POLICIES: Final[Mapping[str, int]] = {
    "batch": os.SCHED_BATCH,
    "idle": os.SCHED_IDLE,
    "fifo": os.SCHED_FIFO,
    "rr": os.SCHED_RR,
}
"""The policies beside the usual one; the last two have a priority, 1 to 99."""


def host_cpus() -> int:
    """How many processors the host has, those that are off among them."""
    return os.sysconf("SC_NPROCESSORS_CONF")


def threads_of(pid: int) -> list[int]:
    """The threads of a process; none when it is gone."""
    with suppress(OSError):
        return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    return []


def affinity(thread: int) -> frozenset[int]:
    """The processors that a thread may use.

    Raises:
        NotFound: It is gone.
    """
    try:
        return frozenset(os.sched_getaffinity(thread))
    except ProcessLookupError as error:
        raise NotFound(f"there is no thread {thread}") from error


def set_affinity(threads: Iterable[int], cpus: Collection[int]) -> None:
    """Say which processors threads may use; one that is gone is no matter.

    Raises:
        HostError: The kernel refuses: there is no such processor.
    """
    for thread in threads:
        try:
            os.sched_setaffinity(thread, cpus)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise PermissionDenied(f"thread {thread} may not be pinned: {error}") from error
        except OSError as error:
            what = f"thread {thread} cannot be held to processors {format_cpus(cpus)}"
            raise host_error(error, what) from error


def set_policy(threads: Iterable[int], policy: str, priority: int = 0) -> None:
    """Say by which of `POLICIES` threads are scheduled; one that is gone is no matter.

    Raises:
        PermissionDenied: We may not, or its control group (version 1) has no real time.
        HostError: There is no such priority.
    """
    for thread in threads:
        try:
            os.sched_setscheduler(thread, POLICIES[policy], os.sched_param(priority))
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise PermissionDenied(
                f"thread {thread} may not be scheduled by {policy!r}",
                hint="it needs CAP_SYS_NICE, and time in cpu.rt_runtime_us of its control group",
            ) from error
        except OSError as error:
            what = f"thread {thread} cannot be scheduled by {policy!r} with priority {priority}"
            raise host_error(error, what) from error
