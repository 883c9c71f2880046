"""Talk to a guest over its serial console: type a command, read its answer."""

from __future__ import annotations

import tempfile

import anyio
from anyio.abc import ByteStream

import aiovirt
from _tiny import PROMPT, config, guest


async def until(console: ByteStream, end: bytes) -> str:
    """Read up to some bytes, and return what came as text."""
    said = b""
    while end not in said:
        said += await console.receive()
    return said.decode(errors="replace")


async def main(root: str) -> None:
    """Ask the guest what it is."""
    with anyio.fail_after(60):
        async with aiovirt.open(f"qemu:///embed?root={root}") as host:
            vm = await host.domains.define(config())
            await vm.start()
            async with vm.console() as console:
                await until(console, PROMPT)
                await console.send(b"uname -a\n")
                print(await until(console, PROMPT))
            await vm.destroy()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, folder)
