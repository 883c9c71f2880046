"""From the name of a block node back to the disk it belongs to."""

from __future__ import annotations

import re

from aiovirt.config import Disk, DomainConfig

__all__ = ["disk_of_node", "image_of"]

_NODE = re.compile(r"libvirt-(\d+)-")  # as `argv.disks` names them, by place, from 1


def disk_of_node(config: DomainConfig, text: str) -> Disk | None:
    """The disk whose block node is the first that is named in a text, or None."""
    found = _NODE.search(text)
    place = int(found[1]) - 1 if found else -1
    return config.disks[place] if 0 <= place < len(config.disks) else None


def image_of(disk: Disk) -> str:
    """The path of a disk's image or device; empty where it has none."""
    return disk.source.file or disk.source.dev or ""
