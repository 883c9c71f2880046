"""Data of volumes: uploaded and downloaded whole or in parts, cut, cancelled, checked."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from esxfakes import faked
from vcsimlab import Simulator
from vcsimlab.fixtures import Check

from aiovirt.errors import AiovirtError, CallerError, ResourceUnavailable, Unsupported
from aiovirt.model.storage import Hole
from aiovirt.objects import Connection, StoragePool, StorageVolume
from aiovirt.protocols.vsphere.tables import faults as f

pytestmark = pytest.mark.anyio

STORE = "LocalDS_0"
MEDIUM = "<volume><name>iso/a.iso</name><capacity>0</capacity></volume>"
DATA = bytes(range(256)) * 4000


@pytest.fixture
async def pool(host: Connection) -> StoragePool:
    """Return the pool of VMware's simulator."""
    return await host.pools.get(STORE)


@pytest.fixture
async def medium(pool: StoragePool) -> StorageVolume:
    """Return an empty medium in it."""
    return await pool.create_volume(MEDIUM)


@pytest.mark.real
async def test_a_file_goes_up_and_comes_back(
    vsphere: Simulator, medium: StorageVolume, tmp_path: Path, check: Check
) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    up.write_bytes(DATA)
    sent: list[tuple[int, int]] = []
    assert await medium.upload_file(up, progress=lambda *at: sent.append(at)) == len(DATA)
    assert sent[-1] == (len(DATA), len(DATA))
    assert (vsphere.datastore(STORE) / "iso/a.iso").read_bytes() == DATA
    assert check(vsphere).files("iso") == {"a.iso"}
    got: list[tuple[int, int]] = []
    assert await medium.download_file(down, progress=lambda *at: got.append(at)) == len(DATA)
    assert got[-1] == (len(DATA), len(DATA))
    assert down.read_bytes() == DATA


@pytest.mark.real
async def test_a_part_is_downloaded(vsphere: Simulator, medium: StorageVolume) -> None:
    (vsphere.datastore(STORE) / "iso/a.iso").write_bytes(DATA)
    async with medium.download(offset=1000, size=5000) as source:
        parts = [part async for part in source if isinstance(part, bytes)]
    assert b"".join(parts) == DATA[1000:6000]
    async with medium.download(offset=len(DATA)) as source:
        assert [part async for part in source] == []
    with pytest.raises(CallerError):
        async with medium.download(offset=len(DATA) + 1):
            raise AssertionError("the volume has not so many bytes")


@pytest.mark.real
async def test_what_is_sent_takes_the_place_of_all_that_was_there(
    vsphere: Simulator, medium: StorageVolume
) -> None:
    file = vsphere.datastore(STORE) / "iso/a.iso"
    file.write_bytes(DATA)
    async with medium.upload(sparse=True) as sink:
        await sink.send(b"new")
        await sink.send(Hole(5))
        assert file.read_bytes() == DATA
    assert file.read_bytes() == b"new" + bytes(5)


@pytest.mark.real
async def test_nothing_is_sent_as_well(vsphere: Simulator, medium: StorageVolume) -> None:
    file = vsphere.datastore(STORE) / "iso/a.iso"
    file.write_bytes(DATA)
    async with medium.upload():
        pass
    assert file.read_bytes() == b""


@pytest.mark.real
async def test_an_upload_that_fails_or_is_cancelled_leaves_all_as_it_was(
    vsphere: Simulator, medium: StorageVolume, check: Check
) -> None:
    file = vsphere.datastore(STORE) / "iso/a.iso"
    file.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        await _fail(medium)
    with anyio.CancelScope() as scope:
        async with medium.upload() as sink:
            await sink.send(DATA)
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert file.read_bytes() == b"old"
    assert check(vsphere).files("iso") == {"a.iso"}


async def _fail(medium: StorageVolume) -> None:
    async with medium.upload() as sink:
        await sink.send(DATA)
        raise ZeroDivisionError


@pytest.mark.real
async def test_no_more_is_sent_than_is_allowed(
    vsphere: Simulator, medium: StorageVolume, check: Check
) -> None:
    with pytest.raises(ResourceUnavailable):
        async with medium.upload(size=10) as sink:
            await sink.send(bytes(11))
    with pytest.raises(Unsupported):
        async with medium.upload(offset=1):
            raise AssertionError("files are written whole")
    assert check(vsphere).files("iso") == {"a.iso"}


@pytest.mark.real
async def test_the_data_of_a_disk_goes_up_and_comes_back(
    vsphere: Simulator, pool: StoragePool
) -> None:
    disk = await pool.create_volume(
        "<volume><name>d/x.vmdk</name><capacity>4096</capacity></volume>"
    )
    flat = vsphere.datastore(STORE) / "d/x-flat.vmdk"
    flat.write_bytes(b"?" * 4096)  # the simulator makes disks without blocks
    async with disk.upload() as sink:
        await sink.send(b"boot")
    assert flat.read_bytes() == b"boot" + bytes(4092)
    async with disk.download() as source:
        assert b"".join([each async for each in source if isinstance(each, bytes)]) == (
            flat.read_bytes()
        )


async def test_a_server_that_will_not_put_it_in_place_leaves_nothing() -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        medium = await pool.create_volume(MEDIUM)
        fake.plan.fail_task(
            "MoveDatastoreFile_Task", f.NoDiskSpace(file="", datastore="datastore1")
        )
        with pytest.raises(AiovirtError, match=r"write \[datastore1\] iso/a.iso"):
            async with medium.upload() as sink:
                await sink.send(DATA)
        files, _ = fake.site.place("[datastore1]")
        assert files.within("iso") == ["iso/a.iso"]
        assert files.get("iso/a.iso").data == b""
