"""Users and groups by name: looked up before the fork, because the lookup may ask a server."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

import anyio.to_thread

from aiovirt.errors import ConfigError
from aiovirt.processes._command import Command

__all__ = ["NOBODY_ELSE", "Identity", "names_anybody", "resolve_identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a program runs as; None leaves that part as it is."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None


NOBODY_ELSE = Identity()


def _entry(user: str | int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    except KeyError:
        return None  # a number needs no name


def _gid(group: str | int) -> int:
    if isinstance(group, int):
        return group
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(f"there is no group {group!r} on this host", field="group") from None


def _groups(
    command: Command, entry: pwd.struct_passwd | None, gid: int | None
) -> tuple[int, ...] | None:
    """Return the supplementary groups: those named, else the user's, else the new group alone."""
    if command.groups is not None:
        return tuple(_gid(group) for group in command.groups)
    if gid is None:
        return None
    return (gid,) if entry is None else tuple(os.getgrouplist(entry.pw_name, gid))


def _lookup(command: Command) -> Identity:
    entry = None if command.user is None else _entry(command.user)
    uid = entry.pw_uid if entry else command.user
    if isinstance(uid, str):
        raise ConfigError(f"there is no user {uid!r} on this host", field="user")
    gid = entry.pw_gid if entry else None
    if command.group is not None:
        gid = _gid(command.group)
    if uid is not None and gid is None:
        raise ConfigError(
            f"user {uid} has no name on this host, and so no group of its own",
            field="group",
            hint="name the group too",
        )
    return Identity(uid, gid, _groups(command, entry, gid))


def names_anybody(command: Command) -> bool:
    """Whether the command runs as somebody else than we do."""
    who = (command.user, command.group, command.groups)
    return who != (None, None, None)


async def resolve_identity(command: Command) -> Identity:
    """Return who the command runs as; names are looked up in a worker thread.

    Raises:
        ConfigError: There is no such user or group.
    """
    return await anyio.to_thread.run_sync(_lookup, command)
