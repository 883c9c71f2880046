"""A vCenter with 1,000 and with 5,000 machines, asked and powered by aiovirt and by pyvmomi.

The vCenter is VMware's own simulator.  Each contender is a process of its own; an inventory is
taken from no connection to name, power state, guest and summary of every machine.  Memory is
compared twice: that of the whole process, and with the libraries of both loaded in each, so that
only the work differs.  Requests of a second listing are counted by the simulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from _table import Row, main

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from vcsimlab import Shape, Simulator, run_simulator

HERE = Path(__file__).parent
LOOPS = ("asyncio", "uvloop", "trio")
FEW, MANY = 1000, 5000
TURNS = {FEW: 5, MANY: 2}
HOSTS = 10
PAIRS = 500
PAIRS_WAITED_FOR = 150  # it is so slow that a turn would take longer than all others together
IN_FLIGHT = 50
TURNS_OF_PAIRS = 3
POLLING = f"pyvmomi, {IN_FLIGHT} threads that poll"
WAITING = f"pyvmomi, WaitForTask in {IN_FLIGHT} threads"
WAITING_APART = f"{WAITING} with collectors of their own"

LIST_BAR = 3.0
MEMORY_BAR = 1.0
POLLING_BAR = 1.0
WAITING_BAR = 5.0
QUIET_BAR = 1.0


Order = tuple[str, *tuple[int, ...]]
"""What is measured, of how many, and further numbers."""


class Contender:
    """A process that measures what it is asked for."""

    def __init__(self, simulator: Simulator, script: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        where = {
            "host": "127.0.0.1",
            "port": simulator.port,
            "user": simulator.user,
            "password": simulator.password,
            "ca": str(simulator.ca),
        }
        self._say(json.dumps(where))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def figure(self, *words: object) -> float:
        """Let it measure."""
        self._say(" ".join(map(str, words)))
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def take(self, what: str, count: int, *numbers: int) -> tuple[float, float]:
        """Let it measure; the rate, and the rate by its processor time alone."""
        begin = self._cpu()
        rate = self.figure(what, count, *numbers)
        return rate, count / (self._cpu() - begin)

    def _cpu(self) -> float:
        """Processor seconds of all its threads so far: proc_pid_stat(5)."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Contenders:
    """pyvmomi, and aiovirt on each loop."""

    def __init__(self, simulator: Simulator, stack: ExitStack) -> None:
        self.peer = Contender(simulator, "_vsphere_peer.py")
        self.ours = {loop: Contender(simulator, "_vsphere_ours.py", loop) for loop in LOOPS}
        for contender in (self.peer, *self.ours.values()):
            stack.callback(contender.close)

    def compare(self, ours: Order, peer: Order, row: Row, turns: int) -> list[Row]:
        """Let all measure by turns, after one that does not count.

        Two rows for each loop: by the clock, and by the processor time that the client takes, which
        a busy machine changes less.
        """
        by_clock = {loop: replace(row, name=f"aiovirt, {loop}", samples=[]) for loop in LOOPS}
        group, unit = f"{row.group}, by CPU time", row.unit.replace("/s", "/CPU s")
        by_cpu = {
            loop: replace(each, group=group, unit=unit, samples=[], bar=None)
            for loop, each in by_clock.items()
        }
        for each in (*by_clock.values(), *by_cpu.values()):
            each.base = []
        for turn in range(1 + turns):
            theirs = self.peer.take(*peer)
            for loop, contender in self.ours.items():
                for rows, own, base in zip(
                    (by_clock, by_cpu), contender.take(*ours), theirs, strict=True
                ):
                    if turn:
                        rows[loop].samples.append(own)
                        rows[loop].base.append(base)
        return [*by_clock.values(), *by_cpu.values()]


@contextmanager
def vcenter(machines: int) -> Iterator[Simulator]:
    """Run a vCenter with that many machines, all of them running."""
    shape = Shape(machines=machines, standalone_hosts=0, cluster_hosts=HOSTS)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_simulator("vcenter", Path(folder), shape) as simulator,
    ):
        yield simulator


def inventories(contenders: Contenders, count: int) -> list[Row]:
    """From no connection to the properties of all machines, and to the driver's list of them."""
    rows = []
    for what, group, bar in (
        ("inventory", "inventory", LIST_BAR),
        ("listing", "aiovirt.open, and list", None),
    ):
        row = Row(f"{group} of {count:,}", "", "machines/s", base_name="pyvmomi", bar=bar)
        rows += contenders.compare((what, count), ("inventory", count), row, TURNS[count])
    return rows


def memories(simulator: Simulator, count: int) -> list[Row]:
    """What a process needs that takes the inventory once: less is more, so what fits in a GiB."""
    rows = []
    for what, over, group, bar in (
        ("memory_of_work", "memory_of_work", "same libraries loaded", MEMORY_BAR),
        ("memory", "memory", "whole process", None),
        ("memory_of_driver", "memory", "aiovirt.open and list, whole process", None),
    ):
        theirs = _memory(simulator, "_vsphere_peer.py", over, count)
        for loop in LOOPS:
            ours = _memory(simulator, "_vsphere_ours.py", what, count, loop)
            rows.append(
                Row(
                    f"memory at {count:,}, {group} ({ours:.1f} to {theirs:.1f} MiB)",
                    f"aiovirt, {loop}",
                    "in 1 GiB",
                    [1024 / ours],
                    [1024 / theirs],
                    "pyvmomi",
                    bar,
                )
            )
    return rows


def _memory(simulator: Simulator, script: str, what: str, count: int, *loop: str) -> float:
    contender = Contender(simulator, script, *loop)
    figure = contender.figure(what, count)
    contender.close()
    return figure


def all_pairs(contenders: Contenders) -> list[Row]:
    """Machines powered off and on again."""
    rows = []
    for what, count, over, bar in (
        ("polling", PAIRS, POLLING, POLLING_BAR),
        ("waiting", PAIRS_WAITED_FOR, WAITING, WAITING_BAR),
        ("waiting_apart", PAIRS_WAITED_FOR, WAITING_APART, None),
    ):
        row = Row(f"{count} pairs, {IN_FLIGHT} in flight", "", "pairs/s", base_name=over, bar=bar)
        words = ("pairs", count, IN_FLIGHT)
        rows += contenders.compare(words, (what, count, IN_FLIGHT), row, TURNS_OF_PAIRS)
    return rows


def second_listings(simulator: Simulator, count: int) -> list[Row]:
    """Requests of a second listing on the connection that is open: one over one more than that."""
    rows = []
    for loop in LOOPS:
        contender = Contender(simulator, "_vsphere_ours.py", loop)
        contender.figure("again", count)
        before = simulator.counts()
        seconds = contender.figure("go")
        asked = sum(simulator.counts().values()) - sum(before.values())
        contender.figure("go")
        contender.close()
        group = f"second listing of {count:,} ({asked} requests, {1000 * seconds:.1f} ms)"
        figures = [1 / (1 + asked)]
        rows.append(Row(group, f"aiovirt, {loop}", "", figures, [1.0], "no request", QUIET_BAR))
    return rows


def measure() -> list[Row]:
    """All of it."""
    rows = []
    with vcenter(FEW) as simulator, ExitStack() as stack:
        contenders = Contenders(simulator, stack)
        rows += inventories(contenders, FEW)
        rows += all_pairs(contenders)
        rows += second_listings(simulator, FEW)
    with vcenter(MANY) as simulator, ExitStack() as stack:
        rows += inventories(Contenders(simulator, stack), MANY)
        rows += memories(simulator, MANY)
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
