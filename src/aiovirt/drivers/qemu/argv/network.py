"""Network interfaces: for each a back end on the host and the guest's card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Interface, InterfaceIp, PortForward
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.resources import TAP_TYPES
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json, socket_word
from aiovirt.drivers.qemu.process.passt import passt_socket
from aiovirt.errors import ConfigError

__all__ = ["card", "interfaces", "netdev"]


def interfaces(guest: Guest) -> Iterator[str]:
    """Back ends and cards of all interfaces.

    Raises:
        XMLError: The driver has no interfaces of such a type.
    """
    for interface in guest.config.interfaces:
        yield from ("-netdev", netdev(guest, interface))
        yield from ("-device", card(guest, interface))


def netdev(guest: Guest, interface: Interface) -> str:
    """The JSON of the back end of an interface."""
    build = _BACKENDS.get(interface.type or "")
    if build is None:
        raise Interface.type.error(
            interface,
            f"the QEMU driver has no interfaces of type {interface.type!r}",
            expected=", ".join(_BACKENDS),
        )
    return as_json({"id": f"host{interface.alias}", **build(guest, interface)})


def _user(guest: Guest, interface: Interface) -> dict[str, object]:
    if interface.backend_type == "passt":
        path = passt_socket(guest.resources.folder, interface.alias or "")
        return {
            "type": "stream",
            "server": False,
            "addr": {"type": "unix", "path": socket_word(path)},
        }
    forwards = [{"str": rule} for each in interface.port_forwards for rule in _forward(each)]
    options: dict[str, object] = {"type": "user", "hostfwd": forwards or None}
    for ip in interface.ips:
        options |= _network_of(ip)
    return options


def _network_of(ip: InterfaceIp) -> dict[str, object]:
    if ip.family == "ipv6":
        return {"ipv6-prefix": ip.address, "ipv6-prefixlen": ip.prefix}
    return {"net": f"{ip.address}/{ip.prefix or 24}"}


def _forward(forward: PortForward) -> Iterator[str]:
    """``protocol:address:port-:port`` for each port of the ranges."""
    for ports in forward.ranges:
        start = ports.start or 0
        to = ports.to if ports.to is not None else start
        for offset in range((ports.end or start) - start + 1):
            address = forward.address or ""
            yield f"{forward.proto or 'tcp'}:{address}:{start + offset}-:{to + offset}"


def _tap(guest: Guest, interface: Interface) -> dict[str, object]:
    tap = guest.resources.taps.get(interface.alias or "")
    if tap is None:
        raise ConfigError(f"no tap device was opened for {interface.alias}", field="interface")
    many = len(tap.fds) > 1
    options: dict[str, object] = {"type": "tap", "fds" if many else "fd": _numbers(tap.fds)}
    if tap.vhost_fds:
        options |= {"vhost": True, "vhostfds" if many else "vhostfd": _numbers(tap.vhost_fds)}
    return options


def _numbers(fds: tuple[int, ...]) -> str:
    return ":".join(map(str, fds))


def _socket(option: str) -> Callable[[Guest, Interface], dict[str, object]]:
    def build(_guest: Guest, interface: Interface) -> dict[str, object]:
        source = interface.source
        return {"type": "socket", option: f"{source.address or ''}:{source.port}"}

    return build


_BACKENDS: Final[dict[str, Callable[[Guest, Interface], dict[str, object]]]] = {
    "user": _user,
    **dict.fromkeys(TAP_TYPES, _tap),
    "mcast": _socket("mcast"),
    "server": _socket("listen"),
    "client": _socket("connect"),
}


def card(guest: Guest, interface: Interface) -> str:
    """The JSON of the guest's card of an interface."""
    props: dict[str, object] = {
        "netdev": f"host{interface.alias}",
        "mac": str(interface.mac),
        **usb_place(guest, interface),
    }
    if (interface.model or "").startswith("virtio"):
        props |= _virtio(guest, interface)
    return guest.device(interface, props)


def _virtio(guest: Guest, interface: Interface) -> dict[str, object]:
    driver = interface.driver
    tap = guest.resources.taps.get(interface.alias or "")
    queues = len(tap.fds) if tap else 1
    several = queues > 1
    return {
        "mq": True if several else None,
        # a vector for each direction of each queue, one for control, one for configuration
        "vectors": 2 * queues + 2 if several and not guest.mmio else None,
        "host_mtu": interface.mtu,
        "rx_queue_size": driver.rx_queue_size,
        "tx_queue_size": driver.tx_queue_size,
        "tx": {"iothread": "bh", "timer": "timer"}.get(driver.txmode or ""),
        "ioeventfd": driver.ioeventfd,
        "event_idx": driver.event_idx,
        "rss": driver.rss,
        "hash": driver.rss_hash_report,
        **virtio_props(driver),
    }
