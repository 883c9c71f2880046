"""The firmware images that a host has for QEMU, as their packages describe them.

Source: QEMU's docs/interop/firmware.json.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["Firmware", "firmware_folders", "read_firmwares"]

log = logging.getLogger("aiovirt.qemu")

_FOLDERS: Final = (Path("/usr/share/qemu/firmware"), Path("/etc/qemu/firmware"))


class FlashFile(msgspec.Struct, frozen=True):
    """A file and its format."""

    filename: str
    format: str = "raw"


class Mapping(msgspec.Struct, frozen=True, rename="kebab"):
    """How the machine is given it.

    Attributes:
        device: ``flash``, ``memory`` or ``kernel``.
        mode: Whether the variables of a flash are in a file of their own (``split``), in the
            same (``combined``), or nowhere (``stateless``).
        executable: The image of a flash.
        nvram_template: What a guest's own variables start as.
        filename: The image for memory, or in place of a kernel.
    """

    device: str
    mode: str = "split"
    executable: FlashFile | None = None
    nvram_template: FlashFile | None = None
    filename: str | None = None


class Target(msgspec.Struct, frozen=True):
    """An architecture, in QEMU's word, and its machine types, as patterns."""

    architecture: str
    machines: tuple[str, ...]


class Firmware(msgspec.Struct, frozen=True, rename="kebab"):
    """One firmware.

    Attributes:
        interface_types: What it is to guests: ``uefi``, ``bios``, ….
        mapping: How the machine is given it.
        targets: The machines that it is for.
        features: What it has, or needs.
    """

    interface_types: tuple[str, ...]
    mapping: Mapping
    targets: tuple[Target, ...]
    features: tuple[str, ...] = ()
    description: str = ""


def firmware_folders() -> Sequence[Path]:
    """Where descriptions are: of packages, of the administrator, of the user; later ones win."""
    own = os.environ.get("XDG_CONFIG_HOME")
    user = Path(own) if own else Path(os.path.expanduser("~"), ".config")  # noqa: PTH111  no home is no error
    return (*_FOLDERS, user / "qemu/firmware")


def read_firmwares(folders: Iterable[Path]) -> Sequence[Firmware]:
    """The firmwares that are described, in the order in which they are to be tried.

    A file hides those of its name in the folders before; an empty one hides them all.  One that
    cannot be read is left aside, with a line in the log.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        files |= {path.name: path for path in folder.glob("*.json")}
    found = (_read(path) for _, path in sorted(files.items()))
    return [each for each in found if each is not None]


def _read(path: Path) -> Firmware | None:
    try:
        text = path.read_bytes()
        return msgspec.json.decode(text, type=Firmware) if text.strip() else None
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("the firmware's description %s is left aside: %s", path, error)
        return None
