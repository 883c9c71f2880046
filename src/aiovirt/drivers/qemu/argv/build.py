"""The command line of a guest: its parts, in the order in which QEMU wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import (
    audio,
    chardevs,
    controllers,
    disks,
    display,
    domain,
    firmware,
    graphics,
    iommu,
    iothreads,
    memory,
    modules,
    network,
    passthrough,
    processors,
    security,
    shares,
    small,
    sysinfo,
)
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.resources import Resources
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.devices.machine import family_for
from aiovirt.errors import ConfigError

__all__ = ["build", "own_words"]

_PARTS: Final[tuple[Callable[[Guest], Iterator[str]], ...]] = (
    domain.identity,
    firmware.firmware,
    domain.machine,
    processors.cpu,
    memory.memory,
    processors.processors,
    iothreads.iothreads,
    security.launch_security,
    sysinfo.sysinfo,
    domain.deprecation,
    domain.monitor,
    domain.clock,
    domain.boot,
    iommu.iommus,
    controllers.functions,
    controllers.controllers,
    passthrough.hubs,
    disks.disks,
    network.interfaces,
    chardevs.serials,
    chardevs.parallels,
    chardevs.channels,
    chardevs.consoles,
    display.inputs,
    audio.audios,
    graphics.graphics,
    display.videos,
    audio.sounds,
    passthrough.smartcards,
    passthrough.redirections,
    passthrough.hostdevs,
    shares.filesystems,
    shares.shmems,
    shares.vsocks,
    shares.tpms,
    shares.cryptos,
    modules.modules,
    sysinfo.generation,
    small.watchdogs,
    small.memballoon,
    small.nvram,
    small.rngs,
    small.panics,
    domain.after_devices,
)


def build(
    config: DomainConfig, binary: BinaryCapabilities, resources: Resources
) -> tuple[str, ...]:
    """The command line that runs a guest, the program first.

    It touches nothing: the same input gives the same words, and no secret is among them.

    Args:
        config: A completed configuration with aliases (`complete`, `assign_aliases`).
        binary: What the program can do.
        resources: What was opened for this start.

    Raises:
        XMLError: The configuration asks for what the driver or the program cannot do.
        ConfigError: A word cannot be an argument.
    """
    guest = Guest(config, binary, resources, family_for(config))
    words = (config.emulator or binary.path, *(word for part in _PARTS for word in part(guest)))
    for word in words:
        if "\0" in word:
            raise ConfigError(f"{word!r} has a NUL character in it")
    return words


def own_words(config: DomainConfig, argv: Sequence[str]) -> Sequence[str]:
    """The words of a command line that are not the user's: his come last, and are his matter."""
    return argv[: len(argv) - len(config.qemu_commandline.args)]
