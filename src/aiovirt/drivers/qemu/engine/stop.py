"""Ending, pausing and resetting running domains."""

from __future__ import annotations

import logging
import signal
from contextlib import nullcontext, suppress

import anyio
from anyio import to_thread

from aiovirt._tasks import open_task_group
from aiovirt.drivers.qemu.argv import TAP_TYPES
from aiovirt.drivers.qemu.engine.agent import ask_agent
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain, MovePhase
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, KILL_GRACE_S, KILL_WAIT_S
from aiovirt.errors import AiovirtError, HostError, InvalidState, Unresponsive
from aiovirt.host.taps import remove_tap, taps_open_in
from aiovirt.model.domain import Control, DomainState, StateReason

log = logging.getLogger("aiovirt.qemu")

_OFF = (DomainState.SHUTOFF, DomainState.SHUTDOWN, DomainState.CRASHED)

__all__ = [
    "by_agent",
    "destroy",
    "end",
    "goes_on",
    "gone_on",
    "halt",
    "power_button",
    "reset",
    "resume",
    "suspend",
]

_STUCK_GRACE_S = 0.2
"""How long a QEMU that is known not to answer may take to end after SIGTERM."""


async def destroy(engine: Engine, domain: ManagedDomain, *, graceful: bool) -> None:
    """End QEMU now; returns when all is cleaned away.

    Raises:
        InvalidState: It is not running.
        Unresponsive: It did not end in time, and `graceful` forbids to kill it.

    Cancellation: QEMU may end later by the signal it got, or be still there.
    """
    if domain.changes.taken() and domain.live is not None and domain.live.booted:
        if domain.job is not None:
            with suppress(InvalidState):  # one that cannot be given up ends with its QEMU
                await domain.job.abort()
        # What is under way may wait for a QEMU that hangs: it ends with it.
        await end(engine, domain, graceful=graceful)
        return
    async with domain.changes:
        await end(engine, domain, graceful=graceful)


async def end(
    engine: Engine,
    domain: ManagedDomain,
    *,
    graceful: bool = False,
    ending: StateReason = StateReason.SHUTOFF_DESTROYED,
) -> None:
    """End QEMU; returns when the supervisor has cleaned all away. Errors as `destroy`."""
    live = domain.running()
    before = live.ending
    live.ending = ending
    await _note(engine, domain, live)
    if await _terminated(live, graceful=graceful):
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


async def _terminated(live: LiveDomain, *, graceful: bool) -> bool:
    """Ask QEMU to end, and tell whether all was cleaned away in time."""
    stuck = live.control.control is Control.UNRESPONSIVE
    grace_s = _STUCK_GRACE_S if stuck else KILL_GRACE_S
    async with open_task_group() as removing:
        if not graceful:  # there is no way back
            removing.start_soon(_remove_taps, live)
        return await _signalled(live, signal.SIGTERM, grace_s)
    raise AssertionError  # the block returns or raises


async def _remove_taps(live: LiveDomain) -> None:
    """Remove the tap devices of a QEMU that ends: it would wait for one after the other."""
    if not any(each.type in TAP_TYPES for each in live.config.interfaces):
        return
    async with open_task_group() as each:
        for name in await to_thread.run_sync(taps_open_in, live.process.pid):
            each.start_soon(_remove_tap, name)


async def _remove_tap(name: str) -> None:
    with suppress(HostError):  # it goes with QEMU then
        await to_thread.run_sync(remove_tap, name)


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


async def by_agent(engine: Engine, domain: ManagedDomain, *, reboot: bool) -> LiveDomain:
    """Have the guest's agent shut it down, or `reboot` it.

    The agent answers only when it cannot, and maybe late: that is not waited for.

    Raises:
        InvalidState: The domain does not run.
        AgentError: There is no agent, or it cannot; see `ask_agent`.
    """
    async with domain.changes:
        live = domain.running()
        await _intend(engine, domain, live, reboot=False)  # this guest resets by itself
        mode = {"mode": "reboot" if reboot else "powerdown"}
        await ask_agent(domain, "guest-shutdown", mode, timeout_s=0)
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


async def halt(domain: ManagedDomain, reason: StateReason) -> bool:
    """Stop the processors for something that is done meanwhile; whether they ran.

    The caller has the domain's turn.

    Raises:
        Unresponsive: QEMU took the command, and its processors go on.
    """
    monitor = domain.monitor()
    if domain.state is not DomainState.RUNNING:
        return False
    domain.running().pause = reason
    await monitor.execute("stop")
    await _settle(domain, DomainState.PAUSED, *_OFF)
    return True


async def goes_on(domain: ManagedDomain) -> None:
    """Wait until the processors that QEMU lets go by itself have gone on, and that was told."""
    await _settle(domain, DomainState.RUNNING, *_OFF)


async def gone_on(domain: ManagedDomain, *, ran: bool) -> None:
    """As `goes_on`, at the end of work that was done, failed or given up: nothing breaks it off.

    Else whoever does something with the guest next could take it for one that is to stand still.
    """
    if ran:
        with anyio.CancelScope(shield=True), suppress(AiovirtError):
            await goes_on(domain)


async def suspend(domain: ManagedDomain) -> None:
    """Stop the processors; returns when they stand and the event was told.

    Raises:
        InvalidState: It is not running, or it sleeps or crashed.
        Unresponsive: QEMU took the command, and its processors go on.
    """
    moving = domain.live is not None and domain.live.move is MovePhase.LEAVING
    async with nullcontext() if moving else domain.changes:  # standing still, it moves sooner
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
        domain.refuse_two()
        # One whose move has an end that nobody knows goes on here because somebody says so.
        domain.running().move = None
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
