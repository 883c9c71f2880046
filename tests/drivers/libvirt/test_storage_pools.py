"""Storage pools of a real libvirtd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from libvirtlab import Lab, run_virsh
from storagelab import canonical, folder, pool_xml, volume_xml

import aiovirt
from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.interfaces import LegacyStorage
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags
from aiovirt.model.storage import PoolState
from aiovirt.objects import Connection, StoragePool

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def defined(host: Connection, lab: Lab) -> AsyncIterator[StoragePool]:
    """Return a pool that is defined and not built; it ends undefined, whatever became of it."""
    pool = await host.pools.define(pool_xml(lab, "store"))
    yield pool
    if await pool.is_active():
        await pool.destroy()
    await pool.undefine()


async def test_a_pool_lives_from_its_definition_to_its_end(defined: StoragePool, lab: Lab) -> None:
    assert (await defined.info()).state is PoolState.INACTIVE
    await defined.build()
    assert folder(lab, "store").is_dir()
    await defined.start()
    assert await defined.is_active()
    await defined.refresh()
    await defined.destroy()
    await defined.delete()
    assert not folder(lab, "store").exists()


async def test_a_pool_is_found_every_way(host: Connection, pool: StoragePool, lab: Lab) -> None:
    volume = await pool.create_volume(volume_xml("disk", 4096))
    assert await host.pools.get("images") == pool
    assert await host.pools.get(pool.uuid) == pool
    assert await host.pools.at(str(folder(lab, "images"))) == pool
    assert await host.pools.of(volume) == pool


@pytest.mark.parametrize("name", ["none", uuid4()])
async def test_a_pool_that_is_not_there_is_not_found(host: Connection, name: str) -> None:
    with pytest.raises(NotFound, match="pool"):
        await host.pools.get(name)


async def test_a_listing_is_filtered_by_the_host(
    host: Connection, pool: StoragePool, defined: StoragePool
) -> None:
    assert await host.pools.list() == [pool, defined]
    assert await host.pools.list(active=True) == [pool]
    assert await host.pools.list(active=False) == [defined]
    assert await host.pools.list(persistent=True) == [defined]
    assert await host.pools.list(persistent=False) == [pool]
    assert await host.pools.list(autostart=True) == []
    assert await host.pools.list(flags=ConnectListAllStoragePoolsFlags.LOGICAL) == []


async def test_a_record_says_what_virsh_says(
    host: Connection, defined: StoragePool, lab: Lab
) -> None:
    await defined.start(build=True)
    await defined.set_autostart()
    assert await defined.autostart()
    record = await defined.record()
    assert await host.pools.records() == [record]
    said = run_virsh(lab, "pool-info", "--bytes", "store")
    figures = dict(line.replace(" ", "").split(":") for line in said.splitlines() if line)
    assert figures == {
        "Name": "store",
        "UUID": str(record.key.uuid),
        "State": "running",
        "Persistent": "yes",
        "Autostart": "yes",
        "Capacity": str(record.info.capacity),
        "Allocation": str(record.info.allocation),
        "Available": str(record.info.available),
    }


async def test_the_configuration_is_libvirts(defined: StoragePool, lab: Lab) -> None:
    said = run_virsh(lab, "pool-dumpxml", "store")
    assert canonical(await defined.xml()) == canonical(said)
    assert await defined.xml(inactive=True) == await defined.xml()
    assert await defined.is_persistent()


async def test_a_verb_that_the_state_forbids_says_so(defined: StoragePool) -> None:
    with pytest.raises(InvalidState, match="store"):
        await defined.refresh()


async def test_the_host_tells_what_pools_it_can_have(host: Connection, lab: Lab) -> None:
    assert await host.pools.capabilities() == run_virsh(lab, "pool-capabilities")[:-1]
    assert "supported='yes'" in await host.pools.capabilities()


async def test_sources_are_looked_for(lab: Lab) -> None:
    # QEMU's driver needs an NFS server or LVM for this; libvirt's test driver knows some always.
    async with aiovirt.open(lab.uri("unix", "test:///default")) as host:
        found = await host.pools.find_sources("logical")
        assert found.sources
        said = run_virsh(lab, "find-storage-pool-sources", "logical", driver="test:///default")
        assert canonical(found.to_xml()) == canonical(said)


async def test_sources_that_the_host_cannot_look_for_say_so(host: Connection) -> None:
    with pytest.raises(AiovirtError, match="dir"):
        await host.pools.find_sources("dir", "<source><host name='127.0.0.1'/></source>")


async def test_older_forms_give_the_same(
    host: Connection, pool: StoragePool, defined: StoragePool
) -> None:
    legacy = host.driver.ability(LegacyStorage)
    await pool.create_volume(volume_xml("disk", 4096))
    assert (await legacy.count_pools(), await legacy.pool_names(9)) == (1, [pool.name])
    assert await legacy.count_defined_pools() == 1
    assert await legacy.defined_pool_names(9) == [defined.name]
    assert await legacy.count_volumes(pool.key) == 1
    assert await legacy.volume_names(pool.key, 9) == ["disk"]
