"""A snapshot's configuration out of the options of ``snapshot-create-as``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiovirt import config as documents
from aiovirt.cli.points import split_spec
from aiovirt.config.devices.sources import DiskSource
from aiovirt.config.snapshot import CheckpointDisk, SnapshotDisk, SnapshotMemory

if TYPE_CHECKING:
    from aiovirt.config import CheckpointConfig, SnapshotConfig

__all__ = ["checkpoint_of", "snapshot_of"]

_DISK = ("snapshot", "driver", "stype", "file")
_MEMORY = ("snapshot", "file")


def snapshot_of(
    name: str | None, description: str | None, disks: Sequence[str], memory: str | None
) -> SnapshotConfig:
    """The configuration.

    Raises:
        UsageError: A specification is wrong.
        XMLError: A value of one is.
    """
    config = documents.SnapshotConfig(name=name, description=description)
    if memory is not None:
        config.memory = _memory(memory)
    config.disks.extend(_disk(spec) for spec in disks)
    return config


def _memory(spec: str) -> SnapshotMemory:
    """``[file=]NAME[,snapshot=TYPE]``."""
    first, values = split_spec(spec, "--memspec", _MEMORY)
    path = values.get("file", first.removeprefix("file="))
    return SnapshotMemory(snapshot=values.get("snapshot"), file=path)


def _disk(spec: str) -> SnapshotDisk:
    """``DISK[,snapshot=TYPE][,driver=TYPE][,stype=TYPE][,file=NAME]``."""
    name, values = split_spec(spec, "--diskspec", _DISK)
    disk = SnapshotDisk(name=name, snapshot=values.get("snapshot"), format=values.get("driver"))
    kind, path = values.get("stype"), values.get("file")
    if kind is not None:
        disk.type = kind
    if path is not None:
        disk.source = DiskSource(dev=path) if kind == "block" else DiskSource(file=path)
    return disk


def checkpoint_of(
    name: str | None, description: str | None, disks: Sequence[str]
) -> CheckpointConfig:
    """The configuration of a checkpoint, by ``DISK[,checkpoint=TYPE][,bitmap=NAME]``.

    Raises:
        UsageError: A specification is wrong.
    """
    config = documents.CheckpointConfig(name=name, description=description)
    for spec in disks:
        target, values = split_spec(spec, "--diskspec", ("checkpoint", "bitmap"))
        config.disks.append(
            CheckpointDisk(
                name=target, checkpoint=values.get("checkpoint"), bitmap=values.get("bitmap")
            )
        )
    return config
