"""What both contenders of `vsphere.py` have in common: each is a process that is asked by lines.

The first line of standard input is the way to the server, as JSON; each further line names a
measurement and its arguments; each line of output is a figure.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TypedDict

__all__ = ["PROPERTIES", "Measurement", "Where", "answer", "import_all", "peak_mib"]

PROPERTIES = ("name", "runtime.powerState", "guest", "summary.config")
"""What both want to know of every machine."""

LIBRARIES = (
    *("aiohttp", "aiovirt.drivers.esx", "lxml.etree", "msgspec", "trio", "uvloop"),
    *("pyVim.connect", "pyVmomi.vim"),
)
"""What either imports."""

KIB_PER_MIB = 1024


class Where(TypedDict):
    """The way to the server."""

    host: str
    port: int
    user: str
    password: str
    ca: str


Measurement = Callable[..., float]
"""Takes the way and numbers, gives a figure."""


def import_all() -> None:
    """Load what either contender needs, so that their memory differs by their work alone."""
    for name in LIBRARIES:
        import_module(name)


def peak_mib() -> float:
    """MiB that this process has needed at most: proc_pid_status(5).

    Not by getrusage, whose figure begins with that of the process that started this one.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found, "the kernel tells no peak"
    return int(found[1]) / KIB_PER_MIB


def answer(measurements: Mapping[str, Measurement]) -> None:
    """Measure what is asked for, until standard input ends."""
    where: Where = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        what, *arguments = line.split()
        print(measurements[what](where, *map(int, arguments)), flush=True)
