"""Groups of the real kernel where there are any, and folders that look like those of version 2."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from kernelgroup import kernel_group

from aiovirt.host.cgroups import Group, Hierarchies


@pytest.fixture
def group() -> Iterator[Group]:
    """Return a group of the real kernel's version 1, which is gone at the end."""
    with kernel_group() as made:
        yield made


@pytest.fixture
def unified(tmp_path: Path) -> Group:
    """Return a group of version 2: plain files, for what is written there."""
    served = frozenset({"cpu", "cpuset", "memory", "blkio", "cpuacct", "freezer"})
    made = Group(Hierarchies({}, tmp_path, served), PurePosixPath("machine/one"))
    for folder in (tmp_path, tmp_path / "machine", tmp_path / "machine/one"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.subtree_control").touch()
    for name in ("cpu.max", "cpu.weight", "memory.max", "io.weight", "io.max", "cpuset.cpus"):
        (tmp_path / "machine/one" / name).touch()
    return made


@pytest.fixture
def cpusets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Return a group of cpusets of version 1: in each new folder are empty files, as is the
    kernel's way; those at the top have something in them."""
    make = Path.mkdir

    def mkdir(folder: Path, **how: bool) -> None:
        make(folder, **how)
        for name in ("cpuset.cpus", "cpuset.mems"):
            (folder / name).touch()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    top = tmp_path / "cpuset"
    top.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        (top / name).write_text("0-1\n")
    hosts = Hierarchies({"cpuset": top}, None, frozenset())
    return Group(hosts, PurePosixPath("machine/one"))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that does nothing; it is killed at the end."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process
        process.kill()
