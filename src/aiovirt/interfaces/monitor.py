"""Passing commands through to the hypervisor, and seeing what it would be started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.interfaces.events import EventStream
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectDomainQemuMonitorEventRegisterFlags,
        DomainQemuMonitorCommandFlags,
    )

__all__ = ["Monitor"]


class Monitor(Ability):
    """The hypervisor's own monitor and command line. What is done here is not looked after."""

    @operation
    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """Run one command of the hypervisor's monitor and return its answer.

        Some commands take minutes, so there is no bound but the caller's own deadline.

        Raises:
            InvalidState: The domain is not running.
            RemoteError: The hypervisor refused, in its own words.
        """
        raise NotImplementedError

    @operation
    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """The command line that would start this configuration; nothing is started.

        Raises:
            ConfigError: The configuration is wrong.
        """
        raise NotImplementedError

    @operation
    async def monitor_text(
        self, domain: DomainKey, text: str, *, flags: DomainQemuMonitorCommandFlags | Literal[0] = 0
    ) -> str:
        """Run one command of the monitor as a text, and return the answer's text as it came.

        Args:
            domain: Which domain.
            text: JSON of QMP, or a line of the human monitor.
            flags: Which of the two; QMP without.

        Raises:
            InvalidState: The domain is not running.
        """
        raise NotImplementedError

    @operation
    async def monitor_text_with_files(
        self,
        domain: DomainKey,
        text: str,
        descriptors: Sequence[int],
        *,
        flags: DomainQemuMonitorCommandFlags | Literal[0] = 0,
    ) -> tuple[str, tuple[int, ...]]:
        """As `monitor_text`, with descriptors of files, which stay the caller's.

        Gives the answer and the descriptors that came with it, which are the caller's.

        Raises:
            Unsupported: Descriptors cannot travel along this connection.
        """
        raise NotImplementedError

    @operation
    async def attach_process(self, pid: int) -> DomainKey:
        """Make a domain of a hypervisor's process that somebody else has started.

        Raises:
            Unsupported: The driver does not do that (any more).
        """
        raise NotImplementedError

    @operation
    async def agent_text(self, domain: DomainKey, text: str, *, timeout_s: int = -1) -> str | None:
        """Run one command of the guest agent as a text, and return the answer's text.

        Args:
            domain: Which domain.
            text: JSON, as the agent has it.
            timeout_s: Seconds that it may take; -2 waits for ever, -1 takes the daemon's default,
                0 does not wait for an answer.

        Raises:
            AgentError: No agent answers.
            RemoteError: It refused, in its own words.
        """
        raise NotImplementedError

    @operation
    def monitor_events(
        self,
        domain: DomainKey | None = None,
        event: str | None = None,
        *,
        flags: ConnectDomainQemuMonitorEventRegisterFlags | Literal[0] = 0,
        limit: int = 1024,
    ) -> AbstractAsyncContextManager[EventStream]:
        """The monitor's events from the moment the block is entered, each a `MonitorEvent`.

        Args:
            domain: Only of this one.
            event: Only of this name.
            flags: Whether the name is a regular expression, and whether case counts.
            limit: How many may wait to be read, as `Events.subscribe` has it.
        """
        raise NotImplementedError
