"""The same library under trio, with trio's own nursery and time limit."""

from __future__ import annotations

import tempfile

import trio

import aiovirt
from _tiny import config, guest


async def boot(host: aiovirt.Connection, name: str) -> None:
    """Start one guest, and end it hard."""
    vm = await host.domains.define(config(name, memory_mib=128))
    await vm.start()
    print(name, "runs")
    await vm.destroy()
    await vm.undefine()


async def main(root: str) -> None:
    """Boot three at once."""
    with trio.fail_after(60):
        async with (
            aiovirt.open(f"qemu:///embed?root={root}") as host,
            trio.open_nursery() as nursery,
        ):
            for number in range(3):
                nursery.start_soon(boot, host, f"tiny{number}")


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        trio.run(main, folder)
