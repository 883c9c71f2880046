"""The life of a domain: starting, pausing, stopping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey, LifecycleAction, LifecycleOccasion, ShutdownMode

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainModificationImpact,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["Lifecycle", "LifecycleAction", "LifecycleOccasion", "ShutdownMode"]


class Lifecycle(Ability):
    """Operations that change a domain's state.

    Changes to one domain queue one behind the other. Every one raises `NotFound` for a domain
    that is not there, `InvalidState` where the state does not allow it, and `Unresponsive` when
    the hypervisor does not answer within the driver's bound.
    """

    @operation
    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """Start a defined domain; returns when it runs, or stands still if `paused`.

        Args:
            domain: Which domain.
            paused: Let it stand still before its first step.
            flags: libvirt's further flags; a driver refuses those that it lacks.

        Raises:
            InvalidState: It is running already.
            ConfigError: The configuration names what is not there: a disk, a kernel, a bridge.
            HostError: The host could not do it; the hypervisor's own words are in the text.

        Cancellation: nothing stays behind; the domain is shut off.
        """
        raise NotImplementedError

    @operation
    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """Ask the guest to shut itself down, as by its power button.

        Args:
            domain: Which domain.
            wait: Return only when it is off; else once the guest was asked.
            flags: How to ask it: by ACPI, by the agent …; 0 leaves it to the driver.

        Cancellation: the request to the guest is not taken back.
        """
        raise NotImplementedError

    @operation
    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """Ask the guest to shut itself down, and start it anew when it has; returns at once.

        Args:
            domain: Which domain.
            flags: How to ask it; 0 leaves it to the driver.
        """
        raise NotImplementedError

    @operation
    async def reset(self, domain: DomainKey) -> None:
        """Reset the machine, as by its reset button: what the guest had not written is lost."""
        raise NotImplementedError

    @operation
    async def destroy(
        self,
        domain: DomainKey,
        *,
        graceful: bool = False,
        flags: DomainDestroyFlags | Literal[0] = 0,
    ) -> None:
        """End the domain now, as by its plug; returns when it is off.

        The hypervisor is given a moment to write its caches, then killed.

        Args:
            domain: Which domain.
            graceful: Never kill: raise instead.
            flags: libvirt's further flags.

        Raises:
            Unresponsive: It did not end within the bound, and `graceful` forbids the kill.
        """
        raise NotImplementedError

    @operation
    async def suspend(self, domain: DomainKey) -> None:
        """Stop the virtual processors; returns when they stand. Doing it twice is no error."""
        raise NotImplementedError

    @operation
    async def resume(self, domain: DomainKey) -> None:
        """Let a paused domain go on. Doing it twice is no error."""
        raise NotImplementedError

    @operation
    async def start_with_files(
        self,
        domain: DomainKey,
        files: Sequence[int],
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """As `start`, with descriptors that the first process of a container gets.

        They stay the caller's.

        Raises:
            Unsupported: Descriptors cannot travel to this host.
        """
        raise NotImplementedError

    @operation
    async def inject_nmi(self, domain: DomainKey) -> None:
        """Send the guest a non-maskable interrupt: most systems then write a crash dump."""
        raise NotImplementedError

    @operation
    async def set_lifecycle_action(
        self,
        domain: DomainKey,
        occasion: LifecycleOccasion,
        action: LifecycleAction,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """What happens when the guest powers off, reboots or crashes.

        Args:
            domain: Which domain.
            occasion: When.
            action: What happens then; not every action goes with every occasion.
            flags: Of the running instance (`LIVE`), of the definition (`CONFIG`), or of both.

        Raises:
            ConfigError: The action does not go with the occasion.
        """
        raise NotImplementedError
