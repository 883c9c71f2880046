"""Rules that hold between several parts of a configuration: names, and what must not be twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from math import prod
from typing import TypeVar

from aiovirt.config._tree import error_at
from aiovirt.config._view import View, element
from aiovirt.config.boot import OperatingSystem
from aiovirt.config.cpu import CPU
from aiovirt.config.devices.base import BootDevice, Device
from aiovirt.config.devices.chardev import Console
from aiovirt.config.devices.disk import Disk
from aiovirt.errors import XMLError
from aiovirt.model.addresses import DriveAddress, PciAddress

__all__ = ["boot_order", "naming", "topology", "twins", "unique_devices", "unique_targets"]

D = TypeVar("D", bound=Device)
V = TypeVar("V", bound=View)


def naming(
    name: str | None, error: Callable[[str], XMLError], *, slash: bool = False
) -> Iterator[XMLError]:
    """The rules for names of domains: they become names of files (virDomainDefPostParse…).

    Args:
        name: It.
        error: What makes an error of a message.
        slash: Whether the host has other files for them (VIR_DOMAIN_DEF_FEATURE_NAME_SLASH).
    """
    if name is None:
        return
    if not name.strip():
        yield error("the name is empty")
    elif ("/" in name and not slash) or "\n" in name:
        yield error(f"the name {name!r} has a slash or a line break in it")
    elif not name.strip("."):
        yield error(f"the name {name!r} has dots only")


def twins(
    parts: Iterable[V],
    key: Callable[[V], Hashable | None],
    what: str,
    other: str = "another one",
) -> Iterator[XMLError]:
    """No two parts have the same key; None is none."""
    seen: set[Hashable] = set()
    for part in parts:
        value = key(part)
        if value is None:
            continue
        node = element(part)
        if value in seen and node is not None:
            yield error_at(node, f"{what} {value} is taken by {other}")
        seen.add(value)


def _twice(
    devices: Iterable[D], key: Callable[[D], Hashable | None], what: str
) -> Iterator[XMLError]:
    return twins(devices, key, what, "another device")


def _target(disk: Disk) -> str | None:
    return disk.target.dev


def unique_targets(disks: Iterable[Disk]) -> Iterator[XMLError]:
    """No two disks have the same target."""
    yield from _twice(disks, _target, "the target")


def _alias(device: Device) -> str | None:
    # libvirt's own aliases may repeat: the first console is the first serial port
    return device.alias if device.kind != "console" else None


def _place(device: Device) -> Hashable | None:
    try:
        address = device.address
    except XMLError:
        return None  # reported as the field's own problem
    if isinstance(address, PciAddress) and not address.is_unassigned:
        return f"PCI address {address}"
    if isinstance(address, DriveAddress) and device.kind == "disk":
        bus = Disk.target.read(device).bus if isinstance(device, Disk) else None
        return f"{bus} drive address {address}"
    return None


def _is_serial(device: Device) -> bool:
    return isinstance(device, Console) and device.target.type in {None, "serial"}


def unique_devices(devices: Iterator[Device]) -> Iterator[XMLError]:
    """No two devices have the same alias or address."""
    # a console of the serial kind is the serial port itself, told of once more
    every = [device for device in devices if not _is_serial(device)]
    yield from _twice(every, _alias, "the alias")
    yield from _twice(every, _place, "the")


def _order(device: BootDevice) -> str | None:
    order = device.boot_order
    return None if order is None else f"place {order}"


def boot_order(system: OperatingSystem, devices: Iterable[Device]) -> Iterator[XMLError]:
    """Devices have different places in the boot order, and only where ``<os>`` says none."""
    bootable = (device for device in devices if isinstance(device, BootDevice))
    booted = [device for device in bootable if device.boot_order is not None]
    yield from _twice(booted, _order, "in the boot order,")
    if booted and system.boot:
        yield OperatingSystem.boot.error(
            system,
            "the boot order is said here and at devices",
            expected="either <boot dev='…'/> here or <boot order='…'/> at devices",
        )


def topology(cpu: CPU, vcpus: int | None) -> Iterator[XMLError]:
    """The parts of the topology multiply to the number of virtual CPUs (qemuValidateDomainDef…)."""
    parts = cpu.topology
    if not parts:
        return
    counts = (parts.sockets, parts.dies, parts.clusters, parts.cores, parts.threads)
    product = prod(count or 1 for count in counts)
    if product != (vcpus or 1):
        yield CPU.topology.error(
            cpu, f"the topology has {product} CPUs, the domain {vcpus or 1}", expected="as many"
        )
