"""The inside of a guest: mostly by its agent, which has to run there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.guest import GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAuthorizedSSHKeysSetFlags,
        DomainGetHostnameFlags,
        DomainGuestInfoTypes,
        DomainInterfaceAddressesSource,
        DomainProcessSignal,
        NodeSuspendTarget,
    )

__all__ = ["Guest"]


class Guest(Ability):
    """Asking a guest, and telling it.

    What goes by the agent raises `AgentError` where none answers, `RemoteError` where it refuses,
    and `InvalidState` for a domain that does not run.
    """

    @operation
    async def freeze_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """Let these file systems, or all, write what they have and then stand still; how many.

        Cancellation: they may be frozen.
        """
        raise NotImplementedError

    @operation
    async def thaw_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """Let these file systems, or all that stand still, go on; how many."""
        raise NotImplementedError

    @operation
    async def trim_filesystems(
        self, domain: DomainKey, mountpoint: str | None = None, *, minimum: int = 0
    ) -> None:
        """Give back what file systems do not use to the host's disks.

        Args:
            domain: Which domain.
            mountpoint: Which one; all if None.
            minimum: Leave out what is shorter, in bytes.
        """
        raise NotImplementedError

    @operation
    async def filesystems(self, domain: DomainKey) -> Sequence[GuestFilesystem]:
        """The file systems that are mounted."""
        raise NotImplementedError

    @operation
    async def guest_vcpus(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """The processors that the guest knows: ``vcpus``, ``online``, ``offlinable``, as texts."""
        raise NotImplementedError

    @operation
    async def set_guest_vcpus(
        self, domain: DomainKey, vcpus: Iterable[int], *, enable: bool
    ) -> None:
        """Let the guest use these processors, or use them no more."""
        raise NotImplementedError

    @operation
    async def guest_info(
        self, domain: DomainKey, *, types: DomainGuestInfoTypes | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """Users, system, time zone and so on, by libvirt's names, such as ``os.name``.

        Args:
            domain: Which domain.
            types: What is wanted; with 0 all that the agent knows, without error for the rest.
        """
        raise NotImplementedError

    @operation
    async def guest_hostname(
        self, domain: DomainKey, *, flags: DomainGetHostnameFlags | Literal[0] = 0
    ) -> str:
        """The name that the guest has, or that a network's leases know."""
        raise NotImplementedError

    @operation
    async def guest_time(self, domain: DomainKey) -> int:
        """The guest's clock: nanoseconds since 1970 in UTC."""
        raise NotImplementedError

    @operation
    async def set_guest_time(self, domain: DomainKey, time_ns: int, *, sync: bool = False) -> None:
        """Set the guest's clock.

        Args:
            domain: Which domain.
            time_ns: Nanoseconds since 1970 in UTC.
            sync: Take the time of the machine's own clock instead.
        """
        raise NotImplementedError

    @operation
    async def set_user_password(
        self, domain: DomainKey, user: str, password: Secret, *, encrypted: bool = False
    ) -> None:
        """Change the password of a user of the guest.

        Args:
            domain: Which domain.
            user: The user.
            password: The password.
            encrypted: It is as `crypt` makes it, and not the password itself.
        """
        raise NotImplementedError

    @operation
    async def ssh_keys(self, domain: DomainKey, user: str) -> Sequence[str]:
        """The lines of a user's ``authorized_keys``."""
        raise NotImplementedError

    @operation
    async def set_ssh_keys(
        self,
        domain: DomainKey,
        user: str,
        keys: Sequence[str],
        *,
        flags: DomainAuthorizedSSHKeysSetFlags | Literal[0] = 0,
    ) -> None:
        """Replace the lines of a user's ``authorized_keys``; or add them, or take them away."""
        raise NotImplementedError

    @operation
    async def interface_addresses(
        self, domain: DomainKey, *, source: DomainInterfaceAddressesSource | Literal[0] = 0
    ) -> Sequence[GuestInterface]:
        """The addresses of the guest's network interfaces.

        Args:
            domain: Which domain.
            source: Who is asked: the networks' leases (0), the agent, or the host's ARP table.
        """
        raise NotImplementedError

    @operation
    async def set_agent_timeout(self, domain: DomainKey, timeout_s: int) -> None:
        """Say how long the agent may take to answer, in seconds.

        -2 waits for ever, -1 takes the daemon's default, 0 does not wait at all.
        """
        raise NotImplementedError

    @operation
    async def send_process_signal(
        self, domain: DomainKey, pid: int, signal: DomainProcessSignal
    ) -> None:
        """Send a signal to a process of the guest: to all with pid -1, of a group with others."""
        raise NotImplementedError

    @operation
    async def messages(self, domain: DomainKey, *, flags: int = 0) -> Sequence[str]:
        """What the host has to say of the domain: what taints it, what of it is deprecated.

        Args:
            domain: Which domain.
            flags: Which of the kinds of `DomainMessageType`, added up; all with 0.
        """
        raise NotImplementedError

    @operation
    async def suspend_power(
        self, domain: DomainKey, target: NodeSuspendTarget, *, duration_s: int = 0
    ) -> None:
        """Let the guest go to sleep.

        Args:
            domain: Which domain.
            target: To memory, to disk, or to both.
            duration_s: Seconds until it is woken; 0 for never.
        """
        raise NotImplementedError

    @operation
    async def wake_up(self, domain: DomainKey) -> None:
        """Wake up a guest that sleeps."""
        raise NotImplementedError
