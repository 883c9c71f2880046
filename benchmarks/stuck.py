"""Twenty guests, one of them stopped: how long all calls to the others, and of all, take together.

A sweep asks each of the nineteen for its state and its figures, lists all, and takes the statistics
of all, at once. The bar is one sweep a second; the same sweep of twenty that answer stands beside.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio

from _table import Row, main
from aiovirt.objects import Connection, Domain
from qemu_start import LOOPS, defined

TURNS = 10
BAR = 1.0
STUCK, WELL = "one of twenty stopped", "all twenty answer"


async def sweep(host: Connection, asked: list[Domain]) -> float:
    """Sweeps a second, of one."""
    begin = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for vm in asked:
            tasks.start_soon(vm.monitor_command, "query-status")
            tasks.start_soon(vm.info)
        tasks.start_soon(host.domains.records)
        tasks.start_soon(host.stats)
    return 1 / (time.perf_counter() - begin)


def pid_of(root: str, vm: Domain) -> int:
    """The process of a running domain, from its pidfile."""
    return int(Path(root, "run", str(vm.uuid), "pid").read_text(encoding="ascii"))


async def turns(root: str) -> tuple[list[float], list[float]]:
    """The sweeps of all turns: with one stopped, and with all well."""
    stuck: list[float] = []
    well: list[float] = []
    async with defined(root) as (host, domains):
        async with anyio.create_task_group() as tasks:
            for vm in domains:
                tasks.start_soon(partial(vm.start, paused=True))
        stopped, *others = domains
        pid = pid_of(root, stopped)
        for _ in range(TURNS):
            well.append(await sweep(host, others))
            os.kill(pid, signal.SIGSTOP)
            stuck.append(await sweep(host, others))
            os.kill(pid, signal.SIGCONT)
            await stopped.monitor_command("query-status")
        for vm in domains:
            await vm.destroy()
    return stuck, well


def measure() -> list[Row]:
    """Both conditions on each loop."""
    rows = []
    for name, (backend, options) in LOOPS.items():
        with tempfile.TemporaryDirectory() as root:
            stuck, well = anyio.run(turns, root, backend=backend, backend_options=options)
        second = [1.0] * TURNS
        rows.append(Row(WELL, name, "sweeps/s", samples=well))
        rows.append(
            Row(STUCK, name, "sweeps/s", stuck, base=second, base_name="one a second", bar=BAR)
        )
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
