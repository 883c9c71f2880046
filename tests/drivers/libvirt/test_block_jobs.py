"""What a real libvirtd's block jobs leave behind: chains of images, and copies that follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from diskguests import disk_guest

from aiovirt.config import Disk, SnapshotConfig
from aiovirt.config.snapshot import SnapshotDisk
from aiovirt.errors import Unsupported
from aiovirt.model.blocks import BlockJobKind
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def overlay(vm: Domain, path: Path) -> None:
    """Let the guest write to a new image above the old one."""
    config = SnapshotConfig.external("above", disks=[SnapshotDisk.external("vda", path)])
    await vm.snapshots.create(config, disk_only=True, no_metadata=True)


async def image(vm: Domain) -> str | None:
    return (await vm.config()).disks[0].path


async def test_a_copy_follows_until_it_is_told(host: Connection, tmp_path: Path) -> None:
    async with disk_guest(host, tmp_path, "jobs1") as vm:
        await vm.block_copy("vda", Disk.file(tmp_path / "copy.qcow2"), pivot=None)
        job = await vm.block_job("vda")
        assert job is not None
        assert (job.kind, job.fraction) == (BlockJobKind.COPY, 1.0)
        await vm.abort_block_job("vda", pivot=True)
        assert await image(vm) == str(tmp_path / "copy.qcow2")


async def test_a_commit_goes_on_until_it_is_told(host: Connection, tmp_path: Path) -> None:
    async with disk_guest(host, tmp_path, "jobs2") as vm:
        await overlay(vm, tmp_path / "above.qcow2")
        await vm.block_commit("vda", pivot=None)
        job = await vm.block_job("vda")
        assert job is not None
        assert job.kind is BlockJobKind.ACTIVE_COMMIT
        await vm.abort_block_job("vda", pivot=True)
        assert await image(vm) == str(tmp_path / "vda.qcow2")


async def test_a_commit_below_the_top(host: Connection, tmp_path: Path) -> None:
    async with disk_guest(host, tmp_path, "jobs3") as vm:
        await overlay(vm, tmp_path / "one.qcow2")
        await overlay(vm, tmp_path / "two.qcow2")
        await vm.block_commit("vda", top=str(tmp_path / "one.qcow2"))
        assert "one.qcow2" not in await vm.xml()
        assert await image(vm) == str(tmp_path / "two.qcow2")


async def test_a_driver_without_jobs_names_what_was_asked(test_host: Connection) -> None:
    vm = await test_host.domains.get("test")
    with pytest.raises(Unsupported, match="does not support block_pull"):
        await vm.block_pull("vda")
