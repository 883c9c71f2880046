"""Which control groups a host has: several hierarchies of version 1, one of version 2, or both.

Source: cgroups(7), proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["CONTROLLERS", "UNIFIED_NAMES", "Hierarchies"]

CONTROLLERS: Final = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio")
"""The controllers that are used, by their names in version 1."""

UNIFIED_NAMES: Final = {"cpu": "cpu", "cpuset": "cpuset", "memory": "memory", "blkio": "io"}
"""What has another name in version 2, or is there at all as a controller."""

_ROOT: Final = Path("/")


@dataclass(frozen=True)
class Hierarchies:
    """The hierarchies that are mounted.

    Attributes:
        split: The hierarchies of version 1, by the names of their controllers.
        unified: That of version 2 if it serves any controller; else None.
        served: The names (of version 1) of the controllers that version 2 serves.
    """

    split: Mapping[str, Path] = field(default_factory=dict)
    unified: Path | None = None
    served: frozenset[str] = frozenset()

    @classmethod
    def find(cls, root: Path = _ROOT) -> Hierarchies:
        """Those of this host; `root` is the top of its file system."""
        split: dict[str, Path] = {}
        unified = None
        for kind, folder, options in _mounts(root):
            if kind == "cgroup2":
                unified = folder
                continue
            for controller in CONTROLLERS:
                if controller in options:
                    split.setdefault(controller, folder)
        served = _served(unified) - split.keys() if unified is not None else frozenset()
        return cls(split, unified if served else None, frozenset(served))

    def top(self, controller: str) -> Path | None:
        """The top group that has a controller; None when the host has it nowhere."""
        if controller in self.split:
            return self.split[controller]
        return self.unified if controller in self.served else None

    def is_unified(self, controller: str) -> bool:
        """Whether the files of a controller are those of version 2."""
        return controller in self.served

    def tops(self) -> list[Path]:
        """All top groups, each once."""
        return list(dict.fromkeys([*self.split.values(), *filter(None, [self.unified])]))

    def writable(self) -> bool:
        """Whether there is any, and we may make groups in all of them."""
        tops = self.tops()
        return bool(tops) and all(os.access(top, os.W_OK) for top in tops)


def _mounts(root: Path) -> Iterator[tuple[str, Path, list[str]]]:
    try:
        text = (root / "proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        _, folder, kind, options, *_ = line.split()
        if kind in {"cgroup", "cgroup2"}:
            yield kind, root / folder.lstrip("/"), options.split(",")


def _served(unified: Path) -> set[str]:
    try:
        there = set((unified / "cgroup.controllers").read_text(encoding="ascii").split())
    except OSError:
        return set()
    served = {name for name, found in UNIFIED_NAMES.items() if found in there}
    # These two are no controllers in version 2: every group counts, and can be frozen.
    return served | {"cpuacct", "freezer"} if served else set()
