"""Work inside a guest by its agent: run programs, copy files, let its file systems stand still."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio

import aiovirt
from _tiny import guest
from aiovirt import errors
from aiovirt.testing.agentguest import agent_guest_xml, initrd_with_agent


async def main(folder: Path, xml: str) -> None:
    """Start a guest whose agent answers, and do a few things in it."""
    async with aiovirt.open(f"qemu:///embed?root={folder / 'root'}") as host:
        vm = await host.domains.define(xml)
        await vm.start()
        try:
            await vm.guest_time()
        except errors.AgentNotReady as error:
            print(f"{error}: {error.hint}")
        await vm.wait_agent(timeout_s=120)
        info = await vm.guest_info("os", "hostname")
        print(f"{info['hostname']} runs {info['os.name']}, {info['os.kernel-release']}")

        ended = await vm.guest_exec(["/bin/uname", "-sm"])
        print(ended.stdout.decode().strip())

        async with vm.guest_process(["/bin/sh", "-c", "read name; echo hello $name"]) as process:
            await process.stdin.send(b"guest\n")
            async for piece in process.stdout:
                print(piece.decode().strip())

        await vm.guest_write("/tmp/motd", b"from the host\n")  # noqa: S108 -- in the guest
        await vm.guest_get("/tmp/motd", folder / "motd")  # noqa: S108 -- in the guest
        print((folder / "motd").read_text().strip())

        async with vm.frozen_filesystems() as count:
            print(f"{count} file systems stand still for a snapshot")
        await vm.destroy()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as path:
        initrd = initrd_with_agent(guest(), Path(path, "agent.img"))
        anyio.run(main, Path(path), agent_guest_xml(guest(), initrd))
