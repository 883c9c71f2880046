"""The host's own words of its board and its firmware, in the form of libvirt's ``<sysinfo>``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiovirt.drivers.qemu.hostinfo.xml import Element, make, to_text
from aiovirt.errors import ConfigError

__all__ = ["read_smbios"]

# libvirt's section -> the entries' names, and the files in /sys/class/dmi/id that tell them
_SECTIONS: Final = {
    "bios": {
        "vendor": "bios_vendor",
        "version": "bios_version",
        "date": "bios_date",
        "release": "bios_release",
    },
    "system": {
        "manufacturer": "sys_vendor",
        "product": "product_name",
        "version": "product_version",
        "serial": "product_serial",
        "uuid": "product_uuid",
        "sku": "product_sku",
        "family": "product_family",
    },
    "baseBoard": {
        "manufacturer": "board_vendor",
        "product": "board_name",
        "version": "board_version",
        "serial": "board_serial",
        "asset": "board_asset_tag",
    },
    "chassis": {
        "manufacturer": "chassis_vendor",
        "version": "chassis_version",
        "serial": "chassis_serial",
        "asset": "chassis_asset_tag",
    },
}


def read_smbios(root: Path = Path("/")) -> str:
    """The document of what the kernel tells of the host's SMBIOS tables.

    Raises:
        ConfigError: It tells nothing: the host has none, or they are not ours to read.
    """
    folder = root / "sys/class/dmi/id"
    sections = [_section(name, rows, folder) for name, rows in _SECTIONS.items()]
    if not any(section is not None for section in sections):
        raise ConfigError("the host has no SMBIOS tables that can be read", field="sysinfo")
    return to_text(make("sysinfo", *sections, type="smbios"))


def _section(name: str, rows: dict[str, str], folder: Path) -> Element | None:
    entries = {entry: _text(folder / file) for entry, file in rows.items()}
    found = [make("entry", text, name=entry) for entry, text in entries.items() if text]
    return make(name, *found) if found else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
