"""Snapshots, checkpoints and backups of a real libvirtd's guests, as virsh sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from labsamples import disk, guest_xml
from libvirtlab import Lab, run_virsh

from aiovirt.config import BackupConfig, CheckpointConfig, SnapshotConfig
from aiovirt.config.snapshot import SnapshotDisk
from aiovirt.errors import AlreadyExists, NotFound, RemoteError
from aiovirt.interfaces import LegacySnapshots
from aiovirt.model.constants import DomainSnapshotCreateFlags, DomainSnapshotListFlags
from aiovirt.model.domain import DomainState
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def virsh(lab: Lab, *args: str) -> list[str]:
    """Return the lines that the real virsh prints."""
    told = await anyio.to_thread.run_sync(lambda: run_virsh(lab, *args))
    return [line.strip() for line in told.splitlines() if line.strip()]


@asynccontextmanager
async def guest(host: Connection, path: Path, name: str = "snap1") -> AsyncIterator[Domain]:
    """A running guest with one disk, gone at the end with all that is kept of it."""
    image = disk(path / "vda.qcow2", size="4M")
    vm = await host.domains.define(guest_xml(name, disks=(image,)))
    await vm.start(paused=True)
    try:
        yield vm
    finally:
        with anyio.CancelScope(shield=True):
            await forget(vm)


async def forget(vm: Domain) -> None:
    """End a guest and everything that is kept of it."""
    if (await vm.state()).state.active:
        await vm.destroy()
    for snapshot in await vm.snapshots.list(roots=True):
        await snapshot.delete(children=True, metadata_only=True)
    for checkpoint in await vm.checkpoints.list(roots=True):
        await checkpoint.delete(children=True, metadata_only=True)
    await vm.undefine()


async def test_internal_snapshots_are_a_tree(host: Connection, lab: Lab, tmp_path: Path) -> None:
    seen: list[JobStats] = []
    async with guest(host, tmp_path) as vm:
        assert await vm.snapshots.current() is None
        first = await vm.snapshots.create(SnapshotConfig(name="s1"), progress=seen.append)
        second = await vm.snapshots.create("<domainsnapshot><name>s2</name></domainsnapshot>")
        assert await virsh(lab, "snapshot-list", "snap1", "--name") == ["s1", "s2"]
        assert await vm.snapshots.list(topological=True) == [first, second]
        assert await vm.snapshots.list(leaves=True) == [second]
        assert await vm.snapshots.current() == second
        assert (await second.is_current(), await first.is_current()) == (True, False)
        assert await second.has_metadata()
        assert await second.parent() == first
        assert await first.children() == [second]
        with pytest.raises(NotFound):
            await first.parent()
        (root,) = await vm.snapshots.tree()
        assert (root.snapshot, [node.snapshot for node in root.children]) == (first, [second])
        with pytest.raises(AlreadyExists):
            await vm.snapshots.create(SnapshotConfig(name="s1"))
        assert (await first.config()).state == "paused"


async def test_reverting_and_deleting(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        first = await vm.snapshots.create(SnapshotConfig(name="s1", description="before"))
        await vm.snapshots.create(SnapshotConfig(name="s2"))
        await first.revert(running=True)
        assert (await vm.state()).state is DomainState.RUNNING
        assert await virsh(lab, "snapshot-current", "snap1", "--name") == ["s1"]
        assert (await first.config()).description == "before"
        await first.delete(children_only=True)
        assert await vm.snapshots.list() == [first]
        await first.delete()
        with pytest.raises(NotFound):
            await vm.snapshots.get("s1")


async def test_external_snapshot_without_record(host: Connection, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        config = SnapshotConfig.external(
            "e1", disks=[SnapshotDisk.external("vda", tmp_path / "overlay.qcow2")]
        )
        await vm.snapshots.create(config, disk_only=True, atomic=True, no_metadata=True)
        (drive,) = (await vm.config()).disks
        assert drive.source.file == str(tmp_path / "overlay.qcow2")
        assert await vm.snapshots.list() == []


async def test_a_snapshot_can_be_defined_anew(host: Connection, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        kept = await vm.snapshots.create(SnapshotConfig(name="s1"))
        config = await kept.config(secure=True)
        config.description = "changed"
        again = await vm.snapshots.create(
            config, flags=DomainSnapshotCreateFlags.REDEFINE | DomainSnapshotCreateFlags.CURRENT
        )
        assert (await again.config()).description == "changed"


async def test_counts_and_names_for_old_clients(host: Connection, tmp_path: Path) -> None:
    legacy = host.driver.ability(LegacySnapshots)
    async with guest(host, tmp_path) as vm:
        first = await vm.snapshots.create(SnapshotConfig(name="s1"))
        await vm.snapshots.create(SnapshotConfig(name="s2"))
        assert await legacy.snapshot_count(vm.key) == 2
        roots = DomainSnapshotListFlags.ROOTS
        assert await legacy.snapshot_names(vm.key, flags=roots) == ["s1"]
        assert await legacy.snapshot_children_count(first.key) == 1
        assert await legacy.snapshot_children_names(first.key) == ["s2"]


async def test_checkpoints(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        await vm.resume()
        first = await vm.checkpoints.create(CheckpointConfig(name="c1"))
        second = await vm.checkpoints.create("<domaincheckpoint><name>c2</name></domaincheckpoint>")
        assert await virsh(lab, "checkpoint-list", "snap1", "--name") == ["c1", "c2"]
        assert await vm.checkpoints.list(topological=True) == [first, second]
        assert await vm.checkpoints.get("c2") == second
        assert await second.parent() == first
        assert await first.children(descendants=True) == [second]
        config = await first.config(no_domain=True, size=True)
        assert not config.domain
        assert (config.name, [each.bitmap for each in config.disks]) == ("c1", ["c1"])
        await second.delete()
        assert await vm.checkpoints.list(roots=True, leaves=True) == [first]
        await first.delete()


async def test_pushed_backup(host: Connection, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        await vm.resume()
        with pytest.raises(NotFound):
            await vm.backup_config()
        target = tmp_path / "copy.qcow2"
        await vm.begin_backup(BackupConfig.push({"vda": target}), CheckpointConfig(name="c1"))
        ended = await vm.wait_for_backup()
        assert ended.kind is JobKind.COMPLETED
        assert ended.params["disk_total"] == 4 * 1024 * 1024
        assert target.exists()


async def test_pulled_backup_goes_on_until_it_is_ended(host: Connection, tmp_path: Path) -> None:
    async with guest(host, tmp_path) as vm:
        await vm.resume()
        await vm.begin_backup(
            f"<domainbackup mode='pull'><server transport='unix' socket='{tmp_path}/nbd'/>"
            "</domainbackup>"
        )
        config = await vm.backup_config()
        assert (config.mode, [each.name for each in config.disks]) == ("pull", ["vda"])
        assert (await vm.job_stats()).active
        await vm.abort_job()
        with suppress(RemoteError):  # it was given up
            await vm.wait_for_backup()  # libvirtd answers before QEMU has let go of it
        assert not (await vm.job_stats()).active
