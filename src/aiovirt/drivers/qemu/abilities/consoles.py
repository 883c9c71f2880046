"""Opening consoles of running domains."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.errors import NotFound, Unresponsive
from aiovirt.interfaces import Consoles, ConsoleStream
from aiovirt.model.domain import DomainKey

__all__ = ["QemuConsoles"]


class QemuConsoles(Consoles):
    """The hubs of a domain's serial, console and channel devices."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._registry = engine.registry

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
        consoles = live.consoles
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
