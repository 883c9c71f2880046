"""A storage pool in a lab, for tests of what moves into it and out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from libvirtlab import Lab

from aiovirt.objects import Connection, StoragePool

__all__ = ["MIB", "canonical", "folder", "pool_xml", "running_pool", "volume_xml"]

MIB = 1024 * 1024


def folder(lab: Lab, name: str) -> Path:
    """Return where a pool has its volumes: the same path within the lab and outside."""
    return lab.folder / "pools" / name


def pool_xml(lab: Lab, name: str) -> str:
    """Return the configuration of a pool in a folder, which need not be there."""
    path = folder(lab, name)
    path.parent.mkdir(exist_ok=True)
    return f"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"


def volume_xml(name: str, capacity: int, allocation: int = 0, kind: str = "raw") -> str:
    """Return the configuration of a volume."""
    return (
        f"<volume><name>{name}</name><capacity>{capacity}</capacity>"
        f"<allocation>{allocation}</allocation><target><format type='{kind}'/></target></volume>"
    )


def canonical(text: str) -> str:
    """Return a document without what means nothing: quotes, order of attributes, white space."""
    return ET.canonicalize(text, strip_text=True)


@asynccontextmanager
async def running_pool(host: Connection, lab: Lab, name: str) -> AsyncIterator[StoragePool]:
    """Give a transient pool; at the end it is gone, with all its volumes."""
    pool = await host.pools.create(pool_xml(lab, name), build=True)
    try:
        yield pool
    finally:
        for volume in await pool.volumes():
            await volume.delete()
        await pool.destroy()
        folder(lab, name).rmdir()
