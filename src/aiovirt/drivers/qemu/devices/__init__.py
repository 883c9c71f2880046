"""From a configuration as people write it to one in which every device has name and place.

`complete` runs when a domain is defined, and what it fills in is kept: addresses are the same
at every start.  `assign_aliases` runs on the configuration of a running domain, `name_devices`
on what it gets later, and `drop_live` makes one that may be kept of it again.
"""

from __future__ import annotations

from aiovirt.drivers.qemu.devices.aliases import assign_aliases, name_devices
from aiovirt.drivers.qemu.devices.complete import complete, settle_devices
from aiovirt.drivers.qemu.devices.inactive import drop_live
from aiovirt.drivers.qemu.devices.machine import family_for

__all__ = [
    "assign_aliases",
    "complete",
    "drop_live",
    "family_for",
    "name_devices",
    "settle_devices",
]
