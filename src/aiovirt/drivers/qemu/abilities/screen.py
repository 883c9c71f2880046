"""Screenshots and key presses."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from anyio import to_thread

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.keycodes import send_key_arguments
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import AiovirtError, NotFound, QMPCommandError, ResourceUnavailable, Unsupported
from aiovirt.host.files import read_end
from aiovirt.host.images import png_of_ppm
from aiovirt.interfaces import Screen
from aiovirt.model.domain import DomainKey
from aiovirt.model.keycodes import KeycodeSet

__all__ = ["QemuScreen"]


_LARGEST = 256 * 1024 * 1024
"""The most bytes of a picture that are read: more than any display of QEMU has."""


class QemuScreen(QemuAbility, Screen):
    """The display and the keyboard."""

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """See `Screen.screenshot`."""
        async with self._engine.works.work():
            managed = self._registry.get(domain)
            path = managed.running().folder / QEMU_FOLDER / f"screen-{uuid4().hex}.ppm"
            try:
                await self._dump(managed, screen, path)
                return await to_thread.run_sync(_picture, path)
            finally:
                _remove(path)

    async def _dump(self, managed: ManagedDomain, screen: int, path: Path) -> None:
        """Have QEMU write the picture; what it writes too late is removed when it answers."""
        live, monitor = managed.running(), managed.monitor()
        arguments = {"filename": str(path), **_which(managed, live, screen)}
        try:
            await monitor.execute("screendump", arguments)
        except QMPCommandError as error:
            raise _refusal(managed, screen, error) from error
        except BaseException:
            live.late_pictures.append(path)
            if len(live.late_pictures) == 1:
                self._engine.tasks.start_soon(_remove_late, live, monitor)
            raise

    async def send_key(
        self,
        domain: DomainKey,
        keys: Sequence[str | int],
        *,
        hold_ms: int = 100,
        codeset: KeycodeSet = "linux",
    ) -> None:
        """See `Screen.send_key`."""
        if codeset != "linux":
            raise Unsupported(self.driver_name, f"send_key with the codes of {codeset}")
        async with self._engine.works.work():
            managed = self._registry.get(domain)
            arguments = send_key_arguments(keys, hold_ms)
            await managed.monitor().execute("send-key", arguments)


async def _remove_late(live: LiveDomain, monitor: BoundedMonitor) -> None:
    """Remove the pictures nobody waits for any more, once QEMU must have written them.

    It does one command after the other: with the next answer they are all there.
    """
    while live.late_pictures:
        asked = list(live.late_pictures)
        with suppress(AiovirtError):  # its end, which removes the folder
            await monitor.until_it_answers()
        for path in asked:
            _remove(path)
        del live.late_pictures[: len(asked)]


def _remove(path: Path) -> None:
    """Remove a picture; the folder is QEMU's, which may have put anything in its place."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


_NO_SCREEN = re.compile(r"no (console|surface)|not found", re.IGNORECASE)
_DISK_FULL = os.strerror(errno.ENOSPC)


def _refusal(managed: ManagedDomain, screen: int, error: QMPCommandError) -> AiovirtError:
    """Why QEMU gave no picture: it has no such screen, or it could not write the file."""
    said = error.description
    if _NO_SCREEN.search(said):
        return NotFound(
            f"domain {managed.name!r} has no screen {screen}: {said}",
            hint="give it a <video> device",
        )
    return ResourceUnavailable(
        f"QEMU of domain {managed.name!r} could not write a picture of screen {screen}: {said}",
        hint="the disk of the root folder is full: make room on it" if _DISK_FULL in said else None,
    )


def _picture(path: Path) -> bytes:
    """The PNG of the picture that QEMU wrote."""
    return png_of_ppm(read_end(path, _LARGEST))


def _which(managed: ManagedDomain, live: LiveDomain, screen: int) -> dict[str, object]:
    """The arguments that say which screen; heads of one video device count one by one."""
    if screen == 0:
        return {}
    heads = [
        (video.alias, head)
        for video in live.config.videos
        for head in range(video.model.heads or 1)
    ]
    if not 0 <= screen < len(heads):
        raise NotFound(f"domain {managed.name!r} has {len(heads)} screens; there is no {screen}")
    alias, head = heads[screen]
    return {"device": alias, "head": head}
