"""Ending, pausing and resetting running domains."""

from __future__ import annotations

import logging
import signal

import anyio

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, KILL_GRACE_S, KILL_WAIT_S
from aiovirt.errors import HostError, InvalidState, Unresponsive
from aiovirt.model.domain import Control, DomainState, StateReason

log = logging.getLogger("aiovirt.qemu")

_OFF = (DomainState.SHUTOFF, DomainState.SHUTDOWN, DomainState.CRASHED)

__all__ = ["destroy", "power_button", "reset", "resume", "suspend"]

_STUCK_GRACE_S = 0.2
"""How long a QEMU that is known not to answer may take to end after SIGTERM."""


async def destroy(engine: Engine, domain: ManagedDomain, *, graceful: bool) -> None:
    """End QEMU now; returns when all is cleaned away.

    Raises:
        InvalidState: It is not running.
        Unresponsive: It did not end in time, and `graceful` forbids to kill it.

    Cancellation: QEMU may end later by the signal it got, or be still there.
    """
    async with domain.changes:
        live = domain.running()
        await _end(engine, domain, live, graceful=graceful)


async def _end(engine: Engine, domain: ManagedDomain, live: LiveDomain, *, graceful: bool) -> None:
    """End QEMU; returns when the supervisor has cleaned all away. Errors as `destroy`."""
    before = live.ending
    live.ending = StateReason.SHUTOFF_DESTROYED
    await _note(engine, domain, live)
    stuck = live.control.control is Control.UNRESPONSIVE
    if await _signalled(live, signal.SIGTERM, _STUCK_GRACE_S if stuck else KILL_GRACE_S):
        return
    if graceful:
        live.ending = before
        await _note(engine, domain, live)
        raise Unresponsive(
            f"QEMU of domain {domain.name!r} did not end within {KILL_GRACE_S:g} s of SIGTERM",
            hint="destroy it without `graceful` to kill it",
        )
    if not await _signalled(live, signal.SIGKILL, KILL_WAIT_S):
        raise Unresponsive(
            f"QEMU of domain {domain.name!r} did not end within {KILL_WAIT_S:g} s of SIGKILL",
            hint="it hangs in the kernel, usually on dead storage",
        )


async def _note(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    """Write the status for the next process; a full disk keeps nobody from ending a guest."""
    try:
        await engine.save_status(domain, live)
    except HostError as error:
        log.warning("status of domain %s: %s", domain.name, error)


async def _signalled(live: LiveDomain, number: int, bound_s: float) -> bool:
    """Send a signal and tell whether all was cleaned away within so many seconds."""
    if not live.ended.is_set():
        live.process.send_signal(number)
        live.process.send_signal(signal.SIGCONT)  # a stopped process could not act on it
    with anyio.move_on_after(bound_s):
        await live.ended.wait()
    return live.ended.is_set()


async def power_button(engine: Engine, domain: ManagedDomain, *, reboot: bool) -> LiveDomain:
    """Press the guest's power button; a `reboot` starts it anew when it is off.

    Raises:
        InvalidState: It is not running, or paused: a paused guest cannot react.
    """
    async with domain.changes:
        live = domain.running()
        if domain.state not in {DomainState.RUNNING, DomainState.PM_SUSPENDED}:
            raise InvalidState(
                f"domain {domain.name!r} is {domain.state.label} and cannot react",
                hint="resume it first, or destroy it",
            )
        await _intend(engine, domain, live, reboot=reboot)
        await domain.monitor().execute("system_powerdown")
        return live


async def _intend(engine: Engine, domain: ManagedDomain, live: LiveDomain, *, reboot: bool) -> None:
    """Note whether the guest's next shutdown is the first half of a reboot.

    Raises:
        HostError: The disk is full, so a reboot might end as a shutdown.
    """
    if live.rebooting is reboot:
        return
    live.rebooting = reboot
    if not reboot:
        await _note(engine, domain, live)
        return
    try:
        await engine.save_status(domain, live)
    except BaseException:
        live.rebooting = False
        raise


async def reset(domain: ManagedDomain) -> None:
    """Press the guest's reset button.

    Raises:
        InvalidState: It is not running.
    """
    async with domain.changes:
        await domain.monitor().execute("system_reset")


async def suspend(domain: ManagedDomain) -> None:
    """Stop the processors; returns when they stand and the event was told.

    Raises:
        InvalidState: It is not running, or it sleeps or crashed.
        Unresponsive: QEMU took the command, and its processors go on.
    """
    async with domain.changes:
        monitor = domain.monitor()
        if domain.state is DomainState.PAUSED:
            return
        if domain.state is not DomainState.RUNNING:
            raise InvalidState(
                f"domain {domain.name!r} is {domain.state.label}: its processors stand already",
                hint="resume it first, or destroy it",
            )
        domain.running().pause = StateReason.PAUSED_USER
        await monitor.execute("stop")
        await _settle(domain, DomainState.PAUSED, *_OFF)


async def resume(domain: ManagedDomain) -> None:
    """Let the processors go on.

    Raises:
        InvalidState: It is not running, or it crashed.
    """
    async with domain.changes:
        monitor = domain.monitor()
        if domain.state is DomainState.RUNNING:
            return
        if domain.state not in {DomainState.PAUSED, DomainState.PM_SUSPENDED}:
            raise InvalidState(
                f"domain {domain.name!r} is {domain.state.label} and cannot be resumed",
                hint="destroy it and start it again",
            )
        command = "system_wakeup" if domain.state is DomainState.PM_SUSPENDED else "cont"
        await monitor.execute(command)
        await _settle(domain, DomainState.RUNNING, *_OFF)


async def _settle(domain: ManagedDomain, *states: DomainState) -> None:
    """Wait until the event that QEMU sent ahead of its answer has changed the state."""
    with anyio.move_on_after(ANSWER_BOUND_S):
        await domain.until(*states)
        return
    raise Unresponsive(
        f"domain {domain.name!r} is still {domain.state.label} after {ANSWER_BOUND_S:g} s"
    )
