"""Fifty guests at once: started together, looked at together, ended together."""

from __future__ import annotations

import sys
import tempfile
from time import perf_counter

import anyio

import aiovirt
from _tiny import config, guest

COUNT = 50
AT_ONCE = 8  # QEMUs that are being started at one time: more only wait for a processor


async def boot(host: aiovirt.Connection, name: str, slots: anyio.CapacityLimiter) -> None:
    """Define and start one guest."""
    vm = await host.domains.define(config(name, memory_mib=64))
    async with slots:
        await vm.start()


async def remove(vm: aiovirt.Domain) -> None:
    """End one guest hard, and forget it."""
    await vm.destroy()
    await vm.undefine()


async def main(root: str, count: int) -> None:
    """Say how long each step took."""
    async with aiovirt.open(f"qemu:///embed?root={root}") as host:
        begin = perf_counter()
        slots = anyio.CapacityLimiter(AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                tasks.start_soon(boot, host, f"tiny{number}", slots)
        print(f"{count} guests run after {perf_counter() - begin:.1f} s")
        begin = perf_counter()
        cpu = sum(stats.cpu.time_ns or 0 for stats in await host.stats() if stats.cpu)
        print(f"{cpu / 1e9:.1f} s of processor used; asked all in {perf_counter() - begin:.2f} s")
        begin = perf_counter()
        async with anyio.create_task_group() as tasks:
            for vm in await host.domains.list():
                tasks.start_soon(remove, vm)
        print(f"all ended after {perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, folder, int(sys.argv[1]) if sys.argv[1:] else COUNT)
