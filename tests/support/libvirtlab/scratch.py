"""Folders that carry the pid of their test run: the next one finds what a killed one left."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["abandoned", "new_folder"]

PREFIX = "aiovirt-lab-"


def new_folder(parent: Path) -> Path:
    """Make a folder of this process."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))


def abandoned(parent: Path) -> Iterator[Path]:
    """Find the folders of processes that are gone."""
    for folder in parent.glob(f"{PREFIX}*"):
        pid = "".join(itertools.takewhile(str.isdigit, folder.name.removeprefix(PREFIX)))
        if pid and not Path("/proc", pid).exists():
            yield folder
