"""Looks at all that a start would refuse, and at what will surprise, without starting."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib.util import find_spec

from aiovirt.daemon.access.access import Access
from aiovirt.daemon.doors import Doors
from aiovirt.daemon.hosts import configured
from aiovirt.daemon.logs import check_outputs
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import AccessSettings, HostSettings, Settings
from aiovirt.daemon.sockets import group_number
from aiovirt.drivers.qemu.binaries.find import known_emulators
from aiovirt.errors import AiovirtError, ConfigError
from aiovirt.model.uri import URI

__all__ = ["check", "doubts", "told", "waiting"]

_AT_START = {
    "hosts",
    "sockets",
    "state",
    "tcp",
    "tls.listen",
    "tls.address",
    "tls.port",
    "access.unix_group",
    "access.unix_rw_mode",
    "access.unix_ro_mode",
    "access.unix_admin_mode",
}
"""Sections and keys that only a start takes."""

_OTHERS = 0o006
"""What lets everybody connect."""


def check(settings: Settings) -> None:
    """Read the files that the settings name, and look up what else they name.

    Raises:
        AiovirtError: Something is wrong; it says what, and where.
    """
    check_outputs(settings.logging)
    _check_accounts(settings)
    _check_hosts(settings)
    Access.from_settings(settings.access, session=settings.session)
    Doors(settings)


def _check_accounts(settings: Settings) -> None:
    """Look whether there are the group and the user that are named."""
    group, user = settings.access.unix_group, settings.hosts.qemu_user
    if group is not None and not settings.session:
        group_number(group)
    if user is not None:
        try:
            pwd.getpwnam(user)
        except KeyError as error:
            raise ConfigError(
                f"there is no user {user!r} on this host", field="hosts.qemu_user"
            ) from error


def _check_hosts(settings: Settings) -> None:
    """Look whether what is opened, and what clients get who name nothing, is served."""
    hosts = settings.hosts
    served, default = configured(settings, Places.of(settings).state)
    unknown = sorted(set(hosts.autostart) - {"qemu", "test"})
    if unknown:
        raise ConfigError(
            f"there is no driver {unknown[0]!r}", field="hosts.autostart", hint="qemu and test are"
        )
    if default is not None and default not in served and not _may_be_a_file(default, hosts):
        raise ConfigError(
            f"{default} is not served here",
            field="hosts.default",
            hint=f"served: {', '.join(served) or 'none'}",
        )


def _may_be_a_file(uri: str, hosts: HostSettings) -> bool:
    return hosts.test_folder is not None and URI.parse(uri).driver == "test"


def doubts(settings: Settings) -> Iterator[str]:
    """What is no mistake, but keeps somebody out whom the administrator may expect to get in."""
    if settings.hosts.qemu and not any(known_emulators()):
        yield "hosts.qemu: there is no QEMU on the PATH: apt install qemu-system"
    if not configured(settings, Places.of(settings).state)[0]:
        yield "hosts: neither qemu nor test is served, so that clients find nothing here"
    yield from _doubts_of_networks(settings)
    yield from _doubts_of_polkit(settings.access)


def _doubts_of_networks(settings: Settings) -> Iterator[str]:
    access = settings.access
    for name, section in (("tcp", settings.tcp), ("tls", settings.tls)):
        if section.listen and access.policy is None:
            yield f"{name}.listen: remote clients may do nothing without rules: access.policy"
    if settings.tcp.listen and access.auth_tcp == "sasl" and not _has_sasl(access):
        yield (
            "access.auth_tcp: there is no SASL mechanism for plain TCP, so nobody gets in: "
            "libvirt's clients want kerberos_keytab, or TLS in its place"
        )


def _doubts_of_polkit(access: AccessSettings) -> Iterator[str]:
    if "polkit" in {access.auth_unix_rw, access.auth_unix_ro} and find_spec("dbus_fast") is None:
        yield "access: polkit cannot be asked without dbus-fast: pip install 'aiovirt[dbus]'"
    if access.auth_unix_rw == "polkit" and ~access.unix_rw_mode & _OTHERS:
        yield (
            "access.auth_unix_rw: polkit is asked only about those who can reach the socket: "
            "unix_rw_mode = 0o666"
        )


def waiting(running: Settings, read: Settings) -> Iterator[str]:
    """The keys that differ from those of the running daemon, and change with a restart only."""
    for section in fields(Settings):
        before, now = getattr(running, section.name), getattr(read, section.name)
        if before == now or not is_dataclass(now):
            continue
        for key in fields(now):
            differs = getattr(before, key.name) != getattr(now, key.name)
            name = f"{section.name}.{key.name}"
            if differs and (section.name in _AT_START or name in _AT_START):
                yield name


def _has_sasl(access: AccessSettings) -> bool:
    """Whether there is a mechanism for an open line."""
    hashes = access.sasl_passwords is not None and access.sasl_unencrypted
    return hashes or access.kerberos_keytab is not None


def told(error: AiovirtError, between: str = "\n  ") -> str:
    """What an administrator reads of an error: with the key that it is about, and the hint."""
    key = error.field if isinstance(error, ConfigError) else None
    text = str(error)
    if key and "." in key and f"'{key.rpartition('.')[2]}'" not in text:
        text = f"{key}: {text}"
    return f"{text}{between}{error.hint}" if error.hint else text
