"""The element that documents of pools always have, even if nothing is in it."""

from __future__ import annotations

from lxml import etree

from aiovirt.config._view import element
from aiovirt.config.storage.pool import StoragePoolConfig

__all__ = ["say_source"]


def say_source(config: StoragePoolConfig) -> None:
    """Write an empty ``<source>`` before the target where there is none, as libvirt does."""
    root = element(config)
    if root is not None and root.find("source") is None:
        place = next((at for at, each in enumerate(root) if each.tag == "target"), len(root))
        root.insert(place, etree.Element("source"))
