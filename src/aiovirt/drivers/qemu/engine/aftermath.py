"""What is done after an event of QEMU beside changing the state: asking it, and tidying up.

Each is a task of the domain's supervisor: it ends with QEMU, and holds up no event.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Final

from aiovirt.clients.qmp import Event
from aiovirt.drivers.qemu.engine.autodumps import watchdog_bit
from aiovirt.drivers.qemu.engine.blockjobs import block_job_happened
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.plugging import (
    device_deleted,
    device_kept,
    firmware_told,
    memory_resized,
)

__all__ = ["AFTERMATH"]

AFTERMATH: Final[
    dict[str, Callable[[Engine, ManagedDomain, LiveDomain, Event], Coroutine[object, object, None]]]
] = {
    "BLOCK_JOB_READY": block_job_happened,
    "BLOCK_JOB_COMPLETED": block_job_happened,
    "BLOCK_JOB_CANCELLED": block_job_happened,
    "BLOCK_JOB_ERROR": block_job_happened,
    "ACPI_DEVICE_OST": firmware_told,
    "DEVICE_DELETED": device_deleted,
    "DEVICE_UNPLUG_GUEST_ERROR": device_kept,
    "MEM_UNPLUG_ERROR": device_kept,
    "WATCHDOG": watchdog_bit,
    "MEMORY_DEVICE_SIZE_CHANGE": memory_resized,
}
"""The names of events, and what follows them."""
