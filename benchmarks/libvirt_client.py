"""A real libvirtd with 500 domains, asked by us and by libvirt-python, turn by turn.

Listing and statistics are compared by the client's processor time: calls in a second of it.  1,000
callers of `info` on one connection are compared with 16 threads of libvirt-python by the clock;
meanwhile a task measures for how long our event loop answers nobody.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import anyio

from _table import Row, main
from qemu_start import LOOPS

sys.path.append(str(Path(__file__).parents[1] / "tests/support"))

from labsamples import guest_xml
from libvirtlab import Lab, run_lab

from aiovirt import _open
from aiovirt.objects import Connection, Domain

TURNS = 7
DOMAINS = 500
REPEATS = 20
MANY = 200  # so many that each contender pays for its own garbage collections
CALLERS = 1000
CALLS_EACH = 7
INFO_TURNS = 10  # short ones by turns: both keep two processors busy, whose speed changes meanwhile
THREADS = 16
PEER = "libvirt-python"
SYSTEM_PYTHON = "/usr/bin/python3"

STATS_BAR = 1 / 3
LIST_BAR = 1.0
INFO_BAR = 1.0
STALL_S = 0.020
WATCH_S = 0.002


class Peer:
    """The process of libvirt-python."""

    def __init__(self, uri: str) -> None:
        script = str(Path(__file__).with_name("_libvirt_peer.py"))
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, script, uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self, *words: object) -> float:
        """Let it measure."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(*words, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Samples:
    """What the turns gave: rates by measurement, of both; and our longest stalls."""

    ours: dict[str, list[float]] = field(default_factory=dict)
    peer: dict[str, list[float]] = field(default_factory=dict)
    stalls: list[float] = field(default_factory=list)

    def add(self, name: str, ours: float, peer: float) -> None:
        """One turn of one measurement."""
        self.ours.setdefault(name, []).append(ours)
        self.peer.setdefault(name, []).append(peer)


async def per_cpu_second(call: Callable[[], Awaitable[object]], times: int = REPEATS) -> float:
    """How often a call can be made in a second of our processor time."""
    begin = time.process_time()
    for _ in range(times):
        await call()
    return times / (time.process_time() - begin)


@dataclass
class Steady:
    """The rate of calls from when each of many callers may have made its first."""

    done: int = 0
    begun: float = 0.0
    ended: float = 0.0

    def count(self) -> None:
        """One call more was answered."""
        self.done += 1
        if self.done == CALLERS:
            self.begun = time.perf_counter()
        elif self.done == CALLERS * CALLS_EACH:
            self.ended = time.perf_counter()

    def rate(self) -> float:
        """Calls in a second, at the end."""
        return (self.done - CALLERS) / (self.ended - self.begun)


async def ask(vm: Domain, steady: Steady) -> None:
    """One of many callers at once."""
    for _ in range(CALLS_EACH):
        await vm.info()
        steady.count()


async def infos(host: Connection, name: str, stalls: list[float]) -> float:
    """Calls of `info` in a second, all at once on one connection."""
    vm = await host.domains.get(name)
    longest = 0.0
    steady = Steady()

    async def watch() -> None:
        nonlocal longest
        while True:
            begin = time.perf_counter()
            await anyio.sleep(WATCH_S)
            longest = max(longest, time.perf_counter() - begin - WATCH_S)

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch)
        async with anyio.create_task_group() as tasks:
            for _ in range(CALLERS):
                tasks.start_soon(ask, vm, steady)
        watching.cancel_scope.cancel()
    stalls.append(longest)
    return steady.rate()


async def take_turns(uri: str, peer: Peer, samples: Samples) -> None:
    """All turns on one loop, after one that does not count."""
    async with _open.open(uri) as host:
        for turn in range(1 + TURNS):
            kept = samples if turn else Samples()
            stats = await per_cpu_second(host.stats)
            kept.add("stats", stats, peer.rate("stats", REPEATS))
            listed = await per_cpu_second(host.domains.list, MANY)
            kept.add("list", listed, peer.rate("list", MANY))
            records = await per_cpu_second(host.domains.records)
            kept.add("states", records, peer.rate("states", REPEATS))
            for _ in range(INFO_TURNS):
                gc.collect()  # what other measurements have left is not this one's
                ours = await infos(host, "bench0", kept.stalls)
                kept.add("info", ours, peer.rate("info", "bench0", CALLERS * CALLS_EACH, THREADS))


async def define_all(uri: str) -> None:
    """Define the domains."""
    async with _open.open(uri) as host, anyio.create_task_group() as tasks:
        for number in range(DOMAINS):
            text = guest_xml(f"bench{number}").replace(
                "</name>", f"</name><uuid>{uuid4()}</uuid>", 1
            )
            tasks.start_soon(host.domains.define, text)


@contextmanager
def lab_with_domains() -> Iterator[Lab]:
    """Run a libvirtd that has the domains."""
    with tempfile.TemporaryDirectory() as folder, run_lab(Path(folder, "lab")) as lab:
        anyio.run(define_all, lab.uri("unix"))
        yield lab


CONDITIONS = {
    "stats": ("statistics of 500", "calls/CPU s", PEER, STATS_BAR),
    "list": ("listing 500", "calls/CPU s", PEER, LIST_BAR),
    "states": ("listing 500 with states", "calls/CPU s", PEER, LIST_BAR),
    "info": ("info by 1,000 at once", "calls/s", f"{PEER}, {THREADS} threads", INFO_BAR),
}


def measure() -> list[Row]:
    """Each loop in turn with libvirt-python."""
    rows = []
    with lab_with_domains() as lab:
        peer = Peer(lab.uri("unix"))
        for loop, (backend, options) in LOOPS.items():
            samples = Samples()
            anyio.run(
                take_turns,
                lab.uri("unix"),
                peer,
                samples,
                backend=backend,
                backend_options=options,
            )
            for name, (condition, unit, over, bar) in CONDITIONS.items():
                ours, theirs = samples.ours[name], samples.peer[name]
                rows.append(Row(condition, loop, unit, ours, theirs, over, bar))
            rates = [1 / stall for stall in samples.stalls]
            limit = [1 / STALL_S] * len(rates)
            rows.append(Row("longest stall", loop, "1/s", rates, limit, "20 ms", 1.0))
        peer.close()
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
