"""What a ``.vmx`` file says in the words of the API, as far as that has words for it.

Keys that are no device's and have no word of their own go as they are (`extraConfig`).  Devices
are left to the file, or to who attaches them one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aiovirt.drivers.common.vmx import Vmx
from aiovirt.drivers.common.vmx.section import UNLIMITED, Section
from aiovirt.protocols.vsphere.tables.base import OptionValue, SharesInfo
from aiovirt.protocols.vsphere.tables.enums import SharesLevel
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec

__all__ = ["changed_keys", "is_of_devices", "spec_of"]

_DEVICES: Final = re.compile(
    r"(?:ethernet|scsi|sata|nvme|ide|floppy|serial|parallel|usb|ehci|usb_xhci|svga|mks|sound"
    r"|pcipassthru|pcibridge|vmci|vtpm|sharedfolder|hpet)\d*[.:]",
    re.IGNORECASE,
)
"""Keys of devices."""

_OF_FILE: Final = frozenset({".encoding", "config.version", "virtualhw.version"})
"""Keys that are about the file, or that are said when a machine is made."""

_GUESTS: Final = {"other": "otherGuest", "other-64": "otherGuest64"}
"""The kinds of guests that definitions make of their architectures."""


def changed_keys(original: Vmx, wanted: Vmx) -> set[str]:
    """The keys, in small letters, that two files say other things of."""
    keys = {key.lower() for each in (original, wanted) for key in each}
    return {key for key in keys - _OF_FILE if original.get(key) != wanted.get(key)}


def is_of_devices(key: str) -> bool:
    """Whether a key is about a device."""
    return _DEVICES.match(key) is not None


def spec_of(wanted: Vmx, keys: Iterable[str]) -> VirtualMachineConfigSpec:
    """What the API is told, so that a machine becomes what a file says.

    Args:
        wanted: The file.
        keys: Which of its keys, in small letters, are meant; those of devices are left out.
    """
    own = Section(wanted)
    said: dict[str, Any] = {}  # each value is of its field's type
    extra = []
    for key in sorted(keys):
        if key in _WORDS:
            said.update(_WORDS[key](own))
        elif not is_of_devices(key) and key not in _OF_FILE:
            extra.append(OptionValue(key=_spelt(wanted, key), value=wanted.get(key) or ""))
    return VirtualMachineConfigSpec(**said, extra_config=tuple(extra))


def _spelt(vmx: Vmx, key: str) -> str:
    """A key as the file writes it."""
    return next((each for each in vmx if each.lower() == key), key)


def _uuid(own: Section) -> dict[str, object]:
    return {"uuid": str(own.uuid("uuid.bios"))}


def _memory(own: Section) -> dict[str, object]:
    limit = own.number("sched.mem.max", UNLIMITED)
    reservation = max(own.number("sched.mem.minsize", 0), 0)
    return {"memory_allocation": ResourceAllocationInfo(limit=limit, reservation=reservation)}


def _shares(own: Section) -> dict[str, object]:
    """The weight of its processors: a word, or a number; normal where the file says nothing."""
    word = own.word("sched.cpu.shares") or "normal"
    level = SharesLevel(word) if word in set(SharesLevel) else SharesLevel.CUSTOM
    # Beside a word the number counts for nothing, and must be there all the same.
    weight = own.number("sched.cpu.shares", 0) if level is SharesLevel.CUSTOM else 0
    return {"cpu_allocation": ResourceAllocationInfo(shares=SharesInfo(level=level, shares=weight))}


def _guest(own: Section) -> dict[str, object]:
    word = own.word("guestOS") or ""
    return {"guest_id": _GUESTS.get(word, _guest_id(word))}


def _guest_id(word: str) -> str:
    """``ubuntu-64`` is ``ubuntu64Guest`` to the API."""
    return f"{word.replace('-64', '64')}Guest"


_WORDS: Final[Mapping[str, Callable[[Section], Mapping[str, object]]]] = {
    "displayname": lambda own: {"name": own.text("displayName")},
    "annotation": lambda own: {"annotation": own.text("annotation") or ""},
    "memsize": lambda own: {"memory_mb": own.number("memsize", 0)},
    "numvcpus": lambda own: {"num_cpus": own.number("numvcpus", 1)},
    "cpuid.corespersocket": lambda own: {
        "num_cores_per_socket": own.number("cpuid.coresPerSocket", 1)
    },
    "firmware": lambda own: {"firmware": own.word("firmware") or "bios"},
    "guestos": _guest,
    "uuid.bios": _uuid,
    "sched.mem.max": _memory,
    "sched.mem.minsize": _memory,
    "sched.cpu.shares": _shares,
}
"""A key -> what the API is told for it."""
