"""Starting and stopping machines.

A suspended machine is what others call a paused one, as libvirt has it: its memory is on disk.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

import anyio

from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.failures import power_refusal
from aiovirt.drivers.esxssh.inventory import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esxssh.link import CHANGE_S, LONG_S
from aiovirt.errors import Busy, InvalidState, Unresponsive, Unsupported
from aiovirt.interfaces import Lifecycle, refuse_flags
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.events import LifecycleDetail, RebootEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["EsxLifecycle"]

START_S = CHANGE_S
"""Seconds that a start may take; one that takes longer may wait for somebody's answer."""

OFF_POLL_S = 1.0
"""Seconds between two looks at a machine whose end is waited for."""

_STATES = {ON: "running", OFF: "shut off", SUSPENDED: "suspended"}
_ACPI = 1
"""The flag of shutting down and rebooting by the power button, which is what VMware Tools hear."""


class EsxLifecycle(EsxAbility, Lifecycle):
    """See `Lifecycle`. A change returns when the host's task has ended."""

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.start`; nothing starts paused here.

        Raises:
            Busy: The host asks something first; its question is in the text.
        """
        refuse_flags(DRIVER, "start", flags)
        if paused:
            raise Unsupported(DRIVER, "start", "the host starts no machine paused")
        async with self._from(domain, OFF, hint=f"aiovirt resume {domain.name}") as machine:
            await self._power_on(machine, "start")
            reason, detail = StateReason.RUNNING_BOOTED, LifecycleDetail.STARTED_BOOTED
            self.context.watcher.changed(machine, ON, reason, detail)

    async def _power_on(self, machine: Machine, verb: str) -> None:
        try:
            await self._power(machine, "vmsvc/power.on", ON, verb, START_S)
        except Unresponsive as error:
            question = (await self.inventory.get(machine.key)).summary.text("runtime.question.text")
            if question is None:
                raise
            raise Busy(
                f"{self.host.where} asks before it starts domain {machine.key.name!r}: {question}",
                hint=f"vim-cmd vmsvc/message {machine.vmid} there shows and answers it",
            ) from error

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`: VMware Tools in the guest are asked."""
        refuse_flags(DRIVER, "shutdown", flags, _ACPI)
        async with self._from(domain, ON) as machine:
            await self._ask("vmsvc/power.shutdown", machine, "shut down")
            power = await self._state(machine)
            while power == ON and wait:
                await anyio.sleep(OFF_POLL_S)
                power = await self._state(machine)
            if power == OFF:
                reason, detail = StateReason.SHUTOFF_SHUTDOWN, LifecycleDetail.STOPPED_SHUTDOWN
                self.context.watcher.changed(machine, OFF, reason, detail)

    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """See `Lifecycle.reboot`: VMware Tools in the guest are asked."""
        refuse_flags(DRIVER, "reboot", flags, _ACPI)
        async with self._from(domain, ON) as machine:
            await self._ask("vmsvc/power.reboot", machine, "reboot")
            self.context.watcher.tell(RebootEvent(time=time.time(), domain=machine.key))

    async def reset(self, domain: DomainKey) -> None:
        """See `Lifecycle.reset`."""
        async with self._from(domain, ON) as machine:
            await self._power(machine, "vmsvc/power.reset", ON, "reset")
            self.context.watcher.tell(RebootEvent(time=time.time(), domain=machine.key))

    async def destroy(
        self,
        domain: DomainKey,
        *,
        graceful: bool = False,
        flags: DomainDestroyFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.destroy`; a suspended machine has no plug to pull."""
        del graceful  # the host's own power-off kills nothing
        refuse_flags(DRIVER, "destroy", flags)
        async with self._from(domain, ON) as machine:
            await self._power(machine, "vmsvc/power.off", OFF, "stop")
            reason, detail = StateReason.SHUTOFF_DESTROYED, LifecycleDetail.STOPPED_DESTROYED
            self.context.watcher.changed(machine, OFF, reason, detail)

    async def suspend(self, domain: DomainKey) -> None:
        """See `Lifecycle.suspend`: its memory is written to disk."""
        async with self.context.changing(domain) as machine:
            if machine.power == SUSPENDED:
                return
            self._check(machine, ON)
            await self._power(machine, "vmsvc/power.suspend", SUSPENDED, "suspend", LONG_S)
            reason, detail = StateReason.PAUSED_USER, LifecycleDetail.SUSPENDED_PAUSED
            self.context.watcher.changed(machine, SUSPENDED, reason, detail)

    async def resume(self, domain: DomainKey) -> None:
        """See `Lifecycle.resume`."""
        async with self.context.changing(domain) as machine:
            if machine.power == ON:
                return
            self._check(machine, SUSPENDED)
            await self._power_on(machine, "resume")
            reason, detail = StateReason.RUNNING_UNPAUSED, LifecycleDetail.RESUMED_UNPAUSED
            self.context.watcher.changed(machine, ON, reason, detail)

    # --- how ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _from(
        self, domain: DomainKey, power: str, hint: str | None = None
    ) -> AsyncIterator[Machine]:
        """Change a machine that must be in a state."""
        async with self.context.changing(domain) as machine:
            self._check(machine, power, hint)
            yield machine

    def _check(self, machine: Machine, power: str, hint: str | None = None) -> None:
        """See that a machine is in a state.

        Raises:
            InvalidState: It is not.
        """
        if machine.power == power:
            return
        hints = {
            OFF: f"aiovirt start {machine.key.name}",
            ON: f"aiovirt destroy {machine.key.name}",
        }
        hints[SUSPENDED] = hint or f"aiovirt resume {machine.key.name}"
        raise InvalidState(
            f"domain {machine.key.name!r} on {self.host.where} is {_STATES[machine.power]}, "
            f"and not {_STATES[power]}",
            hint=hints[machine.power],
        )

    async def _ask(self, command: str, machine: Machine, verb: str) -> None:
        await self.host.vim(command, str(machine.vmid), what=f"{verb} domain {machine.key.name!r}")

    async def _state(self, machine: Machine) -> str:
        return (await self.inventory.get(machine.key)).power

    async def _power(
        self, machine: Machine, command: str, power: str, verb: str, bound_s: float = CHANGE_S
    ) -> None:
        """Bring a machine into a state: what counts is the state that it has then.

        ``vim-cmd`` tells now and then of a failure where the task went well, and the reverse.
        """
        what = f"{verb} domain {machine.key.name!r}"
        line = f"vim-cmd {command} {machine.vmid}"
        output = await self.host.link.run(line, what, bound_s=bound_s)
        failed = bool(output.status) and command == "vmsvc/power.reset"
        if failed or await self._state(machine) != power:
            raise power_refusal(output, f"{self.host.where} did not {what}")
