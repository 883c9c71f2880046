"""What clients want to be told, and telling them.

hub         the events of one host, handed to the clients that asked for them
client      what one client asked for
handlers    the procedures by which it asks
monitor     events of the hypervisors' own monitors, which are asked for one by one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiovirt.daemon.events import handlers, monitor
from aiovirt.daemon.events.hub import HostEvents
from aiovirt.daemon.service.handler import AnyHandler
from aiovirt.protocols.libvirt.procedure import Procedure

__all__ = ["HANDLERS", "HostEvents"]

HANDLERS: Mapping[Procedure[Any, Any], AnyHandler] = {**handlers.HANDLERS, **monitor.HANDLERS}
"""What answers the procedures about events."""
