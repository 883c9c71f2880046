"""What the engine opens for one start of a guest and the command line refers to."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv.storage.images import layers_of

__all__ = ["TAP_TYPES", "Resources", "Tap"]

TAP_TYPES: Final = ("bridge", "ethernet", "network")
"""Interface types that are a tap device on the host, which the engine makes."""

FIRST_IMAGINED_FD: Final = 20
FIRST_DISPLAY_PORT: Final = 5900
_WITH_VHOST: Final = ("vsock", "hostdev")


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
        vhost: Descriptors of vhost devices of the kernel, by the alias of the device.
        scsi: Paths of SCSI devices of the host, by the alias of the device.
        files: Descriptors of disks' files that a client handed over, by their group.
        now: What the host's clock says, in seconds since 1970.
    """

    monitor: int
    folder: Path
    taps: Mapping[str, Tap] = field(default_factory=dict)
    logs: Mapping[str, Path] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)
    vhost: Mapping[str, int] = field(default_factory=dict)
    scsi: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)
    now: float = field(default_factory=time.time)

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
        sources = [disk.source for disk in config.disks]
        sources += [layer.source for disk in config.disks for layer in layers_of(disk)]
        groups = [group for source in sources if (group := source.fdgroup)]
        return cls(
            monitor=next(numbers),
            files={group: (next(numbers),) for group in groups},
            folder=folder,
            taps=taps,
            ports=chosen,
            vhost={
                device.alias or "": next(numbers)
                for device in config.devices.all()
                if device.kind in _WITH_VHOST
            },
            scsi={
                device.alias or "": f"/dev/sg{place}"
                for place, device in enumerate(config.devices.all())
                if device.kind == "hostdev"
            },
        )
