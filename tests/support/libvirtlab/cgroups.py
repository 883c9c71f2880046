"""Control groups of a lab: a branch of its own in every hierarchy, seen as the root from within.

libvirtd names a guest's group by the guest's id and name, so two labs with one tree would meet.
Where groups cannot be made, as in some containers, the lab has none, and libvirtd goes without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from libvirtlab.scratch import new_folder

__all__ = ["Branch", "branches", "hierarchies", "leave", "remove", "remove_group"]

INHERITED = ("cpuset.cpus", "cpuset.mems")
"""What a group of the first version's cpuset must be given before it takes a process."""

CONTROLLERS = ("cpu", "cpuset", "memory", "io", "pids")
"""What a group of the second version's must be handed by the one above."""


@dataclass(frozen=True)
class Branch:
    """One hierarchy's part: what to mount where, and the folder on the host."""

    kind: str
    options: str
    mount_point: str
    folder: Path


def hierarchies() -> Iterator[tuple[str, str, Path]]:
    """Tell of every hierarchy its kind, options and mount point: proc_pid_mountinfo(5)."""
    seen = set()
    for line in Path("/proc/self/mountinfo").read_text(encoding="ascii").splitlines():
        place, _, kind = line.partition(" - ")
        name, _, options = kind.split(" ", 2)
        mount_point = place.split()[4]
        if name in {"cgroup", "cgroup2"} and mount_point not in seen:
            seen.add(mount_point)
            wanted = [word for word in options.split(",") if word not in {"rw", "ro"}]
            yield name, ",".join(wanted), Path(mount_point)


def branches() -> list[Branch]:
    """Make a group in every hierarchy; none where that is refused."""
    found = list(hierarchies())
    first_version = any(kind == "cgroup" for kind, _, _ in found)
    made: list[Branch] = []
    try:
        for kind, options, mount_point in found:
            if kind == "cgroup2" and first_version:
                continue  # without a controller, and libvirt's LXC driver stumbles over it
            folder = new_folder(mount_point)
            made.append(Branch(kind, options, str(mount_point), folder))
            _prepare(made[-1])
    except OSError:
        remove(made)
        return []
    return made


def _prepare(branch: Branch) -> None:
    if branch.kind == "cgroup2":
        for controller in CONTROLLERS:
            with suppress(OSError):  # it is not there, or not ours to hand down
                control = branch.folder.parent / "cgroup.subtree_control"
                control.write_text(f"+{controller}", encoding="ascii")
        return
    for name in INHERITED:
        if (branch.folder / name).exists():
            value = (branch.folder.parent / name).read_text(encoding="ascii")
            (branch.folder / name).write_text(value, encoding="ascii")


def leave(made: list[Branch], pid: int) -> None:
    """Take a process that was to be outside out of the second version's group again."""
    for branch in made:
        if branch.kind == "cgroup2":
            (branch.folder.parent / "cgroup.procs").write_text(str(pid), encoding="ascii")


def remove(made: list[Branch]) -> None:
    """Remove what `branches` made, once the processes in there have ended."""
    for branch in made:
        remove_group(branch.folder)


def remove_group(top: Path) -> None:
    """Remove a group and those below it; one with a process in it stays."""
    folders = [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
