"""A guest's firmware on the host: which there are, and the file of its variables."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path

from anyio import CancelScope, to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.binaries.firmwares import firmware_folders, read_firmwares
from aiovirt.drivers.qemu.devices.firmware import choose_firmware, name_variables
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.host.files import host_error, make_private_folder, write_durably

__all__ = ["make_variables", "settle_firmware"]


def settle_firmware(engine: Engine, config: DomainConfig) -> None:
    """Fill in, in place, the firmware that a completed configuration leaves open.

    It reads the descriptions of the host's firmwares, so it is no work for the event loop.

    Raises:
        XMLError: The host has none that is so.
    """
    system = config.os
    if system.firmware is not None or system.loader.type == "pflash":
        choose_firmware(config, read_firmwares(firmware_folders()))
    name_variables(config, engine.root.path / "nvram")


async def make_variables(engine: Engine, config: DomainConfig, undo: AsyncExitStack) -> None:
    """Make the file of a guest's variables of their template, at its first start.

    Args:
        engine: The driver.
        config: The configuration; the template is there.
        undo: Gets a step that removes the file.

    Raises:
        HostError: It cannot be made.
    """
    nvram = config.os.nvram
    if not nvram.template or not nvram.path:
        return
    path = Path(nvram.path)
    owner, own = engine.settings.owner, engine.root.path / "nvram"
    with CancelScope(shield=True):  # or nobody would know that it was made
        if await to_thread.run_sync(_make, path, Path(nvram.template), owner, own):
            undo.callback(path.unlink, missing_ok=True)


def _make(path: Path, template: Path, owner: Owner | None, own: Path) -> bool:
    """Make the file; returns whether there was none."""
    if path.exists():
        return False
    if path.parent == own:
        make_private_folder(own, passable=owner is not None)
    try:
        data = template.read_bytes()
        write_durably(path, data)
        if owner is not None:
            os.chown(path, owner.uid, owner.gid)
    except OSError as error:
        raise host_error(error, f"cannot make {path} of {template}") from error
    return True
