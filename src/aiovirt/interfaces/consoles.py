"""Consoles of a domain as byte streams."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager

from anyio.abc import ByteStream

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

__all__ = ["ConsoleStream", "Consoles"]


class ConsoleStream(ByteStream):
    """One reader of a console, and its writer unless it is read-only.

    `receive` first gives the history, then what comes; it raises `anyio.EndOfStream` when the
    domain stops, and `Closed` when only the host was closed. A reader that falls behind loses the
    oldest bytes; `lost` counts them.
    """

    @property
    @abstractmethod
    def lost(self) -> int:
        """How many bytes this reader lost because it read too slowly."""


class Consoles(Ability):
    """Opening consoles."""

    @operation
    def open_console(
        self,
        domain: DomainKey,
        *,
        device: str | None = None,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """A serial or paravirtual console: any number of readers, one writer.

        Args:
            domain: Which domain.
            device: The alias, such as ``serial0``; the first console if None.
            readonly: Only read: this never collides with the writer.
            force: Take the writer's place; its stream becomes read-only.
            history: Begin with what was written before (the driver's bound applies).

        Raises:
            NotFound: No such domain or device, or it has no console.
            InvalidState: The domain is not running.
            Busy: Another writer holds it and `force` is off.
            Unresponsive: What runs was adopted, and has not answered yet.
        """
        raise NotImplementedError

    @operation
    def open_channel(
        self, domain: DomainKey, *, name: str | None = None, force: bool = False
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """A channel that a program in the guest has open: one reader and writer.

        Args:
            domain: Which domain.
            name: The channel's target name, such as ``org.example.0``, or its alias; the first
                channel if None.
            force: Take it from whoever has it open.

        Raises:
            NotFound: No such domain or channel.
            InvalidState: The domain is not running.
            Busy: Somebody has it open and `force` is off.
        """
        raise NotImplementedError
