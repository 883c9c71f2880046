"""QEMU's own program of the protocol: the monitor's JSON, its files and its events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import ProtocolError, QMPCommandError
from aiovirt.interfaces import EventStream, Monitor
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import qemu as p

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiovirt.model.constants import (
        ConnectDomainQemuMonitorEventRegisterFlags,
        DomainQemuMonitorCommandFlags,
    )

__all__ = ["LibvirtMonitor"]


class LibvirtMonitor(LibvirtAbility, Monitor):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """See `Monitor.monitor_command`."""
        message: dict[str, object] = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        args = p.DomainMonitorCommandArgs(DOMAIN.send(domain), json.dumps(message), 0)
        reply = await self._link.call(p.DOMAIN_MONITOR_COMMAND, args, operation="monitor_command")
        return _returned(command, reply.result)

    async def monitor_text_with_files(
        self,
        domain: DomainKey,
        text: str,
        descriptors: Sequence[int],
        *,
        flags: DomainQemuMonitorCommandFlags | Literal[0] = 0,
    ) -> tuple[str, tuple[int, ...]]:
        """See `Monitor.monitor_text_with_files`."""
        args = p.DomainMonitorCommandWithFilesArgs(DOMAIN.send(domain), text, flags)
        client = await self._link.client()
        reply, received = await client.call_with_descriptors(
            p.DOMAIN_MONITOR_COMMAND_WITH_FILES, args, descriptors
        )
        return reply.result, received

    def monitor_events(
        self,
        domain: DomainKey | None = None,
        event: str | None = None,
        *,
        flags: ConnectDomainQemuMonitorEventRegisterFlags | Literal[0] = 0,
        limit: int = 1024,
    ) -> AbstractAsyncContextManager[EventStream]:
        """See `Monitor.monitor_events`."""
        return self._subscribed(domain, event, flags, limit)

    @asynccontextmanager
    async def _subscribed(
        self, domain: DomainKey | None, event: str | None, flags: int, limit: int
    ) -> AsyncIterator[EventStream]:
        client = await self._link.client()
        monitor = self._link.hub.monitor
        async with monitor.subscribe(client, domain, event, flags=flags, limit=limit) as stream:
            yield stream


def _returned(command: str, text: str) -> object:
    """What the monitor returned.

    Raises:
        QMPCommandError: It refused.
        ProtocolError: It is no answer of a monitor.
    """
    try:
        answer: Any = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"the monitor's answer to {command} is no JSON: {error}") from error
    if isinstance(answer, dict) and "return" in answer:
        returned: object = answer["return"]
        return returned
    problem = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(problem, dict):
        raise ProtocolError(f"the monitor's answer to {command} has neither result nor error")
    raise QMPCommandError(command, str(problem.get("class")), str(problem.get("desc")))
