"""Files and folders of datastores: listed, made, moved, removed, as another client sees them."""

from __future__ import annotations

import pytest
from esxfakes import faked
from vcsimlab import Simulator
from vcsimlab.fixtures import Check

from aiovirt.errors import AlreadyExists, CallerError, ConfigError, InvalidState, NotFound
from aiovirt.objects import Connection, StoragePool

pytestmark = pytest.mark.anyio

STORE = "LocalDS_0"
DISK = "<volume><name>{}</name><capacity>1048576</capacity><allocation>0</allocation></volume>"


@pytest.fixture
async def pool(host: Connection) -> StoragePool:
    """Return the pool of VMware's simulator."""
    return await host.pools.get(STORE)


@pytest.mark.real
async def test_a_folder_is_listed_with_all_that_is_in_it(
    vsphere: Simulator, pool: StoragePool, name: str, check: Check
) -> None:
    top = {each.path: each.is_folder for each in await pool.files()}
    assert top[name]
    inside = await pool.files(name)
    assert {each.path.rpartition("/")[2] for each in inside} == check(vsphere).files(name)
    log = next(each for each in inside if each.path.endswith(".log"))
    file = vsphere.datastore(STORE) / log.path
    assert log.size == file.stat().st_size
    assert log.modified
    assert log.modified.timestamp() == pytest.approx(file.stat().st_mtime, abs=1)
    with pytest.raises(NotFound):
        await pool.files("none")


@pytest.mark.real
async def test_a_folder_is_made_and_removed(
    vsphere: Simulator, pool: StoragePool, check: Check
) -> None:
    await pool.make_folder("a/b c/ü")
    assert check(vsphere).files("a/b c") == {"ü"}
    with pytest.raises(AlreadyExists):
        await pool.make_folder("a/b c")
    await pool.remove_file("a")
    assert "a" not in check(vsphere).files()
    with pytest.raises(NotFound):
        await pool.remove_file("a")


@pytest.mark.real
async def test_a_disk_moves_with_its_data_and_a_file_alone(
    vsphere: Simulator, pool: StoragePool, check: Check
) -> None:
    await pool.create_volume(DISK.format("a/b.vmdk"))
    await pool.create_volume("<volume><name>a/c.iso</name><capacity>5</capacity></volume>")
    await pool.move_file("a/b.vmdk", "new/d.vmdk")
    await pool.move_file("a/c.iso", "a/d.iso")
    assert check(vsphere).files("new") == {"d.vmdk", "d-flat.vmdk"}
    assert check(vsphere).files("a") == {"d.iso"}
    await pool.move_file("a", "z")
    assert check(vsphere).files("z") == {"d.iso"}
    await pool.remove_file("new/d.vmdk")
    assert check(vsphere).files("new") == set()


@pytest.mark.real
async def test_what_a_machine_uses_stays(pool: StoragePool, name: str) -> None:
    for path in (name, f"{name}/disk1.vmdk"):
        with pytest.raises(InvalidState, match=name):
            await pool.move_file(path, "elsewhere.vmdk")
        with pytest.raises(InvalidState, match=name):
            await pool.remove_file(path)


@pytest.mark.real
async def test_moves_that_cannot_be_are_refused(pool: StoragePool, name: str) -> None:
    await pool.create_volume(DISK.format("a/b.vmdk"))
    with pytest.raises(AlreadyExists):
        await pool.move_file("a/b.vmdk", f"{name}/disk1.vmdk")
    with pytest.raises(NotFound):
        await pool.move_file("a/none", "a/some")
    with pytest.raises(CallerError, match="into itself"):
        await pool.move_file("a", "a/b/c")
    for wrong in ("", "..", "a/../../b"):
        with pytest.raises(ConfigError):
            await pool.remove_file(wrong)
    with pytest.raises(ConfigError):
        await pool.move_file("a/b.vmdk", "a/b.txt")


async def test_a_disk_moves_into_another_datastore() -> None:
    async with faked("vcenter") as (fake, host):
        here, there = await host.pools.get("datastore1"), await host.pools.get("nfs1")
        await here.create_volume(DISK.format("a/b.vmdk"))
        await here.move_file("a/b.vmdk", "c/d.vmdk", into=there)
        assert fake.site.place("[nfs1]")[0].disk("c/d.vmdk").capacity_kb == 1024
        assert not fake.site.place("[datastore1]")[0].exists("a/b.vmdk")
