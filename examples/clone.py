"""Clone a running guest: a snapshot keeps its disk, a second guest goes on over the same image."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio

import aiovirt
from _tiny import config, guest
from aiovirt import Disk, SnapshotConfig


async def main(folder: Path) -> None:
    """Clone a guest without stopping it, and merge its own chain again."""
    base, clone = folder / "base.qcow2", folder / "clone.qcow2"
    await anyio.run_process(["qemu-img", "create", "-q", "-f", "qcow2", str(base), "64M"])
    async with aiovirt.open(f"qemu:///embed?root={folder / 'root'}") as host:
        first = config("first")
        first.disks = [Disk.file(base)]
        vm = await host.domains.define(first)
        await vm.start()
        await vm.snapshots.create(SnapshotConfig(name="cloned"), disk_only=True, no_metadata=True)
        print("the first guest goes on in", (await vm.config()).disks[0].path)

        words = ("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(clone))
        await anyio.run_process(["qemu-img", *words])
        second = config("second")
        second.disks = [Disk.file(clone)]
        other = await host.domains.define(second)
        await other.start()
        print("the second guest goes on in", (await other.config()).disks[0].path)

        await other.block_pull("vda", progress=lambda job: print(f"{job.current} of {job.end}"))
        print("the second guest needs the first one's image no more")
        await other.destroy()
        await vm.block_commit("vda")
        print("the first guest is on", (await vm.config()).disks[0].path, "again")
        await vm.destroy()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as path:
        anyio.run(main, Path(path))
