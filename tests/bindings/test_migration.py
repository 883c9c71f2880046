"""The rows about snapshots, checkpoints, backups and migration, forwards and backwards."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.bindings import bindings_of
from aiovirt.config import BackupConfig
from aiovirt.errors import CallerError
from aiovirt.interfaces import (
    Ability,
    Backups,
    Checkpoints,
    Jobs,
    LegacyMigration,
    LegacySnapshots,
    Migration,
    Snapshots,
)
from aiovirt.model.constants import DomainMigrateFlags, DomainSnapshotListFlags
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.keys import CheckpointKey, SnapshotKey
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared

DOMAIN = DomainKey(UUID(int=7), "web1")
SNAPSHOT = SnapshotKey(DOMAIN, "s1")
CHECKPOINT = CheckpointKey(DOMAIN, "c1")
LIVE = DomainMigrateFlags.LIVE

CALLS = [
    (Snapshots, "snapshot_config", (SNAPSHOT,), {"secure": True}),
    (Snapshots, "snapshots", (DOMAIN,), {"flags": DomainSnapshotListFlags.ROOTS}),
    (LegacySnapshots, "snapshot_children_names", (SNAPSHOT,), {"limit": 3}),
    (Checkpoints, "checkpoint_children", (CHECKPOINT,), {}),
    (Backups, "begin_backup", (DOMAIN, BackupConfig(mode="push"), None), {}),
    (Migration, "perform_migration", (DOMAIN, {"bandwidth": 3}, b"c"), {"destination": "qemu:///"}),
    (Migration, "confirm_migration", (DOMAIN, {}, b"c"), {"flags": LIVE, "cancelled": True}),
    (Migration, "set_max_speed", (DOMAIN, 3 * 1024 * 1024), {"postcopy": True}),
    (LegacyMigration, "perform3", (DOMAIN, b"c"), {"xml": "<a/>", "bandwidth": 1024 * 1024}),
    (LegacyMigration, "finish2", ("web1", b"c", "tcp://b"), {"failed": 1}),
]

RESULTS = [
    (Snapshots, "snapshots", [SNAPSHOT]),
    (Snapshots, "snapshot_is_current", True),
    (LegacySnapshots, "snapshot_names", ["s1"]),
    (Checkpoints, "checkpoint_parent", CHECKPOINT),
    (Jobs, "job_stats", JobStats(JobKind.BOUNDED, {"data_total": 3})),
    (Migration, "begin_migration", MigrationBegun(b"c", "<a/>")),
    (Migration, "prepare_migration", MigrationPrepared(b"c", "tcp://b:1")),
    (Migration, "finish_migration", MigrationFinished(DOMAIN, b"c")),
    (Migration, "max_speed", 3 * 1024 * 1024),
    (LegacyMigration, "prepare2", MigrationPrepared(b"c", None)),
]


@pytest.mark.parametrize(("ability", "name", "given", "named"), CALLS)
def test_arguments_come_back(
    ability: type[Ability], name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    row = bindings_of(ability)[name]
    back = row.call(row.args(given, named))
    assert [value for value in back.values() if value in given][: len(given)] == list(given)
    assert named.items() <= back.items()


@pytest.mark.parametrize(("ability", "name", "result"), RESULTS)
def test_results_come_back(ability: type[Ability], name: str, result: object) -> None:
    row = bindings_of(ability)[name]
    assert row.result.read(row.reply(result)) == result


def test_a_speed_between_two_of_libvirts_is_refused() -> None:
    with pytest.raises(CallerError):
        bindings_of(Migration)["set_max_speed"].args((DOMAIN, 1000), {})
