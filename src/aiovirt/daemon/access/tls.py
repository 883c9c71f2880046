"""The door for TLS: the daemon's own certificate, and whose certificates are let in.

The files are read when the door is made, and anew on `reload`; connections that are open go on
with what they began with.
"""

from __future__ import annotations

import logging
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread

from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.names import distinguished_name, name_fits
from aiovirt.daemon.access.peers import network_identity
from aiovirt.daemon.access.refusals import unproven
from aiovirt.daemon.settings import TlsSettings
from aiovirt.errors import AiovirtError, ConfigError, ConnectionLost, NotFound
from aiovirt.streams.tls import TLSFilter, accept_tls, load_authority, load_identity
from aiovirt.streams.unix import UnixStream

__all__ = ["ACCEPTED", "TlsDoor", "server_context"]

ACCEPTED = b"\x01"
"""What a server of libvirt's says once it has taken a client's certificate."""

_OTHERS_MAY_READ = 0o004
log = logging.getLogger("aiovirt.daemon.access")


class TlsDoor:
    """Lets clients in by TLS.

    Args:
        settings: The section ``tls``.
        allowed: Patterns of the names in certificates that are taken; empty for all.

    Raises:
        ConfigError: A file is not what it should be.
        NotFound: A file is missing.
        PermissionDenied: A file may not be read.
    """

    def __init__(self, settings: TlsSettings, allowed: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._allowed = allowed
        self._context = server_context(settings)

    async def reload(
        self, settings: TlsSettings | None = None, allowed: tuple[str, ...] | None = None
    ) -> None:
        """Read the files anew, for connections from now on. Raises as above: then all stays."""
        settings = settings or self._settings
        self._context = await to_thread.run_sync(server_context, settings)
        self._settings = settings
        self._allowed = self._allowed if allowed is None else allowed

    async def accept(
        self, sock: socket.socket, *, readonly: bool = False
    ) -> tuple[TLSFilter, Identity]:
        """Shake hands with a client, look at its certificate, and tell it that it is in.

        A refusal is logged with its reason, and the client is told no more than TLS tells.

        Args:
            sock: A connected socket that does not block; it stays the caller's to close.
            readonly: Whether clients of this listener may only read.

        Raises:
            AuthenticationFailed: Its certificate does not hold, or its name is not allowed.
            ProtocolError: It does not speak TLS.
            RemoteError: There is no version or cipher that both sides allow.
            ConnectionLost: It is gone.
            Unresponsive: It was too slow.

        Cancellation: the socket is good for nothing but to be closed.
        """
        try:
            identity = network_identity(sock, tls=True, readonly=readonly)
        except OSError as error:
            raise ConnectionLost("the client is gone already", maybe_done=False) from error
        try:
            return await self._let_in(sock, identity)
        except AiovirtError as error:
            log.warning("TLS: %s is not let in: %s", identity.address, error)
            raise

    async def _let_in(self, sock: socket.socket, identity: Identity) -> tuple[TLSFilter, Identity]:
        timeout_s = self._settings.handshake_timeout_s
        allowed = self._allowed
        tls = await accept_tls(sock, self._context, peer=identity.address, timeout_s=timeout_s)
        name = distinguished_name(tls.peer_subject)
        if allowed and not any(name is not None and name_fits(one, name) for one in allowed):
            raise unproven(
                f"the certificate of {name or 'nobody'} is not among access.tls_allowed_names"
            )
        await UnixStream(sock).send(tls.encode(ACCEPTED))
        return tls, _named(identity, name)


def _named(identity: Identity, name: str | None) -> Identity:
    return Identity("tls", identity.address, x509_name=name, readonly=identity.readonly)


_WHERE = "[tls] says where the files are: certificate, key, ca_certificate"


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """What a server shows, and what it demands of clients; it reads files.

    Raises: as `TlsDoor`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A resumed session would bring back a certificate that was revoked or has expired meanwhile.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    try:
        load_identity(context, settings.certificate, settings.key)
        load_authority(context, settings.ca_certificate)
    except NotFound as error:
        raise NotFound(str(error), hint=_WHERE) from error
    # OpenSSL demands of a client's certificate that it is for clients, where it says what for.
    context.verify_mode = ssl.CERT_REQUIRED if settings.verify_clients else ssl.CERT_OPTIONAL
    if settings.revocation_list is not None:
        _load_revoked(context, settings.revocation_list)
    _look_at_own(settings)
    return context


def _load_revoked(context: ssl.SSLContext, revoked: Path) -> None:
    try:
        load_authority(context, revoked)
    except ConfigError as error:
        raise ConfigError(
            f"{revoked} is no list of revoked certificates in PEM", field="tls.revocation_list"
        ) from error
    if not context.cert_store_stats()["crl"]:
        raise ConfigError(f"{revoked} holds no revocation list", field="tls.revocation_list")
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _look_at_own(settings: TlsSettings) -> None:
    """Log what will make clients refuse us; local ones are served all the same."""
    from cryptography import x509  # noqa: PLC0415 - heavy, and only where there is TLS

    own = x509.load_pem_x509_certificate(settings.certificate.read_bytes())
    if own.not_valid_after_utc < datetime.now(UTC):
        log.warning(
            "TLS: the daemon's certificate %s has expired on %s: clients will refuse it",
            settings.certificate,
            f"{own.not_valid_after_utc:%Y-%m-%d}",
        )
    if settings.key.stat().st_mode & _OTHERS_MAY_READ:
        log.warning("TLS: everybody on this host can read the key %s", settings.key)
