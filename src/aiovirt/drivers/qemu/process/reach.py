"""Which files of the host a guest's QEMU opens: those that words of its command line name.

So what a start opens and what is plugged in later are found by the same. Files that words name by
a relative path are in QEMU's own folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from aiovirt.drivers.qemu.argv.words import options_of
from aiovirt.host.labels.rules import Rule

__all__ = [
    "WRITE",
    "abstractions",
    "handed_as",
    "handed_over",
    "names_files",
    "reach",
    "reach_of_command",
    "rule",
    "user_of",
]

Said: TypeAlias = Mapping[str, Any]
"""What an option says; a comma list's head is ``""``."""
Need: TypeAlias = tuple[str, str]
"""A path, and what is done with it: letters of `Rule.access`."""

_READ: Final = "rk"
WRITE: Final = "rwk"
"""What is done with an image: QEMU locks what it opens."""
_SYSFS: Final = Path("/sys")


def rule(path: str | Path, access: str, user: str) -> Rule:
    """A rule for a file or for all of a folder, links followed: that looks at the disk."""
    found = os.path.realpath(path)
    return Rule(found, access, user_of(user), Path(found).is_dir())


def user_of(name: str) -> str:
    """The word that stands for a thing of QEMU's in a rule."""
    return re.sub(r"[^\w.:-]", "_", name, flags=re.ASCII)


def reach(words: Sequence[str], sysfs: Path = _SYSFS) -> Iterator[Rule]:
    """What QEMU must be let do for some words of its command line.

    Args:
        words: The words: options, each with its value if it has one.
        sysfs: Where the kernel tells of devices.
    """
    said = [(option, _read(value)) for option, value in pairwise(words) if option in _OPTIONS]
    sealed = _sealed(value for option, value in said if option == "-blockdev")
    for option, value in said:
        user = str(value.get("node-name") or value.get("id") or option.lstrip("-"))
        for path, access in _OPTIONS[option](value):
            if path.startswith("/"):
                yield rule(path, _READ if user in sealed and access == WRITE else access, user)
        for device, access in _by_vfio(value, sysfs):
            yield rule(device, access, user)


def _read(value: str) -> Said:
    if value.startswith("{"):
        said: Said = msgspec.json.decode(value)
        return said
    head, options = options_of(value)
    return {"": head, **options}


def handed_over(descriptors: Iterable[int], user: str) -> Iterator[Rule]:
    """What QEMU must be let do with files that it is handed open.

    Args:
        descriptors: Ours; sockets and pipes among them need no rule.
        user: What of QEMU's they are for.
    """
    for each in descriptors:
        path = str(Path(f"/proc/self/fd/{each}").readlink())
        if path.startswith("/") and not path.endswith(" (deleted)"):
            flags = _flags(each)
            yield rule(path, _MODES[flags & os.O_ACCMODE], user)


def handed_as(arguments: Mapping[str, Any]) -> str:
    """What a command hands over, as a user of rules."""
    return f"fd-{arguments.get('fdname') or arguments.get('fdset-id')}"


def _flags(descriptor: int) -> int:
    """How a descriptor was opened. Source: proc(5), fdinfo."""
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    return next(int(line.split()[1], 8) for line in text.splitlines() if line.startswith("flags:"))


_MODES: Final = {os.O_RDONLY: _READ, os.O_WRONLY: "wk", os.O_RDWR: WRITE}


def abstractions(words: Sequence[str]) -> Sequence[str]:
    """What of AppArmor's own words name instead of files: access to sound, and to a GPU."""
    said = [(option, _read(value)) for option, value in pairwise(words) if option in _TO_HARDWARE]
    found = (_TO_HARDWARE[option](value) for option, value in said)
    return list(dict.fromkeys(name for names in found for name in names))


def _by_gpu(said: Said) -> Sequence[str]:
    drawn = said[""] == "egl-headless" or said.get("gl") == "on"
    return ("dri-common", "dri-enumerate", "mesa") if drawn else ()


def _by_sound(said: Said) -> Sequence[str]:
    return ("audio",) if said.get("driver") in {"alsa", "jack", "oss", "pa"} else ()


_TO_HARDWARE: Final[Mapping[str, Callable[[Said], Sequence[str]]]] = {
    "-audiodev": _by_sound,
    "-display": _by_gpu,
    "-spice": _by_gpu,
}


# --- commands of the monitor ----------------------------------------------------------------------


def names_files(command: str) -> bool:
    """Whether `reach_of_command` may find any."""
    return command in _COMMANDS


def reach_of_command(command: str, arguments: Mapping[str, Any]) -> Iterator[Rule]:
    """What QEMU must be let do for a command of its monitor, but for block nodes and devices."""
    for path, access in _COMMANDS.get(command, _nothing)(arguments):
        if path.startswith("/"):
            yield rule(path, access, str(arguments.get("id") or command))


def _nothing(_arguments: Mapping[str, Any]) -> Iterator[Need]:
    return iter(())


def _exports(arguments: Mapping[str, Any]) -> Iterator[Need]:
    address = arguments["addr"]
    yield from _unix({"type": address.get("type"), **address.get("data", {})})


def _move(arguments: Mapping[str, Any]) -> Iterator[Need]:
    kind, _, path = str(arguments.get("uri", "")).partition(":")
    if kind == "unix":
        yield path, "rw"


# --- block nodes ----------------------------------------------------------------------------------


def _sealed(nodes: Iterable[Said]) -> set[str]:
    """The names of the block nodes that nothing is written to: that is said of those on them."""
    found: set[str] = set()
    for node in reversed(list(nodes)):  # each stands after what it is on
        if node.get("read-only") is True or node.get("node-name") in found:
            found.add(str(node.get("node-name")))
            if isinstance(node.get("file"), str):
                found.add(node["file"])
    return found


def _block_node(said: Said) -> Iterator[Need]:
    """What a node opens itself: paths of other drivers are those of servers."""
    name = _STORAGE.get(str(said.get("driver")))
    if name is not None:
        yield str(said.get(name, "")), WRITE
    yield from _unix(said.get("server"))


_STORAGE: Final = {
    "file": "filename",
    "host_device": "filename",
    "host_cdrom": "filename",
    "vvfat": "dir",
}
"""Drivers of files of the host, and by what they know them."""


# --- other options --------------------------------------------------------------------------------


def _unix(address: object) -> Iterator[Need]:
    if isinstance(address, dict) and address.get("type") == "unix":
        yield str(address.get("path", "")), "rw"


def _named(**access: str) -> Callable[[Said], Iterator[Need]]:
    """A reader of an option of which some values are paths."""
    known = {name.replace("_", "-"): letters for name, letters in access.items()}

    def read(said: Said) -> Iterator[Need]:
        for name, letters in known.items():
            yield str(said.get(name) or ""), letters

    return read


def _whole(said: Said) -> Iterator[Need]:
    yield str(said[""]), "r"


def _character(said: Said) -> Iterator[Need]:
    path, log = str(said.get("path", "")), str(said.get("logfile", ""))
    yield path, "rw"
    yield log, "rw"
    if said.get("") == "pipe":
        yield from ((f"{path}{end}", "rw") for end in (".in", ".out"))


def _network(said: Said) -> Iterator[Need]:
    yield from _unix(said.get("addr"))
    yield str(said.get("vhostdev", "")), "rw"


def _folder(said: Said) -> Iterator[Need]:
    yield str(said.get("path", "")), "r" if said.get("readonly") == "on" else "rwlk"


def _device(said: Said) -> Iterator[Need]:
    yield from _named(romfile="r", hostdevice="rw", evdev="rw", host_path="rw", db=_READ)(said)
    if said.get("driver") == "usb-host" and "hostdevice" not in said:
        yield "/dev/bus/usb", "rw"  # it looks for the one that it means


def _sound(said: Said) -> Iterator[Need]:
    yield str(said.get("path", "")), "w"
    for way in (said.get("in"), said.get("out")):
        yield from _named(dev="rw")(way or {})


def _vnc(said: Said) -> Iterator[Need]:
    yield str(said.get("vnc", "")).removeprefix("unix:"), "rw"


_OPTIONS: Final[Mapping[str, Callable[[Said], Iterator[Need]]]] = {
    "-acpitable": _named(file="r"),
    "-audiodev": _sound,
    "-bios": _whole,
    "-blockdev": _block_node,
    "-chardev": _character,
    "-device": _device,
    "-display": _named(rendernode="rw"),
    "-dtb": _whole,
    "-fsdev": _folder,
    "-fw_cfg": _named(file="r"),
    "-initrd": _whole,
    "-kernel": _whole,
    "-netdev": _network,
    "-object": _named(
        mem_path=WRITE,
        filename="r",
        file="r",
        dir="r",
        path="rw",
        evdev="rw",
        dh_cert_file="r",
        session_file="r",
    ),
    "-smbios": _named(file="r"),
    "-spice": _named(addr="rw", x509_dir="r", rendernode="rw"),
    "-tpmdev": _named(path="rw", cancel_path="w"),
    "-vnc": _vnc,
}
"""The options whose values name files, and what finds these."""
_COMMANDS: Final[Mapping[str, Callable[[Said], Iterator[Need]]]] = {
    "migrate": _move,
    "migrate-incoming": _move,
    "migrate-recover": _move,
    "nbd-server-start": _exports,
    "object-add": _OPTIONS["-object"],
}
"""The same of commands."""


# --- devices that the guest has to itself ---------------------------------------------------------

_PCI: Final = re.compile(r"(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def _by_vfio(said: Said, sysfs: Path) -> Iterator[tuple[Path, str]]:
    """What a device takes that is handed over by VFIO. Source: the kernel's vfio.rst."""
    place = str(said.get("sysfsdev") or said.get("host") or said.get("device") or "")
    driver = str(said.get("driver"))
    if not (driver.startswith("vfio-") or driver == "nvme"):
        return
    if _PCI.fullmatch(place):
        full = place if place.count(":") > 1 else f"0000:{place}"
        folder = sysfs / "bus/pci/devices" / full
    elif place.startswith("/sys/"):
        folder = sysfs / place.removeprefix("/sys/")
    else:
        return
    yield Path("/dev/vfio/vfio"), "rw"
    yield folder, "r"
    group = folder / "iommu_group"
    if group.exists():
        yield Path("/dev/vfio") / group.resolve().name, "rw"
