"""Which of the two runs a plan: the C helper or its Python twin; and the helper's middle process.

AIOVIRT_PURE=1 in the environment chooses the twin; so does a kernel without clone3, or a sandbox
that forbids it, and a build without the helper.
"""

from __future__ import annotations

import errno
import importlib
import os
import select
import signal
from types import ModuleType
from typing import Protocol

from aiovirt.processes import _twin
from aiovirt.processes._abilities import abilities
from aiovirt.processes._handle import WALL
from aiovirt.processes._steps import SPAWN_FAILED, Outcome, Plan

__all__ = ["BesideUs", "Engine", "HelperEngine", "TwinEngine", "default_engine"]

SO_FAR, ENDED = False, True


class BesideUs(Protocol):
    """A child that runs beside us until its exec; see `_twin.BesideUs`."""

    fd: int

    @property
    def pid(self) -> int:
        """The child's process id, or 0 as long as there is none."""
        ...

    @property
    def pidfd(self) -> int:
        """The descriptor that refers to the child, or -1 as long as there is none."""
        ...

    def finish(self) -> Outcome:
        """Take the outcome, once `fd` is readable; closes `fd`."""
        ...


class Engine(Protocol):
    """What runs plans."""

    name: str

    def into_cgroup(self) -> bool:
        """Whether a child can be born into a cgroup."""
        ...

    def start(self, plan: Plan) -> Outcome:
        """Start a plan; returns when its program runs, or has failed and is reaped."""
        ...

    def start_beside(self, plan: Plan, *, orphan: bool) -> BesideUs:
        """Start a plan whose child runs beside us until its exec.

        Raises:
            OSError: There could be no child.
        """
        ...


class _Middle:
    """The helper's middle process and the program behind it."""

    def __init__(self, helper: ModuleType, plan: Plan, *, orphan: bool) -> None:
        self._helper = helper
        self._job, self._pid, self.fd = helper.spawn_detached(
            plan.steps, plan.path, plan.argv, plan.env, plan.flags, plan.cgroup, orphan
        )

    @property
    def pid(self) -> int:
        pid: int = self._helper.outcome(self._job, SO_FAR)[0]
        return pid

    @property
    def pidfd(self) -> int:
        pidfd: int = self._helper.outcome(self._job, SO_FAR)[1]
        return pidfd

    def finish(self) -> Outcome:
        ended = os.waitid(os.P_PIDFD, self.fd, os.WEXITED | WALL)
        os.close(self.fd)
        if ended is not None and ended.si_status != 0:
            self._end_program()
            pid, pidfd, _, _ = self._helper.outcome(self._job, ENDED)
            return Outcome(pid, pidfd, SPAWN_FAILED, errno.ECANCELED)
        return Outcome(*self._helper.outcome(self._job, ENDED))

    def _end_program(self) -> None:
        """Somebody killed the middle process: end its program, which may still use the job."""
        pidfd = self.pidfd
        if pidfd >= 0:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            ended.poll()


class HelperEngine:
    """Runs plans by the C helper."""

    name = "helper"

    def __init__(self, helper: ModuleType) -> None:
        self._helper = helper

    def into_cgroup(self) -> bool:
        """See `Engine.into_cgroup`."""
        return abilities().into_cgroup

    def start(self, plan: Plan) -> Outcome:
        """See `Engine.start`."""
        steps, _, *rest = plan
        return Outcome(*self._helper.spawn(steps, *rest))

    def start_beside(self, plan: Plan, *, orphan: bool) -> BesideUs:
        """See `Engine.start_beside`."""
        return _Middle(self._helper, plan, orphan=orphan)


class TwinEngine:
    """Runs plans by the Python twin."""

    name = "twin"

    def into_cgroup(self) -> bool:
        """See `Engine.into_cgroup`: never, for that takes clone3."""
        return False

    def start(self, plan: Plan) -> Outcome:
        """See `Engine.start`."""
        return _twin.start(plan)

    def start_beside(self, plan: Plan, *, orphan: bool) -> BesideUs:
        """See `Engine.start_beside`."""
        return _twin.start_beside(plan, orphan=orphan)


def _load_helper() -> ModuleType | None:
    try:
        return importlib.import_module("aiovirt.processes._spawn")
    except ImportError:
        return None


def default_engine() -> Engine:
    """Return the helper where it is built and the kernel lets it work, else the twin."""
    if os.environ.get("AIOVIRT_PURE") != "1" and abilities().clone3:
        helper = _load_helper()
        if helper is not None:
            return HelperEngine(helper)
    return TwinEngine()
