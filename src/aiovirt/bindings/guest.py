"""The rows of `Guest`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, Argument, arg, bits, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, ignored, listing
from aiovirt.bindings.values import CPUS_TEXT, PLAIN, Value, each, enumeration, flag_set, number
from aiovirt.errors import AiovirtError, CallerError, ProtocolError
from aiovirt.interfaces import Guest
from aiovirt.model.constants import (
    DomainAuthorizedSSHKeysSetFlags,
    DomainGetHostnameFlags,
    DomainGuestInfoTypes,
    DomainInterfaceAddressesSource,
    DomainProcessSignal,
    DomainSetTimeFlags,
    DomainSetUserPasswordFlags,
    NodeSuspendTarget,
)
from aiovirt.model.credentials import Secret
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.protocols.libvirt.tables import domain_guest as p
from aiovirt.protocols.libvirt.tables import structs

__all__ = ["ROWS"]

SECOND_NS = 1_000_000_000
NO_FLAGS = fixed("flags", 0)
MOUNTPOINTS = arg("mountpoints", value=Value(list, tuple))
VCPUS = arg("vcpus", "cpumap", CPUS_TEXT)
ENABLE = bits("state", enable=1)


class _Unshown(str):
    """A text on its way into a packet: what holds it may be shown in a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


HIDDEN = Value(lambda value: _Unshown(value.reveal()), Secret)
FILESYSTEM = Value(
    lambda one: structs.DomainFsinfo(one.mountpoint, one.name, one.kind, list(one.disks)),
    lambda wire: GuestFilesystem(wire.mountpoint, wire.name, wire.fstype, tuple(wire.dev_aliases)),
)
KIND = number({"ipv4": 0, "ipv6": 1})
ADDRESS = Value(
    lambda one: structs.DomainIpAddr(KIND.send(one.kind), one.address, one.prefix),
    lambda wire: GuestAddress(KIND.read(wire.type), wire.addr, wire.prefix),
)
ADDRESSES = each(ADDRESS)
INTERFACE = Value(
    lambda one: structs.DomainInterface(one.name, one.mac, ADDRESSES.send(one.addresses)),
    lambda wire: GuestInterface(wire.name, wire.hwaddr, tuple(ADDRESSES.read(wire.addrs))),
)
TIME = Result(
    ("seconds", "nseconds"),
    lambda reply: _nanoseconds(reply.seconds, reply.nseconds, ProtocolError),
    lambda kind, result: kind(*divmod(result, SECOND_NS)),
)


def _nanoseconds(seconds: int, rest: int, refusal: type[AiovirtError]) -> int:
    if rest >= SECOND_NS:
        raise refusal(f"a time with {rest} nanoseconds: they are fewer than {SECOND_NS}")
    return seconds * SECOND_NS + rest


TIME_NS = Argument(
    ("time_ns",),
    ("seconds", "nseconds"),
    lambda time_ns: divmod(time_ns, SECOND_NS),
    lambda seconds, rest: (_nanoseconds(seconds, rest, CallerError),),
)

ROWS = (
    bind(
        Guest.freeze_filesystems,
        p.DOMAIN_FSFREEZE,
        DOM,
        MOUNTPOINTS,
        NO_FLAGS,
        returns=field("filesystems"),
    ),
    bind(
        Guest.thaw_filesystems,
        p.DOMAIN_FSTHAW,
        DOM,
        MOUNTPOINTS,
        NO_FLAGS,
        returns=field("filesystems"),
    ),
    bind(
        Guest.trim_filesystems,
        p.DOMAIN_FSTRIM,
        DOM,
        arg("mountpoint", "mount_point"),
        arg("minimum"),
        NO_FLAGS,
    ),
    bind(
        Guest.filesystems,
        p.DOMAIN_GET_FSINFO,
        DOM,
        NO_FLAGS,
        returns=listing("info", FILESYSTEM),
    ),
    bind(Guest.guest_vcpus, p.DOMAIN_GET_GUEST_VCPUS, DOM, NO_FLAGS, returns=field("params")),
    bind(Guest.set_guest_vcpus, p.DOMAIN_SET_GUEST_VCPUS, DOM, VCPUS, ENABLE, NO_FLAGS),
    bind(
        Guest.guest_info,
        p.DOMAIN_GET_GUEST_INFO,
        DOM,
        arg("types", value=flag_set(DomainGuestInfoTypes)),
        NO_FLAGS,
        returns=field("params"),
    ),
    bind(
        Guest.guest_hostname,
        p.DOMAIN_GET_HOSTNAME,
        DOM,
        flags(DomainGetHostnameFlags),
        returns=field("hostname"),
    ),
    bind(Guest.guest_time, p.DOMAIN_GET_TIME, DOM, NO_FLAGS, returns=TIME),
    bind(
        Guest.set_guest_time,
        p.DOMAIN_SET_TIME,
        DOM,
        TIME_NS,
        bits(sync=DomainSetTimeFlags.SYNC),
    ),
    bind(
        Guest.set_user_password,
        p.DOMAIN_SET_USER_PASSWORD,
        DOM,
        arg("user"),
        arg("password", value=HIDDEN),
        bits(encrypted=DomainSetUserPasswordFlags.ENCRYPTED),
    ),
    bind(
        Guest.ssh_keys,
        p.DOMAIN_AUTHORIZED_SSH_KEYS_GET,
        DOM,
        arg("user"),
        NO_FLAGS,
        returns=field("keys"),
    ),
    bind(
        Guest.set_ssh_keys,
        p.DOMAIN_AUTHORIZED_SSH_KEYS_SET,
        DOM,
        arg("user"),
        arg("keys", value=Value(list, tuple)),
        flags(DomainAuthorizedSSHKeysSetFlags),
    ),
    bind(
        Guest.interface_addresses,
        p.DOMAIN_INTERFACE_ADDRESSES,
        DOM,
        arg("source", value=enumeration(DomainInterfaceAddressesSource)),
        NO_FLAGS,
        returns=field("ifaces", each(INTERFACE)),
    ),
    bind(
        Guest.set_agent_timeout,
        p.DOMAIN_AGENT_SET_RESPONSE_TIMEOUT,
        DOM,
        arg("timeout_s", "timeout"),
        NO_FLAGS,
        returns=ignored("result"),
    ),
    bind(
        Guest.send_process_signal,
        p.DOMAIN_SEND_PROCESS_SIGNAL,
        DOM,
        arg("pid", "pid_value"),
        arg("signal", "signum", enumeration(DomainProcessSignal)),
        NO_FLAGS,
    ),
    bind(
        Guest.messages,
        p.DOMAIN_GET_MESSAGES,
        DOM,
        arg("flags", value=PLAIN),
        returns=field("msgs"),
    ),
    bind(
        Guest.suspend_power,
        p.DOMAIN_PM_SUSPEND_FOR_DURATION,
        DOM,
        arg("target", value=enumeration(NodeSuspendTarget)),
        arg("duration_s", "duration"),
        NO_FLAGS,
    ),
    bind(Guest.wake_up, p.DOMAIN_PM_WAKEUP, DOM, NO_FLAGS),
)
