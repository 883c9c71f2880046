"""Displays as sockets: one end of a pair is handed to QEMU."""

from __future__ import annotations

import socket
from typing import Final, Literal

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.errors import ConfigError, NotFound
from aiovirt.host.files import host_error
from aiovirt.interfaces import Displays
from aiovirt.model.domain import DomainKey

__all__ = ["QemuDisplays"]

_PROTOCOLS: Final = ("vnc", "spice")
_NAME: Final = "aiovirt-display"


class QemuDisplays(QemuAbility, Displays):
    """QMP's ``add_client``."""

    async def open_graphics(
        self, domain: DomainKey, *, index: int = 0, skip_auth: bool = False
    ) -> socket.socket:
        """See `Displays.open_graphics`."""
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise host_error(error, "no socket can be made") from error
        with theirs:
            try:
                await self.attach_graphics(
                    domain, theirs.fileno(), index=index, skip_auth=skip_auth
                )
            except BaseException:
                ours.close()
                raise
        return ours

    async def attach_graphics(
        self, domain: DomainKey, descriptor: int, *, index: int = 0, skip_auth: bool = False
    ) -> None:
        """See `Displays.attach_graphics`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            protocol = _protocol(managed, index)
            monitor = managed.monitor()
            await monitor.execute("getfd", {"fdname": _NAME}, fds=[descriptor])
            arguments = {"protocol": protocol, "fdname": _NAME, "skipauth": skip_auth}
            await monitor.execute("add_client", arguments)

    async def reload_graphics(
        self, domain: DomainKey, *, protocol: Literal["any", "vnc"] = "any"
    ) -> None:
        """See `Displays.reload_graphics`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            if not any(each.type == "vnc" for each in managed.running().config.graphics):
                raise NotFound(f"domain {managed.name!r} has no display of VNC")
            del protocol  # VNC's are the only ones that can do it
            arguments = {"type": "vnc", "tls-certs": True}
            await managed.monitor().execute("display-reload", arguments)


def _protocol(managed: ManagedDomain, index: int) -> str:
    """The protocol of a display.

    Raises:
        InvalidState: The domain does not run.
        NotFound: It has no such display.
        ConfigError: It is one that takes no sockets.
    """
    displays = list(managed.running().config.graphics)
    if not 0 <= index < len(displays):
        raise NotFound(f"domain {managed.name!r} has no display {index}")
    kind = displays[index].type or ""
    if kind not in _PROTOCOLS:
        raise ConfigError(f"a display of type {kind!r} takes no sockets", field="graphics")
    return kind
