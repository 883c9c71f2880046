"""Back a running guest's disk up, whole and then what was written since, and read it by NBD."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio

import aiovirt
from _tiny import config, guest
from aiovirt import BackupConfig, CheckpointConfig, Disk
from aiovirt.config.snapshot import BackupServer


async def image(path: Path, *words: str) -> Path:
    """Make an image of 64 MiB."""
    await anyio.run_process(["qemu-img", "create", "-q", "-f", "qcow2", *words, str(path), "64M"])
    return path


async def main(folder: Path) -> None:
    """Back a guest up in three ways."""
    wanted = config()
    wanted.disks = [Disk.file(await image(folder / "disk.qcow2"))]
    async with aiovirt.open(f"qemu:///embed?root={folder / 'root'}") as host:
        vm = await host.domains.define(wanted)
        await vm.start()
        full, rest = folder / "full.qcow2", folder / "rest.qcow2"
        await vm.begin_backup(BackupConfig.push({"vda": full}), CheckpointConfig(name="monday"))
        await vm.wait_for_backup()
        print(f"all of it: {full.stat().st_size // 1024} KiB")

        await vm.begin_backup(BackupConfig.push({"vda": rest}, incremental="monday"))
        await vm.wait_for_backup()
        print(f"since then: {rest.stat().st_size // 1024} KiB")

        socket = folder / "nbd.sock"
        server = BackupServer.unix(socket)
        await vm.begin_backup(BackupConfig.pull(server, {"vda": folder / "scratch.qcow2"}))
        words = ["qemu-img", "convert", "-O", "qcow2", f"nbd+unix:///vda?socket={socket}"]
        await anyio.run_process([*words, str(folder / "pulled.qcow2")])
        await vm.abort_job()
        print("read by NBD, as it was when that began")
        await vm.destroy()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as path:
        anyio.run(main, Path(path))
