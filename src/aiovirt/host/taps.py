"""Tap devices and bridges. A tap lives as long as a descriptor of it is open: none can leak."""

from __future__ import annotations

import errno
import os
import re
import socket
import struct
from collections import deque
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

from aiovirt.errors import ConfigError, HostError, PermissionDenied
from aiovirt.host.files import host_error
from aiovirt.host.netlink import ACK, attribute, converse

__all__ = [
    "add_to_bridge",
    "check_bridge",
    "open_tap",
    "remove_from_bridge",
    "remove_tap",
    "set_mac",
    "set_up",
    "taps_open_in",
]

# Source: linux/if_tun.h, linux/sockios.h, linux/if.h, linux/rtnetlink.h, linux/if_link.h
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_MULTI_QUEUE = 0x0100
_IFF_PERSIST = 0x0800
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000
_IFF_UP = 0x1
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFHWADDR = 0x8924
_SIOCBRADDIF = 0x89A2
_SIOCBRDELIF = 0x89A3
_RTM_DELLINK = 17
_IFLA_IFNAME = 3
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg
_ARPHRD_ETHER = 1
_NAME_SIZE = 16
_HINT = "it needs CAP_NET_ADMIN; interface type='user' needs no privilege"
_OPEN = re.compile(r"^iff:\t(\S+)$", re.MULTILINE)  # tun_chr_show_fdinfo of drivers/net/tun.c
_NAME = re.compile(r"[^\s/:]{1,15}")


def _name(text: str) -> bytes:
    """An interface name as the kernel takes it.

    Raises:
        ConfigError: It is none.
    """
    if not _NAME.fullmatch(text) or text in {".", ".."}:
        raise ConfigError(
            f"{text!r} is no name of a network interface",
            field="target/dev",
            hint="1 to 15 characters without spaces, slashes and colons",
        )
    return text.encode()


def open_tap(pattern: str, *, multi_queue: bool = False) -> tuple[int, str]:
    """Make a tap device, or open a persistent one of that name.

    Args:
        pattern: Its name; ``%d`` stands for the first free number.
        multi_queue: Whether further descriptors, one a queue, will be opened by its name.

    Returns:
        The descriptor, non-blocking and close-on-exec, and the name. The device goes when the
        last descriptor of it is closed.

    Raises:
        PermissionDenied: Making it needs CAP_NET_ADMIN.
        HostError: The kernel has no tap devices, or the name is taken.
    """
    try:
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise PermissionDenied(f"cannot open /dev/net/tun: {error.strerror}", hint=_HINT) from error
    except OSError as error:
        raise host_error(error, "cannot open /dev/net/tun") from error
    flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR | (_IFF_MULTI_QUEUE if multi_queue else 0)
    try:
        answer = ioctl(tap, _TUNSETIFF, struct.pack(f"{_NAME_SIZE}sH22x", _name(pattern), flags))
    except PermissionError as error:
        os.close(tap)
        raise PermissionDenied(
            f"cannot make the tap device {pattern}: {error.strerror}",
            hint=_HINT,
        ) from error
    except BaseException as error:
        os.close(tap)
        if isinstance(error, OSError):
            raise host_error(error, f"cannot make the tap device {pattern}") from error
        raise
    return tap, answer[:_NAME_SIZE].rstrip(b"\0").decode()


def taps_open_in(pid: int) -> set[str]:
    """The names of the tap devices that a process has open, as far as it may be looked at."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
            with suppress(OSError):
                text = entry.read_text(encoding="ascii", errors="replace")
                found.update(match[1] for match in _OPEN.finditer(text))
    return found


def remove_tap(name: str) -> None:
    """Remove a tap device that is open; none, or a persistent one, is left as it is.

    It waits for the kernel: some 20 ms, for however many at the same time.  Who closes one that
    is not removed waits as long, for one after the other.

    Raises:
        HostError: We may not.
    """
    try:
        flags = int(Path("/sys/class/net", name, "tun_flags").read_text(encoding="ascii"), 16)
        if not flags & _IFF_PERSIST:
            body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            deque(converse(_RTM_DELLINK, ACK, body + attribute(_IFLA_IFNAME, _name(name) + b"\0")))
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENODEV}:
            raise host_error(error, f"cannot remove {name}") from error


def _request(what: str, number: int, name: str, payload: bytes) -> bytes:
    """One interface request (`struct ifreq`) to the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        try:
            return ioctl(control, number, struct.pack(f"{_NAME_SIZE}s24s", _name(name), payload))
        except OSError as error:
            raise host_error(error, what) from error


def set_up(name: str) -> None:
    """Bring an interface up.

    Raises:
        HostError: It is not there, or we may not.
    """
    what = f"cannot bring {name} up"
    answer = _request(what, _SIOCGIFFLAGS, name, b"")
    (flags,) = struct.unpack_from("H", answer, _NAME_SIZE)
    _request(what, _SIOCSIFFLAGS, name, struct.pack("H", flags | _IFF_UP))


def set_mac(name: str, mac: bytes) -> None:
    """Give an interface its Ethernet address (6 bytes).

    Raises:
        HostError: It is not there, or we may not.
    """
    _request(
        f"cannot set the address of {name}",
        _SIOCSIFHWADDR,
        name,
        struct.pack("H6s", _ARPHRD_ETHER, mac),
    )


def check_bridge(bridge: str) -> None:
    """See that a bridge is there.

    Raises:
        ConfigError: There is no interface of that name, or it is no bridge.
    """
    _name(bridge)
    if not Path("/sys/class/net", bridge, "bridge").is_dir():
        known = sorted(path.parent.name for path in Path("/sys/class/net").glob("*/bridge"))
        raise ConfigError(
            f"there is no bridge {bridge!r} on this host",
            field="source/bridge",
            hint=f"bridges here: {', '.join(known) or 'none'}",
        )


def add_to_bridge(bridge: str, name: str) -> None:
    """Make an interface a port of a bridge.

    Raises:
        HostError: One of them is not there, or we may not.
    """
    try:
        index = socket.if_nametoindex(name)
    except OSError as error:
        raise HostError(f"cannot add {name} to {bridge}: {error.strerror}") from error
    _request(f"cannot add {name} to {bridge}", _SIOCBRADDIF, bridge, struct.pack("i", index))


def remove_from_bridge(bridge: str, name: str) -> None:
    """Let an interface be no port of a bridge any more.

    Raises:
        HostError: One of them is not there, or we may not.
    """
    try:
        index = socket.if_nametoindex(name)
    except OSError as error:
        raise HostError(f"cannot take {name} from {bridge}: {error.strerror}") from error
    _request(f"cannot take {name} from {bridge}", _SIOCBRDELIF, bridge, struct.pack("i", index))
