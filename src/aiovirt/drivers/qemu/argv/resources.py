"""What the engine opens for one start of a guest and the command line refers to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig

__all__ = ["TAP_TYPES", "Resources", "Tap"]

TAP_TYPES: Final = ("bridge", "ethernet", "network")
"""Interface types that are a tap device on the host, which the engine makes."""

FIRST_IMAGINED_FD: Final = 20
FIRST_DISPLAY_PORT: Final = 5900


@dataclass(frozen=True)
class Tap:
    """The descriptors of one interface's tap device, one for each queue.

    Attributes:
        fds: Those of the tap device.
        vhost_fds: Those of ``/dev/vhost-net``, as many or none.
    """

    fds: tuple[int, ...]
    vhost_fds: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What was opened or chosen for one start; descriptors keep their numbers in QEMU.

    Attributes:
        monitor: A listening unix socket for QMP.
        folder: The domain's own folder for sockets, which only QEMU's user may enter.
        taps: By the alias of the interface.
        logs: Files that character devices without a ``<log>`` are written to as well, by alias.
        ports: TCP ports chosen for graphics with ``autoport``, by their place in the document.
    """

    monitor: int
    folder: Path
    taps: Mapping[str, Tap] = field(default_factory=dict)
    logs: Mapping[str, Path] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def imagined(cls, config: DomainConfig, folder: Path) -> Resources:
        """Made-up descriptors and ports, to show a command line without starting anything.

        Args:
            config: The configuration, with aliases.
            folder: Where the domain's sockets would be.
        """
        numbers = itertools.count(FIRST_IMAGINED_FD)
        taps = {
            interface.alias or "": Tap(
                tuple(itertools.islice(numbers, interface.driver.queues or 1))
            )
            for interface in config.interfaces
            if interface.type in TAP_TYPES
        }
        chosen = {
            place: FIRST_DISPLAY_PORT + place
            for place, graphics in enumerate(config.graphics)
            if graphics.autoport
        }
        return cls(monitor=next(numbers), folder=folder, taps=taps, ports=chosen)
