"""What the simulated server's methods do, a module for each part of the API.

Importing the modules registers their handlers; they know the objects, and no network.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

__all__ = ["MODULES", "load"]

MODULES: Final = (
    "alarms",
    "collector",
    "custom",
    "disks",
    "files",
    "guest",
    "guestfiles",
    "hosts",
    "inventory",
    "machines",
    "networks",
    "performance",
    "power",
    "screens",
    "search",
    "session",
    "snapshots",
    "storage",
    "tasks",
    "views",
)


def load() -> None:
    """Import all modules that have handlers."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")
