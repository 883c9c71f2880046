"""Asking the guests of the host in memory, which all answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.test.domains.addresses import addresses
from aiovirt.drivers.test.domains.agent import (
    BORN_NS,
    check_agent,
    filesystems,
    guest_figures,
    hostname,
)
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.machine import Live
from aiovirt.errors import CallerError, InvalidState
from aiovirt.interfaces import Guest, immediate
from aiovirt.model.constants import DomainInterfaceAddressesSource, NodeSuspendTarget
from aiovirt.model.cpusets import format_cpus
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail, PowerEvent
from aiovirt.model.guest import GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAuthorizedSSHKeysSetFlags,
        DomainGetHostnameFlags,
        DomainGuestInfoTypes,
        DomainProcessSignal,
    )
    from aiovirt.model.credentials import Secret

__all__ = ["TestGuest"]

_APPEND, _REMOVE = 0x1, 0x2


class TestGuest(DomainAbility, Guest):
    """Agents that do what they are told."""

    __test__ = False

    def _agent(self, domain: DomainKey) -> Live:
        """The instance whose agent is asked.

        Raises:
            InvalidState: It does not run.
            AgentError: It has no agent.
        """
        live = self.running(domain)
        check_agent(live.config)
        return live

    async def freeze_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """See `Guest.freeze_filesystems`."""
        live = self._agent(domain)
        if live.frozen:
            raise InvalidState(f"file systems of domain {domain.name!r} stand still already")
        live.frozen = {each.mountpoint for each in self._chosen(live, mountpoints)}
        return len(live.frozen)

    async def thaw_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """See `Guest.thaw_filesystems`."""
        live = self._agent(domain)
        thawed = live.frozen & {each.mountpoint for each in self._chosen(live, mountpoints)}
        live.frozen -= thawed
        return len(thawed)

    def _chosen(self, live: Live, mountpoints: Sequence[str]) -> list[GuestFilesystem]:
        known = filesystems(live.config)
        return [each for each in known if not mountpoints or each.mountpoint in mountpoints]

    async def trim_filesystems(
        self, domain: DomainKey, mountpoint: str | None = None, *, minimum: int = 0
    ) -> None:
        """See `Guest.trim_filesystems`."""
        del mountpoint, minimum
        self._agent(domain)

    @immediate
    async def filesystems(self, domain: DomainKey) -> Sequence[GuestFilesystem]:
        """See `Guest.filesystems`."""
        return filesystems(self._agent(domain).config)

    @immediate
    async def guest_vcpus(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """See `Guest.guest_vcpus`."""
        live = self._agent(domain)
        there = set(range(live.config.vcpu.current or live.config.vcpus or 1))
        return {
            "vcpus": format_cpus(there),
            "online": format_cpus(there - live.offline),
            "offlinable": format_cpus(there - {0}),
        }

    async def set_guest_vcpus(
        self, domain: DomainKey, vcpus: Iterable[int], *, enable: bool
    ) -> None:
        """See `Guest.set_guest_vcpus`."""
        live, numbers = self._agent(domain), set(vcpus)
        there = set(range(live.config.vcpu.current or live.config.vcpus or 1))
        if not numbers <= there or (not enable and 0 in numbers):
            raise CallerError(f"the guest cannot do that with the processors {sorted(numbers)}")
        live.offline = live.offline - numbers if enable else live.offline | numbers

    @immediate
    async def guest_info(
        self, domain: DomainKey, *, types: DomainGuestInfoTypes | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Guest.guest_info`."""
        return guest_figures(self.world, self._agent(domain), types)

    @immediate
    async def guest_hostname(
        self, domain: DomainKey, *, flags: DomainGetHostnameFlags | Literal[0] = 0
    ) -> str:
        """See `Guest.guest_hostname`."""
        del flags
        return hostname(self.running(domain).config)

    @immediate
    async def guest_time(self, domain: DomainKey) -> int:
        """See `Guest.guest_time`: it stands still until somebody sets it."""
        live = self._agent(domain)
        return BORN_NS if live.clock_ns is None else live.clock_ns

    async def set_guest_time(self, domain: DomainKey, time_ns: int, *, sync: bool = False) -> None:
        """See `Guest.set_guest_time`."""
        live = self._agent(domain)
        live.clock_ns = int(self.world.now() * 1_000_000_000) if sync else time_ns

    async def set_user_password(
        self, domain: DomainKey, user: str, password: Secret, *, encrypted: bool = False
    ) -> None:
        """See `Guest.set_user_password`: it is not kept."""
        del user, password, encrypted
        self._agent(domain)

    @immediate
    async def ssh_keys(self, domain: DomainKey, user: str) -> Sequence[str]:
        """See `Guest.ssh_keys`."""
        self._agent(domain)
        return tuple(self.get(domain).ssh_keys.get(user, ()))

    async def set_ssh_keys(
        self,
        domain: DomainKey,
        user: str,
        keys: Sequence[str],
        *,
        flags: DomainAuthorizedSSHKeysSetFlags | Literal[0] = 0,
    ) -> None:
        """See `Guest.set_ssh_keys`."""
        self._agent(domain)
        known = self.get(domain).ssh_keys
        if flags & _REMOVE:
            known[user] = [each for each in known.get(user, []) if each not in keys]
        elif flags & _APPEND:
            old = known.get(user, [])
            known[user] = [*old, *(each for each in keys if each not in old)]
        else:
            known[user] = list(keys)

    @immediate
    async def interface_addresses(
        self, domain: DomainKey, *, source: DomainInterfaceAddressesSource | Literal[0] = 0
    ) -> Sequence[GuestInterface]:
        """See `Guest.interface_addresses`."""
        inside = source == DomainInterfaceAddressesSource.AGENT
        live = self._agent(domain) if inside else self.running(domain)
        return list(addresses(self.world, live.config, inside=inside))

    async def set_agent_timeout(self, domain: DomainKey, timeout_s: int) -> None:
        """See `Guest.set_agent_timeout`: no agent here needs any."""
        del timeout_s
        self.get(domain)

    async def send_process_signal(
        self, domain: DomainKey, pid: int, signal: DomainProcessSignal
    ) -> None:
        """See `Guest.send_process_signal`: libvirt's test driver knows the first process only."""
        del signal
        self.running(domain)
        if pid != 1:
            raise CallerError(f"the guest has no process {pid}")

    @immediate
    async def messages(self, domain: DomainKey, *, flags: int = 0) -> Sequence[str]:
        """See `Guest.messages`: there is nothing to say."""
        del flags
        self.get(domain)
        return ()

    # --- sleeping -------------------------------------------------------------------------------

    async def suspend_power(
        self, domain: DomainKey, target: NodeSuspendTarget, *, duration_s: int = 0
    ) -> None:
        """See `Guest.suspend_power`: one that sleeps on its disk is off."""
        if duration_s:
            raise CallerError("a guest sleeps until it is woken up: a duration cannot be given")
        machine = self.get(domain)
        self._agent(domain)
        if machine.reason.state is not DomainState.RUNNING:
            raise InvalidState(f"domain {domain.name!r} is {machine.reason.state.label}")
        on_disk = target == NodeSuspendTarget.DISK
        self._power("disk" if on_disk else "memory", machine.key)
        if on_disk:
            reason, detail = StateReason.SHUTOFF_SHUTDOWN, LifecycleDetail.STOPPED_SHUTDOWN
            self.domains.end(machine, reason, detail)
        else:
            detail = LifecycleDetail.PM_SUSPENDED_MEMORY
            self.domains.change(machine, StateReason.PM_SUSPENDED_UNKNOWN, detail)

    async def wake_up(self, domain: DomainKey) -> None:
        """See `Guest.wake_up`."""
        machine = self.get(domain)
        machine.running()
        if machine.reason.state is not DomainState.PM_SUSPENDED:
            raise InvalidState(f"domain {domain.name!r} does not sleep")
        self._power(None, machine.key)
        detail = LifecycleDetail.STARTED_WAKEUP
        self.domains.change(machine, StateReason.RUNNING_WAKEUP, detail)

    def _power(self, target: str | None, key: DomainKey) -> None:
        self.world.publish(PowerEvent(time=self.world.now(), domain=key, target=target))
