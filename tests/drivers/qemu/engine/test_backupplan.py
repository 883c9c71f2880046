"""What a backup and a commit are to do: from documents alone."""

from __future__ import annotations

import pytest

from aiovirt.config import BackupConfig, CheckpointConfig, Disk, DomainConfig
from aiovirt.config.snapshot import CheckpointDisk
from aiovirt.drivers.qemu.engine.backupplan import checkpoint_disks, parts_of
from aiovirt.drivers.qemu.engine.bitmaps import Bitmaps
from aiovirt.drivers.qemu.engine.chains import Link, relink
from aiovirt.drivers.qemu.engine.graph import BlockGraph
from aiovirt.drivers.qemu.engine.imagework import commit_of
from aiovirt.errors import CallerError, ConfigError, InvalidState, NotFound

BITMAP = {"name": "c1", "persistent": True, "recording": True, "count": 7}
LINKS = [Link.at(f"/{number}", "qcow2", number) for number in (4, 2, 3)]
ACTIVE, SHALLOW = 4, 1


def config() -> DomainConfig:
    disk = Disk.file("/4", format="qcow2")
    relink(disk, LINKS)
    return DomainConfig(name="web1", disks=[disk])


def bitmaps(*nodes: int, **changed: object) -> Bitmaps:
    rows = [{**BITMAP, **changed}]
    return Bitmaps({"node-name": f"libvirt-{n}-format", "dirty-bitmaps": rows} for n in nodes)


def test_a_checkpoint_is_whole_when_each_image_since_has_its_bitmap() -> None:
    assert bitmaps(4, 2).sources(LINKS, "c1") == ["libvirt-4-format", "libvirt-2-format"]
    assert bitmaps(4, 2).dirty(LINKS, "c1") == 14
    assert bitmaps(2).sources(LINKS, "c1") == []


def test_a_bitmap_that_was_not_saved_tells_nothing() -> None:
    assert bitmaps(4, inconsistent=True).sources(LINKS, "c1") == []


def test_a_backup_from_a_lost_checkpoint_copies_all() -> None:
    wanted = BackupConfig.push({"vda": "/b"}, incremental="c1")
    (part,) = parts_of(config(), wanted, bitmaps())
    assert (part.since, wanted.disks[0].backup_mode) == (None, "full")
    assert (part.node, part.number) == ("libvirt-4-format", 5)


def test_an_encrypted_backup_is_not_written_plain() -> None:
    wanted = BackupConfig.parse(
        "<domainbackup><disks><disk name='vda' type='file'><target file='/b'><encryption "
        "format='luks'><secret type='passphrase' usage='/v'/></encryption></target></disk>"
        "</disks></domainbackup>"
    )
    (part,) = parts_of(config(), wanted, bitmaps())
    assert part.image.source.encryption.format == "luks"


def test_a_bitmap_has_the_name_of_its_checkpoint() -> None:
    point = CheckpointConfig(name="c1", disks=[CheckpointDisk(name="vda", bitmap="c1")])
    ((disk, bitmap),) = checkpoint_disks(config(), point)
    assert (disk.target.dev, bitmap) == ("vda", "c1")
    point.disks[0].bitmap = "b"
    with pytest.raises(ConfigError, match="must match checkpoint name 'c1'"):
        checkpoint_disks(config(), point)


@pytest.mark.parametrize(
    ("base", "top", "flags", "places"),
    [
        (None, None, ACTIVE, (0, 2)),
        (None, None, ACTIVE | SHALLOW, (0, 1)),
        (None, "/2", 0, (1, 2)),
        ("vda[3]", "vda[2]", SHALLOW, (1, 2)),
    ],
)
def test_a_commit_means_two_images_of_the_chain(
    base: str | None, top: str | None, flags: int, places: tuple[int, int]
) -> None:
    found = commit_of(config().disks[0], LINKS, base, top, flags)
    assert (found.top, found.base) == places


@pytest.mark.parametrize(
    ("base", "top", "flags", "error"),
    [
        (None, None, 0, InvalidState),
        (None, "/2", ACTIVE, InvalidState),
        (None, "/3", 0, InvalidState),
        ("/2", "/2", 0, CallerError),
        ("/3", None, ACTIVE | SHALLOW, CallerError),
        ("/9", "/2", 0, NotFound),
    ],
)
def test_a_commit_that_means_nothing_is_refused(
    base: str | None, top: str | None, flags: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        commit_of(config().disks[0], LINKS, base, top, flags)


def test_a_disks_chain_is_read_from_qemus_graph_through_filters() -> None:
    names = (
        *("/machine/peripheral/d0/virtio-backend", "#block1", "libvirt-1-throttle"),
        *("libvirt-4-format", "libvirt-4-storage", "libvirt-2-format"),
    )
    nodes = [
        {"id": place, "name": name, "type": "block-driver" if place else "block-backend"}
        for place, name in enumerate(names)
    ]
    rows = [(0, "root", 1), (1, "backing", 2), (2, "file", 3), (3, "file", 4), (3, "backing", 5)]
    edges = [{"parent": above, "name": name, "child": below} for above, name, below in rows]
    graph = BlockGraph({"nodes": nodes, "edges": edges})
    assert graph.chain("d0") == [4, 2]
    assert graph.throttles("d0") == ["1"]
    assert graph.numbers() == {1, 2, 4}
