"""The spawner: programs with everything set about them, for async Python.

`run` a command to its end, `open_process` one for the length of a scope, or `start_daemon` one
that goes on without us.  A forked child runs a list of steps that was decided before the fork, in
C (`_spawn.c`) or in Python (`_twin.py`); waiting is done by pidfds on the running event loop.
This package must not know what it starts: nothing of hypervisors stands here.
"""

from __future__ import annotations

from aiovirt.processes._command import (
    COMMON_ENV,
    SECRET_LIMIT,
    Argument,
    Command,
    Limits,
    Namespace,
    Secret,
)
from aiovirt.processes._daemon import (
    DaemonProcess,
    adopt,
    adopt_pidfile,
    boot_id,
    start_daemon,
    start_ticks,
)
from aiovirt.processes._dryrun import DryRun, Recorded
from aiovirt.processes._handle import KILL_WAIT_S, ExitStatus
from aiovirt.processes._process import GRACE_S, Process, open_process
from aiovirt.processes._result import Result
from aiovirt.processes._run import OUTPUT_LIMIT, run
from aiovirt.processes._start import Handshake
from aiovirt.processes._stdio import OutputFile, Stdio

__all__ = [
    "COMMON_ENV",
    "GRACE_S",
    "KILL_WAIT_S",
    "OUTPUT_LIMIT",
    "SECRET_LIMIT",
    "Argument",
    "Command",
    "DaemonProcess",
    "DryRun",
    "ExitStatus",
    "Handshake",
    "Limits",
    "Namespace",
    "OutputFile",
    "Process",
    "Recorded",
    "Result",
    "Secret",
    "Stdio",
    "adopt",
    "adopt_pidfile",
    "boot_id",
    "open_process",
    "run",
    "start_daemon",
    "start_ticks",
]
