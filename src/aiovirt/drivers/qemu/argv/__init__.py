"""From a completed configuration to QEMU's command line, without touching the host."""

from __future__ import annotations

from aiovirt.drivers.qemu.argv.build import build, own_words
from aiovirt.drivers.qemu.argv.resources import TAP_TYPES, Resources, Tap
from aiovirt.drivers.qemu.argv.startup import environment, startup_commands

__all__ = [
    "TAP_TYPES",
    "Resources",
    "Tap",
    "build",
    "environment",
    "own_words",
    "startup_commands",
]
