"""Sequential QMP calls to one real QEMU: by us on each loop, by qemu.qmp, by a blocking socket.

The blocking loop is the plainest that one writes: the standard library's JSON, one request, one
line back.  All contenders take turns, each on a new connection to the same QEMU.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import uvloop
from qemu.qmp import QMPClient as PeerClient

from _table import Row, main
from aiovirt.clients.qmp import connect_qmp

TURNS = 25
CALLS = 200
COMMAND = "query-status"
BLOCKING = "blocking socket"
PEER = "qemu.qmp"
TWICE_THE_PEER = 2.0

Rate = Callable[[Path], float]


def blocking(path: Path) -> float:
    """The base: a plain socket and the standard library's JSON."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        file = sock.makefile("rb")
        file.readline()
        _ask(sock, file.readline, "qmp_capabilities")
        begin = time.perf_counter()
        for _ in range(CALLS):
            _ask(sock, file.readline, COMMAND)
        rate = CALLS / (time.perf_counter() - begin)
        file.close()
    return rate


def _ask(sock: socket.socket, readline: Callable[[], bytes], command: str) -> object:
    sock.sendall(json.dumps({"execute": command}).encode() + b"\n")
    return json.loads(readline())["return"]


def peer(path: Path) -> float:
    """The client from PyPI, on asyncio."""
    return asyncio.run(_peer(path))


async def _peer(path: Path) -> float:
    client = PeerClient("benchmark")
    await client.connect(str(path))
    begin = time.perf_counter()
    for _ in range(CALLS):
        await client.execute(COMMAND)
    rate = CALLS / (time.perf_counter() - begin)
    await client.disconnect()
    return rate


async def _ours(path: Path) -> float:
    async with connect_qmp(path) as qmp:
        begin = time.perf_counter()
        for _ in range(CALLS):
            await qmp.execute(COMMAND)
        return CALLS / (time.perf_counter() - begin)


def ours(backend: str, options: dict[str, object], path: Path) -> float:
    """Our client on one event loop."""
    return anyio.run(_ours, path, backend=backend, backend_options=options)


CONTENDERS: dict[str, tuple[Rate, float | None]] = {
    BLOCKING: (blocking, None),
    PEER: (peer, None),
    "aiovirt, asyncio": (partial(ours, "asyncio", {}), 0.75),
    "aiovirt, uvloop": (partial(ours, "asyncio", {"loop_factory": uvloop.new_event_loop}), 0.85),
    "aiovirt, trio": (partial(ours, "trio", {}), 0.85),
}
"""Each with the least ratio to the blocking socket that is asked for."""


@contextmanager
def qemu() -> Iterator[Path]:
    """Run a paused QEMU without a machine, and give the path of its monitor."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "monitor.sock")
        monitor = ["-chardev", f"socket,id=m,path={path},server=on,wait=off"]
        bare = ["-machine", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S"]
        argv = ["qemu-system-x86_64", *bare, *monitor, "-mon", "chardev=m,mode=control"]
        process = subprocess.Popen(argv)
        try:
            while not path.exists():
                time.sleep(0.01)
            yield path
        finally:
            process.kill()
            process.wait()


def measure() -> list[Row]:
    """Let all take turns, after one that does not count."""
    samples: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with qemu() as path:
        for turn in range(1 + TURNS):
            for name, (contender, _bar) in CONTENDERS.items():
                rate = contender(path)
                if turn:
                    samples[name].append(rate)
    return list(_rows(samples))


def _rows(samples: dict[str, list[float]]) -> Iterator[Row]:
    for name, (_rate, bar) in CONTENDERS.items():
        own = samples[name]
        yield Row("sequential", name, "calls/s", own, samples[BLOCKING], BLOCKING, bar)
        if bar is not None:
            yield Row("sequential", name, "calls/s", own, samples[PEER], PEER, TWICE_THE_PEER)


if __name__ == "__main__":
    main(measure, __doc__)
