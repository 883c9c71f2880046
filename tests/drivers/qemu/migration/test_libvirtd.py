"""Guests move between this driver and a real libvirtd, both ways, with their disks."""

from __future__ import annotations

from pathlib import Path

import pytest
from guests import none_left_running
from libvirtlab import Lab
from movingguests import Hosts, bitmaps, checked_config, dots, left_of_a_move

from aiovirt._open import open as open_host
from aiovirt.config import CheckpointConfig
from aiovirt.drivers.qemu.migration.cookie import Cookie
from aiovirt.interfaces import Migration
from aiovirt.model.constants import DomainMigrateFlags as Flags
from aiovirt.model.domain import DomainState
from aiovirt.model.migration import MigrationOptions
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]


async def test_there_and_back(lab: Lab, qemu: Path, tmp_path: Path) -> None:
    assert qemu.exists()
    uri = f"qemu:///embed?root={tmp_path / 'a'}"
    with none_left_running(tmp_path / "a"):
        async with open_host(uri) as source, open_host(lab.uri("unix")) as destination:
            hosts = Hosts(source, destination, tmp_path)
            async with hosts.guest() as vm:
                await vm.checkpoints.create(CheckpointConfig(name="c1"))
                there = await vm.migrate(destination, options=await _options(hosts, vm, "two"))
                assert (await there.state()).state is DomainState.RUNNING
                assert await bitmaps(there) == ["c1"]
                await _check_cookie(destination, there)
                options = await _options(hosts, there, "three", destination)
                back = await there.migrate(source, options=options)
                assert await destination.domains.list() == []
                await dots(back)
                assert await bitmaps(back) == ["c1"]
                assert await left_of_a_move(back) == []
                assert (await back.record()).persistent
                # From peer to peer, and by the daemon's own connection.
                plain = MigrationOptions(unsafe=True, tunnelled=True)
                await back.migrate(lab.uri("unix"), options=plain)
                (there,) = await destination.domains.list()
                assert (await there.state()).state is DomainState.RUNNING


@pytest.mark.parametrize("peer_to_peer", [True, False])
async def test_a_definition_alone(
    lab: Lab, qemu: Path, tmp_path: Path, *, peer_to_peer: bool
) -> None:
    assert qemu.exists()
    uri = f"qemu:///embed?root={tmp_path / 'a'}"
    options = MigrationOptions(persistent=True, undefine_source=True)
    async with open_host(uri) as source, open_host(lab.uri("unix")) as destination:
        vm = await source.domains.define(checked_config(tmp_path / "one.qcow2"))
        to = lab.uri("unix") if peer_to_peer else destination
        await vm.migrate(to, live=False, offline=True, options=options)
        assert await source.domains.list(active=False) == []
        there = await destination.domains.get("mig1")
        back = await there.migrate(source, live=False, offline=True, options=options)
        assert (await back.state()).state is DomainState.SHUTOFF
        assert await destination.domains.list(active=False) == []


async def _options(
    hosts: Hosts, vm: Domain, image: str, host: Connection | None = None
) -> MigrationOptions:
    """Return options with which the disk is copied, along sockets that both hosts see."""
    (hosts.folder / f"{image}.qcow2").write_bytes((hosts.folder / "one.qcow2").read_bytes())
    return MigrationOptions(
        uri=f"unix://{hosts.folder}/memory",
        disks_uri=f"unix://{hosts.folder}/disks",
        copy_storage="all",
        xml=await hosts.elsewhere(vm, f"{image}.qcow2", host),
        persistent=True,
        undefine_source=True,
    )


async def _check_cookie(host: Connection, vm: Domain) -> None:
    """See that what libvirtd says in its first phase is read as it is meant."""
    flags = Flags.LIVE | Flags.NON_SHARED_DISK | Flags.UNSAFE
    begun = await host.driver.ability(Migration).begin_migration(vm.key, {}, flags=flags)
    cookie = Cookie.decode(begun.cookie, vm.key)
    assert cookie is not None
    assert cookie.disks is not None
    assert dict(cookie.disks.sizes) == {"vda": 1 << 20}
