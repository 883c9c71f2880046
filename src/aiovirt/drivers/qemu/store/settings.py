"""The bounds and choices of an embedded QEMU driver, read from its URI."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI

__all__ = ["ADOPT_BOUND_S", "ANSWER_BOUND_S", "STATS_BOUND_S", "Owner", "Settings"]

ADOPT_BOUND_S = 1.0
"""How long opening the driver waits for one adopted QEMU to answer; it goes on trying after."""

ANSWER_BOUND_S = 10.0
"""How long a QEMU may take to answer a command before the call raises `Unresponsive`."""

STATS_BOUND_S = 0.5
"""How long a pass of statistics waits for one QEMU before it marks it and goes on."""

FILES_BOUND_S = 10.0
"""How long a look at the files of one guest may take before its start fails."""

START_BOUND_S = 60.0
"""How long a QEMU may take from exec to its QMP greeting."""

KILL_GRACE_S = 5.0
"""How long a QEMU may take to end after SIGTERM before it is killed."""

KILL_WAIT_S = 30.0
"""How long a QEMU may take to end after SIGKILL: it may hang in the kernel, on dead storage."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that QEMU runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What the URI of an embedded driver says.

    Attributes:
        root: The folder that holds all its state.
        owner: Whom QEMU runs as, or None for ourselves.
    """

    root: Path
    owner: Owner | None = None

    @classmethod
    def from_uri(cls, uri: URI) -> Settings:
        """Read ``qemu:///embed?root=DIR[&user=NAME]``.

        Raises:
            ConfigError: A part is missing, unknown or wrong; `field` names it.
        """
        if uri.path != "/embed" or uri.transport or uri.host:
            raise ConfigError(
                f"the QEMU driver cannot open {uri} inside this process",
                field="path",
                hint="use qemu:///embed?root=DIR",
            )
        unknown = sorted(set(uri.parameters) - {"root", "user"})
        if unknown:
            raise ConfigError(
                f"unknown parameter {unknown[0]!r} in {uri}",
                field=unknown[0],
                hint="known: root, user",
            )
        if not uri.parameters.get("root"):
            raise ConfigError(
                f"{uri} names no root folder", field="root", hint="use qemu:///embed?root=DIR"
            )
        user = uri.parameters.get("user")
        return cls(root=_folder(uri.parameters["root"]), owner=_owner(user) if user else None)


def _folder(text: str) -> Path:
    """The absolute path of a root.

    Raises:
        ConfigError: No file system can have it.
    """
    try:
        if "\0" not in text:
            return Path(text).expanduser().absolute()
    except RuntimeError as error:  # ~NAME of a user that is not there
        raise ConfigError(f"{text!r} is no folder: {error}", field="root") from error
    raise ConfigError(f"{text!r} is no folder: it has a zero byte in it", field="root")


def _owner(name: str) -> Owner:
    """The account of that name.

    Raises:
        ConfigError: There is none, or we may not become it.
    """
    try:
        account = pwd.getpwnam(name)
    except KeyError as error:
        raise ConfigError(f"there is no user {name!r} on this host", field="user") from error
    if os.geteuid() not in {0, account.pw_uid}:
        raise ConfigError(
            f"QEMU can run as {name!r} only if this process runs as root",
            field="user",
            hint="leave user= out of the URI to run QEMU as yourself",
        )
    return Owner(name, account.pw_uid, account.pw_gid)
