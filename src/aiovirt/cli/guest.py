"""Verbs that ask a guest, mostly by the agent that runs in it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli import terminal
from aiovirt.cli.affects import cpus, lines, told
from aiovirt.cli.arguments import DomainArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row, Rows, done
from aiovirt.model.guest import GuestInterface

if TYPE_CHECKING:
    from aiovirt.objects._domain_guest import InfoType

__all__ = [
    "domfsfreeze",
    "domfsinfo",
    "domfsthaw",
    "domfstrim",
    "domhostname",
    "domifaddr",
    "dompmsuspend",
    "dompmwakeup",
    "domtime",
    "get_user_sshkeys",
    "guest_agent_timeout",
    "guestinfo",
    "guestvcpus",
    "send_process_signal",
    "set_user_password",
    "set_user_sshkeys",
]

SECOND_NS = 1_000_000_000
AGENT_WAITS = {"block": -2, "default": -1, "nowait": 0}
MountpointArgs = Annotated[str, about("Only these file systems, by where they are mounted.")]
UserArg = Annotated[str, about("A user of the guest.")]
Target = Literal["mem", "disk", "hybrid"]
Source = Literal["lease", "agent", "arp"]


async def domfsfreeze(domain: DomainArg, *mountpoint: MountpointArgs, session: SessionArg) -> Plain:
    """Let file systems of a guest write what they have, and stand still.

    For example:

        aiovirt domfsfreeze web1
    """
    found = await session.domain(domain)
    count = await found.freeze_filesystems(*mountpoint)
    return done(found.key, "frozen", f"Froze {count} filesystem(s)", count=count)


async def domfsthaw(domain: DomainArg, *mountpoint: MountpointArgs, session: SessionArg) -> Plain:
    """Let file systems of a guest go on.

    For example:

        aiovirt domfsthaw web1
    """
    found = await session.domain(domain)
    count = await found.thaw_filesystems(*mountpoint)
    return done(found.key, "thawed", f"Thawed {count} filesystem(s)", count=count)


async def domfstrim(
    domain: DomainArg,
    *,
    minimum: Annotated[
        int, Parameter(help="Leave out what is shorter, in bytes.", validator=Number(gte=0))
    ] = 0,
    mountpoint: Annotated[str | None, about("Only this file system.")] = None,
    session: SessionArg,
) -> Plain:
    """Give back what a guest's file systems do not use to the host's disks.

    For example:

        aiovirt domfstrim web1
    """
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: trimming"):
        await found.trim_filesystems(mountpoint, minimum=minimum)
    return done(found.key, "trimmed", "Trimmed")


async def domfsinfo(domain: DomainArg, *, session: SessionArg) -> Rows:
    """List the file systems that a guest has mounted.

    For example:

        aiovirt domfsinfo web1
    """
    found = await session.domain(domain)
    rows = [
        {"mountpoint": one.mountpoint, "name": one.name, "type": one.kind, "disks": one.disks}
        for one in await found.filesystems()
    ]
    return Rows(
        [
            Column("mountpoint", "Mountpoint"),
            Column("name", "Name"),
            Column("type", "Type"),
            Column("disks", "Target", show=lambda row: ",".join(_texts(row["disks"]))),
        ],
        rows,
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


async def guestvcpus(
    domain: DomainArg,
    cpulist: Annotated[str | None, about("Which processors of the guest's.")] = None,
    *,
    enable: Annotated[bool, about("Let the guest use them.")] = False,
    disable: Annotated[bool, about("Let the guest use them no more.")] = False,
    session: SessionArg,
) -> Plain:
    """Show or change which processors a guest uses.

    For example:

        aiovirt guestvcpus web1
        aiovirt guestvcpus web1 1 --disable
    """
    if (cpulist is None) is not (enable is disable):
        raise UsageError("guestvcpus needs processors with one of --enable and --disable")
    found = await session.domain(domain)
    if cpulist is not None:
        await found.set_guest_vcpus(cpus(cpulist), enable=enable)
        return done(found.key, "changed", f"Processors of the guest of '{found.name}' changed")
    values = await found.guest_vcpus()
    return Plain(lines(values), told(found.key, **values), [found.name])


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class InfoOf:
    """What is wanted; all that the agent knows when nothing is said."""

    user: Annotated[bool, about("Who is logged in.")] = False
    os: Annotated[bool, about("The operating system.")] = False
    timezone: Annotated[bool, about("The time zone.")] = False
    hostname: Annotated[bool, about("The host's name.")] = False
    filesystem: Annotated[bool, about("The file systems.")] = False
    disk: Annotated[bool, about("The disks.")] = False
    interface: Annotated[bool, about("The network interfaces.")] = False


_INFO: dict[str, InfoType] = {
    "user": "users",
    "os": "os",
    "timezone": "timezone",
    "hostname": "hostname",
    "filesystem": "filesystem",
    "disk": "disks",
    "interface": "interfaces",
}
"""The options to the library's words."""


async def guestinfo(domain: DomainArg, *, which: InfoOf = InfoOf(), session: SessionArg) -> Plain:
    """Show what a guest's agent knows of it.

    For example:

        aiovirt guestinfo web1 --os --hostname
    """
    wanted: list[InfoType] = [word for name, word in _INFO.items() if getattr(which, name)]
    found = await session.domain(domain)
    values = await found.guest_info(*wanted)
    text = "\n".join(f"{name:<20}: {value}" for name, value in values.items())
    return Plain(text, told(found.key, info=dict(values)), [found.name])


async def domhostname(
    domain: DomainArg,
    *,
    source: Annotated[Literal["lease", "agent"] | None, about("Who is asked.")] = None,
    session: SessionArg,
) -> Plain:
    """Print the host name that a guest has.

    For example:

        aiovirt domhostname web1 --source agent
    """
    found = await session.domain(domain)
    name = await found.guest_hostname(source=source)
    return Plain(name, told(found.key, hostname=name), [name])


async def domtime(  # virsh's options
    domain: DomainArg,
    *,
    now: Annotated[bool, about("Set it to the time of this machine.")] = False,
    pretty: Annotated[bool, about("Print it as people read it.")] = False,
    sync: Annotated[bool, about("Take the time of the machine's own clock.")] = False,
    at: Annotated[int | None, Parameter(name="--time", help="Set it: seconds since 1970.")] = None,
    session: SessionArg,
) -> Plain:
    """Print or set a guest's clock.

    For example:

        aiovirt domtime web1 --pretty
        aiovirt domtime web1 --now
    """
    found = await session.domain(domain)
    if now or sync or at is not None:
        wanted = time.time_ns() if now else (at or 0) * SECOND_NS
        await found.set_guest_time(wanted, sync=sync)
        return done(found.key, "set", f"Clock of the guest of '{found.name}' set")
    time_ns = await found.guest_time()
    seconds = time_ns // SECOND_NS
    moment = datetime.fromtimestamp(seconds, UTC)
    text = f"Time: {moment:%Y-%m-%d %H:%M:%S}" if pretty else f"Time: {seconds}"
    return Plain(text, told(found.key, time_ns=time_ns), [str(seconds)])


async def set_user_password(
    domain: DomainArg,
    user: UserArg,
    password: Annotated[
        str | None, about("It; asked or read from standard input if it is not given.")
    ] = None,
    *,
    encrypted: Annotated[bool, about("It is as crypt(3) makes it.")] = False,
    session: SessionArg,
) -> Plain:
    """Change the password of a user of a guest.

    A command line is seen by others on the machine, so it is better read from a file.

    For example:

        aiovirt set-user-password web1 root < password.txt
    """
    text = await _asked() if password is None else password
    found = await session.domain(domain)
    await found.set_user_password(user, text, encrypted=encrypted)
    return done(found.key, "set", f"Password set successfully for {user} in {found.name}")


async def _asked() -> str:
    """The password from standard input, of which the end of the line is no part."""
    if sys.stdin.isatty():
        raise UsageError(
            "set-user-password needs a password", hint="aiovirt set-user-password … < FILE"
        )
    return (await terminal.read_all(sys.stdin.fileno())).decode().rstrip("\r\n")


async def get_user_sshkeys(domain: DomainArg, user: UserArg, *, session: SessionArg) -> Plain:
    """Print the lines of a user's authorized_keys in a guest.

    For example:

        aiovirt get-user-sshkeys web1 root
    """
    found = await session.domain(domain)
    keys = list(await found.ssh_keys(user))
    return Plain("\n".join(keys), told(found.key, user=user, keys=keys), keys)


async def set_user_sshkeys(  # virsh's options
    domain: DomainArg,
    user: UserArg,
    file: FileArg | None = None,
    *,
    reset: Annotated[bool, about("Take away those that are there first.")] = False,
    remove: Annotated[bool, about("Take them away instead of adding them.")] = False,
    session: SessionArg,
) -> Plain:
    """Add lines to a user's authorized_keys in a guest.

    For example:

        aiovirt set-user-sshkeys web1 root ~/.ssh/id_ed25519.pub
        aiovirt set-user-sshkeys web1 root --reset
    """
    if reset and remove:
        raise UsageError("--reset excludes --remove")
    if file is None and not reset:
        raise UsageError("set-user-sshkeys needs a file of keys", hint="or --reset")
    text = "" if file is None else (await read_document(file)).decode()
    keys = [line for line in text.splitlines() if line.strip()]
    found = await session.domain(domain)
    await found.set_ssh_keys(user, keys, append=not (reset or remove), remove=remove)
    return done(found.key, "set", f"Keys of {user} in {found.name} changed")


async def domifaddr(
    domain: DomainArg,
    interface: Annotated[str | None, about("Only this one.")] = None,
    *,
    full: Annotated[bool, about("Name interface and MAC address on every line.")] = False,
    source: Annotated[Source, about("Who is asked.")] = "lease",
    session: SessionArg,
) -> Rows:
    """List the addresses of a guest's network interfaces.

    For example:

        aiovirt domifaddr web1 --source agent
        aiovirt domifaddr web1 -o json
    """
    found = await session.domain(domain)
    rows = [
        row
        for one in await found.interface_addresses(source)
        if interface in {None, one.name}
        for row in _addresses(one)
    ]
    columns = [
        Column("name", "Name", show=lambda row: _once(row, "name", full=full)),
        Column("mac", "MAC address", show=lambda row: _once(row, "mac", full=full)),
        Column("protocol", "Protocol", show=lambda row: str(row["protocol"] or "N/A")),
        Column("address", "Address", show=lambda row: str(row["address"] or "N/A")),
    ]
    return Rows(columns, rows)


def _addresses(one: GuestInterface) -> Iterator[Row]:
    """A line for each address, or one for an interface without any."""
    for place, address in enumerate(one.addresses or (None,)):
        yield {
            "name": one.name,
            "mac": one.mac,
            "protocol": address and address.kind,
            "address": address and f"{address.address}/{address.prefix}",
            "first": place == 0,
        }


def _once(row: Row, key: str, *, full: bool) -> str:
    """A value on the first of an interface's lines; a dash on the others, as virsh has it."""
    return str(row[key] or "-") if full or row["first"] else "-"


async def guest_agent_timeout(
    domain: DomainArg,
    wait: Annotated[str, about(f"Seconds, or one of {', '.join(AGENT_WAITS)}.")] = "default",
    *,
    session: SessionArg,
) -> Plain:
    """Say how long the agent of a guest may take to answer.

    For example:

        aiovirt guest-agent-timeout web1 10
    """
    if wait not in AGENT_WAITS and not wait.lstrip("-").isdecimal():
        raise UsageError(f"{wait!r}: seconds, or one of {', '.join(AGENT_WAITS)}")
    seconds = AGENT_WAITS[wait] if wait in AGENT_WAITS else int(wait)
    found = await session.domain(domain)
    await found.set_agent_timeout(seconds)
    return done(found.key, "set", f"Agent of the guest of '{found.name}' may take {wait}")


async def send_process_signal(
    domain: DomainArg,
    pid: Annotated[int, about("Which process.")],
    signame: Annotated[str, about("The signal's name or number.")],
    *,
    session: SessionArg,
) -> Plain:
    """Send a signal to a process of a guest.

    For example:

        aiovirt send-process-signal web1 1 term
    """
    word = signame.lower().removeprefix("vir_domain_process_signal_").removeprefix("sig")
    found = await session.domain(domain)
    await found.send_process_signal(pid, int(word) if word.isdecimal() else word)
    return done(found.key, "sent", f"Signal {signame} sent to process {pid} of '{found.name}'")


async def dompmsuspend(
    domain: DomainArg,
    target: Annotated[Target, about("To memory, to disk, or to both.")],
    *,
    duration: Annotated[
        int, Parameter(help="Seconds until it is woken.", validator=Number(gte=0))
    ] = 0,
    session: SessionArg,
) -> Plain:
    """Let a guest go to sleep; its agent is told.

    For example:

        aiovirt dompmsuspend web1 mem
    """
    found = await session.domain(domain)
    await found.suspend_power(target, duration_s=duration)
    return done(found.key, "asleep", f"Domain '{found.name}' successfully suspended")


async def dompmwakeup(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Wake up a guest that sleeps.

    For example:

        aiovirt dompmwakeup web1
    """
    found = await session.domain(domain)
    await found.wake_up()
    return done(found.key, "awake", f"Domain '{found.name}' successfully woken up")
