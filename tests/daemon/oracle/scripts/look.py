"""What domains a host has, as JSON: a list, in which one that is there twice stands twice.

Run by the system's Python: URI.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package


def shown(guest: Any) -> dict[str, object]:  # noqa: ANN401 - has no types
    """One domain; its document must be whole."""
    active, persistent = guest.isActive(), guest.isPersistent()
    text = guest.XMLDesc()
    assert f"<name>{guest.name()}</name>" in text
    assert f"<uuid>{guest.UUIDString()}</uuid>" in text
    try:
        snapshots = sorted(guest.snapshotListNames())
    except libvirt.libvirtError:
        snapshots = []
    return {
        "name": guest.name(),
        "uuid": guest.UUIDString(),
        "state": ("running" if persistent else "transient") if active else "defined",
        "snapshots": snapshots,
    }


def main() -> None:
    """Look, and print."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    host = libvirt.open(sys.argv[1])
    json.dump([shown(guest) for guest in host.listAllDomains()], sys.stdout)


main()
