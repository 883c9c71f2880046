"""Verbs about what goes on at a server: alarms, and the tasks of all who use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.model.activity import HostAlarm, HostTask

__all__ = ["alarm_acknowledge", "alarms", "task_cancel", "tasks"]


_STYLES = {"red": "red", "yellow": "yellow", "green": "green"}


def _object(row: Row) -> str:
    return " ".join(str(row[key]) for key in ("target_kind", "target") if row[key]) or "-"


def _colour(row: Row) -> str:
    return _STYLES.get(str(row["status"]), "")


def _when(row: Row) -> str:
    return str(row["time"])


def _noted(row: Row) -> str:
    by = row["acknowledged_by"]
    return f"by {by}" if by else "yes" if row["acknowledged"] else "no"


def _progress(row: Row) -> str:
    return "-" if row["progress"] is None else f"{row['progress']} %"


_ALARMS = [
    Column("key", "Key"),
    Column("status", "Status", style=_colour),
    Column("name", "Alarm"),
    Column("target", "Object", show=_object),
    Column("time", "Since", show=_when),
    Column("acknowledged", "Acknowledged", show=_noted),
]
_TASKS = [
    Column("key", "Key"),
    Column("operation", "Operation"),
    Column("target", "Object", show=_object),
    Column("state", "State"),
    Column("progress", "Progress", show=_progress),
    Column("user", "User"),
]


def _row(one: HostAlarm | HostTask) -> Row:
    """What programs get: times as ISO 8601 has them."""
    known = asdict(one)
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in known.items()
    }


async def alarms(
    *,
    open_: Annotated[
        bool,
        Parameter(name="--open", negative=(), help="Only those that nobody has acknowledged."),
    ] = False,
    session: SessionArg,
) -> Rows:
    """List the alarms that objects of the server have set off.

    For example:

        aiovirt alarms --open
    """
    found = await session.host.alarms()
    return Rows(_ALARMS, [_row(each) for each in found if not (open_ and each.acknowledged)])


async def alarm_acknowledge(
    keys: Annotated[list[str], about("Which alarms, as `alarms` shows their keys.")],
    *,
    session: SessionArg,
) -> Plain:
    """Take note of alarms: what they do is not done again until they have been green.

    For example:

        aiovirt alarm-acknowledge alarm-6.vm-42
    """
    for key in keys:
        await session.host.acknowledge_alarm(key)
    return _done(keys, "acknowledged")


async def tasks(
    *,
    all_: Annotated[
        bool, Parameter(name="--all", negative=(), help="Those that ended of late as well.")
    ] = False,
    session: SessionArg,
) -> Rows:
    """List what the server does, or is to do, whoever has asked for it.

    For example:

        aiovirt tasks --all
    """
    found = await session.host.tasks()
    return Rows(_TASKS, [_row(each) for each in found if all_ or not each.state.ended])


async def task_cancel(
    key: Annotated[str, about("Which task, as `tasks` shows its key.")], *, session: SessionArg
) -> Plain:
    """Ask a task of the server to end, whoever has begun it.

    For example:

        aiovirt task-cancel task-4711
    """
    await session.host.cancel_task(key)
    return Plain(
        f"Task {key} is asked to end", {"key": key, "result": "cancelling"}, [key], chatter=True
    )


def _done(keys: Sequence[str], result: str) -> Plain:
    text = "\n".join(f"Alarm {key} {result}" for key in keys)
    return Plain(text, [{"key": key, "result": result} for key in keys], list(keys), chatter=True)
