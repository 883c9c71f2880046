"""What the guest reads of its vendor, and files that it finds in its firmware."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from aiovirt.config import BaseBoardEntry, BiosEntry, ChassisEntry, Sysinfo, SystemEntry
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json, comma_list, escape

__all__ = ["generation", "sysinfo"]

_BIOS: Final = ("vendor", "version", "date", "release")
_SYSTEM: Final = ("manufacturer", "product", "version", "serial", "uuid", "sku", "family")
_BOARD: Final = ("manufacturer", "product", "version", "serial", "asset", "location")
_CHASSIS: Final = ("manufacturer", "version", "serial", "asset", "sku")
"""The entries of SMBIOS tables, which libvirt and QEMU call alike, in the order of words."""


_Entry: TypeAlias = BiosEntry | SystemEntry | BaseBoardEntry | ChassisEntry


def sysinfo(guest: Guest) -> Iterator[str]:
    """The SMBIOS tables that the domain writes itself, and the firmware's files."""
    for info in guest.config.sysinfos:
        if info.type == "fwcfg":
            yield from _files(info)
        elif guest.config.os.smbios == "sysinfo":
            yield from _tables(info)


def _tables(info: Sysinfo) -> Iterator[str]:
    tables: list[tuple[int, Iterable[_Entry], Sequence[str]]] = [
        (0, info.bios, _BIOS),
        (1, info.system, _SYSTEM),
        *((2, board.entries, _BOARD) for board in info.base_boards),
        (3, info.chassis, _CHASSIS),
    ]
    for number, entries, names in tables:
        said = {entry.name: (entry.value or "").strip() for entry in entries}
        if said:
            options = {name: said.get(name) for name in names}
            yield from ("-smbios", comma_list(None, {"type": number, **options}))
    strings = [text.strip() for text in info.oem_strings]
    if strings:
        yield from ("-smbios", ",".join(["type=11", *(f"value={escape(s)}" for s in strings)]))


def _files(info: Sysinfo) -> Iterator[str]:
    for entry in info.files:
        text = (entry.value or "").strip()
        options = {"name": entry.name, "string": text or None, "file": entry.file}
        yield from ("-fw_cfg", comma_list(None, options))


def generation(guest: Guest) -> Iterator[str]:
    """By what the guest knows that it was copied or set back (vmgenid), and vmcoreinfo."""
    genid = guest.config.genid
    if genid is not None:
        options = {"driver": "vmgenid", "guid": genid.strip() or "auto", "id": "vmgenid0"}
        yield from ("-device", as_json(options))
    if guest.config.features.vmcoreinfo:
        yield from ("-device", as_json({"driver": "vmcoreinfo"}))
