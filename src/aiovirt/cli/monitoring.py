"""Verbs that tell who a domain is and what state it is in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.results import Column, Plain, Record, Row
from aiovirt.cli.rows import describe, state_style, state_text
from aiovirt.cli.session import Session
from aiovirt.errors import Unsupported

if TYPE_CHECKING:
    from aiovirt.objects import Connection, Domain

__all__ = ["domcontrol", "domid", "dominfo", "domname", "domstate", "domuuid"]

_KIB = 1024
_NS = 1_000_000_000


async def _value(session: Session, domain: str, key: str) -> Plain:
    """One value of a domain, bare."""
    row = describe(await (await session.domain(domain)).record())
    text = "-" if row[key] is None else str(row[key])
    return Plain(text, {name: row[name] for name in ("name", "uuid", key)}, [text])


async def domid(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the id of a domain; a dash if it is off.

    For example:

        aiovirt domid web1
    """
    return await _value(session, domain, "id")


async def domuuid(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the UUID of a domain.

    For example:

        aiovirt domuuid web1
    """
    return await _value(session, domain, "uuid")


async def domname(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the name of a domain.

    For example:

        aiovirt domname 3
    """
    return await _value(session, domain, "name")


async def domstate(
    domain: DomainArg,
    *,
    reason: Annotated[bool, about("Say why it is in that state.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the state of a domain.

    For example:

        aiovirt domstate web1
        aiovirt domstate --reason web1
    """
    row = describe(await (await session.domain(domain)).record())
    text = f"{row['state']} ({row['reason']})" if reason else str(row["state"])
    return Plain(text, {name: row[name] for name in ("name", "uuid", "state", "reason")}, [text])


async def domcontrol(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print whether its hypervisor answers.

    For example:

        aiovirt domcontrol web1
    """
    found = await session.domain(domain)
    row, info = describe(await found.record()), await found.control_info()
    word = info.control.value
    more = f": {row['last_error']}" if row["last_error"] else ""
    if info.duration_ms:
        more += f" ({info.duration_ms / 1000:.3f}s)"
    keys = ("name", "uuid", "unresponsive_since", "last_error")
    data = {key: row[key] for key in keys} | {
        "control": word,
        "details": info.details,
        "duration_ms": info.duration_ms,
    }
    return Plain(f"{word}{more}", data, [word])


def _seconds(row: Row) -> str:
    """Processor time, in seconds as virsh has it."""
    time = cast("int", row["cpu_time_ns"])
    return f"{time / _NS:.1f}s"


def _memory(key: str) -> Callable[[Row], str]:
    """How an amount of memory is shown: in KiB, as virsh has it."""
    return lambda row: f"{cast('int', row[key]) // _KIB} KiB"


def _word(key: str, yes: str, no: str) -> Callable[[Row], str]:
    """How a truth is shown."""
    return lambda row: yes if row[key] else no


_INFO = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("uuid", "UUID"),
    Column("os_type", "OS Type"),
    Column("state", "State", show=state_text, style=state_style),
    Column("vcpus", "CPU(s)"),
    Column("cpu_time_ns", "CPU time", show=_seconds),
    Column("max_memory", "Max memory", show=_memory("max_memory")),
    Column("memory", "Used memory", show=_memory("memory")),
    Column("persistent", "Persistent", show=_word("persistent", "yes", "no")),
    Column("autostart", "Autostart", show=_word("autostart", "enable", "disable")),
)

_KNOWN_TO_SOME = (
    Column("managed_save", "Managed save", show=_word("managed_save", "yes", "no")),
    Column("security_model", "Security model"),
    Column("security_doi", "Security DOI"),
    Column("security_label", "Security label", show=lambda row: _label(row["security_label"])),
    Column("messages", "Messages", show=lambda row: "; ".join(_texts(row["messages"]))),
)
"""What not every driver tells; what is not known has no line."""


def _label(value: object) -> str:
    """A label as virsh shows it."""
    if not isinstance(value, dict):
        return "-"
    return f"{value['label']} ({'enforcing' if value['enforcing'] else 'permissive'})"


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else []


T = TypeVar("T")


async def _known(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What the driver tells, or None where it cannot tell."""
    with suppress(Unsupported):
        return await ask()
    return None


async def _told_by_some(host: Connection, found: Domain) -> Row:
    """The values of `_KNOWN_TO_SOME`; None where there is nothing to tell."""
    label = await _known(found.security_label)
    messages = await _known(found.messages)
    model = await _known(host.security_model)
    return {
        "managed_save": await _known(found.has_managed_save),
        "security_model": model.model if model and model.model else None,
        "security_doi": model.doi if model and model.model else None,
        "security_label": asdict(label) if label and label.label else None,
        "messages": list(messages) if messages else None,
    }


async def dominfo(domain: DomainArg, *, session: SessionArg) -> Record:
    """Show the basic facts of a domain.

    For example:

        aiovirt dominfo web1
        aiovirt dominfo -o json web1
    """
    found = await session.domain(domain)
    info = await found.info()
    more = await _told_by_some(session.host, found)
    basic = [one for one in _INFO if one.key != "cpu_time_ns" or info.cpu_time_ns]
    columns = [*basic, *(one for one in _KNOWN_TO_SOME if more[one.key] is not None)]
    row: Row = {
        **describe(await found.record()),
        "os_type": await found.os_type(),
        "vcpus": info.vcpus,
        "cpu_time_ns": info.cpu_time_ns,
        "max_memory": info.max_memory,
        "memory": info.memory,
        **more,
    }
    return Record(columns, row)
