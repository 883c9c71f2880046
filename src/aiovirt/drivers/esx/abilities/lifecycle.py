"""The life of a machine: starting, suspending, stopping, and what its guest is asked to do."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from aiovirt.drivers.esx.faults import DRIVER, POWER_WORDS
from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import InvalidState, Unsupported
from aiovirt.interfaces import Lifecycle, refuse_flags
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.protocols.vsphere import Empty, Method, Ref
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["EsxLifecycle"]

_AGENT: Final = 0x2
"""The flag of shutdown and reboot that asks for the agent: VMware Tools are one."""

_GRACEFUL: Final = 0x1
"""The flag of `DomainDestroyFlags` that forbids to kill."""


class EsxLifecycle(EsxAbility, Lifecycle):
    """Operations that change a machine's power state."""

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.start`: a machine that is suspended goes on where it was.

        Raises:
            Unsupported: It shall stand still before its first step, which ESX cannot.
        """
        refuse_flags(DRIVER, "start", flags)
        if paused:
            raise Unsupported(DRIVER, "starting a domain that stands still")
        async with self._in(domain, "start", OFF, SUSPENDED) as machine:
            _no_template(machine)
            suspended = machine.power == SUSPENDED
            reason = StateReason.RUNNING_UNPAUSED if suspended else StateReason.RUNNING_BOOTED
            await self._power(machine, "start", ON, reason)

    async def resume(self, domain: DomainKey) -> None:
        """See `Lifecycle.resume`."""
        async with self._in(domain, "resume", SUSPENDED, ON, already=ON) as machine:
            if machine.power == SUSPENDED:
                await self._power(machine, "resume", ON, StateReason.RUNNING_UNPAUSED)

    async def suspend(self, domain: DomainKey) -> None:
        """See `Lifecycle.suspend`: its memory goes into a file, and its host's is free."""
        async with self._in(domain, "suspend", ON, SUSPENDED, already=SUSPENDED) as machine:
            if machine.power == ON:
                await self._power(machine, "suspend", SUSPENDED, StateReason.PAUSED_USER)

    async def destroy(
        self,
        domain: DomainKey,
        *,
        graceful: bool = False,
        flags: DomainDestroyFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.destroy`: ESX always writes what it has to, so all of it is graceful."""
        del graceful
        refuse_flags(DRIVER, "destroy", flags, _GRACEFUL)
        async with self._in(domain, "destroy", ON, SUSPENDED) as machine:
            await self._power(machine, "destroy", OFF, StateReason.SHUTOFF_DESTROYED)

    async def reset(self, domain: DomainKey) -> None:
        """See `Lifecycle.reset`."""
        async with self._in(domain, "reset", ON) as machine:
            await self.session.change(m.RESET_VM_TASK, machine, what=_what("reset", machine))
            # Where that is done by powering it off and on, it is not to seem off hereafter.
            await self.session.fresh(machine)

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`: VMware Tools in the guest do it.

        Raises:
            InvalidState: No tools run in it.
        """
        refuse_flags(DRIVER, "shutdown", flags, _AGENT)
        machine = await self._ask_guest(m.SHUTDOWN_GUEST, domain, "shut down")
        if wait:
            await self.session.machines.until(
                machine.ref, lambda now: now is None or now.power == OFF, bound_s=math.inf
            )

    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """See `Lifecycle.reboot`: VMware Tools in the guest do it.

        Raises:
            InvalidState: No tools run in it.
        """
        refuse_flags(DRIVER, "reboot", flags, _AGENT)
        await self._ask_guest(m.REBOOT_GUEST, domain, "reboot")

    async def inject_nmi(self, domain: DomainKey) -> None:
        """See `Lifecycle.inject_nmi`."""
        async with self._in(domain, "interrupt", ON) as machine:
            what = f"send domain {machine.name!r} an NMI"
            await self.session.call(m.SEND_NMI, machine.ref, what=what)

    # --- how ------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _in(
        self, domain: DomainKey, verb: str, *powers: str, already: str | None = None
    ) -> AsyncIterator[Machine]:
        """Change a machine that is in one of these power states.

        One that seems to be in another, or in that which is wanted `already`, is asked for anew.

        Raises:
            InvalidState: It is in another.
        """
        async with self.session.changing(domain) as known:
            sure = known.power in powers and known.power != already
            machine = known if sure else await self.session.fresh(known)
            if machine.power not in powers:
                raise InvalidState(
                    f"cannot {verb} domain {machine.name!r}: it is "
                    f"{POWER_WORDS.get(machine.power, machine.power)}"
                )
            yield machine

    async def _ask_guest(
        self, method: Method[Empty, None], domain: DomainKey, verb: str
    ) -> Machine:
        async with self._in(domain, verb, ON) as machine:
            await self.session.call(method, machine.ref, what=_what(verb, machine))
            return machine

    async def _power(self, machine: Machine, verb: str, power: Power, reason: StateReason) -> None:
        """Bring a machine into a power state."""
        with self.session.expecting(machine, reason):
            await self.session.change(_METHODS[power], machine, what=_what(verb, machine))
        self.session.watcher.assume(machine.ref, power)


_METHODS: Final[Mapping[str, Method[Any, Ref]]] = {
    ON: m.POWER_ON_VM_TASK,
    OFF: m.POWER_OFF_VM_TASK,
    SUSPENDED: m.SUSPEND_VM_TASK,
}


def _what(verb: str, machine: Machine) -> str:
    return f"{verb} domain {machine.name!r}"


def _no_template(machine: Machine) -> None:
    if machine.template:
        raise InvalidState(
            f"cannot start {machine.name!r}: it is a template",
            hint="clone it, or make a machine of it again",
        )
