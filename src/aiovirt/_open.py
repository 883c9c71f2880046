"""From a URI to an open connection: the driver is found by its scheme and loaded on first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from difflib import get_close_matches
from functools import partial
from importlib import import_module

from aiovirt.errors import ConfigError
from aiovirt.interfaces import Driver, OpenOptions
from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI
from aiovirt.objects import Connection

__all__ = ["open", "open_peer"]

OpenDriver = Callable[[URI, OpenOptions], AbstractAsyncContextManager[Driver]]

DRIVERS = {
    "esx": "aiovirt.drivers.esx",
    "qemu": "aiovirt.drivers.qemu",
    "test": "aiovirt.drivers.test",
    "vpx": "aiovirt.drivers.esx",
}
"""The scheme of a URI -> the package whose `open_driver` opens it inside this process."""

LIBVIRT = "aiovirt.drivers.libvirt"
"""The package that opens what a libvirt daemon drives."""

LIBVIRT_SCHEMES = frozenset(
    {
        "bhyve",
        "ch",
        "interface",
        "lxc",
        "network",
        "nodedev",
        "nwfilter",
        "qemu",
        "secret",
        "storage",
        "test",
        "vz",
        "xen",
    }
)
"""The schemes that a libvirt daemon knows."""

TRANSPORTS = {
    ("esx", "ssh"): "aiovirt.drivers.esxssh",
    ("esx", "tcp"): LIBVIRT,
    ("esx", "tls"): LIBVIRT,
    ("esx", "unix"): LIBVIRT,
    ("vpx", "tcp"): LIBVIRT,
    ("vpx", "tls"): LIBVIRT,
    ("vpx", "unix"): LIBVIRT,
}
"""Scheme and transport of a URI -> the package that opens it, where the transport decides."""

EMBEDDED = "/embed"
"""The path of URIs whose driver runs inside this process although a daemon has one, too."""

ALWAYS_EMBEDDED = frozenset({"test"})
"""The schemes whose driver runs inside this process unless a transport is named."""


def _find(uri: URI) -> OpenDriver:
    """The opener of a URI's driver."""
    package = _package(uri)
    if package is None:
        known = sorted({*DRIVERS, *LIBVIRT_SCHEMES, *map("+".join, TRANSPORTS)})
        near = get_close_matches(uri.driver, known, n=1)
        raise ConfigError(
            f"no driver for {uri.driver!r} in the connection URI {uri}",
            field="scheme",
            hint=f"did you mean {near[0]}://?" if near else f"known: {', '.join(known)}",
        )
    opener: OpenDriver = import_module(package).open_driver
    return opener


def _package(uri: URI) -> str | None:
    """The package that opens a URI, or None."""
    by_transport = TRANSPORTS.get((uri.driver, uri.transport or ""))
    if by_transport is not None:
        return by_transport
    by_daemon = uri.driver in LIBVIRT_SCHEMES
    embedded = uri.path == EMBEDDED or uri.driver in ALWAYS_EMBEDDED
    if uri.transport is not None or (by_daemon and not embedded):
        return LIBVIRT if by_daemon else None
    return DRIVERS.get(uri.driver)


def open_peer(
    uri: URI, credentials: Credentials | None = None
) -> AbstractAsyncContextManager[Driver]:
    """Open the host that another one has something to do with, such as to move a domain to it.

    Args:
        uri: Its URI, as that other host sees it.
        credentials: Who answers what it asks.

    Raises:
        ConfigError: There is no driver for it.
    """
    again = partial(open_peer, credentials=credentials)
    return _find(uri)(uri, OpenOptions(credentials=credentials, open_peer=again))


@asynccontextmanager
async def open(  # noqa: A001
    uri: str | URI, *, readonly: bool = False, credentials: Credentials | None = None
) -> AsyncIterator[Connection]:
    """Open a host for the length of an ``async with`` block.

        async with aiovirt.open("qemu:///embed?root=lab") as host: ...

    Args:
        uri: libvirt's connection URI. ``qemu:///embed?root=DIR`` runs the QEMU driver inside
            this process, with its state under DIR; ``test:///default`` is a host in memory, for
            tests; ``qemu:///system``, ``qemu+ssh://host/system`` and their like reach a libvirt
            daemon.
        readonly: Change nothing through this connection.
        credentials: Who answers when the host asks for a name, a password and the like, such as
            `aiovirt.Login`; libvirt's auth file and the environment are asked after it.

    Raises:
        ConfigError: The URI is wrong; its part is named.
        Busy: Another process has the root open.
        HostError: The host lacks what the driver needs.
        AuthenticationFailed: The host does not let us in.

    Cancellation: what was opened is closed. Running guests go on running: the next `open`
    of the same root finds them again.
    """
    parsed = uri if isinstance(uri, URI) else URI.parse(uri)
    options = OpenOptions(readonly, credentials, partial(open_peer, credentials=credentials))
    async with _find(parsed)(parsed, options) as driver:
        yield Connection(driver)
