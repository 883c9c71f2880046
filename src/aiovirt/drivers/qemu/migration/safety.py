"""Whether a guest may leave: what would lose data, and what would not be the same guest there."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import ConfigError, InvalidState
from aiovirt.model.constants import ErrorNumber

__all__ = ["check_alike", "check_safe"]

_SHARED: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "ceph", "gfs2", "ocfs2", "lustre", "gpfs", "afs", "pxfs"),
        *("fuse.glusterfs", "fuse.quobyte", "fuse.sshfs", "beegfs", "9p", "virtiofs", "acfs"),
    }
)
"""The kinds of file systems that several hosts may have mounted."""
_COHERENT: Final = ("none", "directsync")
_MOUNT: Final = re.compile(r"\S+ \S+ \S+ \S+ (\S+) .*? - (\S+) ")


def check_safe(config: DomainConfig, copied: Collection[str]) -> None:
    """See that no data is lost when the other host goes on with a guest's disks.

    Args:
        config: The guest's.
        copied: The targets of the disks that are copied.

    Raises:
        InvalidState: Some may be.
    """
    for disk in config.disks:
        if disk.path is None or disk.readonly or disk.target.dev in copied:
            continue
        why = _unsafe(disk)
        if why is not None:
            error = InvalidState(
                f"it is not safe to move: the disk {disk.target.dev} {why}",
                hint="copy the disks (--copy-storage-all), or say that it is (--unsafe)",
            )
            raise numbered(error, ErrorNumber.ERR_MIGRATE_UNSAFE)


def _unsafe(disk: Disk) -> str | None:
    if disk.type == "file" and not _is_shared(Path(disk.path or "")):
        return "is on a file system of this host alone"
    if not disk.shareable and disk.driver.cache not in _COHERENT:
        return f"has the cache mode {disk.driver.cache or 'default'}, not none or directsync"
    return None


def _is_shared(path: Path) -> bool:
    """Whether a file is where other hosts may have it, too."""
    real, best, kind = os.path.realpath(path), "", ""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        found = _MOUNT.match(line)
        if found is None:
            continue
        folder = found[1].encode().decode("unicode_escape")
        inside = folder in {"/", real} or real.startswith(f"{folder}/")
        if inside and len(folder) >= len(best):
            best, kind = folder, found[2]
    return kind in _SHARED


def check_alike(here: DomainConfig, there: DomainConfig) -> None:
    """See that a document for the destination describes the guest that runs here.

    Raises:
        ConfigError: What the guest sees would change.
    """
    for field, ours, theirs in _seen(here, there):
        if ours != theirs:
            raise ConfigError(
                f"the document for the destination would change the running guest: {field} "
                f"is {theirs}, and {ours} here",
                field=field,
                hint="begin with `virsh dumpxml --migratable`",
            )


def _seen(here: DomainConfig, there: DomainConfig) -> list[tuple[str, object, object]]:
    """What a guest sees, here and there."""
    pairs: list[tuple[str, object, object]] = [
        ("uuid", here.uuid, there.uuid),
        ("memory", here.memory, there.memory),
        ("vcpu", here.vcpus, there.vcpus),
        ("os/type/machine", here.os.machine, there.os.machine),
        ("os/type/arch", here.os.arch, there.os.arch),
    ]
    for kind in sorted({*_kinds(here), *_kinds(there)}):
        ours, theirs = _kinds(here).get(kind, []), _kinds(there).get(kind, [])
        pairs.append((f"devices/{kind}", ours, theirs))
    return pairs


def _kinds(config: DomainConfig) -> dict[str, list[str]]:
    """The devices by kind, each by where the guest finds it."""
    found: dict[str, list[str]] = {}
    for device in config.devices.all():
        found.setdefault(device.kind, []).append(str(getattr(device, "address", None)))
    return found
