"""Disks and media as volumes: listed, made, copied, grown, wiped, removed, on both simulators."""

from __future__ import annotations

from typing import Literal

import pytest
from esxfakes import faked
from esxhosts import opening
from vcsimlab import Simulator
from vcsimlab.fixtures import Check, Reference

from aiovirt import _open
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    Unsupported,
)
from aiovirt.model.credentials import Login
from aiovirt.model.units import MiB
from aiovirt.objects import Connection, StoragePool
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.testing.vsphere import Account, FakeVSphere, Settings, run_fake_vsphere
from aiovirt.testing.vsphere.files import DiskImage

pytestmark = pytest.mark.anyio

STORE = "LocalDS_0"
BOTH: tuple[Literal["vcenter"], Literal["esx"]] = ("vcenter", "esx")


def wanted(
    name: str, size: int | None = 1 << 20, allocation: int | None = 0, form: str | None = None
) -> str:
    """Return the configuration of a volume, whose name may have slashes."""
    sizes = "" if size is None else f"<capacity>{int(size)}</capacity>"
    sizes += "" if allocation is None else f"<allocation>{int(allocation)}</allocation>"
    target = "" if form is None else f"<target><format type='{form}'/></target>"
    return f"<volume><name>{name}</name>{sizes}{target}</volume>"


def image(fake: FakeVSphere, path: str) -> DiskImage:
    return fake.site.place(f"[datastore1] {path}", None)[0].disk(path)


@pytest.fixture
async def pool(host: Connection) -> StoragePool:
    """Return the pool of VMware's simulator."""
    return await host.pools.get(STORE)


# --- looking --------------------------------------------------------------------------------------


@pytest.mark.real
async def test_volumes_are_the_disks_that_another_client_sees(
    vsphere: Simulator, pool: StoragePool, name: str, check: Check
) -> None:
    names = [volume.name for volume in await pool.volumes()]
    assert f"{name}/disk1.vmdk" in names
    assert names == sorted(names)
    assert {"disk1.vmdk", "disk1-flat.vmdk"} <= check(vsphere).files(name)
    assert not any("flat" in each for each in names)


@pytest.mark.real
async def test_a_volume_has_the_key_and_the_path_that_libvirt_gives_it(
    vsphere: Simulator, pool: StoragePool, name: str, virsh: Reference
) -> None:
    volume = await pool.volume(f"{name}/disk1.vmdk")
    libvirt = virsh(vsphere)
    words = ("--pool", STORE, volume.name)
    assert libvirt.run("vol-key", *words).strip() == volume.key.key
    assert libvirt.run("vol-path", *words).strip() == await volume.path()


@pytest.mark.real
async def test_a_volume_is_found_every_way(host: Connection, pool: StoragePool, name: str) -> None:
    volume = await pool.volume(f"{name}/disk1.vmdk")
    for place in (
        volume.key.key,
        f"[{STORE}] {volume.name}",
        f"/vmfs/volumes/{STORE}/{volume.name}",
    ):
        assert await host.pools.volume(place) == volume
    assert await host.pools.of(volume) == pool


@pytest.mark.real
async def test_volumes_that_are_not_there_are_not_found(
    host: Connection, pool: StoragePool
) -> None:
    for name in ("none.vmdk", "none/none.vmdk", "a*.vmdk"):
        with pytest.raises(NotFound):
            await pool.volume(name)
    for place in (f"[{STORE}] x.vmdk", "12345678-1234-1234-1234-123456789abc", "/nowhere/x"):
        with pytest.raises(NotFound):
            await host.pools.volume(place)


@pytest.mark.parametrize("kind", BOTH)
async def test_a_disk_tells_what_a_guest_sees_and_what_it_takes(
    kind: Literal["vcenter", "esx"],
) -> None:
    async with faked(kind) as (_, host):
        pool = await host.pools.get("datastore1")
        await pool.create_volume(wanted("a/thin.vmdk", MiB(4)))
        thick = await pool.create_volume(wanted("a/thick.vmdk", MiB(4), None))
        infos = {record.key.name: record.info for record in await pool.volume_records()}
        assert infos["a/thin.vmdk"].capacity == infos["a/thick.vmdk"].capacity == MiB(4)
        assert infos["a/thin.vmdk"].allocation < MiB(4) <= infos["a/thick.vmdk"].allocation
        config = await thick.config()
        assert (config.capacity, config.target.format) == (MiB(4), "vmdk")
        assert config.target.path == "[datastore1] a/thick.vmdk"


# --- making ---------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("name", ["x/y.vmdk", "a b/ü&<.vmdk", "deep/er/[1].vmdk"])
async def test_a_disk_is_made_with_its_folder_and_removed(
    vsphere: Simulator, pool: StoragePool, check: Check, name: str
) -> None:
    xml = wanted(name.replace("&", "&amp;").replace("<", "&lt;"))
    volume = await pool.create_volume(xml)
    folder, _, file = name.rpartition("/")
    assert volume.name == name
    assert file in check(vsphere).files(folder)
    with pytest.raises(AlreadyExists):
        await pool.create_volume(xml)
    await volume.delete()
    assert check(vsphere).files(folder) == set()


@pytest.mark.real
async def test_a_medium_is_made_and_removed(
    vsphere: Simulator, pool: StoragePool, check: Check
) -> None:
    volume = await pool.create_volume(wanted("iso/boot.iso", 0))
    floppy = await pool.create_volume(wanted("iso/disk.img", 300_000))
    assert check(vsphere).files("iso") == {"boot.iso", "disk.img"}
    assert (await volume.info()).capacity == 0
    assert (await floppy.info()).capacity == 300_000
    assert (vsphere.datastore(STORE) / "iso/disk.img").read_bytes() == bytes(300_000)
    await volume.delete()
    await floppy.delete()
    assert check(vsphere).files("iso") == set()


@pytest.mark.parametrize("allocation", [0, None])
@pytest.mark.parametrize("metadata", [False, True])
async def test_a_disk_takes_its_room_as_is_asked(allocation: int | None, *, metadata: bool) -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        await pool.create_volume(wanted("a/b.vmdk", MiB(2), allocation), metadata=metadata)
        made = image(fake, "a/b.vmdk")
        assert (made.thin, made.capacity_kb) == (allocation == 0, 2048)


@pytest.mark.parametrize(
    ("xml", "field"),
    [
        (wanted("a/b.qcow2"), "name"),
        (wanted("a//.."), "name"),
        (wanted("../b.vmdk"), "path"),
        (wanted("a/b.vmdk", form="raw"), "target/format"),
        (wanted("a/b.vmdk", None), "capacity"),
        (wanted("a/b.vmdk", 0), "capacity"),
        (wanted("a/b.vmdk", MiB(2), MiB(1)), "allocation"),
    ],
)
async def test_volumes_that_cannot_be_are_refused_before_anything_is_done(
    xml: str, field: str
) -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        before = dict(fake.plan.calls)
        with pytest.raises(ConfigError) as caught:
            await pool.create_volume(xml)
        assert caught.value.field == field
        assert fake.plan.calls == before


async def test_a_disk_that_cannot_be_made_leaves_no_folder() -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        fake.plan.fail_task(
            "CreateVirtualDisk_Task", f.NoDiskSpace(file="", datastore="datastore1")
        )
        with pytest.raises(AiovirtError, match="make volume"):
            await pool.create_volume(wanted("new/b.vmdk"))
        files, _ = fake.site.place("[datastore1]")
        assert not files.exists("new")


# --- copying --------------------------------------------------------------------------------------


@pytest.mark.real
async def test_disks_and_media_are_copied(
    vsphere: Simulator, pool: StoragePool, check: Check
) -> None:
    disk = await pool.create_volume(wanted("a/b.vmdk"))
    medium = await pool.create_volume(wanted("a/c.iso", 1000))
    await pool.clone_volume(disk, wanted("d/e.vmdk", None, None))
    await pool.clone_volume(medium, wanted("d/f.iso", None, None))
    assert check(vsphere).files("d") == {"e.vmdk", "e-flat.vmdk", "f.iso"}
    assert (vsphere.datastore(STORE) / "d/f.iso").stat().st_size == 1000
    with pytest.raises(AlreadyExists):
        await pool.clone_volume(medium, wanted("d/f.iso", None, None))
    with pytest.raises(ConfigError):
        await pool.clone_volume(medium, wanted("d/f.vmdk", None, None))


async def test_a_copy_may_be_larger_but_not_smaller() -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        disk = await pool.create_volume(wanted("a/b.vmdk", MiB(2)))
        await pool.clone_volume(disk, wanted("a/c.vmdk", MiB(3), None))
        assert image(fake, "a/c.vmdk").capacity_kb == 3072
        with pytest.raises(ConfigError, match="no room"):
            await pool.clone_volume(disk, wanted("a/d.vmdk", MiB(1)))


async def test_a_disk_is_copied_into_another_datastore() -> None:
    async with faked("vcenter") as (fake, host):
        disk = await (await host.pools.get("datastore1")).create_volume(wanted("a/b.vmdk"))
        other = await host.pools.get("nfs1")
        await other.clone_volume(disk, wanted("a/b.vmdk", None, None))
        assert fake.site.place("[nfs1]")[0].exists("a/b.vmdk")


# --- changing -------------------------------------------------------------------------------------


@pytest.mark.real
async def test_a_disk_of_a_machine_is_not_removed(
    vsphere: Simulator, pool: StoragePool, name: str, check: Check
) -> None:
    check(vsphere).power_off(name)
    volume = await pool.volume(f"{name}/disk1.vmdk")
    with pytest.raises(InvalidState, match=name):
        await volume.delete()
    assert "disk1.vmdk" in check(vsphere).files(name)


@pytest.mark.parametrize("kind", BOTH)
async def test_a_disk_grows_and_does_not_shrink(kind: Literal["vcenter", "esx"]) -> None:
    async with faked(kind) as (_, host):
        pool = await host.pools.get("datastore1")
        disk = await pool.create_volume(wanted("a/b.vmdk", MiB(2)))
        await disk.resize(MiB(4))
        assert (await disk.info()).capacity == MiB(4)
        await disk.resize(MiB(1), delta=True)
        assert (await disk.info()).capacity == MiB(5)
        with pytest.raises(ConfigError):
            await disk.resize(MiB(1))
        with pytest.raises(Unsupported):
            await disk.resize(MiB(1), shrink=True)


async def test_only_disks_change_their_size_and_are_wiped() -> None:
    async with faked() as (_, host):
        pool = await host.pools.get("datastore1")
        medium = await pool.create_volume(wanted("a/c.iso", 1000))
        with pytest.raises(Unsupported):
            await medium.resize(MiB(4))
        with pytest.raises(Unsupported):
            await medium.wipe()
        with pytest.raises(CallerError):
            await medium.wipe(algorithm="dod")


@pytest.mark.parametrize("kind", BOTH)
async def test_a_disk_is_wiped_by_the_server(kind: Literal["vcenter", "esx"]) -> None:
    async with faked(kind) as (fake, host):
        pool = await host.pools.get("datastore1")
        disk = await pool.create_volume(wanted("a/b.vmdk", MiB(2)))
        assert image(fake, "a/b.vmdk").allocated_kb == 0
        await disk.wipe()
        assert image(fake, "a/b.vmdk").allocated_kb == 2048  # zeros were written to all of it
        assert image(fake, "a/b.vmdk").thin
        fake.plan.fail_task("ZeroFillVirtualDisk_Task", f.NoDiskSpace(file="x", datastore="y"))
        with pytest.raises(AiovirtError, match="wipe volume"):
            await disk.wipe()


async def test_a_large_disk_is_read_from_anywhere() -> None:
    async with faked() as (_, host):
        pool = await host.pools.get("datastore1")
        disk = await pool.create_volume(wanted("a/b.vmdk", 16 << 30))
        async with disk.download(offset=(16 << 30) - 70_000) as source:
            parts = [part async for part in source]
        assert b"".join(part for part in parts if isinstance(part, bytes)) == bytes(70_000)


async def test_an_account_that_may_not_is_told_which_privilege_it_lacks() -> None:
    async with faked("vcenter", user="reader") as (fake, host):
        pool = await host.pools.get("datastore1")
        with pytest.raises(PermissionDenied, match=r"Datastore\."):
            await pool.create_volume(wanted("a/b.vmdk"))
        assert not fake.site.place("[datastore1]")[0].exists("a")


@pytest.mark.parametrize("kind", BOTH)
async def test_a_refused_look_names_the_datastore(kind: Literal["vcenter", "esx"]) -> None:
    settings = Settings(kind=kind, machines=1)
    settings.accounts = {"root": Account("secret", ("System.*",))}
    async with (
        run_fake_vsphere(settings) as fake,
        _open.open(fake.uri, credentials=Login("root", "secret")) as host,
    ):
        pool = await host.pools.get("datastore1")
        with pytest.raises(PermissionDenied) as caught:
            await pool.volumes()
    assert "Datastore.Browse on datastore 'datastore1'" in str(caught.value)


@pytest.mark.real
async def test_a_read_only_connection_changes_nothing(vsphere: Simulator, check: Check) -> None:
    async with opening(vsphere, readonly=True) as host:
        pool = await host.pools.get(STORE)
        with pytest.raises(PermissionDenied):
            await pool.create_volume(wanted("a/b.iso", 1))
    assert "a" not in check(vsphere).files()
