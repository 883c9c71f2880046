"""What a backup is to do for each disk: pure, from its document and what QEMU has."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiovirt.config import BackupConfig, CheckpointConfig, Disk, DomainConfig
from aiovirt.config.snapshot import BackupDisk, BackupScratch, BackupTarget, CheckpointDisk
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.bitmaps import Bitmaps
from aiovirt.drivers.qemu.engine.blockjobs import JobName, live_links
from aiovirt.drivers.qemu.engine.nodes import find_disk, next_number
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import ConfigError, InvalidState
from aiovirt.model.constants import ErrorNumber

__all__ = ["PULL", "Part", "checkpoint_disks", "parts_of"]

PULL: Final = "pull"
_QCOW2: Final = "qcow2"


@dataclass(frozen=True)
class Part:
    """What is done for one disk.

    Attributes:
        target: The disk's target.
        node: The block node of its image.
        image: What is written to: the copy, or the scratch image.
        number: The number of that image.
        since: The bitmap of the checkpoint from which on blocks are copied; None for all.
        sources: The nodes that have it.
        export: The name by which others read it.
        export_bitmap: The name under which they see what has changed.
    """

    target: str
    node: str
    image: Disk
    number: int
    since: str | None
    sources: Sequence[str]
    export: str
    export_bitmap: str

    @property
    def job(self) -> JobName:
        """QEMU's job."""
        return JobName("backup", self.target, self.number)

    @property
    def bitmap(self) -> str:
        """The bitmap that tells what is copied, as long as the backup is under way."""
        return self.export_bitmap


def writable(config: DomainConfig) -> list[Disk]:
    """The disks that backups and checkpoints are of."""
    return [disk for disk in config.disks if disk.path is not None and not disk.readonly]


def parts_of(
    config: DomainConfig,
    backup: BackupConfig,
    bitmaps: Bitmaps,
    *,
    numbers: Mapping[str, int] | None = None,
) -> Sequence[Part]:
    """What is done; what the backup leaves open is filled in.

    Args:
        config: The running domain's.
        backup: What is wanted.
        bitmaps: Those that QEMU has.
        numbers: The numbers of the images of one that is under way already, by the disks' targets.

    Raises:
        ConfigError: There is no disk for it.
        NotFound: There is no such disk.
        InvalidState: Others shall read what was written since a checkpoint that does not tell it.
    """
    given = {each.name: each for each in backup.disks}
    for name in given:
        find_disk(config, name or "")
    backup.mode = backup.mode or "push"
    stamp, first = int(time.time()), next_number(config)
    found: list[Part] = []
    for disk in writable(config):
        row = given.get(disk.target.dev)
        if row is None and not given:
            backup.disks.append(BackupDisk(name=disk.target.dev, type="file"))
            row = backup.disks[-1]
        if row is None or row.backup is False:
            continue
        target = disk.target.dev or ""
        number = (numbers or {}).get(target, first + len(found))
        image = _image(disk, row, backup, f"{disk.path}.{stamp}")
        found.append(_part(config, disk, row, backup, bitmaps, image, number))
    if not found:
        raise ConfigError("the domain has no disk for a backup", field="disks")
    return found


def _image(disk: Disk, row: BackupDisk, backup: BackupConfig, path: str) -> Disk:
    """The image that is written to, with what was left open of it."""
    row.type = row.type or "file"
    row.format = row.format or _QCOW2
    if backup.mode == PULL:
        if not row.scratch:
            row.scratch = BackupScratch(file=path)
        place: BackupScratch | BackupTarget = row.scratch
    else:
        if not row.target:
            row.target = BackupTarget(file=path)
        place = row.target
    target = disk.target.dev or "vda"
    if place.dev is not None:
        image = Disk.block(place.dev, target=target)
        image.driver.type = row.format
    else:
        image = Disk.file(place.file or path, target=target, format=row.format)
    if place.encryption:
        image.source.encryption = place.encryption.copy()
    return image


def _part(  # noqa: PLR0917 - what is known of one disk
    config: DomainConfig,
    disk: Disk,
    row: BackupDisk,
    backup: BackupConfig,
    bitmaps: Bitmaps,
    image: Disk,
    number: int,
) -> Part:
    links = live_links(config, disk)
    target = disk.target.dev or ""
    since = None if row.backup_mode == "full" else row.incremental or backup.incremental
    sources = bitmaps.sources(links, since) if since is not None else []
    if since is not None and not sources:
        if backup.mode == PULL:
            raise InvalidState(
                f"checkpoint {since!r} does not tell any more what was written to disk {target}",
                hint="take a full backup with a new checkpoint",
            )
        row.backup_mode, row.incremental, since = "full", None, None
    if since is not None:
        row.backup_mode, row.incremental = "incremental", since
    if backup.mode == PULL:
        row.export_name = row.export_name or target
        if since is not None:
            row.export_bitmap = row.export_bitmap or f"backup-{target}"
    return Part(
        target=target,
        node=format_node(links[0].number),
        image=image,
        number=number,
        since=since,
        sources=sources,
        export=row.export_name or target,
        export_bitmap=row.export_bitmap or f"backup-{target}",
    )


# --- checkpoints ----------------------------------------------------------------------------------


def checkpoint_disks(config: DomainConfig, checkpoint: CheckpointConfig) -> list[tuple[Disk, str]]:
    """The disks whose writes are noted, each with the name of its bitmap.

    Raises:
        ConfigError: One cannot note them: only qcow2 can.
        NotFound: There is no such disk.
    """
    given = {each.name or "": each for each in checkpoint.disks}
    for name in given:
        find_disk(config, name)
    found = [
        (disk, _bitmap(disk, row, checkpoint.name or ""))
        for disk in writable(config)
        if _is_noted(row := _row(given, disk), named=bool(given))
    ]
    if not found:
        raise ConfigError("the domain has no disk for a checkpoint", field="disks")
    return found


def _row(given: Mapping[str, CheckpointDisk], disk: Disk) -> CheckpointDisk | None:
    """What is said of a disk, by its target or by its image."""
    return given.get(disk.target.dev or "") or given.get(disk.path or "")


def _is_noted(row: CheckpointDisk | None, *, named: bool) -> bool:
    """Whether a disk is in a checkpoint: those that are named, or else all."""
    return row.checkpoint != "no" if row is not None else not named


def _bitmap(disk: Disk, row: CheckpointDisk | None, name: str) -> str:
    """The name of a disk's bitmap: the checkpoint's, as libvirt has it.

    Raises:
        ConfigError: It can have none, or another name is asked for.
    """
    if row is not None and row.bitmap not in {None, name}:
        error = ConfigError(
            f"bitmap for disk {disk.target.dev!r} must match checkpoint name {name!r}",
            field="disk/@bitmap",
        )
        raise numbered(error, ErrorNumber.ERR_CONFIG_UNSUPPORTED)
    if disk.driver.type != _QCOW2:
        raise ConfigError(
            f"disk {disk.target.dev} cannot note what is written: its format is {disk.driver.type}",
            field="disk/driver",
            hint="only qcow2 can",
        )
    return name
