"""What the driver keeps of a whole inventory in memory: the properties of each kind of object.

Only what listings, states and lookups need is here, so that thousands of machines stay small;
deeper things are asked for when they are wanted.  An ability that needs more of every object adds
it to the table.
"""

from __future__ import annotations

from typing import Final

__all__ = ["WATCHED"]

WATCHED: Final[dict[str, tuple[str, ...]]] = {
    "VirtualMachine": (
        "name",
        "config.uuid",
        "config.template",
        "config.changeVersion",
        "config.hardware.memoryMB",
        "config.hardware.numCPU",
        "config.memoryAllocation.limit",
        "runtime.powerState",
        "runtime.host",
        "runtime.bootTime",
        "runtime.question",
        "snapshot",
    ),
    "HostSystem": (
        "name",
        "parent",
        "runtime.connectionState",
        "runtime.powerState",
        "runtime.inMaintenanceMode",
        "config.autoStart",
    ),
    "ComputeResource": ("name", "parent", "resourcePool"),
    "ResourcePool": ("name", "parent", "owner"),
    "Datacenter": ("name", "parent", "vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    "Folder": ("name", "parent", "triggeredAlarmState"),
    "Datastore": ("name", "parent", "summary.url"),
    "Network": ("name", "parent"),
    "DistributedVirtualSwitch": ("name", "parent"),
}
"""The kind of object, with all that are derived from it -> its properties."""
