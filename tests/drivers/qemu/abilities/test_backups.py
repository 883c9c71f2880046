"""Backups and block jobs on a real QEMU whose guest writes and checks what it reads."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from writers import Writer, open_writer

from aiovirt.config import BackupConfig, CheckpointConfig, Disk, SnapshotConfig
from aiovirt.config.snapshot import BackupServer
from aiovirt.errors import InvalidState, Unsupported
from aiovirt.model.params import plain
from aiovirt.objects._domain_saved import DumpFormat

MEMORY = 16 << 20

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


async def same(qemu_img: Path, one: str, other: str, *words: str) -> bool:
    """Return whether two images show a guest the same."""
    argv = [str(qemu_img), "compare", "-U", *words, one, other]
    done = await anyio.to_thread.run_sync(lambda: subprocess.run(argv, check=False))
    return done.returncode == 0


async def overlay(writer: Writer, name: str) -> None:
    config = SnapshotConfig(name=name)
    await writer.vm.snapshots.create(config, disk_only=True, no_metadata=True)


async def test_an_incremental_backup_over_images_is_the_guests_disk(
    tmp_path: Path, qemu_img: Path
) -> None:
    async with open_writer(tmp_path) as writer:
        filled = ["-c", "write -q -P 7 512k 64k", str(tmp_path / "a.qcow2")]
        await anyio.run_process([str(qemu_img.with_name("qemu-io")), *filled])
        await writer.start()
        vm, full, rest = writer.vm, tmp_path / "full", tmp_path / "rest"
        await vm.begin_backup(BackupConfig.push({"vda": full}), CheckpointConfig(name="c1"))
        await vm.wait_for_backup()
        await writer.writes()
        await overlay(writer, "above")
        await writer.writes()
        await vm.suspend()
        await vm.begin_backup(BackupConfig.push({"vda": rest}, incremental="c1"))
        await vm.wait_for_backup()
        assert rest.stat().st_size < full.stat().st_size
        argv = ("rebase", "-u", "-f", "qcow2", "-b", str(full), "-F", "qcow2")
        await anyio.run_process([str(qemu_img), *argv, str(rest)])
        assert await same(qemu_img, str(rest), str(tmp_path / "a.above"))
        await vm.block_commit("vda")
        await vm.begin_backup(BackupConfig.push({"vda": tmp_path / "third"}, incremental="c1"))
        await vm.wait_for_backup()
        await anyio.run_process([str(qemu_img), *argv, str(tmp_path / "third")])
        assert await same(qemu_img, str(tmp_path / "third"), str(tmp_path / "a.qcow2"))
        assert await writer.left() == (["libvirt-1-format"], [], [])


async def test_others_read_a_moment_of_the_disk_while_the_guest_writes(
    tmp_path: Path, qemu_img: Path
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.checkpoints.create(CheckpointConfig(name="c1"))
        socket, scratch = tmp_path / "nbd", tmp_path / "scratch"
        config = BackupConfig.pull(BackupServer.unix(socket), {"vda": scratch}, incremental="c1")
        await writer.vm.begin_backup(config)
        url = f"nbd+unix:///vda?socket={socket}"
        for name in ("one", "two"):
            argv = [str(qemu_img), "convert", "-O", "qcow2", url, str(tmp_path / name)]
            await anyio.run_process(argv)
            await writer.writes()
        assert await same(qemu_img, str(tmp_path / "one"), str(tmp_path / "two"))
        exports = await writer.vm.monitor_command("query-block-exports", {})
        assert isinstance(exports, list)
        assert (await writer.vm.backup_config()).disks[0].export_bitmap == "backup-vda"
        await writer.vm.abort_job()
        await writer.vm.job_stats()
        with anyio.fail_after(20):
            while scratch.exists() or socket.exists():
                await anyio.lowlevel.checkpoint()
        assert await writer.left() == (["libvirt-1-format"], [], [])


async def test_a_checkpoint_that_was_lost_makes_a_backup_full(
    tmp_path: Path, qemu_img: Path
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.checkpoints.create(CheckpointConfig(name="c1"))
        await writer.vm.monitor_command(
            "block-dirty-bitmap-remove", {"node": "libvirt-1-format", "name": "c1"}
        )
        await writer.vm.suspend()
        pull = BackupConfig.pull(
            BackupServer.unix(tmp_path / "nbd"), {"vda": tmp_path / "scratch"}, incremental="c1"
        )
        with pytest.raises(InvalidState, match="does not tell any more"):
            await writer.vm.begin_backup(pull)
        await writer.vm.begin_backup(BackupConfig.push({"vda": tmp_path / "b"}, incremental="c1"))
        await writer.vm.wait_for_backup()
        assert await same(qemu_img, str(tmp_path / "b"), str(tmp_path / "a.qcow2"))
        assert writer.files() == ["a.qcow2", "b"]


async def test_images_of_a_chain_are_merged_filled_and_copied_under_the_guest(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        vm = writer.vm
        for name in ("one", "two", "three", "four"):
            await overlay(writer, name)
        await vm.block_commit("vda", top="vda[3]", base="vda[2]", delete=True)
        assert await writer.chain() == ["a.four", "a.three", "a.one", "a.qcow2"]
        assert not (tmp_path / "a.two").exists()
        await vm.block_pull("vda", base=str(tmp_path / "a.one"))
        assert await writer.chain() == ["a.four", "a.one", "a.qcow2"]
        await writer.writes()
        await vm.block_copy("vda", Disk.file(tmp_path / "copy"), shallow=True, pivot=True)
        assert await writer.chain() == ["copy", "a.one", "a.qcow2"]
        await vm.block_commit("vda", shallow=True)
        await vm.block_pull("vda")
        assert await writer.chain() == ["a.one"]
        await writer.writes()
        assert len((await writer.left())[0]) == 1
        await vm.destroy()
        await writer.start()


@pytest.mark.parametrize("turns", [8, 200, 1500])
async def test_a_cancelled_copy_leaves_nothing_but_its_file(tmp_path: Path, turns: int) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.vm.block_copy, "vda", Disk.file(tmp_path / "copy"))
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            while (await writer.left())[1:] != ([], []) or len((await writer.left())[0]) > 1:
                await anyio.lowlevel.checkpoint()
        assert "mirror" not in await writer.vm.xml()
        await writer.writes()


async def test_limits_are_changed_while_the_guest_writes_and_over_a_new_image(
    tmp_path: Path,
) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.vm.set_throttle_group("slow", {"total_iops_sec": 500}, config=True)
        await writer.vm.set_io_tune("vda", {"write_iops_sec": 900}, config=True)
        await writer.start()
        await overlay(writer, "above")
        limits = {"write_iops_sec": 800, "write_iops_sec_max": 900, "write_iops_sec_max_length": 2}
        await writer.vm.set_io_tune("vda", limits)
        await writer.vm.set_throttle_group("slow", {"total_iops_sec": 600})
        found: dict[str, Any] = {}
        for name in ("throttle1", "throttle-slow"):
            path = {"path": f"/objects/{name}", "property": "limits"}
            found[name] = await writer.vm.monitor_command("qom-get", path)
        assert found["throttle1"]["iops-write-max-length"] == 2
        assert found["throttle1"]["iops-write"] == 800
        assert found["throttle-slow"]["iops-total"] == 600
        await writer.vm.delete_throttle_group("slow")
        await writer.vm.block_commit("vda")
        await writer.vm.begin_backup(BackupConfig.push({"vda": tmp_path / "backup"}))
        await writer.vm.wait_for_backup()
        await writer.vm.block_copy("vda", Disk.file(tmp_path / "copy"), pivot=True)
        assert await writer.chain() == ["copy"]
        await writer.writes()
        tuned = await writer.vm.io_tune("vda")
        assert plain(tuned["write_iops_sec_max_length"]) == 2


async def test_another_process_goes_on_with_a_backup_and_clears_it_away(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        pull = BackupConfig.pull(BackupServer.unix(tmp_path / "nbd"), {"vda": tmp_path / "scratch"})
        await writer.vm.begin_backup(pull)
        await writer.reopen()
        assert (await writer.vm.backup_config()).mode == "pull"
        await writer.vm.abort_job()
        with anyio.fail_after(20):
            while writer.files() != ["a.qcow2"]:
                await anyio.lowlevel.checkpoint()
        assert await writer.left() == (["libvirt-1-format"], [], [])


async def test_another_process_goes_over_to_a_copy(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await writer.start()
        await writer.vm.block_copy("vda", Disk.file(tmp_path / "copy"), wait=False)
        await writer.reopen()
        with anyio.fail_after(20):
            while (job := await writer.vm.block_job("vda")) and job.current != job.end:
                await anyio.lowlevel.checkpoint()
        await writer.vm.abort_block_job("vda", pivot=True)
        assert await writer.chain() == ["copy"]
        await writer.writes()
        assert len((await writer.left())[0]) == 1


async def test_a_guest_is_saved_and_dumped_compressed_and_goes_on(tmp_path: Path) -> None:
    formats = "&save_image_format=gzip&dump_image_format=bzip2"
    async with open_writer(tmp_path, formats) as writer:
        await writer.start()
        for name, magic in (
            ("core", b"BZh"),
            ("core.gz", b"\x1f\x8b"),
            ("core.kdump", b"makedump"),
        ):
            kind: DumpFormat = "kdump_zlib" if "kdump" in name else "raw"
            path = tmp_path / name
            await writer.vm.dump(str(path), dump_format=kind, memory_only=True)
            assert path.read_bytes().startswith(magic)
            await writer.writes()
        for name in ("save", "save.xz", "save.bz2"):
            await writer.vm.save(str(tmp_path / name))
            await writer.host.domains.restore(str(tmp_path / name))
            await writer.writes()
            assert (tmp_path / name).stat().st_size < MEMORY // 4
        with pytest.raises(Unsupported, match="lzop"):
            await writer.vm.save(str(tmp_path / "save.lzo"))
        await writer.writes()
