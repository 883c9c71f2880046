"""The admin API of libvirt's daemons: ``libvirtd:///system``, ``virtqemud:///session``.

The socket is the daemon's own; who may use it is decided by its owner, and nobody is asked to
authenticate.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path

import anyio

from aiovirt.bindings.admin import VERSION
from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.clients.libvirt.transports import open_line
from aiovirt.drivers.libvirt.driver import LibvirtDriver
from aiovirt.drivers.libvirt.link import open_link
from aiovirt.drivers.libvirt.opening import CLOSE_TIMEOUT_S, OPEN_TIMEOUT_S, Session
from aiovirt.errors import AiovirtError, ConfigError, Unresponsive
from aiovirt.interfaces import OpenOptions
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import admin as p

__all__ = ["SCHEMES", "admin_socket", "open_admin_driver"]

SCHEMES = ("libvirtd", "virtlogd", "virtlockd", "virtproxyd")
"""Daemons that are no driver's own; that one of a driver is called ``virtqemud``, for one."""

SYSTEM_FOLDER = "/run/libvirt"
TRANSPORTS = (None, "unix", "ssh")
PATHS = ("/system", "/session")


def admin_socket(uri: URI) -> str:
    """The path of the socket that a URI of the admin API means.

    Raises:
        ConfigError: It is no such URI; its part is named.
    """
    known = uri.driver in SCHEMES or (uri.driver.startswith("virt") and uri.driver.endswith("d"))
    if not known or uri.transport not in TRANSPORTS:
        raise ConfigError(
            f"{uri} is no URI of a libvirt daemon's admin API",
            field="scheme",
            hint="such as libvirtd:///system, virtqemud:///session, libvirtd+ssh://root@HOST/system",
        )
    if uri.path not in PATHS:
        raise ConfigError(
            f"{uri}: the path is {' or '.join(PATHS)}", field="path", hint="libvirtd:///system"
        )
    given = uri.parameters.get("socket")
    if given is not None:
        return given
    name = f"{uri.driver.replace('libvirtd', 'libvirt')}-admin-sock"
    if uri.path == "/system":
        return _there(f"{SYSTEM_FOLDER}/{name}", uri)
    if uri.transport == "ssh":
        raise ConfigError(
            f"{uri}: the socket of a user's daemon on another host is not known",
            field="socket",
            hint="name it: ?socket=/run/user/1000/libvirt/libvirt-admin-sock",
        )
    runtime = os.environ.get("XDG_RUNTIME_DIR") or Path("~/.cache").expanduser()
    return _there(f"{runtime}/libvirt/{name}", uri)


def _there(path: str, uri: URI) -> str:
    """A path of libvirtd's; that of our own daemon where only that is there."""
    if uri.driver != "libvirtd" or uri.transport == "ssh" or Path(path).exists():
        return path
    own = Path(path).parent.with_name("aiovirt") / "aiovirt-admin-sock"
    return str(own) if own.exists() else path


@asynccontextmanager
async def open_admin_driver(uri: URI, options: OpenOptions) -> AsyncIterator[LibvirtDriver]:
    """Connect to a daemon's admin socket, for the length of the ``async with``.

    Raises:
        ConfigError: The URI is wrong.
        NotFound: There is no such socket.
        PermissionDenied: It may not be used.
    """
    async with open_link(uri, options, opener=_open_session) as link:
        with closing(LibvirtDriver(link)) as driver:
            yield driver


@asynccontextmanager
async def _open_session(uri: URI, options: OpenOptions) -> AsyncIterator[Session]:
    place = {**uri.parameters, "socket": admin_socket(uri)}
    where = replace(uri, transport=uri.transport or "unix", parameters=place)
    async with (
        open_line(where, credentials=options.credentials) as line,
        open_client(line) as client,
    ):
        session = None
        with anyio.move_on_after(OPEN_TIMEOUT_S):
            await client.call(p.CONNECT_OPEN, p.ConnectOpenArgs(0))
            library = await client.call(p.CONNECT_GET_LIB_VERSION, Empty())
            version = VERSION.read(library.lib_ver)
            client.driver_name = uri.driver
            client.server = f"{uri.driver} {'.'.join(map(str, version))}"
            session = Session(client, uri.driver, version, line.local or line.encrypted)
        if session is None:
            raise Unresponsive(f"{client.peer} did not open the connection in time")
        try:
            yield session
        finally:
            await _farewell(client)


async def _farewell(client: LibvirtClient) -> None:
    """Say good-bye, if there is somebody to hear it."""
    if not client.lost.is_set():
        with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True), suppress(AiovirtError):
            await client.call(p.CONNECT_CLOSE, Empty())
