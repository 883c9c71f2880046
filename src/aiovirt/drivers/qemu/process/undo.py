"""Unmaking what was made on the host for a guest, the last first."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from anyio import to_thread

from aiovirt.drivers.qemu.process.groups import hierarchies
from aiovirt.drivers.qemu.process.helpers import end_helper
from aiovirt.drivers.qemu.process.notes import Kind, Note, notes
from aiovirt.drivers.qemu.process.ownership import take_file_back
from aiovirt.drivers.qemu.process.ownprofile import remove_profile
from aiovirt.drivers.qemu.store.root import remove_run_folder
from aiovirt.errors import AiovirtError
from aiovirt.host.cgroups import Group
from aiovirt.host.files import remove_durably

__all__ = ["clear_away"]

log = logging.getLogger("aiovirt.qemu")


async def clear_away(folder: Path) -> None:
    """Unmake all that was made for the guest of a folder, which has ended, and the folder.

    What cannot be unmade is logged and stays. Doing it twice is no error.

    Cancellation: the caller shields it; each step has a bound.
    """
    try:
        made = notes(folder)
    except AiovirtError as error:
        log.warning("%s: %s", folder, error)
        made = []
    for each in reversed(made):
        try:
            undo = _UNDO.get(each.kind)  # what a guest may open ends with its group
            if undo is not None:
                await undo(each)
        except AiovirtError as error:
            log.warning("left on the host (%s %s): %s", each.kind.value, each.what, error)
    remove_run_folder(folder)


async def _remove_group(made: Note) -> None:
    group = Group(hierarchies(), PurePosixPath(made.what))
    if group.removed():
        return
    group.thaw()
    group.kill()
    await group.remove()


async def _give_back(made: Note) -> None:
    await to_thread.run_sync(take_file_back, made)  # its storage may be slow


async def _throw_away(made: Note) -> None:
    await remove_durably(Path(made.what))


_UNDO: Final[Mapping[Kind, Callable[[Note], Awaitable[None]]]] = {
    Kind.CGROUP: _remove_group,
    Kind.PROGRAM: end_helper,
    Kind.LABEL: _give_back,
    Kind.OVERLAY: _throw_away,
    Kind.PROFILE: remove_profile,
}
