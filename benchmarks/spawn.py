"""Sequential spawn-and-wait of /bin/true, by us and by the others, in one process.

Three conditions: as it is, with 2 GiB of touched memory in the parent, and with 15,000 open
descriptors.  All contenders take turns within each condition, and the conditions too.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator

import anyio
import trio
import uvloop

from _table import Row, main
from aiovirt.processes import Command, Stdio, run

PROGRAM = "/bin/true"
TURNS = 15
SPAWNS = 30
BALLAST = 2 << 30
DESCRIPTORS = 15_000
BASE = "os.posix_spawn"
OF_POSIX_SPAWN = 0.9
OF_ITSELF = 0.85

Rate = Callable[[], float]


def _per_second(begin: float) -> float:
    return SPAWNS / (time.perf_counter() - begin)


def posix_spawn() -> float:
    """The base: os.posix_spawn and waitpid."""
    begin = time.perf_counter()
    for _ in range(SPAWNS):
        os.waitpid(os.posix_spawn(PROGRAM, [PROGRAM], os.environ), 0)
    return _per_second(begin)


def subprocess_run() -> float:
    """The standard library, blocking."""
    begin = time.perf_counter()
    for _ in range(SPAWNS):
        subprocess.run([PROGRAM], check=True)
    return _per_second(begin)


async def _asyncio_block() -> float:
    begin = time.perf_counter()
    for _ in range(SPAWNS):
        process = await asyncio.create_subprocess_exec(PROGRAM)
        await process.wait()
    return _per_second(begin)


async def _trio_block() -> float:
    begin = time.perf_counter()
    for _ in range(SPAWNS):
        await trio.run_process([PROGRAM])
    return _per_second(begin)


async def _our_block() -> float:
    command = Command(PROGRAM)
    begin = time.perf_counter()
    for _ in range(SPAWNS):
        await run(command, stdout=Stdio.NULL, stderr=Stdio.NULL)
    return _per_second(begin)


UVLOOP = {"loop_factory": uvloop.new_event_loop}
CONTENDERS: dict[str, Rate] = {
    BASE: posix_spawn,
    "subprocess.run": subprocess_run,
    "asyncio": lambda: anyio.run(_asyncio_block),
    "uvloop": lambda: anyio.run(_asyncio_block, backend_options=UVLOOP),
    "trio": lambda: trio.run(_trio_block),
    "aiovirt, asyncio": lambda: anyio.run(_our_block),
    "aiovirt, uvloop": lambda: anyio.run(_our_block, backend_options=UVLOOP),
    "aiovirt, trio": lambda: anyio.run(_our_block, backend="trio"),
}


@contextlib.contextmanager
def ballast() -> Iterator[None]:
    """Hold memory of which every page was touched."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    with mmap.mmap(-1, BALLAST, flags=flags):
        yield


@contextlib.contextmanager
def descriptors() -> Iterator[None]:
    """Hold many open descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= DESCRIPTORS + 100, f"the limit of descriptors is {hard}: raise it (ulimit -n)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    fds = [null, *(os.dup(null) for _ in range(DESCRIPTORS - 1))]
    try:
        yield
    finally:
        for fd in fds:
            os.close(fd)


CONDITIONS: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    "plain": contextlib.nullcontext,
    "2 GiB touched": ballast,
    "15,000 descriptors": descriptors,
}


Samples = dict[tuple[str, str], list[tuple[float, float]]]


def measure() -> list[Row]:
    """Take all turns and return a row for each condition and contender.

    Right before each block of a contender stands a block of the base, to compare it with.
    """
    samples: Samples = {}
    for _ in range(TURNS):
        for condition, enter in CONDITIONS.items():
            with enter():
                for name, rate in CONTENDERS.items():
                    base = posix_spawn()
                    samples.setdefault((condition, name), []).append((rate(), base))
    rows = [_over_base(samples, condition, name) for condition, name in samples]
    ours = (key for key in samples if key[0] != "plain" and key[1].startswith("aiovirt"))
    return rows + [_over_itself(samples, condition, name) for condition, name in ours]


def _over_base(samples: Samples, condition: str, name: str) -> Row:
    bar = OF_POSIX_SPAWN if name.startswith("aiovirt") and condition == "plain" else None
    pairs = samples[condition, name]
    own, base = [own for own, _ in pairs], [base for _, base in pairs]
    return Row(condition, name, "spawns/s", own, base, BASE, bar)


def _over_itself(samples: Samples, condition: str, name: str) -> Row:
    """Compare a condition with the plain one."""
    own, plain = ([own for own, _ in samples[key, name]] for key in (condition, "plain"))
    return Row(f"{condition} / plain", name, "spawns/s", own, plain, "itself, plain", OF_ITSELF)


if __name__ == "__main__":
    main(measure, __doc__)
