"""The hypervisor's own monitor of a domain, its agent's own words, its namespaces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from aiovirt.errors import AgentError
from aiovirt.interfaces import Containers, EventStream, Monitor
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.objects._handle import Handle

__all__ = ["DomainMonitor"]


class DomainMonitor(Handle[DomainKey]):
    """The part of `Domain` that passes on what libvirt has no words for."""

    async def monitor_command(
        self, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """Run one command of the hypervisor's own monitor (QMP) and return its answer.

        Some commands take minutes, so there is no bound but your own: `anyio.fail_after`.

        Raises:
            RemoteError: The hypervisor refused, in its own words.
        """
        return await self._driver.ability(Monitor).monitor_command(self.key, command, arguments)

    async def monitor_text(self, text: str, *, human: bool = False) -> str:
        """Run one command of the monitor as a text; the text of the answer, as it came.

        Args:
            text: JSON of QMP.
            human: It is a line of the human monitor instead.
        """
        flags = flag_set("DomainQemuMonitorCommandFlags", 0, hmp=human)
        return await self._driver.ability(Monitor).monitor_text(self.key, text, flags=flags)

    async def monitor_text_with_files(
        self, text: str, descriptors: Sequence[int], *, human: bool = False
    ) -> tuple[str, tuple[int, ...]]:
        """As `monitor_text`, with descriptors of files, which stay yours.

        Gives the answer, and the descriptors that came with it, which are yours to close.
        """
        flags = flag_set("DomainQemuMonitorCommandFlags", 0, hmp=human)
        return await self._driver.ability(Monitor).monitor_text_with_files(
            self.key, text, descriptors, flags=flags
        )

    def monitor_events(
        self,
        event: str | None = None,
        *,
        regex: bool = False,
        ignore_case: bool = False,
        limit: int = 1024,
    ) -> AbstractAsyncContextManager[EventStream]:
        """Its monitor's own events from the moment the block is entered.

            async with vm.monitor_events("BLOCK_JOB_.*", regex=True) as events:
                async for event in events: ...

        Args:
            event: Only those of this name.
            regex: The name is a regular expression.
            ignore_case: Its case does not matter.
            limit: How many may wait to be read.
        """
        flags = flag_set(
            "ConnectDomainQemuMonitorEventRegisterFlags", 0, regex=regex, nocase=ignore_case
        )
        return self._driver.ability(Monitor).monitor_events(
            self.key, event, flags=flags, limit=limit
        )

    async def agent_command(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        timeout_s: int = -1,
    ) -> object:
        """Run one command of the guest's agent and return its answer; None where it gives none.

        Args:
            command: Such as ``guest-info``.
            arguments: What the command takes.
            timeout_s: Seconds that it may take; -2 waits for ever, -1 takes the daemon's default,
                0 does not wait for an answer.

        Raises:
            AgentError: No agent answers.
            RemoteError: It refused, in its own words.
        """
        message: dict[str, object] = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        answer = await self.agent_text(json.dumps(message), timeout_s=timeout_s)
        if answer is None:
            return None
        try:
            returned: object = json.loads(answer)["return"]
        except (ValueError, KeyError, TypeError) as error:
            raise AgentError(f"the agent's answer to {command} is none: {answer!r}") from error
        return returned

    async def agent_text(self, text: str, *, timeout_s: int = -1) -> str | None:
        """Run one command of the guest's agent as a text (JSON); the text of the answer."""
        return await self._driver.ability(Monitor).agent_text(self.key, text, timeout_s=timeout_s)

    async def open_namespaces(self) -> tuple[int, ...]:
        """Descriptors of a container's namespaces, which are yours to close."""
        return await self._driver.ability(Containers).open_namespaces(self.key)
