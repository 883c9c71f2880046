"""The bounds and choices of an embedded QEMU driver, read from its URI."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiovirt.drivers.qemu.process.settings import ProcessSettings, parameter_names, switch
from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI

__all__ = [
    "ADOPT_BOUND_S",
    "ANSWER_BOUND_S",
    "MIGRATION_PORTS",
    "STATS_BOUND_S",
    "Owner",
    "Settings",
    "port_range",
]

MIGRATION_PORTS = range(49152, 49216)
"""Where guests that come from other hosts are awaited, as libvirt has it."""

ADOPT_BOUND_S = 1.0
"""How long opening the driver waits for one adopted QEMU to answer; it goes on trying after."""

ANSWER_BOUND_S = 10.0
"""How long a QEMU may take to answer a command before the call raises `Unresponsive`."""

SILENT_BOUND_S = 0.5
"""The same of one that has not answered for that long: who waits for a turn waits for each."""

MONITOR_BOUND_S = 60.0
"""How long a command of the monitor may take that a client gave as a text."""

TURN_BOUND_S = 30.0
"""How long a change to a domain waits for those before it."""

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
        migration_ports: Where guests that come from other hosts are awaited.
        migration_host: The name by which other hosts reach this one; None for its own.
        migration_tls: The folder of the certificates by which they come encrypted, or None.
        process: How the processes of guests run.
        save_image_format: The format of files with a guest's memory whose names say none.
        dump_image_format: The same of dumps in the format elf.
        backup_tls: The folder of the certificates that those are shown who read a backup.
        late_detach: Whether it is no error that a guest does not let a device go in time: it may
            later, and an event tells.  So libvirtd answers, and its clients count on it.
    """

    root: Path
    owner: Owner | None = None
    migration_ports: range = MIGRATION_PORTS
    migration_host: str | None = None
    migration_tls: Path | None = None
    process: ProcessSettings = field(default_factory=ProcessSettings)
    save_image_format: str = "raw"
    dump_image_format: str = "raw"
    backup_tls: Path = Path("/etc/pki/libvirt-backup")
    late_detach: bool = False

    @classmethod
    def from_uri(cls, uri: URI) -> Settings:
        """Read ``qemu:///embed?root=DIR[&user=NAME]``, with what else `Settings` has.

        Raises:
            ConfigError: A part is missing, unknown or wrong; `field` names it.
        """
        if uri.path != "/embed" or uri.transport or uri.host:
            raise ConfigError(
                f"the QEMU driver cannot open {uri} inside this process",
                field="path",
                hint="use qemu:///embed?root=DIR",
            )
        given = uri.parameters
        unknown = sorted(set(given) - set(_KNOWN))
        if unknown:
            raise ConfigError(
                f"unknown parameter {unknown[0]!r} in {uri}",
                field=unknown[0],
                hint=f"known: {', '.join(_KNOWN)}",
            )
        if not given.get("root"):
            raise ConfigError(
                f"{uri} names no root folder", field="root", hint="use qemu:///embed?root=DIR"
            )
        user, ports, tls = (given.get(n) for n in ("user", "migration_ports", "migration_tls"))
        return cls(
            root=_folder(given["root"]),
            owner=_owner(user, given.get("group")) if user else None,
            migration_ports=port_range(ports) if ports else MIGRATION_PORTS,
            migration_host=given.get("migration_host"),
            migration_tls=_folder(tls, "migration_tls") if tls else None,
            process=ProcessSettings.from_parameters(given),
            save_image_format=_format(given, "save_image_format"),
            dump_image_format=_format(given, "dump_image_format"),
            backup_tls=_folder(given.get("backup_tls", "/etc/pki/libvirt-backup"), "backup_tls"),
            late_detach=switch("late_detach", given.get("late_detach", "no")),
        )


_KNOWN = (
    *("root", "user", "group", *parameter_names()),
    *("migration_ports", "migration_host", "migration_tls", "backup_tls"),
    *("save_image_format", "dump_image_format", "late_detach"),
)
_FORMATS = ("raw", "gzip", "bzip2", "xz", "lzop", "zstd")


def _format(given: Mapping[str, str], name: str) -> str:
    text = given.get(name, "raw")
    if text not in _FORMATS:
        raise ConfigError(
            f"{text!r} is no format of a guest's memory in a file",
            field=name,
            hint=f"known: {', '.join(_FORMATS)}",
        )
    return text


def port_range(text: str) -> range:
    """Read ``49152-49215``.

    Raises:
        ConfigError: It is none.
    """
    first, _, last = text.partition("-")
    if first.isdecimal() and (last or first).isdecimal():
        found = range(int(first), int(last or first) + 1)
        if found and found[0] > 0 and found[-1] <= _HIGHEST_PORT:
            return found
    raise ConfigError(
        f"{text!r} is no range of ports", field="migration_ports", hint="use 49152-49215"
    )


_HIGHEST_PORT = 65535


def _folder(text: str, field: str = "root") -> Path:
    """The absolute path of a folder.

    Raises:
        ConfigError: No file system can have it.
    """
    try:
        if "\0" not in text:
            return Path(text).expanduser().absolute()
    except RuntimeError as error:  # ~NAME of a user that is not there
        raise ConfigError(f"{text!r} is no folder: {error}", field=field) from error
    raise ConfigError(f"{text!r} is no folder: it has a zero byte in it", field=field)


def _owner(name: str, group: str | None) -> Owner:
    """The account of that name, with its own group or another one.

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
    if group is None:
        return Owner(name, account.pw_uid, account.pw_gid)
    try:
        return Owner(name, account.pw_uid, grp.getgrnam(group).gr_gid)
    except KeyError as error:
        raise ConfigError(f"there is no group {group!r} on this host", field="group") from error
