"""Verbs about the power of hosts, and what a server is licensed for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows

__all__ = ["host_reboot", "host_shutdown", "host_standby", "host_wake", "licences"]

HostArg = Annotated[str | None, about("The host's name; not needed where there is one only.")]
ForceArg = Annotated[bool, about("Cut its domains off: it need not be in maintenance mode.")]


async def host_reboot(
    host: HostArg = None, *, force: ForceArg = False, session: SessionArg
) -> Plain:
    """Restart a host.

    For example:

        aiovirt host-reboot esx1.example.org
    """
    await session.host.reboot_host(host, force=force)
    return _done(host, "restarting", "is restarting")


async def host_shutdown(
    host: HostArg = None, *, force: ForceArg = False, session: SessionArg
) -> Plain:
    """Switch a host off.

    For example:

        aiovirt host-shutdown esx1.example.org
    """
    await session.host.shut_down_host(host, force=force)
    return _done(host, "off", "is being switched off")


async def host_standby(
    host: HostArg = None,
    *,
    evacuate: Annotated[bool, about("Move domains that are off away as well.")] = False,
    wait: Annotated[int, about("Seconds for which is waited for its domains; 0 for ever.")] = 0,
    session: SessionArg,
) -> Plain:
    """Let a host of a cluster sleep, without domains.

    For example:

        aiovirt host-standby esx1.example.org --wait 600
    """
    async with session.progress("waiting until the host sleeps"):
        await session.host.stand_by(host, evacuate=evacuate, timeout_s=wait)
    return _done(host, "standby", "sleeps")


async def host_wake(
    host: HostArg = None,
    *,
    wait: Annotated[int, about("Seconds that it may take; 0 for any time.")] = 0,
    session: SessionArg,
) -> Plain:
    """Wake a host that sleeps.

    For example:

        aiovirt host-wake esx1.example.org
    """
    async with session.progress("waiting until the host is there"):
        await session.host.wake(host, timeout_s=wait)
    return _done(host, "on", "is awake")


def _done(host: str | None, result: str, sentence: str) -> Plain:
    text = f"Host {host} {sentence}" if host else f"The host {sentence}"
    return Plain(text, {"host": host, "result": result}, [host or ""], chatter=True)


def _used(row: Row) -> str:
    used = "?" if row["used"] is None else row["used"]
    return f"{used} of {row['total'] or 'any'} {row['unit']}"


_COLUMNS = [
    Column("name", "Name"),
    Column("key", "Key"),
    Column("used", "Used", show=_used),
]


async def licences(*, session: SessionArg) -> Rows:
    """List what the server is licensed for.

    For example:

        aiovirt licences
    """
    return Rows(_COLUMNS, [asdict(each) for each in await session.host.licences()])
