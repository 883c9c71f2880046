"""Storage volumes of a real libvirtd, but for their data."""

from __future__ import annotations

from pathlib import Path

import pytest
from libvirtlab import Lab, run_virsh
from storagelab import MIB, canonical, folder, volume_xml

from aiovirt.errors import AiovirtError, AlreadyExists, CallerError, NotFound
from aiovirt.interfaces import LegacyStorage, StorageVolumes
from aiovirt.model.storage import StorageVolumeInfo, VolumeType
from aiovirt.objects import Connection, StoragePool
from aiovirt.objects import _transfers as transfers

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_a_volume_is_found_every_way(host: Connection, pool: StoragePool, lab: Lab) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB))
    path = str(folder(lab, "images") / "disk")
    assert await pool.volume("disk") == volume
    assert await pool.volumes() == [volume]
    assert await host.pools.volume(path) == volume
    assert await host.pools.volume(volume.key.key) == volume
    assert await host.driver.ability(StorageVolumes).find_by_path(path) == volume.key
    assert (await volume.path(), volume.pool_name) == (path, "images")


async def test_a_volume_that_is_not_there_is_not_found(host: Connection, pool: StoragePool) -> None:
    with pytest.raises(NotFound, match="none"):
        await pool.volume("none")
    with pytest.raises(NotFound, match="/none"):
        await host.pools.volume("/none")


async def test_a_name_that_is_taken_is_refused(pool: StoragePool) -> None:
    await pool.create_volume(volume_xml("disk", MIB))
    with pytest.raises(AlreadyExists, match="disk"):
        await pool.create_volume(volume_xml("disk", MIB))


async def test_sizes_are_bytes(host: Connection, pool: StoragePool) -> None:
    volume = await pool.create_volume(volume_xml("disk", 2 * MIB, MIB))
    info = await volume.info()
    assert info == StorageVolumeInfo(VolumeType.FILE, 2 * MIB, MIB)
    assert (await volume.info(physical=True)).allocation == 2 * MIB
    assert await host.driver.ability(LegacyStorage).volume_info(volume.key) == info
    assert await pool.volume_records() == [await volume.record()]


async def test_the_configuration_is_libvirts(pool: StoragePool, lab: Lab) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB, kind="qcow2"), metadata=True)
    said = run_virsh(lab, "vol-dumpxml", "disk", "images")
    assert canonical(await volume.xml()) == canonical(said)


async def test_a_volume_grows_and_shrinks(pool: StoragePool) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB))
    await volume.resize(2 * MIB)
    with pytest.raises(AiovirtError, match=r"[Ss]hrink"):
        await volume.resize(MIB)
    await volume.resize(MIB, shrink=True)
    await volume.resize(MIB, delta=True, allocate=True)
    assert (await volume.info()) == StorageVolumeInfo(VolumeType.FILE, 2 * MIB, 2 * MIB)


@pytest.mark.parametrize("old", [False, True])
async def test_a_wiped_volume_has_zeros(
    host: Connection, pool: StoragePool, tmp_path: Path, *, old: bool
) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB, MIB))
    async with volume.upload(size=MIB) as sink:
        await sink.send(b"x" * MIB)
    if old:
        await host.driver.ability(LegacyStorage).wipe(volume.key)
    else:
        await volume.wipe()
    await volume.download_file(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == bytes(MIB)


async def test_an_algorithm_that_is_none_is_refused_before_anything_is_done(
    pool: StoragePool,
) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB))
    with pytest.raises(CallerError, match="'shred' is none of zero"):
        await volume.wipe(algorithm="shred")


async def test_a_clone_has_the_data(pool: StoragePool, tmp_path: Path) -> None:
    source = await pool.create_volume(volume_xml("disk", MIB))
    async with source.upload() as sink:
        await sink.send(b"abc" * 1000)
    clone = await pool.clone_volume(source, name="twin")
    assert clone.name == "twin"
    await clone.download_file(tmp_path / "copy", size=3000)
    assert (tmp_path / "copy").read_bytes() == b"abc" * 1000


async def test_a_clone_may_have_another_format(pool: StoragePool) -> None:
    source = await pool.create_volume(volume_xml("disk", MIB))
    clone = await pool.clone_volume(source, volume_xml("twin", MIB, kind="qcow2"))
    assert (await clone.config()).target.format == "qcow2"


async def test_how_far_a_long_work_has_got_is_told(
    pool: StoragePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "POLL_S", 0)
    told: list[tuple[int, int]] = []
    source = await pool.create_volume(volume_xml("disk", 64 * MIB, 64 * MIB))
    await pool.clone_volume(
        source,
        volume_xml("twin", 64 * MIB, 64 * MIB),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told
    assert {total for _, total in told} == {64 * MIB}
    assert told == sorted(told)


async def test_a_deleted_volume_is_gone(pool: StoragePool) -> None:
    volume = await pool.create_volume(volume_xml("disk", MIB))
    await volume.delete()
    with pytest.raises(NotFound):
        await volume.info()
