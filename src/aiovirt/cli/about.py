"""Which aiovirt this is. What finds that out is loaded only when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

__all__ = ["own_version"]


def own_version() -> str:
    """The installed version of aiovirt."""
    find: Callable[[str], str] = import_module("importlib.metadata").version
    return find("aiovirt")
