"""The streams of one client: consoles, volumes, pictures, tunnelled migrations.

stream      one stream on the wire: bounded both ways
serving     a call that opens one, and what becomes of it
consoles    consoles and channels
volumes     uploads and downloads
screen      pictures of screens
tunnels     migrations through the connection
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.streaming import consoles, screen, tunnels, volumes
from aiovirt.protocols.libvirt.procedure import Procedure

__all__ = ["HANDLERS"]

HANDLERS: Mapping[Procedure[Any, Any], StreamHandler] = {
    **consoles.HANDLERS,
    **volumes.HANDLERS,
    **screen.HANDLERS,
    **tunnels.HANDLERS,
}
"""What answers the procedures with streams."""
