"""What a connection URI says about the way to the daemon, checked before anything is opened.

Names and meaning are those of libvirt's page on URIs.  What is left over is the driver's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI

__all__ = [
    "PARAMETERS",
    "Mode",
    "Parameters",
    "Proxy",
    "Transport",
    "VerifyHosts",
    "read_parameters",
    "remote_name",
]


class Transport(StrEnum):
    """The ways to a daemon; libssh and libssh2 are libvirt's other names of ssh."""

    UNIX = "unix"
    TCP = "tcp"
    TLS = "tls"
    SSH = "ssh"
    EXT = "ext"


class Mode(StrEnum):
    """Which daemon is meant: libvirtd (legacy), or one for each driver (direct)."""

    AUTO = "auto"
    LEGACY = "legacy"
    DIRECT = "direct"


class Proxy(StrEnum):
    """What is run on a remote host to reach its socket."""

    AUTO = "auto"
    NETCAT = "netcat"
    NATIVE = "native"


class VerifyHosts(StrEnum):
    """What is done with a host key that nobody knows: refuse it, keep it, or not even look."""

    NORMAL = "normal"
    AUTO = "auto"
    IGNORE = "ignore"


_ALL = frozenset(Transport)
_SSH = frozenset({Transport.SSH})

PARAMETERS: Mapping[str, frozenset[Transport]] = MappingProxyType(
    {
        "name": _ALL,
        "auth": _ALL,
        "authfile": _ALL,
        "mode": _SSH | {Transport.UNIX},
        "socket": _SSH | {Transport.UNIX},
        "command": frozenset({Transport.EXT}),
        "proxy": _SSH,
        "netcat": _SSH,
        "keyfile": _SSH,
        "known_hosts": _SSH,
        "known_hosts_verify": _SSH,
        "sshauth": _SSH,
        "no_tty": _SSH,
        "no_verify": _SSH | {Transport.TLS},
        "pkipath": frozenset({Transport.TLS}),
        "tls_priority": frozenset({Transport.TLS}),
    }
)
"""Each parameter of libvirt's remote URIs, and the transports that have a use for it."""

SSH_METHODS = ("agent", "privkey", "password", "keyboard-interactive")
"""The words of ``sshauth``, in the order in which they are tried."""

_ALIASES = {"libssh": "ssh", "libssh2": "ssh"}
_NEAR = 0.75
"""From which likeness on a name is a misspelt parameter of ours, and not one of the driver."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one URI, typed; see libvirt's page on URIs for each.

    Attributes:
        driver: What is left over: parameters that the driver gets with its URI.
    """

    transport: Transport
    name: str | None = None
    auth: str | None = None
    authfile: str | None = None
    mode: Mode = Mode.AUTO
    socket: str | None = None
    command: str | None = None
    proxy: Proxy = Proxy.AUTO
    netcat: str | None = None
    keyfile: str | None = None
    known_hosts: str | None = None
    known_hosts_verify: VerifyHosts = VerifyHosts.NORMAL
    sshauth: tuple[str, ...] = SSH_METHODS
    no_tty: bool = False
    no_verify: bool = False
    pkipath: str | None = None
    tls_priority: str | None = None
    driver: Mapping[str, str] = field(default_factory=dict)


def remote_name(uri: URI) -> str:
    """Return the URI that the daemon is asked to open, such as ``qemu:///system``.

    It is the parameter ``name`` where there is one, else the URI without the way to the daemon.
    ``remote`` in place of a driver lets the daemon choose: its name is empty.

    Raises:
        ConfigError: As `read_parameters`.
    """
    parameters = read_parameters(uri)
    if parameters.name is not None:
        return parameters.name
    if uri.driver == "remote":
        return ""
    return str(URI(driver=uri.driver, path=uri.path or "/", parameters=parameters.driver))


def read_parameters(uri: URI) -> Parameters:
    """Return what `uri` says about the way to the daemon.

    Without a transport, a URI with a host means TLS, and one without means the Unix socket.

    Raises:
        ConfigError: The transport or a parameter is unknown, misspelt, has a value that it cannot
            have, or does not belong to the transport; `field` names it.
    """
    transport = _transport(uri)
    _check_place(uri, transport)
    known: dict[str, Any] = {}  # the readers' table and the class are read side by side
    driver: dict[str, str] = {}
    for name, value in uri.parameters.items():
        if _belongs(name, transport, uri):
            known[name] = _READERS.get(name, _text)(name, value)
        else:
            driver[name] = value
    _check_together(known, transport, uri)
    return Parameters(transport, driver=MappingProxyType(driver), **known)


def _transport(uri: URI) -> Transport:
    word = uri.transport or ("tls" if uri.host else "unix")
    word = _ALIASES.get(word, word)
    if word in list(Transport):
        return Transport(word)
    names = [*Transport, *_ALIASES]
    near = get_close_matches(word, names, n=1)
    raise ConfigError(
        f"the connection URI {uri} has the unknown transport {word!r}",
        field="transport",
        hint=f"did you mean {uri.driver}+{near[0]}?" if near else f"known: {', '.join(names)}",
    )


def _check_place(uri: URI, transport: Transport) -> None:
    if transport is Transport.UNIX and uri.host:
        raise ConfigError(
            f"the connection URI {uri} names the host {uri.host}, but a Unix socket is on this one",
            field="host",
            hint=f"use {uri.driver}+ssh://{uri.host}{uri.path}, or leave the host out",
        )
    if uri.port == 0:
        raise ConfigError(f"the connection URI {uri} has the port 0", field="port")


def _belongs(name: str, transport: Transport, uri: URI) -> bool:
    """Tell whether a parameter is about the transport, or the driver's."""
    users = PARAMETERS.get(name)
    if users is None:
        near = get_close_matches(name, PARAMETERS, n=1, cutoff=_NEAR)
        if near:
            raise ConfigError(
                f"the connection URI {uri} has the unknown parameter {name!r}",
                field=name,
                hint=f"did you mean {near[0]}?",
            )
        return False
    if transport in users:
        return True
    if name == "command" and transport is Transport.SSH:
        hint = "aiovirt speaks SSH itself and runs no program for it: leave it out"
    else:
        hint = f"it belongs to: {', '.join(sorted(users))}"
    raise ConfigError(
        f"the parameter {name!r} of the connection URI {uri} "
        f"does not fit the transport {transport}",
        field=name,
        hint=hint,
    )


def _check_together(known: Mapping[str, object], transport: Transport, uri: URI) -> None:
    if transport is Transport.EXT and "command" not in known:
        raise ConfigError(
            f"the connection URI {uri} has no parameter 'command'",
            field="command",
            hint="ext runs the program that it names: ?command=/path/of/program",
        )
    if "netcat" in known and known.get("proxy") is Proxy.NATIVE:
        raise ConfigError(
            f"the connection URI {uri} names a netcat, but proxy=native does not use one",
            field="netcat",
            hint="leave out one of both",
        )


def _text(name: str, value: str) -> str:
    if not value or "\0" in value:
        raise ConfigError(f"the parameter {name!r} of the connection URI is empty", field=name)
    return value


def _flag(name: str, value: str) -> bool:
    try:
        return int(value) != 0
    except ValueError as error:
        raise ConfigError(
            f"the parameter {name!r} of the connection URI is {value!r}, and no number",
            field=name,
            hint=f"write {name}=1 or {name}=0",
        ) from error


def _mode(name: str, value: str) -> Mode:
    return Mode(_one_of(name, value, list(Mode)))


def _proxy(name: str, value: str) -> Proxy:
    return Proxy(_one_of(name, value, list(Proxy)))


def _verify(name: str, value: str) -> VerifyHosts:
    return VerifyHosts(_one_of(name, value, list(VerifyHosts)))


def _methods(name: str, value: str) -> tuple[str, ...]:
    words = [word.strip() for word in value.split(",")]
    return tuple(_one_of(name, word, SSH_METHODS) for word in words)


def _one_of(name: str, value: str, choices: Sequence[str]) -> str:
    words = [str(choice) for choice in choices]
    if value not in words:
        near = get_close_matches(value, words, n=1)
        raise ConfigError(
            f"the parameter {name!r} of the connection URI cannot be {value!r}",
            field=name,
            hint=f"did you mean {near[0]}?" if near else f"it may be: {', '.join(words)}",
        )
    return value


_READERS = {
    "mode": _mode,
    "proxy": _proxy,
    "known_hosts_verify": _verify,
    "sshauth": _methods,
    "no_tty": _flag,
    "no_verify": _flag,
}
