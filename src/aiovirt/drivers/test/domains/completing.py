"""What the host in memory fills in of a domain: when it is defined, and when it starts.

Domains of the type ``test`` are kept as they are written, as libvirt's own test driver does;
those of real hypervisors get what a real one would give them, as far as tools look for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from aiovirt.config import (
    BootDevice,
    Clock,
    Controller,
    Devices,
    DomainConfig,
    Input,
    Memballoon,
    OperatingSystem,
    Video,
)
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.test.domains.filling import MODELS, fill_devices, is_real, pair_consoles
from aiovirt.drivers.test.domains.places import assign_places
from aiovirt.drivers.test.resources.machine import MACHINE
from aiovirt.model.units import Bytes

__all__ = ["complete", "settle_devices"]

_PROCESSORS: Final = {"x86_64": "qemu64", "i686": "qemu32"}

_ACTIONS: Final = {"on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"}


def complete(config: DomainConfig, uuid: UUID) -> None:
    """Fill in what a definition leaves open, in place.

    Raises:
        XMLError: Something in it is wrong; the error names the element and its line.
    """
    config.check()
    if config.os.type is None:
        raise OperatingSystem.type.error(config.os, "it must be said what is booted")
    config.uuid = config.uuid or uuid
    config.id = None
    _numbers(config)
    _system(config)
    if config.clock.offset is None:
        config.clock = Clock(offset="utc")
    for name, action in _ACTIONS.items():
        if getattr(config, name) is None:
            setattr(config, name, action)
    config.devices = config.devices or Devices()
    settle_devices(config)


def _system(config: DomainConfig) -> None:
    """What is booted, and how."""
    real = is_real(config)
    config.os.arch = config.os.arch or ("x86_64" if real else "i686")
    if real:
        config.os.machine = config.os.machine or MACHINE
        config.emulator = config.emulator or f"/usr/bin/qemu-system-{config.os.arch}"
        _processor(config)
    if config.os.type == "hvm" and not config.os.boot and not config.os.kernel:
        config.os.boot = () if _has_order(config) else ("hd",)


def _processor(config: DomainConfig) -> None:
    """The processor that QEMU's machines have where none is named."""
    cpu, usual = config.cpu, _PROCESSORS.get(config.os.arch or "")
    if usual is not None and cpu.mode is None and cpu.model is None:
        cpu.mode, cpu.match, cpu.check = "custom", "exact", "none"
        cpu.model, cpu.fallback = usual, "forbid"


def _has_order(config: DomainConfig) -> bool:
    devices = (each for each in config.devices.all() if isinstance(each, BootDevice))
    return any(device.boot_order is not None for device in devices)


def _numbers(config: DomainConfig) -> None:
    if config.memory is None:
        cells = [cell.memory or Bytes(0) for cell in config.cpu.numa]
        if not cells and config.type != "test":
            raise DomainConfig.memory.error(config, "it must be said how much memory it has")
        config.memory = Bytes(sum(cells))
    else:
        config.memory = Bytes(config.memory)
    config.current_memory = config.current_memory or config.memory
    if config.vcpu.max is None:
        config.vcpus = 1
    if config.vcpu.placement is None:
        config.vcpu.placement = "static"


def settle_devices(config: DomainConfig) -> None:
    """Fill in what devices leave open, add those that a computer has, and give all a place."""
    if is_real(config) and config.graphics and not config.videos:
        config.videos = [Video("cirrus")]
    fill_devices(config)
    pair_consoles(config)
    for number, serial in enumerate(config.serials):
        if serial.target.port is None:
            serial.target.port = number
    for number, console in enumerate(config.consoles):
        console.target.type = console.target.type or "virtio"
        if console.target.port is None:
            console.target.port = number
    if is_real(config):
        _hardware(config)
        _sort(config)
        assign_places(config)


_ORDER: Final = (
    "emulator",
    "disk",
    "controller",
    "lease",
    "filesystem",
    "interface",
    "smartcard",
    "serial",
    "parallel",
    "console",
    "channel",
    "input",
    "tpm",
    "graphics",
    "audio",
    "sound",
    "video",
    "hostdev",
    "redirdev",
    "hub",
    "watchdog",
    "memballoon",
    "rng",
    "nvram",
    "shmem",
    "panic",
    "memory",
    "iommu",
    "vsock",
)
"""The order in which libvirt writes devices."""


def _sort(config: DomainConfig) -> None:
    devices = node_of(config.devices)
    ranks = {tag: rank for rank, tag in enumerate(_ORDER)}
    devices[:] = sorted(devices, key=lambda node: ranks.get(str(node.tag), len(_ORDER)))


def _hardware(config: DomainConfig) -> None:
    """What a computer has whether one asks for it or not."""
    there = {controller.type for controller in config.controllers}
    needed = ((kind, MODELS.get(kind)) for kind in _needed_controllers(config))
    for kind, model in (*_BOARD, *needed):
        if kind not in there:
            config.controllers.append(Controller(type=kind, index=0, model=model))
    for serial in config.serials:
        if serial.target.type is None:
            serial.target.type, serial.target.model = "isa-serial", "isa-serial"
    if config.graphics:
        _seat(config)
    if not config.memballoon:
        config.memballoon = Memballoon(model="virtio")


_BOARD: Final = (("usb", "piix3-uhci"), ("pci", "pci-root"))


def _seat(config: DomainConfig) -> None:
    """What a computer with a display has."""
    there = {device.type for device in config.inputs if device.bus == "ps2"}
    for kind in ("mouse", "keyboard"):
        if kind not in there:
            config.inputs.append(Input(type=kind, bus="ps2"))


def _needed_controllers(config: DomainConfig) -> Iterator[str]:
    buses = {disk.target.bus for disk in config.disks}
    yield from (bus for bus in ("ide", "fdc", "scsi", "sata") if bus in buses)
    on_virtio = any(channel.target.type == "virtio" for channel in config.channels)
    if on_virtio or any(console.target.type == "virtio" for console in config.consoles):
        yield "virtio-serial"
