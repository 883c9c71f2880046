"""Disks that name a volume of a pool: where that is on the host."""

from __future__ import annotations

from collections.abc import Iterable

from aiovirt.config import Disk, DiskSource, DomainConfig
from aiovirt.drivers.qemu.storage.pools import Pools
from aiovirt.errors import InvalidState, NotFound

__all__ = ["imagine_volumes", "look_up_volumes"]


async def look_up_volumes(pools: Pools, disks: Iterable[Disk]) -> None:
    """Write down, in place, where the volumes of disks are: live they are files like others.

    Args:
        pools: The pools of the host.
        disks: Disks of a live configuration, whose definition goes on to name the volumes.

    Raises:
        XMLError: There is no such volume, or its pool is not active.
    """
    for disk in disks:
        if _is_volume(disk):
            await pools.load()
            _be_file(disk, _path(pools, disk.source))


def _is_volume(disk: Disk) -> bool:
    return disk.type == "volume" and bool(disk.source.volume)


def _path(pools: Pools, source: DiskSource) -> str:
    try:
        return str(pools.shelf.by_name(source.pool or "").find(source.volume or "").path)
    except (NotFound, InvalidState) as error:
        raise DiskSource.volume.error(source, str(error), hint=error.hint) from error


def imagine_volumes(config: DomainConfig) -> None:
    """Write down some file in place of each volume, to show a command line without looking."""
    for disk in config.disks:
        if _is_volume(disk):
            _be_file(disk, f"/{disk.source.pool}/{disk.source.volume}")


def _be_file(disk: Disk, path: str) -> None:
    source = disk.source
    source.pool = source.volume = source.mode = None
    disk.type, source.file = "file", path
