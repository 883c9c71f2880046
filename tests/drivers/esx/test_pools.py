"""Datastores and iSCSI targets as pools: as libvirt shows them, mounted, refreshed, left."""

from __future__ import annotations

from uuid import UUID

import pytest
from esxfakes import faked
from esxhosts import opening
from iscsiparts import DISK, TARGET, give_iscsi
from vcsimlab import Simulator
from vcsimlab.fixtures import Check, Reference
from xmldifferences import differences

from aiovirt.config import StoragePoolConfig
from aiovirt.errors import (
    AlreadyExists,
    Busy,
    ConfigError,
    NotFound,
    RemoteError,
    Unsupported,
)
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags as Flags
from aiovirt.model.storage import PoolState, VolumeType
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.testing.vsphere import FakeVSphere

pytestmark = pytest.mark.anyio

STORE = "LocalDS_0"


@pytest.mark.real
async def test_a_pool_is_what_libvirt_makes_of_it(
    vsphere: Simulator, host: Connection, virsh: Reference
) -> None:
    theirs = StoragePoolConfig.parse(virsh(vsphere).run("pool-dumpxml", STORE))
    ours = await (await host.pools.get(STORE)).config()
    assert (ours.type, ours.uuid, ours.path) == (theirs.type, theirs.uuid, theirs.path)
    assert ours.capacity == theirs.capacity
    for config in (theirs, ours):  # what is free changes while we look
        config.allocation = config.available = None
        config.target.permissions = None
    assert differences(theirs.to_xml(), ours.to_xml()) == []


@pytest.mark.real
async def test_pools_are_listed_and_found_every_way(host: Connection) -> None:
    (pool,) = await host.pools.list()
    assert pool.name == STORE
    assert await host.pools.get(STORE) == await host.pools.get(pool.uuid) == pool
    assert await host.pools.at(f"/vmfs/volumes/{STORE}/") == pool
    (record,) = await host.pools.records()
    assert (record.persistent, record.autostart, record.info.state) == (
        True,
        True,
        PoolState.RUNNING,
    )
    assert record.info.capacity == record.info.allocation + record.info.available
    assert await host.pools.list(flags=Flags.INACTIVE) == []


@pytest.mark.real
async def test_a_pool_cannot_be_kept_from_being_there(host: Connection) -> None:
    pool = await host.pools.get(STORE)
    await pool.set_autostart()
    with pytest.raises(Unsupported):
        await pool.set_autostart(autostart=False)


@pytest.mark.real
async def test_what_is_not_there_is_not_found(host: Connection) -> None:
    with pytest.raises(NotFound, match="no datastore 'none'") as caught:
        await host.pools.get("none")
    assert caught.value.hint == f"there are: {STORE}"
    with pytest.raises(NotFound):
        await host.pools.get(UUID(int=1))
    with pytest.raises(NotFound):
        await host.pools.at("/vmfs/volumes/none")


@pytest.mark.real
@pytest.mark.parametrize("path", ["/", "/DC0", "/DC0/DC0_C0", "/DC0/DC0_C0/DC0_C0_H0"])
async def test_each_part_of_a_vcenter_has_pools(vcenter: Simulator, path: str) -> None:
    async with opening(vcenter, path) as host:
        assert [pool.name for pool in await host.pools.list()] == [STORE]


@pytest.mark.parametrize("kind", ["vcenter", "esx"])
async def test_vmfs_is_shown_with_its_disks_and_nfs_with_its_server(kind: str) -> None:
    async with faked("esx" if kind == "esx" else "vcenter") as (_, host):
        vmfs = await (await host.pools.get("datastore1")).config()
        nfs = await (await host.pools.get("nfs1")).config()
    assert vmfs.type == "fs"
    (device,) = vmfs.source.devices
    assert (device.path or "").startswith("/vmfs/devices/disks/naa.")
    assert (nfs.type, nfs.source.format) == ("netfs", "nfs")
    assert nfs.source.hosts[0].name
    assert nfs.source.dir


NFS = """<pool type='netfs'><name>more</name><source><host name='nas.example.com'/>
<dir path='/export/more'/></source><target><path>/ignored</path></target></pool>"""


@pytest.mark.parametrize("path", [None, "/DC0"])
async def test_nfs_is_mounted_on_all_hosts_of_the_uri_and_left_again(path: str | None) -> None:
    async with faked("vcenter", path) as (fake, host):
        pool = await host.pools.create(NFS)
        hosts = fake.plan.calls["CreateNasDatastore"]
        assert hosts == (1 if path is None else 2)
        assert (await pool.config()).source.dir == "/export/more"
        with pytest.raises(AlreadyExists):
            await host.pools.create(NFS)
        await pool.destroy()
        assert fake.plan.calls["RemoveDatastore"] == hosts
        with pytest.raises(NotFound):
            await host.pools.get("more")


async def test_a_host_that_cannot_mount_leaves_no_other_with_it() -> None:
    async with faked("vcenter", "/DC0") as (fake, host):
        fake.plan.fail("CreateNasDatastore", f.HostConfigFault(), nth=2)
        with pytest.raises(RemoteError, match="mount datastore 'more' on host"):
            await host.pools.create(NFS)
        assert fake.plan.calls["RemoveDatastore"] == 1
        assert "more" not in {pool.name for pool in await host.pools.list()}


@pytest.mark.real
async def test_another_client_sees_the_datastore_of_nfs(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    folder = vsphere.datastore(STORE) / "export"  # the simulator wants a folder of its own
    folder.mkdir()
    spec = NFS.replace("more", "nfs7")
    with pytest.raises(NotFound):
        await host.pools.create(spec)
    assert "nfs7" not in check(vsphere).all_named("Datastore")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("<name>more</name>", "<name>a/b</name>", "name"),
        ("<dir path='/export/more'/>", "", "source"),
        ("<host name='nas.example.com'/>", "<host name='a'/><host name='b'/>", "source/host"),
        ("</source>", "<format type='glusterfs'/></source>", "source/format"),
    ],
)
async def test_what_cannot_be_mounted_is_refused(old: str, new: str, field: str) -> None:
    async with faked() as (fake, host):
        with pytest.raises(ConfigError) as caught:
            await host.pools.create(NFS.replace(old, new))
        assert caught.value.field == field
        assert not fake.plan.calls["CreateNasDatastore"]


async def test_only_nfs_is_made_and_left() -> None:
    async with faked() as (_, host):
        with pytest.raises(Unsupported):
            await host.pools.create("<pool type='dir'><name>x</name></pool>")
        pool = await host.pools.get("datastore1")
        with pytest.raises(Unsupported):
            await pool.destroy()


async def test_a_datastore_in_use_is_not_left() -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("nfs1")
        machine = fake.machine("machine0").ref
        fake.site.world.add_to(_ref(fake, "nfs1"), "vm", machine)
        with pytest.raises(Busy):
            await pool.destroy()


def _ref(fake: FakeVSphere, name: str) -> Ref:
    return next(ref for ref, files in fake.site.files.items() if files.name == name)


async def test_a_refresh_counts_anew() -> None:
    async with faked() as (fake, host):
        pool = await host.pools.get("datastore1")
        await pool.refresh()
        assert fake.plan.calls["RefreshDatastore"] == 1


# --- iSCSI ----------------------------------------------------------------------------------------


async def test_targets_are_pools_and_their_units_volumes() -> None:
    async with faked() as (fake, host):
        give_iscsi(fake)
        pool = await host.pools.get(TARGET)
        config = await pool.config()
        assert (config.type, config.source.hosts[0].name) == ("iscsi", "192.0.2.5")
        assert (await pool.info()).state is PoolState.RUNNING
        (volume,) = await pool.volumes()
        info = await volume.info()
        assert (info.type, info.capacity) == (VolumeType.BLOCK, 512 * 2048)
        assert await volume.path() == DISK
        assert await host.pools.volume(DISK) == volume
        assert (await volume.config()).type == "block"


async def test_targets_are_only_looked_at() -> None:
    async with faked() as (fake, host):
        give_iscsi(fake)
        pool = await host.pools.get(TARGET)
        (volume,) = await pool.volumes()
        for verb in (volume.delete, volume.wipe, pool.destroy):
            with pytest.raises(Unsupported):
                await verb()
        with pytest.raises(NotFound):
            await pool.volume("none")
