"""The way to a libvirt daemon: from a connection URI to a line that is ready for its protocol."""

from __future__ import annotations

from aiovirt.clients.libvirt.transports.open import open_line
from aiovirt.clients.libvirt.transports.parameters import (
    Parameters,
    Transport,
    read_parameters,
    remote_name,
)

__all__ = [
    "Parameters",
    "Transport",
    "open_line",
    "read_parameters",
    "remote_name",
]
