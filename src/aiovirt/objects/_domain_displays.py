"""A domain's channels, and its displays as sockets."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from socket import socket
from typing import Literal

from aiovirt.interfaces import Consoles, ConsoleStream, Displays, Tickets
from aiovirt.model.domain import DomainKey
from aiovirt.model.tickets import ConsoleTicket, TicketKind
from aiovirt.objects._handle import Handle

__all__ = ["DomainDisplays"]


class DomainDisplays(Handle[DomainKey]):
    """The part of `Domain` that opens channels and displays."""

    def channel(
        self, name: str | None = None, *, force: bool = False
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """A channel that a program in the guest has open, as a byte stream.

            async with vm.channel("org.example.0") as channel:
                await channel.send(b"hello")

        Args:
            name: Its target name or its alias; the first channel if None.
            force: Take it from whoever has it open.

        Raises:
            NotFound: It has no such channel.
            Busy: Somebody has it open and `force` is off.
        """
        return self._driver.ability(Consoles).open_channel(self.key, name=name, force=force)

    async def open_graphics(self, index: int = 0, *, skip_auth: bool = False) -> socket:
        """A connected socket to one of its displays: VNC or SPICE, wherever it is served.

        The socket is yours to close.

        Args:
            index: Which display, from 0.
            skip_auth: Need no password.

        Raises:
            Unsupported: The host is on another machine.
            NotFound: It has no such display.
        """
        displays = self._driver.ability(Displays)
        return await displays.open_graphics(self.key, index=index, skip_auth=skip_auth)

    async def reload_graphics(self, protocol: Literal["any", "vnc"] = "any") -> None:
        """Let displays read their certificates anew, without ending who looks.

        Args:
            protocol: Which displays.

        Raises:
            Unsupported: The daemon is older than libvirt 10.2.
            InvalidState: The domain does not run.
            NotFound: It has no such display.
        """
        displays = self._driver.ability(Displays)
        await displays.reload_graphics(self.key, protocol=protocol)

    async def console_ticket(self, kind: TicketKind = "webmks") -> ConsoleTicket:
        """A ticket for its console, good once and for a short time; VMware's servers give them.

            ticket = await vm.console_ticket()
            page.open_console(ticket.url.reveal())  # as VMware's HTML console SDK does

        Args:
            kind: ``webmks`` for browsers, by a WebSocket; ``mks`` for VMware's own console.

        Raises:
            InvalidState: It does not run.
        """
        return await self._driver.ability(Tickets).console_ticket(self.key, kind=kind)
