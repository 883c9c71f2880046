"""What hierarchies a host has, by its list of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.host.cgroups import Hierarchies


def host(root: Path, mounts: str, controllers: str = "") -> Hierarchies:
    (root / "proc").mkdir()
    (root / "proc/mounts").write_text(mounts)
    unified = root / "sys/fs/cgroup"
    unified.mkdir(parents=True)
    (unified / "cgroup.controllers").write_text(controllers)
    return Hierarchies.find(root)


def test_version_1_has_a_hierarchy_for_each_controller_or_for_several(tmp_path: Path) -> None:
    found = host(tmp_path, "cg /c/cpu cgroup rw,cpu,cpuacct 0 0\ncg /c/mem cgroup rw,memory 0 0\n")
    assert found.top("cpuacct") == tmp_path / "c/cpu"
    assert found.tops() == [tmp_path / "c/cpu", tmp_path / "c/mem"]
    assert found.top("blkio") is None


def test_version_2_serves_what_its_list_names(tmp_path: Path) -> None:
    found = host(tmp_path, "cg2 /sys/fs/cgroup cgroup2 rw 0 0\n", "cpu io memory pids")
    assert found.served == {"cpu", "blkio", "memory", "cpuacct", "freezer"}
    assert found.top("blkio") == tmp_path / "sys/fs/cgroup"
    assert found.top("cpuset") is None


def test_a_controller_of_version_1_is_not_served_by_version_2(tmp_path: Path) -> None:
    mounts = "cg2 /sys/fs/cgroup cgroup2 rw 0 0\ncg /c/cpu cgroup rw,cpu,cpuacct 0 0\n"
    found = host(tmp_path, mounts, "memory")
    assert not found.is_unified("cpu")
    assert found.is_unified("memory")
    assert not found.is_unified("cpuacct")


@pytest.mark.parametrize("controllers", ["", "pids rdma"])
def test_version_2_without_a_controller_is_no_place_for_groups(
    tmp_path: Path, controllers: str
) -> None:
    found = host(tmp_path, "cg2 /sys/fs/cgroup cgroup2 rw 0 0\n", controllers)
    assert found.tops() == []
    assert not found.writable()
