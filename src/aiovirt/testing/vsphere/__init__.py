"""A vCenter or an ESX in memory, on a port: a server over the same tables as aiovirt's client.

It is strict, and made for what VMware's own simulator lacks: pages, tasks that take their time,
sessions that end, faults on purpose, guests with VMware Tools, licences that forbid changes.
`run_fake_vsphere` runs one.
"""

from __future__ import annotations

from aiovirt.testing.vsphere.clock import Clock
from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile, Result
from aiovirt.testing.vsphere.machines.windows import windows_guest
from aiovirt.testing.vsphere.plan import Plan, Planned
from aiovirt.testing.vsphere.server import FakeVSphere, run_fake_vsphere
from aiovirt.testing.vsphere.settings import EVERYTHING, READ_ONLY, Account, Settings

__all__ = [
    "EVERYTHING",
    "READ_ONLY",
    "Account",
    "Clock",
    "FakeVSphere",
    "Guest",
    "GuestFile",
    "Plan",
    "Planned",
    "Result",
    "Settings",
    "run_fake_vsphere",
    "windows_guest",
]
