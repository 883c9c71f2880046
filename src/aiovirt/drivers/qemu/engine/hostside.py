"""What a device needs of the host when it is plugged into a running guest, and leaves behind.

A start makes the same for all devices at once (`engine.prepare`), by the same functions.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import Final

from aiovirt.config import Device, DomainConfig, Interface, Vsock
from aiovirt.drivers.common.devices import add_device
from aiovirt.drivers.qemu.argv import TAP_TYPES, Tap
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.network import check_networks, open_taps
from aiovirt.drivers.qemu.engine.passthrough import open_vhost, scsi_paths
from aiovirt.drivers.qemu.engine.tuning import shape_interfaces
from aiovirt.drivers.qemu.process.beside import start_beside
from aiovirt.drivers.qemu.process.helpers import Surroundings, end_helper
from aiovirt.drivers.qemu.process.notes import Kind, notes
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER

__all__ = ["HostSide", "alone_with", "host_side", "let_go"]

_NONE: Final = DomainConfig.parse("<domain><devices/></domain>")
"""A configuration of no devices: one that is made anew is given a console."""
_WITH_HELPERS: Final = ("filesystem", "interface")


@dataclass(frozen=True)
class HostSide:
    """What was made or found; each by the alias of the device.

    Attributes:
        taps: The descriptors of its tap device.
        vhost: Its descriptor of the kernel.
        scsi: Its path on the host.
        files: The descriptors that were handed over for it, by their group.
    """

    taps: dict[str, Tap] = field(default_factory=dict)
    vhost: dict[str, int] = field(default_factory=dict)
    scsi: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[int, ...]] = field(default_factory=dict)


async def host_side(
    engine: Engine,
    live: LiveDomain,
    device: Device,
    undo: AsyncExitStack,
    descriptors: ExitStack,
) -> HostSide:
    """Make what a device needs on the host.

    Args:
        engine: The driver.
        live: The running instance that gets it.
        device: The device, complete and named; the name of its tap is written into it.
        undo: Gets a step for what is made.
        descriptors: Gets our side of what is opened for QEMU.

    Raises:
        ConfigError: What it names is not there.
        HostError: The host could not do it.
    """
    alone = alone_with(live.config, device)
    if device.kind in _WITH_HELPERS:
        undo.push_async_callback(let_go, live, device)
        around = Surroundings(
            folder=live.folder,
            logs=engine.root.logs,
            name=live.config.name or "",
            group=live.group,
            owner=engine.settings.owner,
        )
        await start_beside(alone, around, live.folder / QEMU_FOLDER, engine.root.path)
    vhost, scsi = open_vhost(alone, descriptors), scsi_paths(alone)
    if isinstance(device, Vsock):
        device.cid = alone.devices.vsock.cid
    if not isinstance(device, Interface) or device.type not in TAP_TYPES:
        return HostSide(vhost=vhost, scsi=scsi, files=engine.handed.lend(alone, descriptors))
    check_networks(alone)
    taps = open_taps(alone, descriptors)
    await shape_interfaces(alone)
    device.target_dev = alone.interfaces[0].target_dev
    return HostSide(taps=taps)


def alone_with(config: DomainConfig, device: Device) -> DomainConfig:
    """A configuration of the same domain that has one device only."""
    alone = _NONE.copy()
    alone.name, alone.uuid, alone.type = config.name, config.uuid, config.type
    add_device(alone, device)
    return alone


async def let_go(live: LiveDomain, device: Device) -> None:
    """End the programs that ran for a device only."""
    if device.kind not in _WITH_HELPERS:
        return
    for each in notes(live.folder):
        if each.kind is Kind.PROGRAM and each.what.endswith(f"-{device.alias}"):
            await end_helper(each)
