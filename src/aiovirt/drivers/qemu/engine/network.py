"""The host side of a domain's network interfaces: tap devices, made for one start."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress

from aiovirt.config import DomainConfig, Interface
from aiovirt.drivers.qemu.argv.resources import TAP_TYPES, Tap
from aiovirt.errors import ConfigError
from aiovirt.host.taps import add_to_bridge, check_bridge, open_tap, set_mac, set_up

__all__ = ["check_networks", "open_taps"]

_PATTERN = "vnet%d"
_VHOST = "/dev/vhost-net"


def check_networks(config: DomainConfig) -> None:
    """See that what the interfaces are to be connected to is there.

    Raises:
        ConfigError: It is not, or this driver cannot connect to its kind.
    """
    for interface in config.interfaces:
        if interface.type == "bridge":
            check_bridge(interface.source.bridge or "")
        elif interface.type == "network":
            raise ConfigError(
                f"interface {interface.alias}: the embedded driver has no virtual networks",
                field="interface/source",
                hint="use type='user' or type='bridge'",
            )


def open_taps(config: DomainConfig, descriptors: ExitStack) -> dict[str, Tap]:
    """Make the tap devices of a live configuration, and write their names into it.

    Args:
        config: The live configuration, with aliases.
        descriptors: Closes our side. The devices go when QEMU's side is closed as well.

    Returns:
        The descriptors by the interface's alias.

    Raises:
        PermissionDenied: It needs CAP_NET_ADMIN.
        HostError: The host could not do it.
    """
    return {
        interface.alias or "": _open_tap(interface, descriptors)
        for interface in config.interfaces
        if interface.type in TAP_TYPES
    }


def _open_tap(interface: Interface, descriptors: ExitStack) -> Tap:
    queues = interface.driver.queues or 1
    given = interface.target_dev
    name = given or _PATTERN
    fds: list[int] = []
    for _ in range(queues):
        handle, name = open_tap(name, multi_queue=queues > 1)
        descriptors.callback(os.close, handle)
        fds.append(handle)
    interface.target_dev = name
    if interface.type == "bridge":
        if interface.mac is not None:
            # A bridge takes the lowest address of its ports: keep it off the guest's own.
            set_mac(name, b"\xfe" + interface.mac.octets[1:])
        add_to_bridge(interface.source.bridge or "", name)
    set_up(name)
    return Tap(tuple(fds), _vhost(interface, queues, descriptors))


def _vhost(interface: Interface, queues: int, descriptors: ExitStack) -> tuple[int, ...]:
    """Descriptors of the kernel's packet mover, where it has one and the device can use it."""
    if interface.model not in {None, "virtio"} or interface.driver.name == "qemu":
        return ()
    fds: list[int] = []
    with suppress(OSError):
        for _ in range(queues):
            handle = os.open(_VHOST, os.O_RDWR | os.O_CLOEXEC)
            descriptors.callback(os.close, handle)
            fds.append(handle)
    return tuple(fds) if len(fds) == queues else ()
