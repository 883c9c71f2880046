"""Passing commands through to QEMU and to the guest agent, and asking for a command line."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.agent import send_text
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.prepare import command_line
from aiovirt.errors import CallerError, QMPCommandError
from aiovirt.interfaces import EventStream, Monitor, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import Event, EventsLost, MonitorEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectDomainQemuMonitorEventRegisterFlags,
        DomainQemuMonitorCommandFlags,
    )

__all__ = ["QemuMonitor"]

HMP = 0x1
"""Of `DomainQemuMonitorCommandFlags`."""
REGEX, NOCASE = 0x1, 0x2
"""Of `ConnectDomainQemuMonitorEventRegisterFlags`."""

TEXT_BOUND_S = 30.0
"""How long the answer to a command as text may take: who sends such has no deadline to give."""


class QemuMonitor(QemuAbility, Monitor):
    """QMP passthrough."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._numbers = itertools.count(1)

    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """See `Monitor.monitor_command`."""
        async with self._engine.works.work():
            return await self._monitor(domain).execute(command, arguments, bound_s=math.inf)

    def _monitor(self, domain: DomainKey) -> BoundedMonitor:
        """QEMU's monitor for what the driver does not look into: it may begin jobs."""
        monitor = self._engine.registry.get(domain).monitor()
        monitor.jobs_alone.clear()
        return monitor

    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """See `Monitor.native_command`."""
        return await command_line(self._engine, config)

    async def monitor_text(
        self, domain: DomainKey, text: str, *, flags: DomainQemuMonitorCommandFlags | Literal[0] = 0
    ) -> str:
        """See `Monitor.monitor_text`."""
        return await self._text(domain, text, (), flags)

    async def monitor_text_with_files(
        self,
        domain: DomainKey,
        text: str,
        descriptors: Sequence[int],
        *,
        flags: DomainQemuMonitorCommandFlags | Literal[0] = 0,
    ) -> tuple[str, tuple[int, ...]]:
        """See `Monitor.monitor_text_with_files`: QEMU hands out none."""
        return await self._text(domain, text, descriptors, flags), ()

    async def _text(
        self, domain: DomainKey, text: str, descriptors: Sequence[int], flags: int
    ) -> str:
        refuse_flags(self.driver_name, "monitor_text", flags, HMP)
        if flags & HMP:
            return await self._human(domain, text)
        command, given = _parse(text)
        number = f"aiovirt-{next(self._numbers)}"
        async with self._engine.works.work():
            monitor = self._monitor(domain)
            try:
                answer = await monitor.execute(
                    command, given, fds=descriptors, bound_s=TEXT_BOUND_S
                )
            except QMPCommandError as error:
                problem = {"class": error.error_class, "desc": error.description}
                return _json({"id": number, "error": problem})
            return _json({"return": answer, "id": number})

    async def _human(self, domain: DomainKey, text: str) -> str:
        async with self._engine.works.work():
            arguments = {"command-line": text}
            return str(
                await self._monitor(domain).execute(
                    "human-monitor-command", arguments, bound_s=TEXT_BOUND_S
                )
            )

    async def agent_text(self, domain: DomainKey, text: str, *, timeout_s: int = -1) -> str | None:
        """See `Monitor.agent_text`."""
        async with self._engine.works.work():
            return await send_text(self._engine.registry.get(domain), text, timeout_s)

    def monitor_events(
        self,
        domain: DomainKey | None = None,
        event: str | None = None,
        *,
        flags: ConnectDomainQemuMonitorEventRegisterFlags | Literal[0] = 0,
        limit: int = 1024,
    ) -> AbstractAsyncContextManager[EventStream]:
        """See `Monitor.monitor_events`."""
        refuse_flags(self.driver_name, "monitor_events", flags, REGEX | NOCASE)
        return self._subscribed(domain, _test(event, flags), limit)

    @asynccontextmanager
    async def _subscribed(
        self, domain: DomainKey | None, wanted: Callable[[str], bool], limit: int
    ) -> AsyncIterator[EventStream]:
        async with self._engine.heard.subscribe(backlog=limit) as subscription:
            yield _Chosen(subscription, domain, wanted)


class _Chosen:
    """The monitor's events out of a stream of all."""

    def __init__(
        self, events: EventStream, domain: DomainKey | None, wanted: Callable[[str], bool]
    ) -> None:
        self._events = events
        self._uuid = domain.uuid if domain is not None else None
        self._wanted = wanted

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            event = await self._events.__anext__()
            if isinstance(event, EventsLost) or self._is_wanted(event):
                return event

    def _is_wanted(self, event: Event) -> bool:
        return (
            isinstance(event, MonitorEvent)
            and self._uuid in {None, event.domain.uuid}
            and self._wanted(event.name)
        )


def _test(event: str | None, flags: int) -> Callable[[str], bool]:
    """What tells whether an event of a name is wanted.

    Raises:
        CallerError: The name is no regular expression.
    """
    if event is None:
        return lambda _name: True
    try:
        pattern = re.compile(
            event if flags & REGEX else re.escape(event) + r"\Z",
            re.IGNORECASE if flags & NOCASE else 0,
        )
    except re.error as error:
        raise CallerError(f"{event!r} is no regular expression: {error}") from error
    find = pattern.search if flags & REGEX else pattern.match
    return lambda name: find(name) is not None


def _parse(text: str) -> tuple[str, Mapping[str, object] | None]:
    """The command and the arguments of a text of QMP.

    Raises:
        CallerError: It is none.
    """
    try:
        said = json.loads(text)
        command, arguments = said["execute"], said.get("arguments")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CallerError(f"this is no command of QMP: {text!r}") from error
    if not isinstance(command, str) or not isinstance(arguments, dict | None):
        raise CallerError(f"this is no command of QMP: {text!r}")
    return command, arguments


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
