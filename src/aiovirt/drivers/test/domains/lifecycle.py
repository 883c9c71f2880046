"""Starting, pausing and stopping domains of the host in memory: all happens at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.test.domains.base import DomainAbility, meant_all
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.errors import ConfigError, InvalidState
from aiovirt.interfaces import Lifecycle
from aiovirt.model.domain import (
    DomainKey,
    DomainState,
    LifecycleAction,
    LifecycleOccasion,
    StateReason,
)
from aiovirt.model.events import LifecycleDetail, RebootEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainModificationImpact,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["TestLifecycle"]

FORCE_BOOT = 8
"""The flag of `DomainCreateFlags` that throws a saved state away."""


class TestLifecycle(DomainAbility, Lifecycle):
    """Guests that obey."""

    __test__ = False

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.start`."""
        machine = self.get(domain)
        self.domains.check_off(machine)
        saved = machine.saved
        if saved is None or flags & FORCE_BOOT:
            self.domains.begin(machine, machine.persistent())
            if paused:
                self._pause(machine)
        else:
            self.domains.restore(machine, saved, paused=paused or saved.paused)
        machine.saved = None

    def _pause(self, machine: Machine) -> None:
        self.domains.change(machine, StateReason.PAUSED_USER, LifecycleDetail.SUSPENDED_PAUSED)

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`: the guest obeys at once, however it is asked."""
        del wait, flags
        machine = self.get(domain)
        action = machine.running().config.on_poweroff or "destroy"
        self._occasion(machine, action)

    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """See `Lifecycle.reboot`."""
        del flags
        machine = self.get(domain)
        action = machine.running().config.on_reboot or "restart"
        self._occasion(machine, action)

    def _occasion(self, machine: Machine, action: str) -> None:
        """Do what the configuration says of a guest that ended or began anew by itself."""
        if action == "preserve":
            self.domains.change(
                machine, StateReason.SHUTDOWN_USER, LifecycleDetail.SHUTDOWN_FINISHED
            )
        elif action == "destroy":
            self.domains.end(
                machine, StateReason.SHUTOFF_SHUTDOWN, LifecycleDetail.STOPPED_SHUTDOWN
            )
        else:
            self._boot_again(machine)

    def _boot_again(self, machine: Machine) -> None:
        machine.reason = StateReason.RUNNING_BOOTED
        self.world.publish(RebootEvent(time=self.world.now(), domain=machine.key))

    async def reset(self, domain: DomainKey) -> None:
        """See `Lifecycle.reset`."""
        machine = self.get(domain)
        machine.running()
        self._boot_again(machine)

    async def destroy(
        self,
        domain: DomainKey,
        *,
        graceful: bool = False,
        flags: DomainDestroyFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.destroy`."""
        del graceful, flags
        detail = LifecycleDetail.STOPPED_DESTROYED
        self.domains.end(self.get(domain), StateReason.SHUTOFF_DESTROYED, detail)

    async def suspend(self, domain: DomainKey) -> None:
        """See `Lifecycle.suspend`."""
        machine = self.get(domain)
        machine.running()
        if machine.reason.state is DomainState.PM_SUSPENDED:
            raise InvalidState(f"domain {machine.name!r} sleeps: wake it up first")
        if machine.reason.state is not DomainState.PAUSED:
            self._pause(machine)

    async def resume(self, domain: DomainKey) -> None:
        """See `Lifecycle.resume`."""
        machine = self.get(domain)
        machine.running()
        if machine.reason.state is DomainState.PM_SUSPENDED:
            raise InvalidState(f"domain {machine.name!r} sleeps: wake it up first")
        if machine.reason.state is DomainState.PAUSED:
            detail = LifecycleDetail.RESUMED_UNPAUSED
            self.domains.change(machine, StateReason.RUNNING_UNPAUSED, detail)

    async def inject_nmi(self, domain: DomainKey) -> None:
        """See `Lifecycle.inject_nmi`: the guest takes it calmly."""
        self.running(domain)

    async def set_lifecycle_action(
        self,
        domain: DomainKey,
        occasion: LifecycleOccasion,
        action: LifecycleAction,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.set_lifecycle_action`."""
        if occasion != "crash" and action.startswith("coredump"):
            raise ConfigError(
                f"the action {action!r} is for crashes, not for {occasion}", field="action"
            )
        for config in meant_all(self.get(domain), flags):
            setattr(config, _FIELDS[occasion], action)


_FIELDS = {"poweroff": "on_poweroff", "reboot": "on_reboot", "crash": "on_crash"}
