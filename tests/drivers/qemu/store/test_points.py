"""Records of snapshots, and definitions that are renamed."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from aiovirt.config import DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.drivers.qemu.store.root import Root

pytestmark = pytest.mark.anyio


async def filled(folder: Path) -> PointStore[SnapshotConfig]:
    points = PointStore(folder, SnapshotConfig)
    for name, parent in (("a", None), (".b/c", "a"), ("d", ".b/c")):
        await points.put(SnapshotConfig(name=name, parent=parent))
    await points.set_current("d")
    return points


async def test_records_are_there_again(tmp_path: Path) -> None:
    await filled(tmp_path / "points")
    again = PointStore(tmp_path / "points", SnapshotConfig)
    assert sorted(again.tree) == [".b/c", "a", "d"]
    assert again.current == "d"
    assert again.tree["d"].parent == ".b/c"


async def test_one_that_goes_leaves_its_children_to_its_parent(tmp_path: Path) -> None:
    points = await filled(tmp_path / "points")
    await points.remove(".b/c")
    assert points.tree["d"].parent == "a"
    await points.remove("d")
    assert PointStore(tmp_path / "points", SnapshotConfig).current == "a"


async def test_a_new_one_is_from_the_current_one(tmp_path: Path) -> None:
    points = await filled(tmp_path / "points")
    await points.append(SnapshotConfig(name="e"))
    assert (points.tree["e"].parent, points.current) == ("d", "e")


async def test_a_damaged_record_is_left_aside(tmp_path: Path) -> None:
    await filled(tmp_path / "points")
    (tmp_path / "points" / "a.xml").write_bytes(b"<no")
    again = PointStore(tmp_path / "points", SnapshotConfig)
    assert "a" not in again
    assert "d" in again


async def test_a_renaming_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    root.prepare()
    uuid = uuid4()
    for name in ("old", "new"):
        await root.save_definition(DomainConfig(name=name, uuid=uuid, memory="1MiB"))
    await root.set_autostart("old", autostart=True)
    (root.autostart / ".new.renamed").write_text("old")
    root.finish_renaming()
    assert [path.name for path in root.definitions_there()] == ["new.xml"]
    assert [path.name for path in root.autostart.iterdir()] == ["new"]


async def test_a_renaming_that_had_not_begun_is_forgotten(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    root.prepare()
    await root.save_definition(DomainConfig(name="old", uuid=uuid4(), memory="1MiB"))
    (root.autostart / ".new.renamed").write_text("old")
    root.finish_renaming()
    assert [path.name for path in root.definitions_there()] == ["old.xml"]
    assert list(root.autostart.iterdir()) == []
