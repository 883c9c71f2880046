"""Move a running guest to another host with its disk, and back by post-copy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio

import aiovirt
from _tiny import PROMPT, config, guest
from aiovirt import Disk, MigrationOptions
from aiovirt.model.jobs import JobStats


def show(job: JobStats) -> None:
    """Print how far it is; this is called twice a second."""
    if job.fraction is not None:
        print(f"  {job.fraction:.0%}")


async def answers(vm: aiovirt.Domain) -> None:
    """Return once the guest's shell has answered."""
    async with vm.console(history=False) as console:
        await console.send(b"\n")
        said = b""
        while PROMPT not in said:
            said += await console.receive()


async def main(folder: Path) -> None:
    """Run two hosts in this process; real ones are opened by ``qemu+ssh://host/system``."""
    image = folder / "data.raw"
    await anyio.Path(image).write_bytes(bytes(1 << 20))
    wanted = config(memory_mib=128)
    wanted.disks = [Disk.file(image, format="raw")]
    with anyio.fail_after(120):
        async with (
            aiovirt.open(f"qemu:///embed?root={folder / 'a'}") as a,
            aiovirt.open(f"qemu:///embed?root={folder / 'b'}") as b,
        ):
            vm = await a.domains.define(wanted)
            await vm.start()
            await answers(vm)
            print("to the other host, with its disk")
            there = (await vm.config(secure=True)).to_xml(secure=True)
            options = MigrationOptions(
                uri="tcp://127.0.0.1",
                copy_storage="all",
                xml=there.replace("data.raw", "copy.raw"),
                undefine_source=True,
            )
            moved = await vm.migrate(b, options=options, progress=show)
            await answers(moved)
            print("and back, while it runs there already")
            await moved.set_migrate_max_speed(8 << 20)
            options = MigrationOptions(uri="tcp://127.0.0.1", postcopy=True, unsafe=True)
            async with anyio.create_task_group() as tasks:
                asked: list[JobStats] = []

                def switch(job: JobStats) -> None:
                    """Let it run there, once, though most of it is still here."""
                    if not asked:
                        asked.append(job)
                        tasks.start_soon(moved.start_post_copy)

                back = await moved.migrate(a, options=options, progress=switch)
                await answers(back)
                print(back.name, "is", (await back.state()).label)
                await back.destroy()


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as name:
        anyio.run(main, Path(name))
