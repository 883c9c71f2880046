"""What a guest reads about its machine: SMBIOS tables, and files of the firmware."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._forms import FILE_PATH
from aiovirt.config._laws import Always, Apart, Only
from aiovirt.config._scalars import PathText, Text, Words, file_path, text, words
from aiovirt.config._view import View

__all__ = [
    "BaseBoard",
    "BaseBoardEntry",
    "BiosEntry",
    "ChassisEntry",
    "FirmwareFile",
    "Sysinfo",
    "SystemEntry",
]


class BiosEntry(View, tag="entry"):
    """A fact about the firmware."""

    name: Text = text("@name", known=("vendor", "version", "date", "release"), required=True)
    value: Text = text(".")


class SystemEntry(View, tag="entry"):
    """A fact about the machine."""

    name: Text = text(
        "@name",
        known=("manufacturer", "product", "version", "serial", "uuid", "sku", "family"),
        required=True,
    )
    value: Text = text(".")


class BaseBoardEntry(View, tag="entry"):
    """A fact about a board."""

    name: Text = text(
        "@name",
        known=("manufacturer", "product", "version", "serial", "asset", "location"),
        required=True,
    )
    value: Text = text(".")


class BaseBoard(View, tag="baseBoard"):
    """A board of the machine."""

    entries: Many[BaseBoardEntry] = children("entry", BaseBoardEntry)

    _laws_ = (Always(("entries",)),)


class ChassisEntry(View, tag="entry"):
    """A fact about the case."""

    name: Text = text(
        "@name", known=("manufacturer", "version", "serial", "asset", "sku"), required=True
    )
    value: Text = text(".")


class FirmwareFile(View, tag="entry"):
    """A file that the guest finds by the firmware's interface (``fw_cfg``).

    Attributes:
        name: Such as ``opt/com.example/name``.
        file: The host's file with its content, which otherwise is `value`.
    """

    name: Text = text("@name", required=True)
    file: PathText = file_path("@file", form=FILE_PATH)
    value: Text = text(".")

    _laws_ = (Apart(("file",), ("value",)),)


class Sysinfo(View, tag="sysinfo"):
    """What the guest reads; `OperatingSystem.smbios` must be ``sysinfo`` for the tables of it."""

    type: Text = text("@type", known=("smbios", "fwcfg"), required=True)
    bios: Many[BiosEntry] = children("bios/entry", BiosEntry)
    system: Many[SystemEntry] = children("system/entry", SystemEntry)
    base_boards: Many[BaseBoard] = children("baseBoard", BaseBoard)
    chassis: Many[ChassisEntry] = children("chassis/entry", ChassisEntry)
    oem_strings: Words = words("oemStrings/entry")
    files: Many[FirmwareFile] = children("entry", FirmwareFile)

    _laws_ = (
        Only(("smbios",), ("bios", "system", "base_boards", "chassis", "oem_strings")),
        Only(("fwcfg",), ("files",)),
    )
