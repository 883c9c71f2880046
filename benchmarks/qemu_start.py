"""Starting paused guests: by the embedded driver, and by a bare script with the same argv.

The bare script does the least that can be done: it makes the monitor's socket, executes QEMU,
and negotiates QMP. Its time is what QEMU itself needs. Both sides take turns; a rate is guests a
second until their monitors can be used.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import uvloop

from _table import Row, main
from aiovirt._open import open as open_host
from aiovirt.config import DomainConfig, Serial
from aiovirt.model.units import MiB
from aiovirt.objects import Connection, Domain

TURNS = 15
TOGETHER = 20
TURNS_TOGETHER = 5
BARE = "bare script"
ONE_BAR = 1 / 1.6
MANY_BAR = 1 / 1.3

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "aiovirt, asyncio": ("asyncio", {}),
    "aiovirt, uvloop": ("asyncio", {"loop_factory": uvloop.new_event_loop}),
    "aiovirt, trio": ("trio", {}),
}


# --- the bare script ----------------------------------------------------------------------------


class Bare:
    """One QEMU, started with the least there is."""

    def __init__(self, argv: Sequence[str], folder: str) -> None:
        path = f"{folder}/{time.monotonic_ns()}.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(path)
        fd = self.listener.fileno()
        words = [re.sub(r"(?<=charmonitor,fd=)\d+", str(fd), word) for word in argv]
        self.process = subprocess.Popen(
            words, pass_fds=[fd], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait_until_usable(self) -> None:
        """Read the greeting and negotiate."""
        with self.monitor.makefile("rb") as lines:
            json.loads(lines.readline())
            self.monitor.sendall(b'{"execute": "qmp_capabilities"}')
            json.loads(lines.readline())

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self.monitor.close()
        self.listener.close()


def bare(argv: Sequence[str], count: int) -> float:
    """Guests a second of the bare script, `count` of them at once."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        started = [Bare(argv, folder) for _ in range(count)]
        for one in started:
            one.wait_until_usable()
        rate = count / (time.perf_counter() - begin)
        for one in started:
            one.end()
    return rate


# --- the driver ---------------------------------------------------------------------------------


def config_of(name: str) -> DomainConfig:
    """A small guest with a serial console."""
    return DomainConfig(name=name, memory=MiB(64), vcpus=1, serials=[Serial.pty()])


@asynccontextmanager
async def defined(root: str) -> AsyncIterator[tuple[Connection, list[Domain]]]:
    """An open host with enough domains."""
    async with open_host(f"qemu:///embed?root={root}") as host:
        yield (
            host,
            [await host.domains.define(config_of(f"web{number}")) for number in range(TOGETHER)],
        )


async def argv_of(root: str) -> list[str]:
    """The command line that the driver uses, without the console's log and pty of one guest."""
    async with defined(root) as (host, _):
        return list(await host.native_command(config_of("web0")))


async def ours(root: str, count: int) -> float:
    """Guests a second of the driver, `count` of them at once."""
    async with defined(root) as (_, domains):
        begin = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for vm in domains[:count]:
                tasks.start_soon(partial(vm.start, paused=True))
        rate = count / (time.perf_counter() - begin)
        for vm in domains[:count]:
            await vm.destroy()
    return rate


# --- side by side -------------------------------------------------------------------------------


def compare(group: str, count: int, turns: int, bar: float, root: str) -> list[Row]:
    """The driver on each loop beside the bare script, turn by turn."""
    argv = anyio.run(argv_of, root)
    base = Row(group, BARE, "starts/s")
    rows = [
        Row(group, name, "starts/s", base=base.samples, base_name=BARE, bar=bar) for name in LOOPS
    ]
    for _ in range(turns):
        base.samples.append(bare(argv, count))
        for row in rows:
            backend, options = LOOPS[row.name]
            row.samples.append(
                anyio.run(ours, root, count, backend=backend, backend_options=options)
            )
    return [base, *rows]


def measure() -> list[Row]:
    """Both groups of the comparison."""
    os.environ.setdefault("LC_ALL", "C")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        root = str(Path(folder) / "root")
        return [
            *compare("one start, paused", 1, TURNS, ONE_BAR, root),
            *compare(f"{TOGETHER} starts at once", TOGETHER, TURNS_TOGETHER, MANY_BAR, root),
        ]


if __name__ == "__main__":
    main(measure, __doc__)
