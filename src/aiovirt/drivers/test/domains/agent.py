"""What the guest agents of the host in memory know: each guest is the same small system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.test.domains.addresses import addresses
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.images import source_of
from aiovirt.drivers.test.domains.machine import Live
from aiovirt.drivers.test.world import World
from aiovirt.errors import AgentError
from aiovirt.model.guest import GuestFilesystem
from aiovirt.model.params import ParamType, ParamValue, Typed

__all__ = ["BORN_NS", "check_agent", "filesystems", "guest_figures", "hostname"]

AGENT: Final = "org.qemu.guest_agent.0"

BORN_NS: Final = 627319920 * 1_000_000_000
"""What a guest's clock says until somebody sets it, as in libvirt's test driver."""

_MOUNTS: Final = (("/", "1", "ext4"), ("/boot", "2", "ext4"))


def check_agent(config: DomainConfig) -> None:
    """See that an agent answers: in domains of real hypervisors it needs its channel.

    Raises:
        AgentError: There is none.
    """
    if is_real(config) and not any(each.target.name == AGENT for each in config.channels):
        raise AgentError(
            f"domain {config.name!r} has no guest agent",
            hint=f"its configuration needs a channel with the target name {AGENT}",
        )


def hostname(config: DomainConfig) -> str:
    """What the guest calls itself."""
    return f"{config.name}host"


def filesystems(config: DomainConfig) -> list[GuestFilesystem]:
    """What is mounted: two file systems on the first disk that has an image."""
    for disk in config.disks:
        dev = disk.target.dev
        if dev is not None and disk.device in {None, "disk"} and source_of(disk):
            return [GuestFilesystem(at, dev + part, kind, (dev,)) for at, part, kind in _MOUNTS]
    return []


# --- the figures of `guestinfo` -----------------------------------------------------------------

Told = Iterator[tuple[str, ParamValue]]


def _count(prefix: str, things: Sequence[object]) -> tuple[str, ParamValue]:
    return f"{prefix}.count", Typed(ParamType.UINT, len(things))


def _users(world: World, live: Live) -> Told:
    yield _count("user", ("root",))
    yield "user.0.name", "root"
    yield "user.0.login-time", Typed(ParamType.ULLONG, int(live.started_at * 1000))
    del world


def _system(world: World, live: Live) -> Told:
    del world
    known = {
        "id": "test",
        "name": "Test Linux",
        "pretty-name": "Test Linux 1",
        "version": "1",
        "version-id": "1",
        "machine": live.config.os.arch or "x86_64",
        "kernel-release": "6.1.0-test",
        "kernel-version": "#1 SMP",
    }
    yield from ((f"os.{name}", text) for name, text in known.items())


def _timezone(_world: World, _live: Live) -> Told:
    yield "timezone.name", "UTC"
    yield "timezone.offset", Typed(ParamType.INT, 0)


def _hostname(_world: World, live: Live) -> Told:
    yield "hostname", hostname(live.config)


def _mounted(_world: World, live: Live) -> Told:
    found = filesystems(live.config)
    yield _count("fs", found)
    for number, each in enumerate(found):
        yield f"fs.{number}.mountpoint", each.mountpoint
        yield f"fs.{number}.name", each.name
        yield f"fs.{number}.fstype", each.kind
        yield _count(f"fs.{number}.disk", each.disks)
        yield from ((f"fs.{number}.disk.{at}.alias", dev) for at, dev in enumerate(each.disks))


def _disks(_world: World, live: Live) -> Told:
    found = [disk.target.dev or "" for disk in live.config.disks]
    yield _count("disk", found)
    for number, dev in enumerate(found):
        yield f"disk.{number}.name", f"/dev/{dev}"
        yield f"disk.{number}.partition", Typed(ParamType.BOOLEAN, value=False)
        yield f"disk.{number}.alias", dev


def _interfaces(world: World, live: Live) -> Told:
    found = list(addresses(world, live.config, inside=True))
    yield _count("if", found)
    for number, each in enumerate(found):
        yield f"if.{number}.name", each.name
        yield f"if.{number}.hwaddr", each.mac or ""
        yield _count(f"if.{number}.addr", each.addresses)
        for at, address in enumerate(each.addresses):
            yield f"if.{number}.addr.{at}.type", address.kind
            yield f"if.{number}.addr.{at}.addr", address.address
            yield f"if.{number}.addr.{at}.prefix", Typed(ParamType.UINT, address.prefix)


_TYPES: Final[Mapping[int, Callable[[World, Live], Told]]] = {
    0x1: _users,
    0x2: _system,
    0x4: _timezone,
    0x8: _hostname,
    0x10: _mounted,
    0x20: _disks,
    0x40: _interfaces,
}
"""Flags of `DomainGuestInfoTypes` -> what they ask."""


def guest_figures(world: World, live: Live, types: int) -> dict[str, ParamValue]:
    """What the agent tells of these types; of all without."""
    told = (tell(world, live) for flag, tell in _TYPES.items() if not types or types & flag)
    return {name: value for each in told for name, value in each}
