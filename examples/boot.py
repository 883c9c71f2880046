"""Define a guest, boot it, ask it to shut down, and forget it."""

from __future__ import annotations

import tempfile

import anyio

import aiovirt
from _tiny import PROMPT, config, guest


async def main(root: str) -> None:
    """Give the whole life of the guest one minute."""
    with anyio.fail_after(60):
        async with aiovirt.open(f"qemu:///embed?root={root}") as host:
            vm = await host.domains.define(config())
            await vm.start()
            print(vm.name, "is", (await vm.state()).label)
            async with vm.console() as console:
                said = b""
                while PROMPT not in said:
                    said += await console.receive()
            print(vm.name, "shows its prompt")
            await vm.shutdown(wait=True)
            print(vm.name, "is", (await vm.state()).label)
            await vm.undefine()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, folder)
