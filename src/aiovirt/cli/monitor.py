"""The hypervisor's own words and those of a guest's agent, passed through as they are."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, DomainArg, OtherDomainArg, SessionArg, about
from aiovirt.cli.failures import DeadlinePassed, UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Context, Session
from aiovirt.cli.terminal import while_read
from aiovirt.model.events import MonitorEvent

if TYPE_CHECKING:
    from aiovirt.interfaces import EventStream

__all__ = [
    "parse_command",
    "qemu_agent_command",
    "qemu_attach",
    "qemu_monitor_command",
    "qemu_monitor_event",
]

HUMAN_COMMAND = "human-monitor-command"

BLOCK, DEFAULT, NO_WAIT = -2, -1, 0
"""libvirt's `VIR_DOMAIN_QEMU_AGENT_COMMAND_*`: how long an agent may take."""


def parse_command(text: str, *, hmp: bool) -> tuple[str, dict[str, object]]:
    """The command and its arguments: of JSON as QMP has it, of a bare name, or of a human line.

    Raises:
        UsageError: It is none of these.
    """
    if hmp:
        return HUMAN_COMMAND, {"command-line": text}
    if not text.lstrip().startswith("{"):
        return text.strip(), {}
    try:
        message = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the command is no JSON: {error}") from error
    command, arguments = message.get("execute"), message.get("arguments", {})
    if not (isinstance(command, str) and isinstance(arguments, dict)):
        raise UsageError(
            "the command has no name",
            hint='write {"execute": NAME, "arguments": {…}}, or NAME alone',
        )
    return command, arguments


async def qemu_monitor_command(
    domain: DomainArg,
    *cmd: Annotated[str, about("The command: a name, JSON as of QMP, or with --hmp a line.")],
    hmp: Annotated[bool, about("It is a line of the human monitor.")] = False,
    pretty: Annotated[bool, about("Indent the answer.")] = False,
    return_value: Annotated[bool, about("Only what QEMU returns, without its frame.")] = False,
    session: SessionArg,
) -> Plain:
    """Run one command of QEMU's monitor.

    It is passed through as it is, and what it does is not looked after.

    For example:

        aiovirt qemu-monitor-command web1 query-status
        aiovirt qemu-monitor-command web1 --pretty '{"execute": "query-block"}'
        aiovirt qemu-monitor-command web1 --hmp info registers
    """
    command, arguments = parse_command(" ".join(cmd), hmp=hmp)
    if not command:
        raise UsageError("qemu-monitor-command needs a command", hint="such as query-status")
    found = await session.domain(domain)
    answer = await found.monitor_command(command, arguments)
    if hmp and isinstance(answer, str):
        text = answer.replace("\r\n", "\n").rstrip("\n")
    else:
        shown = answer if return_value else {"return": answer}
        text = json.dumps(shown, indent=2 if pretty else None, ensure_ascii=False)
    return Plain(text, {"return": answer}, [found.name])


async def qemu_agent_command(  # virsh's options
    domain: DomainArg,
    *cmd: Annotated[str, about("The command: a name, or JSON as the agent has it.")],
    wait: Annotated[int | None, about("Seconds that it may take.")] = None,
    block: Annotated[bool, about("Wait for the answer for ever.")] = False,
    pretty: Annotated[bool, about("Indent the answer.")] = False,
    async_: Annotated[bool, Parameter(name="--async", help="Do not wait for it at all.")] = False,
    session: SessionArg,
) -> Plain:
    """Run one command of a guest's agent.

    For example:

        aiovirt qemu-agent-command web1 guest-info
        aiovirt qemu-agent-command web1 '{"execute": "guest-get-osinfo"}' --wait 5
    """
    command, arguments = parse_command(" ".join(cmd), hmp=False)
    if not command:
        raise UsageError("qemu-agent-command needs a command", hint="such as guest-info")
    if [wait is not None, block, async_].count(True) > 1:
        raise UsageError("--wait, --block and --async exclude each other")
    seconds = wait if wait is not None else BLOCK if block else NO_WAIT if async_ else DEFAULT
    found = await session.domain(domain)
    answer = await found.agent_command(command, arguments, timeout_s=seconds)
    data = {"return": answer}
    text = json.dumps(data, indent=2 if pretty else None, ensure_ascii=False)
    return Plain(text, data, [found.name])


async def qemu_attach(pid: Annotated[int, about("Its process.")], *, session: SessionArg) -> Plain:
    """Make a domain of a QEMU that somebody else has started; libvirt does so before 5.5 only.

    For example:

        aiovirt qemu-attach 4711
    """
    found = await session.host.domains.attach_process(pid)
    return done(found.key, "attached", f"Domain '{found.name}' attached to pid {pid}")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOfMonitor:
    """Which of the monitor's events, and how many."""

    domain: OtherDomainArg = None
    event: Annotated[str | None, about("Only those of this name.")] = None
    regex: Annotated[bool, about("The name is a regular expression.")] = False
    no_case: Annotated[bool, about("The name's case does not matter.")] = False
    loop: Annotated[bool, about("Go on after the first.")] = False
    timestamp: Annotated[bool, about("Say when each happened.")] = False
    pretty: Annotated[bool, about("Indent what it tells.")] = False


async def qemu_monitor_event(
    *, wanted: WantedOfMonitor = WantedOfMonitor(), context: ContextArg
) -> None:
    """Wait for events of QEMU's monitor and show them.

    Ends after the first, or with --loop when it is stopped; at --timeout without error if there
    was any. For example:

        aiovirt qemu-monitor-event --domain web1 --loop --timestamp
        aiovirt qemu-monitor-event --event 'BLOCK_JOB.*' --regex
    """
    watch = _MonitorWatch(context, wanted)
    with anyio.move_on_after(context.settings.timeout):
        async with while_read(sys.stdout.fileno()):
            await watch.run()
    if not watch.count:
        raise DeadlinePassed("no such event came")
    context.out.say(f"events received: {watch.count}")


@dataclass(slots=True)
class _MonitorWatch:
    """One run of the verb. `count` is right even when the time is up."""

    context: Context
    wanted: WantedOfMonitor
    count: int = 0

    async def run(self) -> None:
        """Show events until it is enough."""
        async with (
            self.context.connect() as session,
            await _monitor_events(session, self.wanted) as events,
        ):
            async for event in events:
                if isinstance(event, MonitorEvent):
                    self.count += 1
                    self.context.out.show_one(_shown(event, self.wanted))
                if self.count and not self.wanted.loop:
                    break


async def _monitor_events(
    session: Session, wanted: WantedOfMonitor
) -> AbstractAsyncContextManager[EventStream]:
    """The subscription that is asked for."""
    source = session.host if wanted.domain is None else await session.domain(wanted.domain)
    return source.monitor_events(wanted.event, regex=wanted.regex, ignore_case=wanted.no_case)


def _shown(event: MonitorEvent, wanted: WantedOfMonitor) -> Plain:
    """An event as virsh shows it, and its data."""
    stamp = ""
    if wanted.timestamp:
        when = datetime.fromtimestamp(event.time).astimezone()
        stamp = f"{when.isoformat(sep=' ', timespec='milliseconds')}: "
    told = json.dumps(event.data, indent=2 if wanted.pretty else None, ensure_ascii=False)
    text = f"{stamp}event {event.name} for domain '{event.domain.name}': {told}"
    data = {
        "event": event.name,
        "time": event.time,
        "domain": {"name": event.domain.name, "uuid": str(event.domain.uuid)},
        "data": dict(event.data),
    }
    return Plain(text, data, [event.domain.name])
