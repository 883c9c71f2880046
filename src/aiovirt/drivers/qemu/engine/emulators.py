"""Which program runs a configuration, and what it can do."""

from __future__ import annotations

from pathlib import Path

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, find_emulator, host_arch
from aiovirt.drivers.qemu.engine.core import Engine

__all__ = ["binary_of"]


async def binary_of(engine: Engine, config: DomainConfig) -> BinaryCapabilities:
    """What the emulator of a configuration can do.

    Raises:
        ExecutableNotFound: There is no such emulator; the hint names the package.
    """
    emulator = config.emulator or str(find_emulator(config.os.arch or host_arch()))
    return await engine.binaries.get(Path(emulator))
