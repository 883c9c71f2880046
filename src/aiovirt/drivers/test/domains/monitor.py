"""What domains of the host in memory answer in the place of a hypervisor's monitor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.test.domains.agent import check_agent, hostname
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.errors import CallerError, GuestAgentError, QMPCommandError
from aiovirt.interfaces import Monitor
from aiovirt.model.domain import DomainKey, DomainState

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainQemuMonitorCommandFlags

__all__ = ["TestMonitor"]

_HMP: Final = 0x1

Answer = Callable[[Machine], object]


class TestMonitor(DomainAbility, Monitor):
    """A few harmless questions; everything else is an unknown command."""

    __test__ = False

    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """See `Monitor.monitor_command`."""
        del arguments
        machine = self.get(domain)
        machine.running()
        return _answer(_QMP, machine, command, QMPCommandError)

    async def monitor_text(
        self, domain: DomainKey, text: str, *, flags: DomainQemuMonitorCommandFlags | Literal[0] = 0
    ) -> str:
        """See `Monitor.monitor_text`."""
        machine = self.get(domain)
        machine.running()
        if flags & _HMP:
            known = {"info status": f"VM status: {_status(machine)}\r\n"}
            unknown = f"unknown command: '{text.split(' ', maxsplit=1)[0]}'\r\n"
            return known.get(text.strip(), unknown)
        return _told(lambda: _answer(_QMP, machine, _name(text), QMPCommandError))

    async def agent_text(self, domain: DomainKey, text: str, *, timeout_s: int = -1) -> str | None:
        """See `Monitor.agent_text`."""
        machine = self.get(domain)
        check_agent(machine.running().config)
        answer = json.dumps({"return": _answer(_AGENT, machine, _name(text), GuestAgentError)})
        return answer if timeout_s else None


def _name(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CallerError(f"the command is no JSON: {error}") from error
    name = found.get("execute") if isinstance(found, dict) else None
    if not isinstance(name, str):
        raise CallerError("the command has no `execute`")
    return name


def _told(ask: Callable[[], object]) -> str:
    try:
        return json.dumps({"return": ask(), "id": "libvirt-1"})
    except QMPCommandError as error:
        told = {"class": error.error_class, "desc": error.description}
        return json.dumps({"id": "libvirt-1", "error": told})


def _answer(
    table: Mapping[str, Answer],
    machine: Machine,
    command: str,
    refusal: type[QMPCommandError | GuestAgentError],
) -> object:
    if command not in table:
        raise refusal(command, "CommandNotFound", f"The command {command} has not been found")
    return table[command](machine)


def _status(machine: Machine) -> str:
    return "running" if machine.reason.state is DomainState.RUNNING else "paused"


_QMP: Final[Mapping[str, Answer]] = {
    "query-status": lambda machine: {
        "running": _status(machine) == "running",
        "singlestep": False,
        "status": _status(machine),
    },
    "query-name": lambda machine: {"name": machine.name},
    "query-uuid": lambda machine: {"UUID": str(machine.uuid)},
}
_AGENT: Final[Mapping[str, Answer]] = {
    "guest-ping": lambda _: {},
    "guest-sync": lambda _: {},
    "guest-get-host-name": lambda machine: {"host-name": hostname(machine.config)},
}
