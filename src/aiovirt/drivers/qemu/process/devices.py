"""Which of the host's devices a guest's processes need: those that its command line names."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from anyio import to_thread

from aiovirt.drivers.qemu.process.notes import Kind, note, notes
from aiovirt.drivers.qemu.store.settings import Settings
from aiovirt.errors import PermissionDenied
from aiovirt.host.cgroups import Group
from aiovirt.host.cgroups.devices import PTY_SLAVES, Allowed, allow, allow_only, device_at
from aiovirt.host.namespaces import add_device

__all__ = ["ALWAYS", "STAGE", "admit", "named_devices", "permit"]

log = logging.getLogger("aiovirt.qemu")

ALWAYS: Final = tuple(
    Path("/dev", name)
    for name in ("null", "full", "zero", "random", "urandom", "ptmx", "kvm", "userfaultfd")
)
"""What any QEMU may open; the list is libvirt's, with what post-copy migration needs."""

STAGE: Final = "dev"
"""Where in a guest's folder its own ``/dev`` is put together."""

_PATH: Final = re.compile(r"/dev/[^\s\"',;=]+")


def named_devices(words: Iterable[str]) -> Iterator[Path]:
    """The paths below ``/dev`` in some words of a command line; a folder stands for all in it."""
    for word in words:
        for found in _PATH.findall(word):
            path = Path(found)
            if path.is_dir():
                yield from (each for each in path.rglob("*") if not each.is_dir())
            else:
                yield path


def permit(group: Group, words: Iterable[str]) -> None:
    """Let a guest's group open the devices that its command line names, and no others.

    A host that does not let us rule devices (we are in a container) has its guests unruled.
    """
    try:
        allow_only(group, [*_allowed(ALWAYS), PTY_SLAVES, *_allowed(named_devices(words))])
    except PermissionDenied as error:
        log.info("devices are not ruled: %s", error)


def _allowed(paths: Iterable[Path]) -> Iterator[Allowed]:
    for path in paths:
        device = device_at(path)
        if device is not None:
            yield device


async def admit(
    settings: Settings, folder: Path, group: Group | None, pid: int, words: Sequence[str]
) -> None:
    """Let a guest that runs use the devices that some words name, before it is told them.

    They are its own until it ends, also if they are taken from it before.

    Args:
        settings: The driver's.
        folder: The guest's folder, where they are noted.
        group: Its control group, or None.
        pid: Its QEMU.
        words: Those of a command line for what it gets.

    Raises:
        HostError: We may not.
    """
    paths = list(named_devices(words))
    owner = settings.owner
    if paths and group is not None:
        _allow_more(folder, group, pid, paths)
    if settings.process.namespaces:
        for path in paths:
            await to_thread.run_sync(
                add_device, pid, path, (owner.uid, owner.gid) if owner else None
            )


def _allow_more(folder: Path, group: Group, pid: int, paths: Sequence[Path]) -> None:
    started_with = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    noted = [Path(each.what) for each in notes(folder) if each.kind is Kind.DEVICE]
    before = [*ALWAYS, *noted, *named_devices(started_with.split("\0"))]
    for path in paths:
        note(folder, Kind.DEVICE, str(path))
    try:
        allow(group, list(_allowed(paths)), [PTY_SLAVES, *_allowed(before)])
    except PermissionDenied as error:
        log.info("devices are not ruled: %s", error)
