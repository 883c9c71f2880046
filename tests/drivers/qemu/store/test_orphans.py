"""What a domain leaves that was being undefined goes when its root is opened the next time."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from aiovirt.drivers.qemu.store.root import Root

THERE, RUNS, GONE = UUID(int=1), UUID(int=2), UUID(int=3)


def _all(root: Root) -> set[UUID]:
    return {uuid for uuid in (THERE, RUNS, GONE) if root.has_points("snapshots", uuid)}


def test_only_what_belongs_to_no_domain_goes(tmp_path: Path) -> None:
    root = Root(tmp_path)
    for uuid in (THERE, RUNS, GONE):
        root.points("snapshots", uuid).mkdir(parents=True)
        (root.points("snapshots", uuid) / "s1.xml").write_text("<domainsnapshot/>")
    root.saves.mkdir(parents=True, exist_ok=True)
    root.managed_save(GONE).write_bytes(b"memory")
    root.managed_save(THERE).write_bytes(b"memory")
    root.run_folder(RUNS).mkdir(parents=True)
    root.remove_orphans({THERE})
    assert _all(root) == {THERE, RUNS}
    assert (root.managed_save(THERE).exists(), root.managed_save(GONE).exists()) == (True, False)
