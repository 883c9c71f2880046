"""Snapshots and checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from aiovirt.config import CheckpointConfig, DomainConfig, SnapshotConfig, problems
from aiovirt.config._view import walk
from aiovirt.config.snapshot import SavedDomain, SnapshotDisk
from aiovirt.errors import XMLError
from aiovirt.model.units import GiB

ID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
SNAPSHOT = """\
<domainsnapshot>
  <name>before</name>
  <state>running</state>
  <parent>
    <name>first</name>
  </parent>
  <creationTime>1700000000</creationTime>
  <memory snapshot='external' file='/images/before.mem'/>
  <disks>
    <disk name='vda' snapshot='external' type='file'>
      <driver type='qcow2'/>
      <source file='/images/before.qcow2'/>
    </disk>
    <disk name='vdb' snapshot='no'/>
  </disks>
  <domain type='kvm'>
    <name>web1</name>
    <memory unit='GiB'>1</memory>
    <os>
      <type>hvm</type>
    </os>
    <hologram/>
  </domain>
  <cookie>
    <cpu mode='custom'/>
  </cookie>
</domainsnapshot>
"""


def test_a_snapshot_reads_as_typed_values() -> None:
    snapshot = SnapshotConfig.parse(SNAPSHOT)
    assert (snapshot.name, snapshot.parent, snapshot.state) == ("before", "first", "running")
    assert snapshot.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert [disk.snapshot for disk in snapshot.disks] == ["external", "no"]
    assert snapshot.disks[0].source.file == "/images/before.qcow2"
    assert (snapshot.to_xml(), snapshot.problems()) == (SNAPSHOT, [])


def test_the_domain_of_a_snapshot_is_a_whole_one() -> None:
    domain = SnapshotConfig.parse(SNAPSHOT).domain.copy()
    assert isinstance(domain, DomainConfig)
    assert (domain.name, domain.memory) == ("web1", GiB(1))
    assert "<hologram/>" in domain.to_xml()


def test_a_wrong_domain_makes_the_snapshot_wrong() -> None:
    snapshot = SnapshotConfig.parse(SNAPSHOT.replace("<name>web1</name>", ""))
    assert "name is missing" in str(snapshot.problems()[0])


def test_an_old_snapshot_keeps_the_uuid_only() -> None:
    old = SnapshotConfig.parse(
        f"<domainsnapshot><domain><uuid>{ID}</uuid></domain></domainsnapshot>"
    )
    assert (old.problems(), old.domain.uuid) == ([], UUID(ID))
    assert [type(each) for each in walk(old)] == [SnapshotConfig, SavedDomain]
    old.domain.uuid = None
    assert list(problems(old))


def test_a_new_snapshot_says_what_becomes_of_each_disk() -> None:
    disks = [SnapshotDisk.external("vda", "/a.qcow2"), SnapshotDisk.excluded("vdb")]
    snapshot = SnapshotConfig.external("a", disks=disks)
    assert (snapshot.memory.snapshot, snapshot.memory.file) == ("no", None)
    assert (snapshot.disks[0].format, snapshot.disks[0].type) == ("qcow2", "file")


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<memory snapshot='internal' file='/a'/>", "file means nothing where snapshot"),
        ("<memory snapshot='external'/>", "file is missing"),
        ("<disks><disk name='vda' snapshot='no' type='file'/></disks>", "type means nothing"),
        ("<disks><disk name='vda'/><disk name='vda'/></disks>", "the name vda is taken"),
        ("<disks><disk name='vda'><source dir='/a'/></disk></disks>", "dir means nothing here"),
        ("<disks><disk/></disks>", "name is missing"),
        ("<name>a/b</name>", "slash"),
    ],
)
def test_what_does_not_fit_is_told(inner: str, message: str) -> None:
    found = SnapshotConfig.parse(f"<domainsnapshot>{inner}</domainsnapshot>").problems()
    assert any(message in str(each) for each in found), found


def test_times_are_whole_seconds_with_a_zone() -> None:
    snapshot = SnapshotConfig(created=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))
    assert "<creationTime>1700000000</creationTime>" in snapshot.to_xml()
    for wrong in (datetime(2023, 1, 1), datetime(2023, 1, 1, 0, 0, 0, 1, tzinfo=UTC)):  # noqa: DTZ001 - the mistake is the point
        with pytest.raises(XMLError, match="created"):
            snapshot.created = wrong


def test_a_checkpoint_names_its_disks() -> None:
    checkpoint = CheckpointConfig.of("a", disks=["vda", "vdb"])
    assert [disk.name for disk in checkpoint.disks] == ["vda", "vdb"]
    assert not CheckpointConfig.of("a").disks


def test_a_checkpoints_name_is_narrower() -> None:
    with pytest.raises(XMLError, match="name cannot be 'a b'"):
        CheckpointConfig(name="a b")
