"""The inside of a domain's guest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from aiovirt.interfaces import Guest
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set, member
from aiovirt.model.guest import GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue
from aiovirt.objects._handle import Handle

__all__ = ["AddressSource", "DomainGuest", "InfoType", "SleepTarget"]

AddressSource: TypeAlias = Literal["lease", "agent", "arp"]
InfoType: TypeAlias = Literal[
    "users", "os", "timezone", "hostname", "filesystem", "disks", "interfaces"
]
SleepTarget: TypeAlias = Literal["mem", "disk", "hybrid"]

DEPRECATIONS, TAINTS = 1, 2
"""The bits of libvirt's `virDomainMessageType`."""


class DomainGuest(Handle[DomainKey]):
    """The part of `Domain` that asks its guest; mostly by the agent that runs there.

    What goes by the agent raises `AgentError` where none answers, and `RemoteError` with its own
    words where it refuses. A guest may take for ever: bound it with `anyio.fail_after`, or by
    `set_agent_timeout`.
    """

    @property
    def _guest(self) -> Guest:
        return self._driver.ability(Guest)

    async def freeze_filesystems(self, *mountpoints: str) -> int:
        """Let these file systems, or all, write what they have and then stand still; how many."""
        return await self._guest.freeze_filesystems(self.key, mountpoints)

    async def thaw_filesystems(self, *mountpoints: str) -> int:
        """Let these file systems, or all, go on; how many."""
        return await self._guest.thaw_filesystems(self.key, mountpoints)

    async def trim_filesystems(self, mountpoint: str | None = None, *, minimum: int = 0) -> None:
        """Give back what its file systems do not use to the host's disks.

        Args:
            mountpoint: Only this one.
            minimum: Leave out what is shorter, in bytes.
        """
        await self._guest.trim_filesystems(self.key, mountpoint, minimum=minimum)

    async def filesystems(self) -> Sequence[GuestFilesystem]:
        """The file systems that it has mounted."""
        return await self._guest.filesystems(self.key)

    async def guest_vcpus(self) -> Mapping[str, ParamValue]:
        """The processors that it knows: ``vcpus``, ``online``, ``offlinable``, as texts."""
        return await self._guest.guest_vcpus(self.key)

    async def set_guest_vcpus(self, vcpus: Iterable[int], *, enable: bool = True) -> None:
        """Let it use these processors, or use them no more."""
        await self._guest.set_guest_vcpus(self.key, vcpus, enable=enable)

    async def guest_info(self, *types: InfoType) -> Mapping[str, ParamValue]:
        """Users, system, time zone and so on, by libvirt's names, such as ``os.name``.

        Args:
            types: What is wanted; all that its agent knows without any.
        """
        flags = flag_set("DomainGuestInfoTypes", 0, **dict.fromkeys(types, True))
        return await self._guest.guest_info(self.key, types=flags)

    async def guest_hostname(self, *, source: Literal["lease", "agent"] | None = None) -> str:
        """The name that it has.

        Args:
            source: Who is asked: the networks' leases or its agent; the driver chooses if None.
        """
        names = {} if source is None else {source: True}
        flags = flag_set("DomainGetHostnameFlags", 0, **names)
        return await self._guest.guest_hostname(self.key, flags=flags)

    async def guest_time(self) -> int:
        """Its clock: nanoseconds since 1970 in UTC."""
        return await self._guest.guest_time(self.key)

    async def set_guest_time(self, time_ns: int = 0, *, sync: bool = False) -> None:
        """Set its clock.

        Args:
            time_ns: Nanoseconds since 1970 in UTC, such as `time.time_ns` gives.
            sync: Take the time of the machine's own clock instead.
        """
        await self._guest.set_guest_time(self.key, time_ns, sync=sync)

    async def set_user_password(
        self, user: str, password: Secret | str, *, encrypted: bool = False
    ) -> None:
        """Change the password of one of its users.

        Args:
            user: The user.
            password: The password.
            encrypted: It is as `crypt` makes it, and not the password itself.
        """
        hidden = password if isinstance(password, Secret) else Secret(password)
        await self._guest.set_user_password(self.key, user, hidden, encrypted=encrypted)

    async def ssh_keys(self, user: str) -> Sequence[str]:
        """The lines of a user's ``authorized_keys``."""
        return await self._guest.ssh_keys(self.key, user)

    async def set_ssh_keys(
        self, user: str, keys: Iterable[str], *, append: bool = False, remove: bool = False
    ) -> None:
        """Replace the lines of a user's ``authorized_keys``.

        Args:
            user: The user.
            keys: The lines.
            append: Add them instead.
            remove: Take them away instead.
        """
        flags = flag_set("DomainAuthorizedSSHKeysSetFlags", 0, append=append, remove=remove)
        await self._guest.set_ssh_keys(self.key, user, tuple(keys), flags=flags)

    async def interface_addresses(
        self, source: AddressSource = "lease"
    ) -> Sequence[GuestInterface]:
        """The addresses of its network interfaces.

        Args:
            source: Who is asked: the networks' leases, its agent, or the host's ARP table.
        """
        chosen = member("DomainInterfaceAddressesSource", source)
        return await self._guest.interface_addresses(self.key, source=chosen)

    async def set_agent_timeout(self, timeout_s: int) -> None:
        """Say how long its agent may take to answer, in seconds.

        -2 waits for ever, -1 takes the daemon's default, 0 does not wait at all.
        """
        await self._guest.set_agent_timeout(self.key, timeout_s)

    async def send_process_signal(self, pid: int, signal: str | int) -> None:
        """Send a signal to one of its processes.

        Args:
            pid: Which process.
            signal: libvirt's name, such as ``"term"``, or its number.
        """
        chosen = member("DomainProcessSignal", signal)
        await self._guest.send_process_signal(self.key, pid, chosen)

    async def messages(self, *, deprecations: bool = False, taints: bool = False) -> Sequence[str]:
        """What the host has to say of it.

        Args:
            deprecations: Only what of it is deprecated.
            taints: Only what taints it.
        """
        flags = DEPRECATIONS * deprecations | TAINTS * taints
        return await self._guest.messages(self.key, flags=flags)

    async def suspend_power(self, target: SleepTarget = "mem", *, duration_s: int = 0) -> None:
        """Let it go to sleep.

        Args:
            target: To memory, to disk, or to both.
            duration_s: Seconds until it is woken; 0 for never.
        """
        chosen = member("NodeSuspendTarget", target)
        await self._guest.suspend_power(self.key, chosen, duration_s=duration_s)

    async def wake_up(self) -> None:
        """Wake it up when it sleeps."""
        await self._guest.wake_up(self.key)
