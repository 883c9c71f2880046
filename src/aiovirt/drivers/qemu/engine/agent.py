"""One command of a guest's agent: the channel is opened for it, and closed behind it.

The agent is inside the guest: it may be missing, and never answers in the name of the driver.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiovirt.clients.guest_agent import connect_guest_agent
from aiovirt.config import Channel
from aiovirt.drivers.qemu.engine.channels import AGENT, agent_channel, is_open
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import (
    AgentError,
    AgentHung,
    AgentNotReady,
    CallerError,
    ConnectionLost,
    GuestAgentError,
    HostError,
    LibvirtDetail,
    Unresponsive,
)
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainState

__all__ = ["ask_agent", "send_text"]

AGENT_BOUND_S = 30.0
"""How long an agent may take that nobody gave another time."""
_FOR_EVER, _USUAL, _AT_ONCE = -2, -1, 0


async def ask_agent(
    domain: ManagedDomain,
    command: str,
    arguments: Mapping[str, object] | None = None,
    *,
    timeout_s: int | None = None,
) -> object:
    """Run a command in the guest and return its answer.

    Args:
        domain: Which domain.
        command: The agent's name of it.
        arguments: Its arguments.
        timeout_s: As `Guest.set_agent_timeout` has it; None for what was set there.

    Raises:
        InvalidState: The domain does not run, or stands still.
        AgentError: It has no channel for an agent.
        AgentNotReady: No agent has it open.
        AgentHung: The agent does not answer in time.
        AgentDisabled: It may not do that.
        GuestAgentError: It refused.
    """
    live = domain.running()
    if domain.state is not DomainState.RUNNING:
        raise _unusable(domain, f"it is {domain.state.label}", ErrorNumber.ERR_OPERATION_INVALID)
    path = _socket(domain, live.folder)
    wanted = domain.agent_timeout_s if timeout_s is None else timeout_s
    bound = {_FOR_EVER: math.inf, _USUAL: AGENT_BOUND_S}.get(wanted, float(wanted))
    async with live.agent:
        with _explained(domain, command):
            async with connect_guest_agent(path, name=domain.name) as agent:
                if wanted == _AT_ONCE:
                    await agent.notify(command, arguments)
                    return None
                return await agent.execute(command, arguments, timeout_s=bound)


@contextmanager
def _explained(domain: ManagedDomain, command: str) -> Iterator[None]:
    """A block that asks an agent; what goes wrong in it is told as libvirt's clients know it."""
    try:
        yield
    except GuestAgentError as error:
        text = (
            f"internal error: unable to execute QEMU agent command '{command}': {error.description}"
        )
        error.libvirt = LibvirtDetail(ErrorNumber.ERR_INTERNAL_ERROR, ErrorDomain.QEMU, text)
        raise
    except Unresponsive as error:
        text = f"the guest agent of domain {domain.name!r} is not responding: {error}"
        hung = AgentHung(text, hint="restart qemu-guest-agent in the guest; is the guest stuck?")
        raise numbered(hung, ErrorNumber.ERR_AGENT_UNRESPONSIVE) from error
    except (ConnectionLost, HostError) as error:
        text = f"the guest agent of domain {domain.name!r} cannot be reached: {error}"
        raise numbered(AgentError(text), ErrorNumber.ERR_AGENT_UNRESPONSIVE) from error


async def send_text(domain: ManagedDomain, text: str, timeout_s: int) -> str | None:
    """Run a command that is given as JSON; gives the answer's JSON."""
    try:
        said = json.loads(text)
        command, arguments = said["execute"], said.get("arguments")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CallerError(f"this is no command of the guest agent: {text!r}") from error
    answer = await ask_agent(domain, str(command), arguments, timeout_s=timeout_s)
    return None if timeout_s == _AT_ONCE else json.dumps({"return": answer}, separators=(",", ":"))


def _socket(domain: ManagedDomain, folder: Path) -> Path:
    """The path of the agent's channel, which the guest has open."""
    channel = agent_channel(domain.config())
    if channel is None:
        number = ErrorNumber.ERR_ARGUMENT_UNSUPPORTED
        raise _unusable(domain, f"it has no channel {AGENT}", number)
    if not is_open(channel):
        error = AgentNotReady(
            f"the guest agent of domain {domain.name!r} is not connected",
            hint="wait until the guest has started qemu-guest-agent; is it installed?",
        )
        raise numbered(error, ErrorNumber.ERR_AGENT_UNRESPONSIVE)
    return _path_of(domain, channel, folder)


def _path_of(domain: ManagedDomain, channel: Channel, folder: Path) -> Path:
    if channel.type != "unix":
        raise _unusable(
            domain, "its agent's channel is no Unix socket", ErrorNumber.ERR_ARGUMENT_UNSUPPORTED
        )
    given = channel.source.path
    return Path(given) if given else folder / QEMU_FOLDER / f"{AGENT}.sock"


def _unusable(domain: ManagedDomain, why: str, number: ErrorNumber) -> AgentError:
    error = AgentError(
        f"the guest agent of domain {domain.name!r} cannot be asked: {why}",
        hint=f"give it <channel type='unix'> with a virtio target named {AGENT}",
    )
    return numbered(error, number)
