"""What single devices leave open, filled in as tools expect it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from typing import Any, Final

from aiovirt.config import (
    Channel,
    Console,
    ConsoleTarget,
    Controller,
    Device,
    Disk,
    DomainConfig,
    Graphics,
    Input,
    Interface,
    Serial,
    Video,
)
from aiovirt.config.devices.graphics import fill_listening
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import KiB

__all__ = ["MODELS", "fill_devices", "is_real", "pair_consoles"]

_BUSES: Final = {"hd": "ide", "sd": "scsi", "vd": "virtio", "fd": "fdc", "xvd": "xen"}
_REAL: Final = frozenset({"qemu", "kvm", "hvf"})
MODELS: Final = {"usb": "piix3-uhci", "scsi": "lsilogic"}
"""What a controller is of which only the type is said."""


def is_real(config: DomainConfig) -> bool:
    """Whether it is written for a real hypervisor, whose computers have more than is written."""
    return config.type in _REAL


def fill_devices(config: DomainConfig) -> None:
    """Fill in what the devices of a domain leave open, in place."""
    taken = _Taken(config)
    for device in config.devices.all():
        for kind, fill in _FILLERS:
            if isinstance(device, kind):
                fill(device, taken)


class _Taken:
    """What devices of a domain have already that no two of them may have."""

    def __init__(self, config: DomainConfig) -> None:
        self.real = is_real(config)
        self.owner = str(config.uuid or config.name)
        self.macs = {card.mac for card in config.interfaces}
        self.names = {card.target_dev for card in config.interfaces}
        self.indexes = {(each.type, each.index) for each in config.controllers}
        self.videos = 0
        self._numbers: defaultdict[str, count[int]] = defaultdict(count)

    def free(self, what: str, fits: Callable[[int], bool]) -> int:
        """The next number of a kind of thing that fits; none is tried twice."""
        return next(number for number in self._numbers[what] if fits(number))


def _disk(disk: Disk, taken: _Taken) -> None:
    disk.type = disk.type or "file"
    disk.device = disk.device or "disk"
    if disk.target.bus is None:
        letters = (disk.target.dev or "").rstrip("0123456789")[:-1]
        disk.target.bus = _BUSES.get(letters, "ide")
    if taken.real:
        disk.driver.name = disk.driver.name or "qemu"
        disk.driver.type = disk.driver.type or "raw"
    if disk.device == "cdrom":
        disk.readonly = True


def _interface(card: Interface, taken: _Taken) -> None:
    if card.mac is None:
        free = taken.free("mac", lambda number: _mac(taken.owner, number) not in taken.macs)
        card.mac = _mac(taken.owner, free)
    if taken.real:
        card.model = card.model or "rtl8139"
    elif card.target_dev is None:
        free = taken.free("name", lambda number: f"testnet{number}" not in taken.names)
        card.target_dev = f"testnet{free}"


def _mac(owner: str, number: int) -> MacAddress:
    """An address of its own: the same each time, so that tests can rely on it."""
    digest = sha256(f"{owner}/{number}".encode()).hexdigest()
    return MacAddress.parse(f"52:54:00:{digest[:2]}:{digest[2:4]}:{digest[4:6]}")


def _controller(controller: Controller, taken: _Taken) -> None:
    kind = controller.type or ""
    if controller.index is None:
        controller.index = taken.free(kind, lambda number: (kind, number) not in taken.indexes)
    if controller.model is None and taken.real:
        controller.model = MODELS.get(kind)


def _graphics(graphics: Graphics, _taken: _Taken) -> None:
    fill_listening(graphics)


def _input(device: Input, _taken: _Taken) -> None:
    if device.bus is None and device.type in {"tablet", "mouse", "keyboard"}:
        device.bus = "usb" if device.type == "tablet" else "ps2"


def _channel(channel: Channel, taken: _Taken) -> None:
    if channel.type == "unix" and taken.real:
        channel.source.mode = channel.source.mode or "bind"


def _video(video: Video, taken: _Taken) -> None:
    model = video.model
    taken.videos += 1
    if model.type in {None, "none"}:
        return
    if model.vram is None and model.type != "virtio":
        model.vram = KiB(16384)
    model.heads = model.heads or 1
    if model.primary is None and taken.videos == 1:
        model.primary = True


_FILLERS: Final[tuple[tuple[type[Device], Callable[[Any, _Taken], None]], ...]] = (
    (Disk, _disk),
    (Interface, _interface),
    (Graphics, _graphics),
    (Controller, _controller),
    (Input, _input),
    (Channel, _channel),
    (Video, _video),
)


def pair_consoles(config: DomainConfig) -> None:
    """Let the first console be the first serial port, whichever of the two was written."""
    first = config.consoles[0] if config.consoles else None
    if first is not None and first.target.type in {None, "serial"}:
        if not config.serials:
            sources = [source.copy() for source in first.sources]
            config.serials = [Serial(type=first.type, sources=sources)]
    elif config.serials:
        first = Console(type=config.serials[0].type, target=ConsoleTarget(type="serial", port=0))
        config.consoles.insert(0, first)
        first = config.consoles[0]
    if first is not None and config.serials and first.target.type in {None, "serial"}:
        first.type = config.serials[0].type
        first.sources = [source.copy() for source in config.serials[0].sources]
        first.target.type, first.target.port = "serial", 0
