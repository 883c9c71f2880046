"""Opening consoles of running domains."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.ports import open_socket
from aiovirt.errors import NotFound, Unresponsive
from aiovirt.interfaces import Consoles, ConsoleStream
from aiovirt.model.domain import DomainKey

__all__ = ["QemuConsoles"]


class QemuConsoles(QemuAbility, Consoles):
    """The hubs of a domain's serial, console and channel devices."""

    def open_console(
        self,
        domain: DomainKey,
        *,
        device: str | None = None,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_console`."""
        managed = self._registry.get(domain)
        live = managed.running()
        ports = {channel.alias for channel in live.config.channels}
        consoles = {alias: hub for alias, hub in live.consoles.items() if alias not in ports}
        hub = consoles.get(device) if device else next(iter(consoles.values()), None)
        if hub is None:
            if live.guessed:
                raise Unresponsive(
                    f"domain {managed.name!r} was adopted, and has not told its consoles yet",
                    hint="try again when it answers: domcontrol tells whether, a ControlEvent when",
                )
            raise NotFound(
                f"domain {managed.name!r} has no console {device or ''}".rstrip(),
                hint=f"it has {', '.join(consoles)}"
                if consoles
                else "add <serial type='pty'/> or <console type='pty'/> to its devices",
            )
        return hub.open(readonly=readonly, force=force, history=history)

    def open_channel(
        self, domain: DomainKey, *, name: str | None = None, force: bool = False
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_channel`: one on a pseudo terminal, or on a socket of QEMU's."""
        managed = self._registry.get(domain)
        live = managed.running()
        for channel in live.config.channels:
            if name in {None, channel.target.name, channel.alias}:
                break
        else:
            raise NotFound(f"domain {managed.name!r} has no channel {name or ''}".rstrip())
        hub = live.consoles.get(channel.alias or "")
        if hub is not None:
            return hub.open(readonly=False, force=force, history=False)
        return open_socket(managed.name, live, channel)
