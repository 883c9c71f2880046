"""Whether VMware Tools in a guest answer, and what they tell; why not, where they do not."""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.esx.machine import ON, Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import AgentNotReady, InvalidState
from aiovirt.protocols.vsphere.tables.guest import GuestInfo

__all__ = ["guest_of", "running"]

_GUEST: Final = "guest"
_RUNNING: Final = "guestToolsRunning"
_ABSENT: Final = frozenset({"guestToolsNotInstalled", "toolsNotInstalled"})


def running(machine: Machine) -> Machine:
    """A machine that runs.

    Raises:
        InvalidState: It does not.
    """
    if machine.power != ON:
        raise InvalidState(
            f"domain {machine.name!r} does not run", hint=f"aiovirt start {machine.name}"
        )
    return machine


async def guest_of(session: Session, machine: Machine) -> GuestInfo:
    """What Tools tell of a guest.

    Raises:
        InvalidState: The machine does not run.
        AgentNotReady: No Tools are in the guest, or they do not run.
    """
    running(machine)
    what = f"tell of the guest of domain {machine.name!r}"
    found = (await session.get(machine.ref, _GUEST, what=what)).get(_GUEST)
    if isinstance(found, GuestInfo) and found.tools_running_status == _RUNNING:
        return found
    known = found if isinstance(found, GuestInfo) else None
    states = set() if known is None else {known.tools_version_status2, known.tools_version_status}
    states |= set() if known is None else {str(known.tools_status)}
    if states & _ABSENT:
        raise AgentNotReady(
            f"VMware Tools are not installed in domain {machine.name!r}",
            hint="install open-vm-tools in the guest",
        )
    raise AgentNotReady(
        f"VMware Tools do not run in domain {machine.name!r}",
        hint="wait until the guest has started, or see why vmtoolsd does not run there",
    )
