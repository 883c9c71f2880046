"""The inside of a guest: by its agent, or by what the host sees of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final, Literal

from anyio import to_thread

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.agent import ask_agent
from aiovirt.drivers.qemu.engine.guestfacts import QUESTIONS, filesystems, interfaces
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import (
    AgentError,
    CallerError,
    GuestAgentError,
    InvalidState,
    NotFound,
    ProtocolError,
)
from aiovirt.host.neighbours import read_neighbours
from aiovirt.interfaces import Guest, immediate
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.cpusets import format_cpus
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey, DomainState
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAuthorizedSSHKeysSetFlags,
        DomainGetHostnameFlags,
        DomainGuestInfoTypes,
        DomainInterfaceAddressesSource,
        NodeSuspendTarget,
    )

__all__ = ["QemuGuest"]

_AGENT, _ARP = 1, 2
"""Of `DomainInterfaceAddressesSource`."""
_APPEND, _REMOVE = 1, 2
"""Of `DomainAuthorizedSSHKeysSetFlags`."""
_LEASE: Final = 1
"""Of `DomainGetHostnameFlags`."""
_SLEEPS: Final = ("guest-suspend-ram", "guest-suspend-disk", "guest-suspend-hybrid")
_UNANSWERED: Final = 0
_TIMEOUTS: Final = -2


class QemuGuest(QemuAbility, Guest):
    """The guest agent, and the host's neighbours."""

    async def _ask(self, domain: DomainKey, command: str, **arguments: object) -> Any:  # noqa: ANN401
        """Ask the agent; what it answers may be anything."""
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        async with self._engine.works.work():
            return await ask_agent(self._registry.get(domain), command, given or None)

    async def freeze_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """See `Guest.freeze_filesystems`."""
        if mountpoints:
            command = "guest-fsfreeze-freeze-list"
            return int(await self._ask(domain, command, mountpoints=list(mountpoints)))
        return int(await self._ask(domain, "guest-fsfreeze-freeze"))

    async def thaw_filesystems(self, domain: DomainKey, mountpoints: Sequence[str] = ()) -> int:
        """See `Guest.thaw_filesystems`."""
        if mountpoints:
            raise _agent_lacks("the guest agent thaws all file systems, not single ones")
        return int(await self._ask(domain, "guest-fsfreeze-thaw"))

    async def trim_filesystems(
        self, domain: DomainKey, mountpoint: str | None = None, *, minimum: int = 0
    ) -> None:
        """See `Guest.trim_filesystems`."""
        if mountpoint is not None:
            raise _agent_lacks("the guest agent trims all file systems, not single ones")
        await self._ask(domain, "guest-fstrim", minimum=minimum)

    async def filesystems(self, domain: DomainKey) -> Sequence[GuestFilesystem]:
        """See `Guest.filesystems`."""
        answer = await self._ask(domain, "guest-get-fsinfo")
        config = self._registry.get(domain).config()
        with _understood("guest-get-fsinfo"):
            return filesystems(answer, config)

    async def guest_vcpus(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """See `Guest.guest_vcpus`."""
        answer = await self._ask(domain, "guest-get-vcpus")
        with _understood("guest-get-vcpus"):
            ids = [int(cpu["logical-id"]) for cpu in answer]
            online = [int(cpu["logical-id"]) for cpu in answer if cpu["online"]]
            free = [int(cpu["logical-id"]) for cpu in answer if cpu.get("can-offline")]
        return {
            "vcpus": format_cpus(ids),
            "online": format_cpus(online),
            "offlinable": format_cpus(free),
        }

    async def set_guest_vcpus(
        self, domain: DomainKey, vcpus: Iterable[int], *, enable: bool
    ) -> None:
        """See `Guest.set_guest_vcpus`."""
        wanted = sorted(set(vcpus))
        there = await self._ask(domain, "guest-get-vcpus")
        with _understood("guest-get-vcpus"):
            known = {int(cpu["logical-id"]): bool(cpu.get("can-offline")) for cpu in there}
        if missing := [number for number in wanted if number not in known]:
            raise CallerError(f"guest is missing vCPUs '{format_cpus(missing)}'")
        fixed = [number for number in wanted if not enable and not known[number]]
        if fixed:
            raise CallerError(f"the guest cannot do without the processors {format_cpus(fixed)}")
        rows = [{"logical-id": number, "online": enable} for number in wanted]
        if await self._ask(domain, "guest-set-vcpus", vcpus=rows) != len(rows):
            raise AgentError("the guest agent has changed a part of the processors only")

    async def guest_info(
        self, domain: DomainKey, *, types: DomainGuestInfoTypes | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Guest.guest_info`."""
        found: dict[str, ParamValue] = {}
        config = self._registry.get(domain).config()
        for kind, (command, read) in QUESTIONS.items():
            if types and not types & kind:
                continue
            try:
                answer = await self._ask(domain, command)
            except GuestAgentError:
                if types:
                    raise
                continue
            with _understood(command):
                found.update(read(answer, config))
        return found

    async def guest_hostname(
        self, domain: DomainKey, *, flags: DomainGetHostnameFlags | Literal[0] = 0
    ) -> str:
        """See `Guest.guest_hostname`: by the agent, or by who has an address of the network's."""
        if flags & _LEASE:
            await self.interface_addresses(domain)
            error = NotFound(f"no hostname found for domain {domain.name}")
            raise numbered(error, ErrorNumber.ERR_NO_HOSTNAME)
        return str((await self._ask(domain, "guest-get-host-name"))["host-name"])

    async def guest_time(self, domain: DomainKey) -> int:
        """See `Guest.guest_time`."""
        return int(await self._ask(domain, "guest-get-time"))

    async def set_guest_time(self, domain: DomainKey, time_ns: int, *, sync: bool = False) -> None:
        """See `Guest.set_guest_time`."""
        await self._ask(domain, "guest-set-time", **({} if sync else {"time": time_ns}))

    async def set_user_password(
        self, domain: DomainKey, user: str, password: Secret, *, encrypted: bool = False
    ) -> None:
        """See `Guest.set_user_password`."""
        coded = b64encode(password.reveal().encode()).decode()
        await self._ask(
            domain, "guest-set-user-password", username=user, password=coded, crypted=encrypted
        )

    async def ssh_keys(self, domain: DomainKey, user: str) -> Sequence[str]:
        """See `Guest.ssh_keys`."""
        answer = await self._ask(domain, "guest-ssh-get-authorized-keys", username=user)
        return [str(key) for key in answer["keys"]]

    async def set_ssh_keys(
        self,
        domain: DomainKey,
        user: str,
        keys: Sequence[str],
        *,
        flags: DomainAuthorizedSSHKeysSetFlags | Literal[0] = 0,
    ) -> None:
        """See `Guest.set_ssh_keys`."""
        if flags & _REMOVE:
            command = "guest-ssh-remove-authorized-keys"
            await self._ask(domain, command, username=user, keys=list(keys))
            return
        command = "guest-ssh-add-authorized-keys"
        reset = not flags & _APPEND
        await self._ask(domain, command, username=user, keys=list(keys), reset=reset)

    async def interface_addresses(
        self, domain: DomainKey, *, source: DomainInterfaceAddressesSource | Literal[0] = 0
    ) -> Sequence[GuestInterface]:
        """See `Guest.interface_addresses`: no network of this driver's has leases."""
        managed = self._registry.get(domain)
        live = managed.running()
        if source == _AGENT:
            answer = await self._ask(domain, "guest-network-get-interfaces")
            with _understood("guest-network-get-interfaces"):
                return interfaces(answer)
        if source != _ARP:
            return []
        neighbours = await to_thread.run_sync(read_neighbours)
        return [
            GuestInterface(each.target_dev or "", mac, _whole(neighbours[mac]))
            for each in live.config.interfaces
            if (mac := str(each.mac).lower()) in neighbours
        ]

    async def set_agent_timeout(self, domain: DomainKey, timeout_s: int) -> None:
        """See `Guest.set_agent_timeout`."""
        if timeout_s < _TIMEOUTS:
            raise CallerError(
                f"guest agent timeout '{timeout_s}' is less than the minimum '{_TIMEOUTS}'"
            )
        self._registry.get(domain).agent_timeout_s = timeout_s

    @immediate
    async def messages(self, domain: DomainKey, *, flags: int = 0) -> Sequence[str]:
        """See `Guest.messages`: nothing taints a domain of this driver."""
        del flags
        self._registry.get(domain)
        return []

    async def suspend_power(
        self, domain: DomainKey, target: NodeSuspendTarget, *, duration_s: int = 0
    ) -> None:
        """See `Guest.suspend_power`."""
        if duration_s:
            raise CallerError("a guest cannot be told how long to sleep")
        async with self._engine.works.work():
            managed = self._registry.get(domain)
            await ask_agent(managed, _SLEEPS[int(target)], timeout_s=_UNANSWERED)

    async def wake_up(self, domain: DomainKey) -> None:
        """See `Guest.wake_up`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            managed.running()
            if managed.state is not DomainState.PM_SUSPENDED:
                raise InvalidState(f"domain {managed.name!r} does not sleep")
            await managed.monitor().execute("system_wakeup")


def _agent_lacks(why: str) -> CallerError:
    return numbered(CallerError(why), ErrorNumber.ERR_ARGUMENT_UNSUPPORTED)


def _whole(addresses: Iterable[IPv4Address | IPv6Address]) -> tuple[GuestAddress, ...]:
    """Addresses of which no network is known, as libvirt tells those of the ARP table."""
    return tuple(GuestAddress(f"ipv{one.version}", str(one), 0) for one in addresses)


@contextmanager
def _understood(command: str) -> Iterator[None]:
    """A block that reads an agent's answer: what has another form is the guest's fault."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"the guest agent's answer to {command} is none") from error
