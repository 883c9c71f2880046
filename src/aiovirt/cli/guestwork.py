"""Verbs that work in a guest, which virsh has none for: programs, files, and where it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt._tasks import open_task_group
from aiovirt.cli import terminal
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.bars import bar
from aiovirt.cli.failures import ProgramFailed, UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiovirt.model.guestwork import GuestExit
    from aiovirt.objects import Domain
    from aiovirt.objects._guest_process import GuestInput, GuestOutput

__all__ = ["guest_exec", "guest_get", "guest_put", "wait_agent", "wait_ip"]

WithinArg = Annotated[
    float, Parameter(help="Give up after so many seconds, and say why.", validator=Number(gte=0))
]
PathArg = Annotated[str, about("The file in the guest.")]


async def guest_exec(
    domain: DomainArg,
    *cmd: Annotated[str, Parameter(help="The program and its arguments, after --.")],
    stdin: Annotated[bool, about("Let it read this program's standard input.")] = False,
    session: SessionArg,
) -> Plain | None:
    """Run a program in a guest by its agent; its exit status is this program's.

    What it writes is shown as it comes, or at its end where VMware Tools do it. Ctrl-C and
    --timeout end it, with all that it has started. The structured formats give status, stdout and
    stderr when it has ended.  For example:

        aiovirt guest-exec web1 -- /bin/uname -r
        aiovirt guest-exec web1 --stdin -- /bin/tar -x -C /srv < files.tar
        aiovirt guest-exec web1 -o json -- /usr/bin/id
    """
    if not cmd:
        raise UsageError("guest-exec needs a program", hint="after --, such as -- /bin/uname -r")
    found = await session.domain(domain)
    if session.settings.output == "table":
        ended = await _shown(found, cmd, stdin=stdin)
    else:
        ended = await _at_once(found, cmd, stdin=stdin)
        return Plain("", _told(ended), [str(ended.status)])
    if not ended.ok:
        raise ProgramFailed(ended.status, ended.signal)
    return None


def _told(ended: GuestExit) -> Mapping[str, object]:
    return {
        "status": ended.status,
        "signal": ended.signal,
        "stdout": ended.stdout.decode(errors="replace"),
        "stderr": ended.stderr.decode(errors="replace"),
        "truncated": ended.truncated,
    }


async def _at_once(domain: Domain, cmd: tuple[str, ...], *, stdin: bool) -> GuestExit:
    """Run it to its end."""
    given = await terminal.read_all(sys.stdin.fileno()) if stdin else b""
    return await domain.guest_exec(cmd, stdin=given)


async def _shown(domain: Domain, cmd: tuple[str, ...], *, stdin: bool) -> GuestExit:
    """Run it, and show what it writes: as it comes, or at its end where a guest cannot do more."""
    try:
        return await _follow(domain, cmd, stdin=stdin)
    except Unsupported:
        ended = await _at_once(domain, cmd, stdin=stdin)
    await terminal.write(sys.stdout.fileno(), ended.stdout)
    await terminal.write(sys.stderr.fileno(), ended.stderr)
    return ended


async def _follow(domain: Domain, cmd: tuple[str, ...], *, stdin: bool) -> GuestExit:
    """Run it with our own streams for its own."""
    async with domain.guest_process(cmd) as process, open_task_group() as feeding:
        feeding.start_soon(_feed, process.stdin, stdin)
        async with open_task_group() as tasks:
            tasks.start_soon(_show, process.stdout, sys.stdout.fileno())
            tasks.start_soon(_show, process.stderr, sys.stderr.fileno())
        feeding.cancel_scope.cancel()  # nobody reads any more
        return await process.wait()
    raise AssertionError  # the block either returns or raises


async def _feed(target: GuestInput, stdin: bool) -> None:  # noqa: FBT001 -- start_soon has no names
    while stdin and (data := await terminal.read(sys.stdin.fileno())):
        await target.send(data)
    await target.aclose()


async def _show(source: GuestOutput, descriptor: int) -> None:
    async for piece in source:
        await terminal.write(descriptor, piece)


async def guest_get(
    domain: DomainArg,
    path: PathArg,
    file: Annotated[Path, about("The file here; written whole or not at all.")],
    *,
    session: SessionArg,
) -> Plain:
    """Copy a file of a guest to this machine, by its agent.

    For example:

        aiovirt guest-get web1 /var/log/syslog syslog
    """
    found = await session.domain(domain)
    with bar(f"reading {path}", wanted=not session.settings.quiet) as progress:
        size = await found.guest_get(path, file, progress=progress)
    sentence = f"{path} of '{found.name}' copied to {file}: {size} bytes"
    return done(found.key, "copied", sentence, file=str(file), size=size)


async def guest_put(
    domain: DomainArg,
    file: Annotated[Path, about("The file here.")],
    path: PathArg,
    *,
    session: SessionArg,
) -> Plain:
    """Copy a file of this machine into a guest, by its agent.

    For example:

        aiovirt guest-put web1 motd /etc/motd
    """
    found = await session.domain(domain)
    with bar(f"writing {path}", wanted=not session.settings.quiet) as progress:
        size = await found.guest_put(file, path, progress=progress)
    sentence = f"{file} copied to {path} of '{found.name}': {size} bytes"
    return done(found.key, "copied", sentence, file=str(file), size=size)


async def wait_agent(domain: DomainArg, *, within: WithinArg = 120.0, session: SessionArg) -> Plain:
    """Wait until the agent of a guest answers, as after a start.

    For example:

        aiovirt start web1 && aiovirt wait-agent web1
    """
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: waiting for its agent"):
        await found.wait_agent(timeout_s=within)
    return done(found.key, "ready", f"Agent of the guest of '{found.name}' answers")


async def wait_ip(
    domain: DomainArg,
    *,
    kind: Annotated[Literal["ipv4", "ipv6"] | None, about("Only such an address.")] = None,
    within: WithinArg = 120.0,
    session: SessionArg,
) -> Plain:
    """Wait for a guest's address and print it: by leases, its agent or ARP, whoever knows it first.

    For example:

        ssh root@$(aiovirt wait-ip web1)
    """
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: waiting for its address"):
        address = await found.wait_ip(kind=kind, timeout_s=within)
    data = {"ip": str(address), "mac": address.mac, "source": address.source}
    return Plain(str(address), {**data, "interface": address.interface}, [str(address)])
