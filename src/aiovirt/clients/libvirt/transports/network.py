"""To a daemon by TCP: in the clear, or by TLS with certificates of both sides."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio

from aiovirt.clients.libvirt.transports.parameters import Parameters
from aiovirt.clients.libvirt.transports.pki import client_context, with_date
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConnectionLost,
    ProtocolError,
    Unresponsive,
)
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.tls import TLSFilter, start_tls
from aiovirt.streams.unix import UnixStream

__all__ = ["ACCEPTED", "TCP_PORT", "TLS_PORT", "open_tcp", "open_tls"]

TCP_PORT = 16509
TLS_PORT = 16514

ACCEPTED = b"\x01"
"""The plain byte that a daemon sends after the TLS handshake once it accepts the client."""

DEFAULT_HOST = "localhost"


@asynccontextmanager
async def open_tcp(
    uri: URI, parameters: Parameters, *, timeout_s: float
) -> AsyncGenerator[Line, None]:
    """Connect to a daemon in the clear. Raises as `connect_tcp`."""
    del parameters  # there are none about TCP
    host, port = uri.host or DEFAULT_HOST, uri.port or TCP_PORT
    sock = await connect_tcp(
        host,
        port,
        timeout_s=timeout_s,
        listener="libvirtd",
        refused_hint="is libvirtd listening? systemctl start libvirtd-tcp.socket (or virtproxyd-tcp"
        ".socket); without systemd, listen_tcp = 1 in libvirtd.conf and --listen",
    )
    with sock:
        yield Line(
            sock,
            filter=None,
            early=b"",
            passes_descriptors=False,
            encrypted=False,
            local=False,
            peer=f"libvirtd at {host}:{port} by TCP",
        )


@asynccontextmanager
async def open_tls(
    uri: URI, parameters: Parameters, *, timeout_s: float
) -> AsyncGenerator[Line, None]:
    """Connect to a daemon by TLS, and wait until it has accepted our certificate.

    Raises:
        AuthenticationFailed: The server's certificate does not hold, or it does not accept ours.
        PermissionDenied: A file may not be read.
        NotFound: A file is missing, or there is no such host.
        ConfigError: A file is not what it should be.
        Other errors are those of `connect_tcp` and `start_tls`.
    """
    context = client_context(parameters)
    host, port = uri.host or DEFAULT_HOST, uri.port or TLS_PORT
    peer = f"libvirtd at {host}:{port} by TLS"
    sock = await connect_tcp(
        host,
        port,
        timeout_s=timeout_s,
        listener="libvirtd",
        refused_hint="is libvirtd listening? systemctl start libvirtd-tls.socket (or virtproxyd-tls"
        ".socket); without systemd, --listen",
    )
    with sock:
        tls = await start_tls(sock, context, peer=peer, server_hostname=host, timeout_s=timeout_s)
        try:
            early = await _accepted(UnixStream(sock), tls, timeout_s)
        except AuthenticationFailed as error:
            raise with_date(error, parameters) from error.__cause__
        try:
            yield Line(
                sock,
                filter=tls,
                early=early,
                passes_descriptors=False,
                encrypted=True,
                local=False,
                peer=peer,
            )
        finally:
            with suppress(OSError):
                sock.send(tls.goodbye())


async def _accepted(stream: UnixStream, tls: TLSFilter, timeout_s: float) -> bytes:
    """Wait for the server's word on our certificate; return what came after it."""
    plain = b""
    with anyio.move_on_after(timeout_s) as scope:
        try:
            while not plain:
                plain = tls.decode(await stream.receive())
        except (anyio.EndOfStream, ConnectionLost) as error:
            raise _refused(tls.peer) from error
    if scope.cancelled_caught:
        raise Unresponsive(
            f"{tls.peer} did not say within {timeout_s:g} s whether it accepts our certificate"
        )
    if not plain.startswith(ACCEPTED):
        raise ProtocolError(
            f"{tls.peer} is no libvirt daemon: it sent {plain[:1]!r} where libvirt sends "
            f"{ACCEPTED!r}"
        )
    return plain[len(ACCEPTED) :]


def _refused(peer: str) -> AiovirtError:
    return AuthenticationFailed(
        f"{peer} refused our client certificate and ended the connection",
        hint="is there one (clientcert.pem), did the server's CA sign it, and does "
        "tls_allowed_dn_list of libvirtd.conf allow its name? the server's log says which",
    )
