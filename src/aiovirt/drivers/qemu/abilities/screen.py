"""Screenshots and key presses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from anyio import to_thread

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.keycodes import send_key_arguments
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import NotFound, QMPCommandError
from aiovirt.host.files import read_end
from aiovirt.host.images import png_of_ppm
from aiovirt.interfaces import Screen
from aiovirt.model.domain import DomainKey

__all__ = ["QemuScreen"]


_LARGEST = 256 * 1024 * 1024
"""The most bytes of a picture that are read: more than any display of QEMU has."""


class QemuScreen(Screen):
    """The display and the keyboard."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._registry = engine.registry

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """See `Screen.screenshot`."""
        managed = self._registry.get(domain)
        live = managed.running()
        path = live.folder / QEMU_FOLDER / f"screen-{uuid4().hex}.ppm"
        arguments: dict[str, object] = {"filename": str(path), **_which(managed, live, screen)}
        try:
            await managed.monitor().execute("screendump", arguments)
            return await to_thread.run_sync(_picture, path)
        except QMPCommandError as error:
            raise NotFound(
                f"domain {managed.name!r} has no screen {screen}: {error.description}",
                hint="give it a <video> device",
            ) from error
        finally:
            path.unlink(missing_ok=True)

    async def send_key(
        self, domain: DomainKey, keys: Sequence[str | int], *, hold_ms: int = 100
    ) -> None:
        """See `Screen.send_key`."""
        managed = self._registry.get(domain)
        arguments = send_key_arguments(keys, hold_ms)
        await managed.monitor().execute("send-key", arguments)


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
