"""Pools and volumes of the in-memory host behave as libvirt's, and their data stays in memory."""

from __future__ import annotations

import pytest

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig
from aiovirt.errors import (
    AlreadyExists,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.model.events import StoragePoolLifecycleEvent
from aiovirt.model.storage import Hole
from aiovirt.model.units import Bytes, GiB, KiB, MiB
from aiovirt.objects import StoragePool
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio

LAB = StoragePoolConfig.directory("lab", "/lab")


@pytest.fixture
async def pool(host: TestHost) -> StoragePool:
    return await host.pools.get("default-pool")


async def test_a_pool_lives_and_its_volumes_outlive_it(host: TestHost) -> None:
    async with host.events() as events:
        pool = await host.pools.define(LAB)
        await pool.build()
        await pool.start()
        await pool.create_volume(StorageVolumeConfig.raw("a.img", MiB(1)))
        await pool.destroy()
        await pool.undefine()
        kinds = []
        for _ in range(5):
            event = await events.__anext__()
            assert isinstance(event, StoragePoolLifecycleEvent)
            kinds.append(event.kind)
    assert [int(kind) for kind in kinds] == [0, 4, 2, 3, 1]
    again = await host.pools.create(LAB)
    assert [each.name for each in await again.volumes()] == ["a.img"]


async def test_two_pools_are_not_made_of_the_same(host: TestHost) -> None:
    await host.pools.define(LAB)
    with pytest.raises(AlreadyExists, match="lab"):
        await host.pools.define(StoragePoolConfig.directory("other", "/lab/"))


async def test_a_deleted_pool_has_no_volumes_any_more(host: TestHost) -> None:
    pool = await host.pools.define(LAB)
    await pool.start()
    await pool.create_volume(StorageVolumeConfig.raw("a.img", MiB(1)))
    with pytest.raises(InvalidState):
        await pool.delete()
    await pool.destroy()
    await pool.delete()
    await pool.start()
    assert await pool.volumes() == []


async def test_room_is_counted(pool: StoragePool) -> None:
    await pool.create_volume(StorageVolumeConfig.raw("a.img", GiB(60), preallocated=True))
    info = await pool.info()
    assert (info.allocation, info.available) == (GiB(60), GiB(40))
    with pytest.raises(ResourceUnavailable):
        await pool.create_volume(StorageVolumeConfig.raw("b.img", GiB(60), preallocated=True))


async def test_a_volume_is_found_every_way(host: TestHost, pool: StoragePool) -> None:
    made = await pool.create_volume(StorageVolumeConfig.qcow2("a.qcow2", GiB(1)))
    assert await pool.volume("a.qcow2") == made
    assert await host.pools.volume("/default-pool/a.qcow2") == made
    config = await made.config()
    assert config.allocation == config.physical == KiB(196)
    with pytest.raises(AlreadyExists):
        await pool.create_volume(StorageVolumeConfig.raw("a.qcow2", GiB(1)))


async def test_data_is_read_back_with_its_holes(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", MiB(1)))
    async with volume.upload(offset=MiB(1) // 2, sparse=True) as sink:
        await sink.send(b"x" * 65536)
        await sink.send(Hole(65536))
    async with volume.download(sparse=True) as source:
        assert [piece async for piece in source] == [
            Hole(MiB(1) // 2),
            b"x" * 65536,
            Hole(MiB(1) // 2 - 65536),
        ]
    async with volume.download(offset=MiB(1) // 2 - 1, size=3) as source:
        assert b"".join([piece async for piece in source if isinstance(piece, bytes)]) == b"\0xx"


async def test_an_upload_is_held_to_its_length(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", KiB(64)))
    async with volume.upload(size=4) as sink:
        with pytest.raises(ResourceUnavailable):
            await sink.send(b"12345")
        with pytest.raises(InvalidState):
            await volume.delete()
    with pytest.raises(CallerError):
        async with volume.upload() as sink:
            await sink.send(Hole(1))


async def test_an_uploaded_image_is_recognised(pool: StoragePool) -> None:
    image = await pool.create_volume(StorageVolumeConfig.qcow2("a.qcow2", MiB(5)))
    async with image.download() as source:
        data = b"".join([piece async for piece in source if isinstance(piece, bytes)])
    other = await pool.create_volume(StorageVolumeConfig.raw("b.img", KiB(64)))
    async with other.upload() as sink:
        await sink.send(data)
    config = await other.config()
    assert (config.target.format, config.capacity) == ("qcow2", MiB(5))


async def test_a_clone_has_the_data(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", KiB(64)))
    async with volume.upload() as sink:
        await sink.send(b"abc")
    clone = await pool.clone_volume(volume, StorageVolumeConfig.raw("b.img", KiB(128)))
    async with clone.download(size=4) as source:
        assert [piece async for piece in source] == [b"abc\0"]
    assert (await clone.info()).capacity == KiB(128)
    with pytest.raises(Unsupported, match="converted"):
        await pool.clone_volume(volume, StorageVolumeConfig.qcow2("c.qcow2"))


async def test_a_volume_shrinks_only_when_it_may(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", MiB(2)))
    with pytest.raises(ConfigError, match="shrink"):
        await volume.resize(MiB(1))
    await volume.resize(MiB(1), shrink=True)
    await volume.resize(MiB(1), delta=True)
    assert (await volume.info()).capacity == MiB(2)


async def test_a_wiped_volume_is_empty(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", Bytes(4)))
    async with volume.upload() as sink:
        await sink.send(b"abcd")
    await volume.wipe()
    async with volume.download() as source:
        assert [piece async for piece in source] == [bytes(4)]


async def test_volumes_of_scsi_pools_are_made_elsewhere(host: TestHost) -> None:
    pool = await host.pools.create(StoragePoolConfig.scsi("units", "host0"))
    with pytest.raises(Unsupported):
        await pool.create_volume(StorageVolumeConfig.raw("a", MiB(1)))


async def test_sources_are_found(host: TestHost) -> None:
    found = await host.pools.find_sources("logical")
    assert [source.name for source in found.sources] == ["testvg1", "testvg2"]
    with pytest.raises(CallerError, match="server"):
        await host.pools.find_sources("netfs")
    assert "<pool type='dir'" in await host.pools.capabilities()


async def test_a_volume_of_a_stopped_pool_cannot_be_used(pool: StoragePool) -> None:
    volume = await pool.create_volume(StorageVolumeConfig.raw("a.img", Bytes(4)))
    await pool.destroy()
    with pytest.raises(InvalidState):
        await volume.info()
    await pool.start()
    await volume.delete()
    with pytest.raises(NotFound):
        await volume.info()
