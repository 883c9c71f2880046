"""Disks whose changes are thrown away when the guest ends: it runs on images over theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from anyio import CancelScope

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.images import image_facts, make_image
from aiovirt.drivers.qemu.process.notes import Kind, note
from aiovirt.errors import InvalidState

__all__ = ["go_over_transient", "refuse_transient"]

_LOCAL: Final = ("file", "block")


async def go_over_transient(config: DomainConfig, folder: Path) -> None:
    """Make an image over that of each transient disk, beside it, and let the guest run on that.

    What is made is noted in the guest's folder, and goes with it.

    Args:
        config: The live configuration, which is changed in place.
        folder: The guest's folder.

    Raises:
        XMLError: A disk is of a kind that no image can be made over.
        HostError: An image cannot be made.
    """
    for disk in config.disks:
        if disk.transient and not disk.readonly:
            path = _over(disk, config.name or "")
            note(folder, Kind.OVERLAY, path)
            with CancelScope(shield=True):
                await _make(disk, path)


def refuse_transient(config: DomainConfig, what: str) -> None:
    """Refuse what would need a disk's changes after the guest's end here, when they are gone.

    Args:
        config: The live configuration.
        what: What is refused, as the beginning of a sentence.

    Raises:
        InvalidState: A disk is transient.
    """
    for disk in config.disks:
        if disk.transient and not disk.readonly:
            raise InvalidState(
                f"{what}: the changes of its disk {disk.target.dev} are thrown away when it ends",
                hint="the disk is <transient/>",
            )


def _over(disk: Disk, name: str) -> str:
    if disk.type not in _LOCAL or disk.path is None:
        raise Disk.transient.error(
            disk, f"changes of a disk of type {disk.type} cannot be thrown away", expected="a file"
        )
    path = f"{disk.path}.TRANSIENT-{name.replace('/', '_')}"
    if Path(path).exists():
        raise Disk.transient.error(
            disk,
            f"{path} is there already, which would be made for the disk's changes",
            hint="does another guest run on the disk? Else remove it",
        )
    return path


async def _make(disk: Disk, path: str) -> None:
    below, kind = disk.path or "", disk.driver.type or "raw"
    size = (await image_facts(below, kind)).virtual_size
    await make_image(path, "qcow2", size, backing=(below, kind))
    disk.type, disk.driver.type = "file", "qcow2"
    disk.source.dev = None
    disk.source.file = path
