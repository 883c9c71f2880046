"""To a daemon of this host, by its Unix socket; the user's own daemon is started when absent."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiovirt.clients.libvirt.transports.parameters import Parameters
from aiovirt.clients.libvirt.transports.sockets import Choice, Places, choose_socket
from aiovirt.clients.libvirt.transports.starting import start_and_connect
from aiovirt.errors import AiovirtError, NotFound, PermissionDenied, ResourceUnavailable
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix

__all__ = ["AUTOSTART_VARIABLE", "connect_local", "open_unix"]

AUTOSTART_VARIABLE = "LIBVIRT_AUTOSTART"
"""libvirt's environment variable: with the value 0, no daemon of the user is started."""


@asynccontextmanager
async def open_unix(
    uri: URI,
    parameters: Parameters,
    *,
    readonly: bool,
    timeout_s: float,
    places: Places | None = None,
) -> AsyncGenerator[Line, None]:
    """Connect to a local daemon's socket.

    Args:
        uri: What to open; `choose_socket` says which socket that is.
        parameters: Those of `uri`.
        readonly: Whether the socket for readers is meant.
        timeout_s: Seconds for the daemon to take the connection; and to start, where it must.
        places: Where the sockets are, if not where they are for this process.

    Raises:
        NotFound: There is no socket: no daemon runs.
        PermissionDenied: The socket may not be used.
        ResourceUnavailable: Nobody listens at the socket.
        Unresponsive: The daemon does not take the connection.
        HostError: The user's daemon could not be started.
    """
    where = places or Places.of_this_process()
    choice = choose_socket(uri, parameters, readonly=readonly, places=where)
    with await connect_local(choice, timeout_s) as sock:
        yield Line(
            sock,
            filter=None,
            early=b"",
            passes_descriptors=True,
            encrypted=True,
            local=True,
            peer=f"the libvirt daemon at {choice.path}",
        )


async def connect_local(choice: Choice, timeout_s: float) -> socket.socket:
    """Connect to the socket that was chosen; the user's own daemon is started when absent.

    Raises as `open_unix`.
    """
    try:
        return await connect_unix(choice.path, timeout_s=timeout_s)
    except (NotFound, ResourceUnavailable) as error:
        if not choice.session or os.environ.get(AUTOSTART_VARIABLE) == "0":
            raise _advised(error, choice) from error
    except PermissionDenied as error:
        raise _advised(error, choice) from error
    return await start_and_connect(choice, timeout_s)


def _advised(error: AiovirtError, choice: Choice) -> AiovirtError:
    """Say what the refusal of a socket means here, and what may be done."""
    if isinstance(error, PermissionDenied):
        return PermissionDenied(
            f"the libvirt daemon's socket {choice.path} may not be used by this user",
            hint="add the user to the group libvirt and log in anew, or use qemu:///session",
        )
    kind = NotFound if isinstance(error, NotFound) else ResourceUnavailable
    what = "there is no socket" if kind is NotFound else "nobody listens at the socket"
    if not choice.daemons:
        return kind(
            f"{what} {choice.path}, which the connection URI names",
            hint="is the path right, and does the daemon run?",
        )
    runs = " or ".join(reversed(choice.daemons))
    if choice.session:
        hint = f"start it: {choice.daemons[0]} --daemon, or unset {AUTOSTART_VARIABLE}"
    else:
        units = [f"{name}.socket" for name in reversed(choice.daemons)]
        hint = f"start it: systemctl start {' or '.join(units)}"
    return kind(f"{runs} is not running: {what} {choice.path}", hint=hint)
