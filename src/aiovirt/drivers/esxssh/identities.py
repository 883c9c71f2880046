"""UUIDs for things that have none on a host: made from their names there, as libvirt makes them."""

from __future__ import annotations

import hashlib
from uuid import UUID

__all__ = ["pool_uuid", "switch_uuid"]


def _uuid(text: str) -> UUID:
    return UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest())


def pool_uuid(identity: str) -> UUID:
    """The UUID of a datastore: of where it is mounted."""
    return _uuid(f"/vmfs/volumes/{identity}")


def switch_uuid(name: str) -> UUID:
    """The UUID of a virtual switch: of its key in the vSphere API."""
    return _uuid(f"key-vim.host.VirtualSwitch-{name}")
