"""9,000 connections from one process: the memory of each, keepalive of all, a sweep over all.

The daemons are one process of our own fake libvirtd, which speaks the server's end of the protocol.
Each connection is a whole `aiovirt.open`, kept open by a task of its own, as a fleet controller has
it.  Memory is this process' resident memory over the number of connections.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import anyio

from _table import Row, main
from aiovirt import _open
from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection
from qemu_start import LOOPS

CONNECTIONS = 9000
LIMIT_KIB = 40
OPENING = 64
SILENCE_S = 12

SERVER = """
import sys, anyio
from aiovirt.testing.fake_libvirtd import run_fake_libvirtd

async def main():
    async with run_fake_libvirtd(sys.argv[1]) as fake:
        print("ready", flush=True)
        async for _ in anyio.wrap_file(sys.stdin):
            print(fake.pinged, len(fake.sessions), flush=True)

anyio.run(main)
"""


@dataclass
class Fleet:
    """The open connections."""

    hosts: list[Connection] = field(default_factory=list)
    full: anyio.Event = field(default_factory=anyio.Event)
    over: anyio.Event = field(default_factory=anyio.Event)

    async def keep(self, uri: str, gate: anyio.CapacityLimiter) -> None:
        """Hold one connection open until it is over."""
        await gate.acquire()
        async with _open.open(uri) as host:
            gate.release()
            self.hosts.append(host)
            if len(self.hosts) == CONNECTIONS:
                self.full.set()
            await self.over.wait()


async def state_of(host: Connection, states: list[DomainState]) -> None:
    """Ask one host for the state of its domain."""
    (vm,) = await host.domains.list()
    states.append((await vm.info()).state)


def resident_kib() -> float:
    """Resident memory of this process, in KiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024


async def run(uri: str, server: subprocess.Popen[str]) -> tuple[float, float, float]:
    """KiB a connection, pings a connection in the time of silence, and hosts a second."""
    fleet, gate = Fleet(), anyio.CapacityLimiter(OPENING)
    async with _open.open(uri) as first:
        await state_of(first, [])
    gc.collect()
    before = resident_kib()
    each = pings = rate = 0.0
    async with anyio.create_task_group() as tasks:
        for _ in range(CONNECTIONS):
            tasks.start_soon(fleet.keep, uri, gate)
        await fleet.full.wait()
        gc.collect()
        each = (resident_kib() - before) / CONNECTIONS
        before_silence = pinged(server)
        await anyio.sleep(SILENCE_S)
        pings = (pinged(server) - before_silence) / CONNECTIONS
        states: list[DomainState] = []
        begin = time.perf_counter()
        async with anyio.create_task_group() as sweep:
            for host in fleet.hosts:
                sweep.start_soon(state_of, host, states)
        rate = len(states) / (time.perf_counter() - begin)
        assert states == [DomainState.RUNNING] * CONNECTIONS
        fleet.over.set()
    return each, pings, rate


def pinged(server: subprocess.Popen[str]) -> int:
    """How many pings the daemon got; all connections must be there."""
    assert server.stdin is not None
    assert server.stdout is not None
    print(file=server.stdin, flush=True)
    pings, sessions = map(int, server.stdout.readline().split())
    assert sessions >= CONNECTIONS, f"{sessions} connections are left"
    return pings


@contextmanager
def daemon() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the fake libvirtd; its URI and its process."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/sock"
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"qemu+unix:///system?socket={path}", process
        finally:
            process.kill()
            process.communicate()


def one_loop(loop: str) -> tuple[float, float, float]:
    """What `run` gives on one loop; for a process of its own, whose memory nothing else used."""
    wanted = CONNECTIONS + 200
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, min(hard, 65536)), hard))
    backend, options = LOOPS[loop]
    with daemon() as (uri, server):
        return anyio.run(run, uri, server, backend=backend, backend_options=options)


def measure() -> list[Row]:
    """Each loop with a process and a daemon of its own."""
    rows = []
    for loop in LOOPS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            each, pings, rate = process.submit(one_loop, loop).result()
        what = f"{CONNECTIONS:,} connections"
        rows.append(
            Row(
                what,
                f"{loop}: in a MiB",
                "conn/MiB",
                [1024 / each],
                [1024 / LIMIT_KIB],
                "40 KiB each",
                1.0,
            )
        )
        rows.append(Row(what, f"{loop}: pings in 12 s", "each", [pings], [1.0], "one each", 1.0))
        rows.append(Row(what, f"{loop}: sweep", "hosts/s", [rate]))
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
