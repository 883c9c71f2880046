"""Datastores and volumes of an ESX host by SSH."""

from __future__ import annotations

import os

import pytest
from esxshell.lab import EsxLab

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig
from aiovirt.errors import (
    AlreadyExists,
    Busy,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    RemoteError,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.interfaces import StoragePools, StorageVolumes
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import Hole, PoolState
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

MIB = 1024**2


def config(name: str, size: int = MIB, allocation: int = 0) -> StorageVolumeConfig:
    """Return a volume's configuration."""
    escaped = name.replace("&", "&amp;").replace("<", "&lt;")
    return StorageVolumeConfig.parse(
        f"<volume><name>{escaped}</name><capacity>{size}</capacity>"
        f"<allocation>{allocation}</allocation></volume>"
    )


def volumes(host: Connection) -> StorageVolumes:
    """Return the driver's own ability."""
    return host.driver.ability(StorageVolumes)


async def pool(host: Connection, name: str = "datastore1") -> StoragePoolKey:
    """Return a datastore."""
    return (await host.pools.get(name)).key


async def make(host: Connection, name: str, size: int = MIB) -> StorageVolumeKey:
    """Make a volume in the first datastore."""
    return await volumes(host).create(await pool(host), config(name, size))


# --- pools ----------------------------------------------------------------------------------------


async def test_datastores_are_pools(host: Connection, esx: EsxLab) -> None:
    found = await host.pools.list()
    assert [each.name for each in found] == ["datastore1", "nfs store"]
    info = await found[0].info()
    assert info.state is PoolState.RUNNING
    assert info.capacity == info.allocation + info.available > 0
    assert (await found[0].config()).path == str(esx.store())
    assert await host.pools.get(found[1].uuid) == found[1]


async def test_what_an_nfs_datastore_is(host: Connection) -> None:
    shown = await (await host.pools.get("nfs store")).config()
    assert (shown.type, shown.source.dir) == ("netfs", "/exports/vms")
    assert [each.name for each in shown.source.hosts] == ["192.0.2.10"]


async def test_a_datastore_that_is_not_mounted(host: Connection, esx: EsxLab) -> None:
    key = await pool(host, "nfs store")
    with esx.state() as state:
        state.stores["nfs store"]["mounted"] = False
    pools = host.driver.ability(StoragePools)
    assert (await pools.info(key)).state is PoolState.INACTIVE
    assert await pools.keys(active=False) == [key]
    with pytest.raises(InvalidState):
        await pools.refresh(key)
    with pytest.raises(InvalidState):
        await volumes(host).keys(key)


async def test_mounting_and_leaving_nfs(host: Connection) -> None:
    pools = host.driver.ability(StoragePools)
    wanted = StoragePoolConfig.nfs("more vms", "192.0.2.11", "/exports/more", "/ignored")
    key = await pools.create(wanted)
    assert await pools.is_active(key)
    with pytest.raises(AlreadyExists):
        await pools.create(wanted)
    await pools.destroy(key)
    with pytest.raises(NotFound):
        await pools.info(key)
    with pytest.raises(Unsupported):
        await pools.destroy(await pool(host))
    with pytest.raises(Unsupported):
        await pools.create(StoragePoolConfig.directory("local", "/x"))


# --- volumes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["web1/web1.vmdk", "x'\"$;`|&>(/a b.vmdk", "é漢.vmdk", "-n/-n.vmdk"]
)
async def test_a_disk(host: Connection, name: str) -> None:
    key = await make(host, name, 3 * MIB)
    ability = volumes(host)
    assert await ability.keys(await pool(host)) == [key]
    assert await ability.path(key) == f"[datastore1] {name}"
    assert await ability.find_by_path(f"[datastore1] {name}") == key
    info = await ability.info(key)
    assert info.capacity == 3 * MIB > info.allocation
    shown = await ability.config(key)
    assert (shown.name, shown.target.format) == (name, "vmdk")
    await ability.delete(key)
    assert await ability.keys(await pool(host)) == []


async def test_a_disk_that_takes_its_room_at_once(host: Connection) -> None:
    key = await volumes(host).create(await pool(host), config("thick.vmdk", MIB, MIB))
    assert (await volumes(host).info(key)).allocation >= MIB


async def test_only_descriptions_and_media_are_volumes(host: Connection, esx: EsxLab) -> None:
    await make(host, "web1/web1.vmdk")
    folder = esx.store() / "web1"
    for name in ("web1-000001-delta.vmdk", "web1-ctk.vmdk", "fake.vmdk", "web1.vmx", "dvd.iso"):
        (folder / name).write_bytes(b"data")
    names = [each.key.name for each in await volumes(host).records(await pool(host))]
    assert names == ["web1/dvd.iso", "web1/web1.vmdk"]


async def test_a_copy(host: Connection, esx: EsxLab) -> None:
    source = await make(host, "one.vmdk")
    (esx.store() / "one-flat.vmdk").write_bytes(os.urandom(MIB))
    ability = volumes(host)
    key = await ability.create_from(await pool(host), config("two.vmdk", 2 * MIB), source)
    assert (await ability.info(key)).capacity == 2 * MIB
    data = (esx.store() / "two-flat.vmdk").read_bytes()
    assert data[:MIB] == (esx.store() / "one-flat.vmdk").read_bytes()
    with pytest.raises(ConfigError):
        await ability.create_from(await pool(host), config("two.iso"), source)


async def test_a_copy_by_its_handle(host: Connection) -> None:
    key = await make(host, "web1/one.vmdk")
    datastore = await host.pools.get("datastore1")
    source = await datastore.volume(key.name)
    copy = await datastore.clone_volume(source, name="web1/two.vmdk")
    assert copy.key.name == "web1/two.vmdk"
    assert (await copy.info()).capacity == MIB


async def test_a_medium_and_its_copy(host: Connection, esx: EsxLab) -> None:
    key = await make(host, "iso/a b.iso", 1000)
    assert (esx.store() / "iso" / "a b.iso").stat().st_size == 1000
    copy = await volumes(host).create_from(await pool(host), config("iso/c.iso", 1), key)
    assert (await volumes(host).info(copy)).capacity == 1000
    await volumes(host).delete(key)
    with pytest.raises(AlreadyExists):
        await make(host, "iso/c.iso")


async def test_growing(host: Connection) -> None:
    key = await make(host, "web1.vmdk")
    await volumes(host).resize(key, MIB, delta=True)
    assert (await volumes(host).info(key)).capacity == 2 * MIB
    with pytest.raises(ConfigError, match="cannot shrink"):
        await volumes(host).resize(key, MIB)
    with pytest.raises(Unsupported):
        await volumes(host).resize(key, MIB, shrink=True)


async def test_wiping(host: Connection, esx: EsxLab) -> None:
    key = await make(host, "web1.vmdk")
    (esx.store() / "web1-flat.vmdk").write_bytes(b"x" * MIB)
    await volumes(host).wipe(key)
    assert (esx.store() / "web1-flat.vmdk").read_bytes() == bytes(MIB)
    with pytest.raises(CallerError):
        await volumes(host).wipe(key, algorithm="gutmann")


async def test_a_disk_that_is_used_stays(host: Connection, esx: EsxLab) -> None:
    key = await make(host, "web1.vmdk")
    settings = {"present": "TRUE", "fileName": str(esx.store() / "web1.vmdk")}
    number = esx.add("web1", **{f"scsi0:0.{name}": value for name, value in settings.items()})
    esx.power(number, "poweredOn")
    with pytest.raises(Busy, match="lock"):
        await volumes(host).delete(key)


@pytest.mark.parametrize("name", ["web1", "web1.qcow2", "../web1.vmdk", "a//.vmdk", "x\ty.vmdk"])
async def test_names_that_are_none(host: Connection, name: str) -> None:
    with pytest.raises(ConfigError):
        await make(host, name)


async def test_what_exists_or_does_not(host: Connection) -> None:
    key = await make(host, "web1.vmdk")
    with pytest.raises(AlreadyExists):
        await make(host, "web1.vmdk")
    await volumes(host).delete(key)
    for call in (volumes(host).info, volumes(host).delete, volumes(host).path):
        with pytest.raises(NotFound):
            await call(key)
    with pytest.raises(NotFound):
        await pool(host, "datastore9")


# --- data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 65536, 100, 70000])
async def test_data_in_and_out(host: Connection, esx: EsxLab, offset: int) -> None:
    key = await make(host, "a b.vmdk", MIB)
    data = os.urandom(300_000)
    async with volumes(host).upload(key, offset=offset, sparse=True) as sink:
        await sink.send(data)
        await sink.send(Hole(70_000))
        await sink.send(b"end")
    data += bytes(70_000) + b"end"
    stored = (esx.store() / "a b-flat.vmdk").read_bytes()
    assert len(stored) == MIB
    assert stored[offset : offset + len(data)] == data
    got = b""
    async with volumes(host).download(key, offset=offset, length=len(data)) as source:
        async for piece in source:
            assert isinstance(piece, bytes)
            got += piece
    assert got == data


async def test_a_download_that_is_left(host: Connection) -> None:
    key = await make(host, "web1.vmdk", 8 * MIB)
    async with volumes(host).download(key) as source:
        assert await source.receive()
    assert (await volumes(host).info(key)).capacity == 8 * MIB


async def test_more_than_a_disk_takes(host: Connection) -> None:
    key = await make(host, "web1.vmdk")
    with pytest.raises(ResourceUnavailable):
        async with volumes(host).upload(key, offset=MIB - 10) as sink:
            await sink.send(bytes(11))
    with pytest.raises(CallerError):
        async with volumes(host).download(key, offset=MIB + 1):
            pytest.fail("there is nothing to read")


async def test_data_that_the_host_changed_is_noticed(host: Connection, esx: EsxLab) -> None:
    key = await make(host, "a.iso", 10)
    tail = esx.folder / "bin" / "sha256sum"
    tail.unlink()
    tail.write_text("#!/bin/sh\necho 0000\n")
    tail.chmod(0o755)
    with pytest.raises(RemoteError, match="other data"):
        async with volumes(host).upload(key) as sink:
            await sink.send(b"data")


async def test_a_disk_in_several_files_is_not_moved(host: Connection, esx: EsxLab) -> None:
    key = await make(host, "web1.vmdk")
    path = esx.store() / "web1.vmdk"
    path.write_text(path.read_text().replace("VMFS", "VMFSSPARSE"))
    with pytest.raises(Unsupported):
        async with volumes(host).download(key):
            pytest.fail("its data are in tables")
