"""QEMU binaries: where they are, what they can do, and a cache of that on disk.

Knows nothing of domains.
"""

from __future__ import annotations

from aiovirt.drivers.qemu.binaries.cache import BinaryCache
from aiovirt.drivers.qemu.binaries.capabilities import (
    BinaryCapabilities,
    CPUModel,
    CPUOffer,
    Feature,
    Machine,
    Properties,
)
from aiovirt.drivers.qemu.binaries.find import find_emulator, host_arch, known_emulators
from aiovirt.drivers.qemu.binaries.probe import probe

__all__ = [
    "BinaryCache",
    "BinaryCapabilities",
    "CPUModel",
    "CPUOffer",
    "Feature",
    "Machine",
    "Properties",
    "find_emulator",
    "host_arch",
    "known_emulators",
    "probe",
]
