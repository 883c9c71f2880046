"""Disks and devices of a real libvirtd's guests, and the long work on disks."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from labsamples import disk, guest_xml
from libvirtlab import Lab, run_virsh

from aiovirt.config import Disk
from aiovirt.errors import AiovirtError, CallerError, InvalidState, RemoteError, Unsupported
from aiovirt.interfaces import Blocks
from aiovirt.model.blocks import BlockInfo, BlockJobInfo, BlockJobKind
from aiovirt.model.constants import DomainBlockCopyFlags
from aiovirt.model.events import DeviceRemovedEvent
from aiovirt.objects import Connection, Domain
from aiovirt.objects._block_jobs import BlockJob

pytestmark = [pytest.mark.anyio, pytest.mark.real]

MIB = 1 << 20
DRIVE = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"


async def virsh(lab: Lab, *args: str) -> str:
    """Return what the real virsh prints."""
    told = await anyio.to_thread.run_sync(lambda: run_virsh(lab, *args))
    return told.strip()


@asynccontextmanager
async def guest(host: Connection, *disks: Path, devices: str = "") -> AsyncIterator[Domain]:
    """A guest that stands still, gone at the end."""
    vm = await host.domains.define(guest_xml("blk1", disks=disks, devices=devices))
    try:
        await vm.start(paused=True)
        yield vm
    finally:
        with anyio.CancelScope(shield=True):
            if await vm.is_active():
                await vm.destroy()
            await vm.undefine()


def chain(folder: Path, *, size: str = "4M") -> Path:
    """Make an image with data, and one above it; return the upper one's path."""
    base = folder / "base.raw"
    base.write_bytes(bytes(range(256)) * (4 * MIB // 256))
    top = folder / "top.qcow2"
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base), "-F", "raw"]
    subprocess.run([*argv, str(top), size], check=True)
    return top


# --- devices ------------------------------------------------------------------------------------


async def test_a_disk_comes_and_goes(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host) as vm:
        new = Disk.file(disk(tmp_path / "new.qcow2"), format="qcow2", target="vdb", bus="virtio")
        await vm.attach(new, live=True, config=True)
        assert "vdb" in await virsh(lab, "domblklist", "blk1")
        assert [one.target.dev for one in (await vm.config(inactive=True)).disks] == ["vdb"]
        await vm.detach(new, config=True)
        assert (await vm.config(inactive=True)).disks == []
        with pytest.raises(AiovirtError):
            await vm.attach(new, live=True)


async def test_by_alias(host: Connection, tmp_path: Path) -> None:
    image = disk(tmp_path / "new.qcow2")
    xml = (
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{image}'/>"
        "<target dev='sdb' bus='usb'/><alias name='ua-mine'/></disk>"
    )
    async with guest(host) as vm, host.events() as events:
        await vm.attach(xml, live=True)
        await vm.detach_alias("ua-mine", live=True)
        async for event in events:
            if isinstance(event, DeviceRemovedEvent):
                assert event.alias == "ua-mine"
                break


async def test_a_medium(host: Connection, lab: Lab, tmp_path: Path) -> None:
    image = disk(tmp_path / "medium.raw", format_="raw", size="1M")
    async with guest(host, devices=DRIVE) as vm:
        (drive,) = (await vm.config()).disks
        drive.source.file = str(image)
        await vm.update_device(drive, live=True, force=True)
        assert str(image) in await virsh(lab, "domblklist", "blk1")


# --- questions ----------------------------------------------------------------------------------


async def test_sizes(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, disk(tmp_path / "a.qcow2", size="1M")) as vm:
        info = await vm.block_info("vda")
        told = [
            line.split()[1] for line in (await virsh(lab, "domblkinfo", "blk1", "vda")).splitlines()
        ]
        assert [str(info.capacity), str(info.allocation), str(info.physical)] == told
        await vm.block_resize("vda", 2 * MIB + 512)
        assert (await vm.block_info(str(tmp_path / "a.qcow2"))).capacity == 2 * MIB + 512
        await vm.set_block_threshold("vda", MIB)
        assert await vm.disk_errors() == {}


async def test_what_stands_there(host: Connection, tmp_path: Path) -> None:
    image = tmp_path / "data.raw"
    image.write_bytes(b"hello" * 1024)
    xml = (
        f"<disk type='file'><driver name='qemu' type='raw'/><source file='{image}'/>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    async with guest(host, devices=xml) as vm:
        assert await vm.block_peek("vda", 5, 5) == b"hello"
        # The last bytes of the first MiB are the firmware's: the jump that a processor begins with.
        assert (await vm.memory_peek(0xFFFF0, 1, physical=True)) == b"\xea"
        assert len(await vm.memory_peek(0, 16)) == 16


async def test_limits_of_a_disk(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, disk(tmp_path / "a.qcow2")) as vm:
        await vm.set_io_tune("vda", {"total_iops_sec": 500}, live=True, config=True)
        tune = await vm.io_tune("vda", live=True)
        assert (tune["total_iops_sec"], tune["read_bytes_sec"]) == (500, 0)
        told = (await virsh(lab, "blkdeviotune", "blk1", "vda")).splitlines()
        assert {line.split(":")[0].strip() for line in told} == set(tune)
        assert (await vm.io_tune("vda", config=True))["total_iops_sec"] == 500
        with pytest.raises(Unsupported, match=r"9\.0\.0"):
            await vm.set_throttle_group("group", {"total_iops_sec": 1}, live=True)
        with pytest.raises(Unsupported, match=r"9\.0\.0"):
            await vm.delete_throttle_group("group", live=True)


# --- jobs ---------------------------------------------------------------------------------------


async def test_pulling(host: Connection, tmp_path: Path) -> None:
    seen: list[BlockJobInfo] = []
    async with guest(host, chain(tmp_path)) as vm:
        await vm.block_pull("vda", progress=seen.append)
        assert "base.raw" not in await vm.xml()


async def test_pulling_down_to_an_image(host: Connection, tmp_path: Path) -> None:
    top = chain(tmp_path)
    highest = tmp_path / "highest.qcow2"
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(top), "-F", "qcow2"]
    await anyio.run_process([*argv, str(highest)])
    async with guest(host, highest) as vm:
        await vm.block_pull("vda", base="vda[3]")
        xml = await vm.xml()
        assert ("top.qcow2" in xml, "base.raw" in xml) == (False, True)


async def test_a_job_is_watched_and_given_up(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:
        assert await vm.block_job("vda") is None
        await vm.block_pull("vda", bandwidth=MIB, wait=False)
        await vm.set_block_job_speed("vda", 2 * MIB)
        job = await vm.block_job("vda")
        assert job is not None
        assert (job.kind, job.bandwidth) == (BlockJobKind.PULL, 2 * MIB)
        assert 0 <= job.fraction <= 1
        assert f"Bandwidth limit: {2 * MIB} bytes/s" in await virsh(lab, "blockjob", "blk1", "vda")
        await vm.abort_block_job("vda")
        assert await vm.block_job("vda") is None


async def test_a_cancelled_wait_gives_the_job_up(host: Connection, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:
        async with anyio.create_task_group() as tasks:

            async def pull() -> None:
                await vm.block_pull("vda", bandwidth=MIB)

            tasks.start_soon(pull)
            while await vm.block_job("vda") is None:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert await vm.block_job("vda") is None


async def test_a_job_whose_beginning_is_cancelled_is_given_up(
    host: Connection, tmp_path: Path
) -> None:
    async with guest(host, chain(tmp_path)) as vm:
        with anyio.CancelScope() as scope:

            async def begin() -> None:
                await vm.block_pull("vda", bandwidth=MIB, wait=False)
                scope.cancel()
                await anyio.sleep_forever()  # as when the daemon's answer is still to come

            await BlockJob(host.driver, vm.key, "vda").run(begin, wait=True, progress=None)
        assert await vm.block_job("vda") is None


async def test_a_job_of_somebody_else_is_not_given_up(host: Connection, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:
        await vm.block_pull("vda", bandwidth=MIB, wait=False)
        with anyio.CancelScope() as scope:

            async def begin() -> None:
                scope.cancel()
                await anyio.sleep_forever()

            await BlockJob(host.driver, vm.key, "vda").run(begin, wait=True, progress=None)
        assert await vm.block_job("vda") is not None
        await vm.abort_block_job("vda")


async def test_a_job_that_somebody_else_gives_up(host: Connection, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:

        async def give_up() -> None:
            while await vm.block_job("vda") is None:
                await anyio.lowlevel.checkpoint()
            await vm.abort_block_job("vda")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up)
            with pytest.raises(RemoteError, match="given up"):
                await vm.block_pull("vda", bandwidth=MIB)


async def test_a_job_whose_domain_stops(host: Connection, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:

        async def end() -> None:
            while await vm.block_job("vda") is None:
                await anyio.lowlevel.checkpoint()
            await vm.destroy()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end)
            with anyio.fail_after(20), pytest.raises(InvalidState, match="stopped"):
                await vm.block_pull("vda", bandwidth=MIB)


async def test_committing_what_is_in_use(host: Connection, tmp_path: Path) -> None:
    async with guest(host, chain(tmp_path)) as vm:
        await vm.block_commit("vda", bandwidth=100 * MIB)
        (one,) = (await vm.config()).disks
        assert one.source.file == str(tmp_path / "base.raw")


async def test_copying(host: Connection, tmp_path: Path) -> None:
    copy = Disk.file(tmp_path / "copy.qcow2", format="qcow2", target="vda")
    async with guest(host, disk(tmp_path / "a.qcow2", size="1M")) as vm:
        await vm.block_copy("vda", copy, settings={"bandwidth": 100 * MIB})
        assert (await vm.config()).disks[0].source.file == str(tmp_path / "a.qcow2")
        await vm.block_copy(str(tmp_path / "a.qcow2"), copy, reuse_external=True, pivot=True)
        assert (await vm.config()).disks[0].source.file == str(tmp_path / "copy.qcow2")


async def test_going_over_too_early(host: Connection, tmp_path: Path) -> None:
    blocks = host.driver.ability(Blocks)
    copy = f"<disk type='file'><driver type='raw'/><source file='{tmp_path}/copy.raw'/></disk>"
    async with guest(host, chain(tmp_path)) as vm:
        await blocks.block_copy(
            vm.key,
            "vda",
            copy,
            settings={"bandwidth": MIB},
            flags=DomainBlockCopyFlags.TRANSIENT_JOB,
        )
        with pytest.raises((InvalidState, RemoteError, CallerError)):
            await vm.abort_block_job("vda", pivot=True)
        await vm.abort_block_job("vda", wait=False)


def test_an_empty_job_has_done_nothing() -> None:
    assert BlockJobInfo(BlockJobKind.PULL, 0, 0, 0).fraction == 0
    assert BlockInfo(3, 2, 1).capacity == 3
