"""aiovirt at work, in a process of its own: asked by lines, see `_vsphere_common`.

The only argument is the event loop.  The drivers are loaded where one is measured: beside pyvmomi,
which is a client of vSphere and no more, stands our client of vSphere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio

from _vsphere_common import PROPERTIES, Measurement, Where, answer, import_all, peak_mib
from aiovirt.clients.vsphere import Password, TLSTrust, VSphereTarget, open_client
from aiovirt.model.credentials import Login, Secret
from aiovirt.protocols.vsphere import Ref

if TYPE_CHECKING:
    from aiovirt.objects import Connection, Domain

LOOPS: dict[str, Callable[[], dict[str, Any]]] = {
    "asyncio": lambda: {"backend": "asyncio"},
    "uvloop": lambda: {
        "backend": "asyncio",
        "backend_options": {"loop_factory": import_module("uvloop").new_event_loop},
    },
    "trio": lambda: {"backend": "trio"},
}

Work = Callable[..., Awaitable[float]]


def target(where: Where) -> VSphereTarget:
    """The server."""
    login = Password(where["user"], Secret(where["password"]))
    trust = TLSTrust(ca_file=where["ca"])
    return VSphereTarget(where["host"], login, port=where["port"], trust=trust)


@asynccontextmanager
async def opened(where: Where) -> AsyncIterator[Connection]:
    """The server as users open it."""
    uri = f"vpx://{quote(where['user'])}@{where['host']}:{where['port']}/?cacert={where['ca']}"
    async with import_module("aiovirt").open(
        uri, credentials=Login(where["user"], where["password"])
    ) as host:
        yield host


async def inventory(where: Where, count: int) -> float:
    """Machines a second: from no connection to all of their properties."""
    begin = time.perf_counter()
    async with (
        open_client(target(where)) as client,
        client.open_inventory({"VirtualMachine": PROPERTIES}) as known,
    ):
        found: dict[Ref, Any] = {ref: known.get(ref) for ref in known.of_kind("VirtualMachine")}
        rate = len(found) / (time.perf_counter() - begin)
        assert len(found) == count, f"{len(found)} machines came"
        assert all(len(each) == len(PROPERTIES) for each in found.values())
    return rate


async def listing(where: Where, count: int) -> float:
    """Machines a second: from no connection to the driver's list of them with their states."""
    begin = time.perf_counter()
    async with opened(where) as host:
        records = await host.domains.records()
        rate = len(records) / (time.perf_counter() - begin)
        assert len(records) == count, f"{len(records)} machines came"
    return rate


async def again(where: Where, count: int) -> float:
    """Seconds of listing once more; the harness counts the requests between what is printed."""
    async with opened(where) as host:
        assert len(await host.domains.records()) == count
        _wait_for_go(0.0)
        begin = time.perf_counter()
        assert len(await host.domains.records()) == count
        seconds = time.perf_counter() - begin
        _wait_for_go(seconds)
        return seconds


def _wait_for_go(figure: float) -> None:
    """Say that so far all is done, and wait until the harness has counted."""
    print(figure, flush=True)
    sys.stdin.readline()


async def memory(where: Where, count: int) -> float:
    """MiB that this process has needed at most, with that inventory in its hands."""
    await inventory(where, count)
    return peak_mib()


async def memory_of_work(where: Where, count: int) -> float:
    """The same with all libraries loaded, also those of the other contender."""
    import_all()
    return await memory(where, count)


async def memory_of_driver(where: Where, count: int) -> float:
    """MiB that this process has needed at most, with the driver's own inventory in its hands."""
    await listing(where, count)
    return peak_mib()


async def pairs(where: Where, count: int, in_flight: int) -> float:
    """Machines that are powered off and on again in a second, by tasks on one connection."""
    limit = anyio.CapacityLimiter(in_flight)

    async def pair(vm: Domain) -> None:
        async with limit:
            await vm.destroy()
            await vm.start()

    async with opened(where) as host:
        targets = (await host.domains.list())[:count]
        begin = time.perf_counter()
        async with anyio.create_task_group() as group:
            for vm in targets:
                group.start_soon(pair, vm)
        return len(targets) / (time.perf_counter() - begin)


WORK: dict[str, Work] = {
    "again": again,
    "inventory": inventory,
    "listing": listing,
    "memory": memory,
    "memory_of_driver": memory_of_driver,
    "memory_of_work": memory_of_work,
    "pairs": pairs,
}


def main() -> None:
    """Answer until standard input ends."""
    options = LOOPS[sys.argv[1]]()

    def run(work: Work, where: Where, *numbers: int) -> float:
        return anyio.run(partial(work, where, *numbers), **options)

    measurements: dict[str, Measurement] = {name: partial(run, work) for name, work in WORK.items()}
    answer(measurements)


main()
