"""Why a start failed, from what QEMU said: the error a user can act on."""

from __future__ import annotations

import re

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.listeners import Listener, blamed
from aiovirt.drivers.qemu.engine.nodes import disk_of_node, image_of
from aiovirt.errors import AiovirtError, HostError, PermissionDenied, ResourceUnavailable

__all__ = ["explain", "lost_ports", "says_taken"]

_PROGRAM = re.compile(r"^(\S+Z )?\S*qemu-\S+: ")
_ARGUMENT = re.compile(r"^-\w+ (\{.*?\}|\S+): ")

# What QEMU says -> the error, and what may be done about it. The first that matches counts.
_KNOWN: tuple[tuple[re.Pattern[str], type[HostError], str], ...] = (
    (
        re.compile(r"Permission denied", re.IGNORECASE),
        PermissionDenied,
        "the account that QEMU runs as must be able to open it; check the folders above it too",
    ),
    (
        re.compile(r"No space left on device", re.IGNORECASE),
        ResourceUnavailable,
        "the disk is full",
    ),
    (
        re.compile(r"Failed to get \"(write|consistent read|shared \w+)\" lock", re.IGNORECASE),
        ResourceUnavailable,
        "another QEMU has that image open",
    ),
    (
        re.compile(r"Image is not in \S+ format", re.IGNORECASE),
        ResourceUnavailable,
        "give the disk's <driver type=…> the format that qemu-img info says",
    ),
    (
        re.compile(r"cannot set up guest memory|Cannot allocate memory", re.IGNORECASE),
        ResourceUnavailable,
        "the host has not that much memory left",
    ),
    (
        re.compile(r"Could not access KVM|failed to initialize kvm", re.IGNORECASE),
        ResourceUnavailable,
        "use <domain type='qemu'> where the host has no KVM",
    ),
)


_TAKEN = re.compile(
    r"Address already in use|Failed to find an available port|binding socket to \S+ failed",
    re.IGNORECASE,
)


def says_taken(said: str) -> bool:
    """Whether QEMU says that somebody else has a port or a socket."""
    return _TAKEN.search(said) is not None


def lost_ports(config: DomainConfig, said: str) -> frozenset[int]:
    """The chosen ports that somebody else took before QEMU could; empty if that is not why."""
    if not says_taken(said):
        return frozenset()
    return frozenset(each.port for each in blamed(config, _complaint(said)) if each.automatic)


def explain(config: DomainConfig, said: str, error: AiovirtError) -> HostError:
    """The error of a domain that did not start.

    Args:
        config: Its configuration.
        said: What QEMU wrote to its log since it was started, or why it refused something.
        error: What was seen of it.
    """
    line = _complaint(said)
    if says_taken(said):
        return _port_taken(config, line)
    words = _ARGUMENT.sub("", line)
    disk = disk_of_node(config, line)
    where = f" (disk {disk.target.dev}: {image_of(disk)})" if disk else ""
    text = f"domain {config.name!r} did not start: {words or error}{where}"
    for pattern, kind, hint in _KNOWN:
        if pattern.search(said):
            return kind(text, hint=hint)
    return HostError(text, hint=None if words else error.hint)


def _port_taken(config: DomainConfig, line: str) -> ResourceUnavailable:
    """The error for a port, or a socket, that somebody else has."""
    suspects = blamed(config, line)
    where = f" ({' or '.join(map(str, suspects))})" if suspects else ""
    return ResourceUnavailable(
        f"domain {config.name!r} did not start: {_ARGUMENT.sub('', line)}{where}",
        hint=f"another program has that port or socket: {_way_out(suspects)}",
    )


def _way_out(suspects: list[Listener]) -> str:
    if any(each.automatic for each in suspects):
        return "start it again, or name a port"
    if any("display" in each.device for each in suspects):
        return "choose another, or let one be chosen (port='-1')"
    return "choose another"


def _complaint(said: str) -> str:
    """QEMU's last complaint, without time and program; empty if it had none."""
    lines = [line for line in said.splitlines() if line and "warning:" not in line]
    complaints = [line for line in lines if _PROGRAM.match(line)] or lines
    return _PROGRAM.sub("", complaints[-1]) if complaints else ""
