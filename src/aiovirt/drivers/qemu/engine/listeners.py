"""Where a guest's QEMU listens for others: displays and character devices on network ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiovirt.config import CharacterDevice, DomainConfig, Graphics
from aiovirt.config.running import LOOPBACK

__all__ = ["Listener", "blamed", "listeners"]


@dataclass(frozen=True, slots=True)
class Listener:
    """One port that QEMU listens on.

    Attributes:
        device: What it belongs to, such as ``the vnc display`` or ``serial0``.
        address: The address or host name it listens on.
        port: The port; below 1 where none is chosen yet.
        mark: What QEMU's complaints about it have in them.
        automatic: Whether the driver chooses the port.
    """

    device: str
    address: str
    port: int
    mark: str
    automatic: bool = False

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.device} on {address}:{self.port}"


def listeners(config: DomainConfig) -> Iterator[Listener]:
    """All ports that a complete configuration listens on."""
    for display in config.graphics:
        yield from _of_display(display)
    devices: list[CharacterDevice] = [*config.serials, *config.consoles, *config.channels]
    seen = set()
    for device in devices:
        if device.alias not in seen:
            seen.add(device.alias)
            yield from _of_character_device(device)


def blamed(config: DomainConfig, complaint: str) -> list[Listener]:
    """Those that a complaint of QEMU's may mean; all where it names none."""
    found = list(listeners(config))
    return [each for each in found if each.mark in complaint] or found


_MARKS = {"vnc": "-vnc ", "spice": "spice"}


def _of_display(display: Graphics) -> Iterator[Listener]:
    if display.type not in _MARKS or display.listen_socket:
        return
    address, mark = display.listen_address or LOOPBACK, _MARKS[display.type]
    name = f"the {display.type} display"
    yield Listener(name, address, display.port or 0, mark, bool(display.autoport))
    if display.type == "vnc" and (display.websocket or 0) > 0:
        yield Listener(f"{name}'s websocket", address, display.websocket or 0, mark)


_LISTENS_BY_DEFAULT = {"tcp": "bind", "udp": "connect"}


def _of_character_device(device: CharacterDevice) -> Iterator[Listener]:
    usual = _LISTENS_BY_DEFAULT.get(device.type or "")
    for source in device.sources:
        port = source.service or ""
        if usual and (source.mode or usual) == "bind" and port.isdecimal():
            name = device.alias or f"the {device.kind}"
            yield Listener(name, source.host or "", int(port), f"id=char{device.alias},")
