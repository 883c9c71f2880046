"""Changing what is in a drive of a running guest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import anyio

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.common.devices import find_alias, replace_device
from aiovirt.drivers.qemu.argv import Resources
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.storage.images import has_medium
from aiovirt.drivers.qemu.devices import family_for
from aiovirt.drivers.qemu.engine.chains import write_chains
from aiovirt.drivers.qemu.engine.confining import allow, withdraw_steps
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.emulators import binary_of
from aiovirt.drivers.qemu.engine.hostside import alone_with
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import chain_numbers, next_number, number_of
from aiovirt.drivers.qemu.engine.opening import forget_keys, let_open
from aiovirt.drivers.qemu.engine.prepare import blaming_files, chains_behind
from aiovirt.drivers.qemu.engine.steps import carry_out, more_words, steps_of, take_back
from aiovirt.drivers.qemu.engine.volumes import look_up_volumes
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import AiovirtError, InvalidState, QMPCommandError, Unsupported
from aiovirt.host.undo import undo_on_failure

__all__ = ["change_medium"]

_TRIES: Final = 8
"""How often a tray is opened anew that the guest closes under our hands."""


async def change_medium(
    engine: Engine,
    monitor: BoundedMonitor,
    live: LiveDomain,
    old: Disk,
    new: Disk,
    *,
    force: bool,
) -> Disk:
    """Put another medium into a drive, or none; gives the drive as it then is.

    Args:
        engine: The driver.
        monitor: QEMU's.
        live: The running instance.
        old: The drive as it is.
        new: The drive as it shall be.
        force: Open the tray though the guest has locked it.

    Raises:
        InvalidState: The guest has locked the tray.
        RemoteError: QEMU cannot open the new medium: the old one is in.

    Cancellation: the one medium is in, or the other.
    """
    changed = await _with_medium(engine, live, old, new)
    empty = live.config.copy()
    without = find_alias(empty, old.alias or "")
    assert isinstance(without, Disk)  # noqa: S101 - it has the old one's alias
    without.source = type(without.source)()
    async with undo_on_failure() as undo:
        if has_medium(changed):
            words = await _behind(engine, live, empty, changed)
            named = [word for pair in words for word in pair]
            steps = list(steps_of(words))
            undo.push_async_callback(withdraw_steps, live, steps)
            await allow(live, named, changed)
            await let_open(engine, live, changed, named, undo)
            async with blaming_files(engine, partial(alone_with, live.config, changed)):
                await carry_out(monitor, steps, undo)
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            await _swap(monitor, changed, had=_node(live, old), force=force)
    with anyio.CancelScope(shield=True), suppress(AiovirtError):  # the new one is in all the same
        await _clear(engine, monitor, live, empty, old)
    return changed


async def _clear(
    engine: Engine, monitor: BoundedMonitor, live: LiveDomain, empty: DomainConfig, old: Disk
) -> None:
    """Have QEMU close what was behind a drive, and forget its keys."""
    if not has_medium(old):
        return
    words = await _behind(engine, live, empty, old)
    steps = list(steps_of(words))
    await take_back(monitor, steps)
    await withdraw_steps(live, steps)
    for number in (number_of(live.config, old), *chain_numbers(old)):
        await forget_keys(live, number)


async def _with_medium(engine: Engine, live: LiveDomain, old: Disk, new: Disk) -> Disk:
    """A drive with another medium, whose images have their numbers."""
    changed = old.copy()
    changed.type, changed.source = new.type or "file", new.source.copy()
    changed.driver.type = new.driver.type or old.driver.type
    changed.backing = new.backing.copy() if new.backing else None
    changed.encryption = new.encryption.copy() if new.encryption else None
    changed.auth = new.auth.copy() if new.auth else None
    if not has_medium(changed):
        return changed
    if changed.source.fdgroup:
        raise Unsupported("QEMU", "putting a medium into a drive that a client has opened")
    await look_up_volumes(engine.pools, [changed])
    changed.source.index = next_number(live.config)
    chains = await chains_behind(live.config, changed)
    filled = live.config.copy()
    replace_device(filled, find_alias(filled, old.alias or ""), changed)
    write_chains(filled, chains)
    found = find_alias(filled, old.alias or "")
    assert isinstance(found, Disk)  # noqa: S101 - it has the drive's alias
    return found.copy()


async def _behind(
    engine: Engine, live: LiveDomain, empty: DomainConfig, disk: Disk
) -> list[tuple[str, str]]:
    """The words that make what is behind a drive with that medium."""
    binary = await binary_of(engine, empty)
    filled = empty.copy()
    replace_device(filled, find_alias(filled, disk.alias or ""), disk)
    made = Resources.imagined(filled, live.folder / QEMU_FOLDER)
    family = family_for(filled)
    guests = (Guest(config, binary, made, family) for config in (empty, filled))
    return more_words({"disk"}, *guests)


def _node(live: LiveDomain, drive: Disk) -> str | None:
    """The block node of what is in a drive, or None."""
    return format_node(number_of(live.config, drive)) if has_medium(drive) else None


async def _swap(monitor: BoundedMonitor, drive: Disk, *, had: str | None, force: bool) -> None:
    """Open, take out, put in, close."""
    await _open(monitor, drive, force=force)
    if had is not None:
        await _in_open_tray(monitor, drive, "blockdev-remove-medium", {}, force=force)
    try:
        if has_medium(drive):
            node = {"node-name": format_node(drive.source.index or 0)}
            await _in_open_tray(monitor, drive, "blockdev-insert-medium", node, force=force)
    except QMPCommandError:
        if had is not None:
            node = {"node-name": had}
            await _in_open_tray(monitor, drive, "blockdev-insert-medium", node, force=force)
        raise
    if drive.device == "cdrom":
        with suppress(QMPCommandError):
            await monitor.execute("blockdev-close-tray", {"id": drive.alias})


async def _open(monitor: BoundedMonitor, drive: Disk, *, force: bool) -> None:
    if drive.device != "cdrom":
        return
    try:
        await monitor.execute("blockdev-open-tray", {"id": drive.alias, "force": force})
    except QMPCommandError as error:
        raise InvalidState(
            f"the guest keeps the tray of {drive.target.dev} closed: {error.description}",
            hint="eject it in the guest, or force it",
        ) from error


async def _in_open_tray(
    monitor: BoundedMonitor, drive: Disk, command: str, more: Mapping[str, object], *, force: bool
) -> None:
    """Do something while the tray is open: a guest that looks for media closes it meanwhile."""
    for tries in range(_TRIES, -1, -1):
        try:
            await monitor.execute(command, {"id": drive.alias, **more})
        except QMPCommandError as error:
            if not tries or "is not open" not in error.description:
                raise
            await _open(monitor, drive, force=force)
        else:
            return
