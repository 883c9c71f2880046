"""What a guest's agent answered, in libvirt's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from aiovirt.config import Disk, DomainConfig
from aiovirt.model.addresses import DriveAddress
from aiovirt.model.constants import DomainGuestInfoTypes as Types
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamType, ParamValue, Typed

__all__ = ["QUESTIONS", "filesystems", "interfaces"]

Answer: TypeAlias = Any  # an agent's answer may be anything
_Rows: TypeAlias = Iterator[tuple[str, ParamValue]]


def interfaces(answer: Answer) -> list[GuestInterface]:
    """What ``guest-network-get-interfaces`` says."""
    return [
        GuestInterface(
            name=str(each["name"]),
            mac=each.get("hardware-address"),
            addresses=tuple(
                GuestAddress(
                    str(one["ip-address-type"]), str(one["ip-address"]), int(one["prefix"])
                )
                for one in each.get("ip-addresses", ())
            ),
        )
        for each in answer
    ]


def filesystems(answer: Answer, config: DomainConfig) -> list[GuestFilesystem]:
    """What ``guest-get-fsinfo`` says, with the targets of the disks."""
    return [
        GuestFilesystem(
            mountpoint=str(each["mountpoint"]),
            name=str(each["name"]),
            kind=str(each["type"]),
            disks=tuple(_targets(each.get("disk", ()), config)),
        )
        for each in answer
    ]


def _targets(places: Iterable[Answer], config: DomainConfig) -> Iterator[str]:
    """The targets of the disks at these places, as far as they are the domain's."""
    for place in places:
        disk = _disk_at(place, config)
        if disk is not None:
            yield disk.target.dev or ""


def _disk_at(place: Mapping[str, Any], config: DomainConfig) -> Disk | None:
    """The disk that the guest sees at a place: a PCI device, or a drive of a controller."""
    told = place.get("pci-controller")
    for disk in config.disks:
        address = disk.address
        if isinstance(address, DriveAddress):
            found = (address.bus, address.target, address.unit)
            asked = (place.get("bus"), place.get("target"), place.get("unit"))
            if found == asked and _is_on(disk, address, told, config):
                return disk
        elif _same_pci(told, address):
            return disk
    return None


def _is_on(
    disk: Disk, address: DriveAddress, told: Mapping[str, int] | None, config: DomainConfig
) -> bool:
    """Whether a drive's controller may be the PCI device that the guest tells."""
    kind = disk.target.bus
    return all(
        each.address is None or _same_pci(told, each.address)
        for each in config.controllers
        if each.type == kind and (each.index or 0) == (address.controller or 0)
    )


def _same_pci(told: Mapping[str, int] | None, address: object) -> bool:
    if told is None or address is None:
        return False
    names = ("domain", "bus", "slot", "function")
    return all(told.get(name) == (getattr(address, name, None) or 0) for name in names)


def _users(answer: Answer, _config: DomainConfig) -> _Rows:
    yield "user.count", Typed(ParamType.UINT, len(answer))
    for number, user in enumerate(answer):
        yield f"user.{number}.name", str(user["user"])
        if "domain" in user:
            yield f"user.{number}.domain", str(user["domain"])
        login_ms = int(user.get("login-time", 0) * 1000)
        yield f"user.{number}.login-time", Typed(ParamType.ULLONG, login_ms)


_OS: Final = (
    "id",
    "name",
    "pretty-name",
    "version",
    "version-id",
    "machine",
    "kernel-release",
    "kernel-version",
    "variant",
    "variant-id",
)


def _os(answer: Answer, _config: DomainConfig) -> _Rows:
    for name in _OS:
        if name in answer:
            yield f"os.{name}", str(answer[name])


def _timezone(answer: Answer, _config: DomainConfig) -> _Rows:
    if "zone" in answer:
        yield "timezone.name", str(answer["zone"])
    yield "timezone.offset", Typed(ParamType.INT, int(answer["offset"]))


def _hostname(answer: Answer, _config: DomainConfig) -> _Rows:
    yield "hostname", str(answer["host-name"])


def _filesystems(answer: Answer, config: DomainConfig) -> _Rows:
    if answer:
        yield "fs.count", Typed(ParamType.UINT, len(answer))
    for number, each in enumerate(answer):
        prefix = f"fs.{number}"
        yield f"{prefix}.name", str(each["name"])
        yield f"{prefix}.mountpoint", str(each["mountpoint"])
        yield f"{prefix}.fstype", str(each["type"])
        for name in ("total-bytes", "used-bytes"):
            if name in each:
                yield f"{prefix}.{name}", Typed(ParamType.ULLONG, int(each[name]))
        places = each.get("disk", ())
        yield f"{prefix}.disk.count", Typed(ParamType.UINT, len(places))
        for at, place in enumerate(places):
            yield from _place(f"{prefix}.disk.{at}", place, config)


def _place(prefix: str, place: Answer, config: DomainConfig) -> _Rows:
    """What is told of a disk's place: the domain's name for it, and the guest's."""
    disk = _disk_at(place, config)
    if disk is not None and disk.target.dev:
        yield f"{prefix}.alias", disk.target.dev
    for name, word in (("serial", "serial"), ("dev", "device")):
        if place.get(name):
            yield f"{prefix}.{word}", str(place[name])


def _disks(answer: Answer, config: DomainConfig) -> _Rows:
    yield "disk.count", Typed(ParamType.UINT, len(answer))
    for number, each in enumerate(answer):
        prefix = f"disk.{number}"
        yield f"{prefix}.name", str(each["name"])
        partition = Typed(ParamType.BOOLEAN, value=bool(each.get("partition")))
        yield f"{prefix}.partition", partition
        needed = each.get("dependencies") or ()
        if needed:
            yield f"{prefix}.dependency.count", Typed(ParamType.UINT, len(needed))
        for at, name in enumerate(needed):
            yield f"{prefix}.dependency.{at}.name", str(name)
        place = {**(each.get("address") or {}), "dev": None}  # the name is told already
        yield from _place(prefix, place, config)
        if each.get("alias"):
            yield f"{prefix}.guest_alias", str(each["alias"])


def _interfaces(answer: Answer, _config: DomainConfig) -> _Rows:
    found = interfaces(answer)
    yield "if.count", Typed(ParamType.UINT, len(found))
    for number, each in enumerate(found):
        yield f"if.{number}.name", each.name
        if each.mac:
            yield f"if.{number}.hwaddr", each.mac
        yield f"if.{number}.addr.count", Typed(ParamType.UINT, len(each.addresses))
        for place, one in enumerate(each.addresses):
            yield f"if.{number}.addr.{place}.type", one.kind
            yield f"if.{number}.addr.{place}.addr", one.address
            yield f"if.{number}.addr.{place}.prefix", Typed(ParamType.UINT, one.prefix)


QUESTIONS: Final[dict[int, tuple[str, Callable[[Answer, DomainConfig], _Rows]]]] = {
    Types.USERS: ("guest-get-users", _users),
    Types.OS: ("guest-get-osinfo", _os),
    Types.TIMEZONE: ("guest-get-timezone", _timezone),
    Types.HOSTNAME: ("guest-get-host-name", _hostname),
    Types.FILESYSTEM: ("guest-get-fsinfo", _filesystems),
    Types.DISKS: ("guest-get-disks", _disks),
    Types.INTERFACES: ("guest-network-get-interfaces", _interfaces),
}
"""What is asked for each kind of information -> the command, and its answer in libvirt's words."""
