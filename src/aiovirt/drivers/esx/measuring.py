"""Asking hosts what they have measured of many machines, in few requests, each with a bound."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.drivers.esx.counters import GROUPS, Sums, names_of_counters, wanted
from aiovirt.drivers.esx.machine import ON, Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import AiovirtError
from aiovirt.model.domain import Control, ControlState
from aiovirt.model.statistics import ANSWERS, StatsGroup
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.performance import (
    PerfEntityMetric,
    PerfMetricId,
    PerfQuerySpec,
)
from aiovirt.protocols.vsphere.tables.performance_methods import QUERY_PERF, QueryPerfArgs

__all__ = ["ANSWER_S", "AT_ONCE", "Measured", "Measurer"]

AT_ONCE: Final = 200
"""Of how many machines one request asks, so that no answer is of more than some megabytes."""

ANSWER_S: Final = 30.0
"""Seconds that one request may take, before its machines are told as not answering."""

_REAL_TIME_S: Final = 20
_QUICK: Final = "summary.quickStats"


class Measured:
    """What is known of one machine.

    Attributes:
        sums: Its counters.
        quick: Its `VirtualMachineQuickStats`, or None.
        control: Whether its host answered.
    """

    __slots__ = ("control", "quick", "sums")

    def __init__(self) -> None:
        self.sums = Sums()
        self.quick: Any = None
        self.control: ControlState = ANSWERS


class Measurer:
    """Keeps the counters of a connection's machines.

    Args:
        session: The connection.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[Ref, Measured] = {}
        self._names: Mapping[int, str] | None = None
        self._turn = anyio.Lock()

    async def measure(
        self, machines: Sequence[Machine], groups: StatsGroup
    ) -> Mapping[Ref, Measured]:
        """What hosts tell of machines now; those that are not on have nothing to tell.

        Args:
            machines: Which.
            groups: What is wanted.

        Raises:
            AiovirtError: The server does not tell which counters it has.

        Cancellation: nothing is counted twice.
        """
        running = [each for each in machines if each.power == ON]
        async with self._turn:  # two at a time would add the same samples
            self._forget()
            for machine in running:
                self._known.setdefault(machine.ref, Measured()).sums.begin(machine)
            names = await self._counters() if groups & GROUPS and running else {}
            asked = wanted(names, groups)
            async with open_task_group() as tasks:
                for start in range(0, len(running), AT_ONCE):
                    some = running[start : start + AT_ONCE]
                    tasks.start_soon(self._ask, some, asked, groups)
            return {each.ref: self._known[each.ref] for each in running}

    def _forget(self) -> None:
        """Forget machines that are gone."""
        for ref in [each for each in self._known if self._session.machines.find(each) is None]:
            del self._known[ref]

    async def _counters(self) -> Mapping[int, str]:
        """The server's numbers of counters, which never change."""
        manager = self._session.content.perf_manager
        if self._names is None and manager is not None:
            known = await self._session.get(manager, "perfCounter", what="tell its counters")
            self._names = names_of_counters(known.get("perfCounter") or ())
        return self._names or {}

    async def _ask(self, machines: Sequence[Machine], asked: list[int], groups: StatsGroup) -> None:
        error: str | None = f"no answer within {ANSWER_S:g} s"
        with anyio.move_on_after(ANSWER_S):
            try:
                await self._measure(machines, asked, groups)
                error = None
            except AiovirtError as refusal:
                error = str(refusal)
        for machine in machines:
            known = self._known[machine.ref]
            known.control = ANSWERS if error is None else _silent(known.control, error)

    async def _measure(
        self, machines: Sequence[Machine], asked: list[int], groups: StatsGroup
    ) -> None:
        if groups & StatsGroup.BALLOON:
            found = await self._session.get_many([each.ref for each in machines], [_QUICK])
            for ref, known in found.items():
                self._known[ref].quick = known.get(_QUICK)
        manager = self._session.content.perf_manager
        if not asked or manager is None:
            return
        specs = tuple(self._spec(machine.ref, asked) for machine in machines)
        what = f"measure {len(machines)} domains"
        args = QueryPerfArgs(query_spec=specs)
        for metric in await self._session.call(QUERY_PERF, manager, args, what=what):
            if isinstance(metric, PerfEntityMetric):
                self._known[metric.entity].sums.add(metric, self._names or {})

    def _spec(self, ref: Ref, asked: list[int]) -> PerfQuerySpec:
        names = self._names or {}
        since: datetime | None = self._known[ref].sums.since([names[each] for each in asked])
        return PerfQuerySpec(
            entity=ref,
            start_time=since,
            max_sample=1 if since is None else None,
            metric_id=tuple(PerfMetricId(counter_id=each, instance="*") for each in asked),
            interval_id=_REAL_TIME_S,
        )


def _silent(before: ControlState, error: str) -> ControlState:
    """That a machine's host does not answer, since when it did not."""
    return ControlState(Control.UNRESPONSIVE, before.since or time.time(), error)
