"""Work on a guest whose process is killed amid it, and what the next process makes of that.

As a program it tries all kinds of work at many moments, or those that are named, and tells which
left something behind.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.lowlevel
from writers import Writer, open_writer

from aiovirt.config import Disk, SnapshotConfig
from aiovirt.errors import AiovirtError, InvalidState

__all__ = ["WORK", "killed_amid"]

WORK = (
    *("disks", "unrecorded", "memory", "inside", "pull", "commit", "copy"),
    *("checkpoint", "push", "reading", "dump", "save"),
)
FORGETTING, RENAMED = "forgetting", "renamed"
"""Just before the note of the work is removed; just after the file with the memory got its name."""
MOMENTS = ("1000", "2000", "3000", "4500", "7000", FORGETTING, RENAMED)
"""When a process is killed: after so many turns of its loop, or at a named point."""

SCRIPT = """
import itertools, os, signal, sys, anyio
from pathlib import Path
from aiovirt._open import open as open_host
from aiovirt.config import BackupConfig, CheckpointConfig, Disk, SnapshotConfig
from aiovirt.config.snapshot import BackupServer, SnapshotDisk, SnapshotMemory
uri, work, moment, folder = *sys.argv[1:4], Path(sys.argv[4])
turns = range(int(moment)) if moment.isdecimal() else itertools.count()
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def watch(event, args):
    if moment == "forgetting" and event == "os.remove" and str(args[0]).endswith("work.json"):
        die()
    if moment == "renamed" and event != "os.kill" and (folder / work).exists():
        die()
sys.addaudithook(watch)
row = SnapshotDisk(name="vda", snapshot="external")
row.source.file = f"{folder}//above"
memory = SnapshotMemory(snapshot="external", file=str(folder / "memory"))
push = BackupConfig.push({"vda": folder / "push"})
pull = BackupConfig.pull(BackupServer.unix(folder / "nbd"), {"vda": folder / "pull"})
noted = CheckpointConfig(name="c")
async def main():
    async with open_host(uri) as host, anyio.create_task_group() as tasks:
        vm = await host.domains.get("writer")
        works = {
            "disks": lambda: vm.snapshots.create(SnapshotConfig(name="s"), disk_only=True),
            "unrecorded": lambda: vm.snapshots.create(
                SnapshotConfig(name="s", disks=[row]), disk_only=True, no_metadata=True
            ),
            "memory": lambda: vm.snapshots.create(SnapshotConfig(name="s", memory=memory)),
            "inside": lambda: vm.snapshots.create(SnapshotConfig(name="s")),
            "pull": lambda: vm.block_pull("vda"),
            "commit": lambda: vm.block_commit("vda"),
            "copy": lambda: vm.block_copy("vda", Disk.file(folder / "copy"), pivot=True),
            "checkpoint": lambda: vm.checkpoints.create(noted),
            "push": lambda: vm.begin_backup(push, noted),
            "reading": lambda: vm.begin_backup(pull, noted),
            "dump": lambda: vm.dump(str(folder / "dump"), memory_only=True),
            "save": lambda: vm.save(str(folder / "save")),
        }
        async def whole():
            await works[work]()
            print("done", flush=True)
            if not moment.isdecimal():
                die()
        tasks.start_soon(whole)
        for _ in turns:
            await anyio.lowlevel.checkpoint()
        die()
anyio.run(main)
"""


async def killed_amid(writer: Writer, work: str, moment: str) -> None:
    """Have another process begin something and be killed, and see what the next one makes of it.

    Args:
        writer: The guest.
        work: Which, of `WORK`.
        moment: When it is killed: one of `MOMENTS`, or after another number of turns.
    """
    if work in {"pull", "commit"}:
        above = SnapshotConfig(name="above")
        await writer.vm.snapshots.create(above, disk_only=True, no_metadata=True)
    await writer.close()
    words = [sys.executable, "-c", SCRIPT, writer.uri, work, moment, str(writer.folder)]
    done = await anyio.run_process(words, check=False)
    await writer.open()
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    await _settled(writer)
    finished = {work} if done.stdout == b"done\n" else set()
    await _left_alone(writer, finished | {"copy", "push", "a.above"})


async def _settled(writer: Writer) -> None:
    """Wait until nothing is under way any more, and let the guest go on in its own image."""
    with anyio.fail_after(40):
        while any((writer.folder / "root" / "run").rglob("work.json")):
            await anyio.lowlevel.checkpoint()
    if not (await writer.vm.state()).state.active:
        assert (writer.folder / "save").exists()
        await writer.host.domains.restore(str(writer.folder / "save"))
        (writer.folder / "save").unlink()
    await writer.writes()
    assert all((writer.folder / name).exists() for name in await writer.chain())
    if (await writer.vm.job_stats()).active:
        with suppress(InvalidState):  # it has ended meanwhile
            await writer.vm.abort_job()
    with anyio.fail_after(40):
        while (await writer.left())[1:] != ([], []):
            job = await writer.vm.block_job("vda")
            if job is not None and job.current == job.end:
                await writer.vm.abort_block_job("vda")
    await writer.writes()
    for snapshot in await writer.vm.snapshots.list():
        await snapshot.delete()
    for checkpoint in await writer.vm.checkpoints.list():
        await checkpoint.delete()
    if len(await writer.chain()) > 1:
        await writer.vm.block_commit("vda", delete=True)
    if await writer.chain() in (["a.above"], ["copy"]):  # the pull or the copy came to its end
        back = Disk.file(writer.folder / "a.qcow2")
        await writer.vm.block_copy("vda", back, reuse_external=True, pivot=True)


async def _left_alone(writer: Writer, finished: set[str]) -> None:
    """See that there are no files but the guest's own, and what may be finished."""
    for name in finished:
        (writer.folder / name).unlink(missing_ok=True)
    with anyio.fail_after(40):
        while writer.files() != ["a.qcow2"]:
            await anyio.lowlevel.checkpoint()
    nodes, jobs, bitmaps = await writer.left()
    assert (len(nodes), jobs, bitmaps) == (1, [], [])
    assert await writer.bitmaps() == []


async def tried(work: str) -> str:
    """Be killed amid one kind of work at many moments; return what was wrong, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_writer(Path(folder)) as writer:
            await writer.start()
            for moment in MOMENTS:
                try:
                    await killed_amid(writer, work, moment)
                except (AssertionError, AiovirtError, TimeoutError) as error:
                    return f"killed at {moment}: {error!r}"
    return ""


async def main() -> int:
    """Try all of it, or what is named; return 1 where something was left."""
    found = {work: await tried(work) for work in sys.argv[1:] or WORK}
    for work, wrong in found.items():
        sys.stdout.write(f"{work}: {wrong or 'nothing is left'}\n")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(anyio.run(main))
