"""TLS between a socket and a protocol: the records as a filter, the handshake, and its errors.

The filter does no I/O, so a channel can run over it.  Which certificates to use, and what they are
called, is the caller's affair.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias

import anyio

from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RemoteError,
    Unresponsive,
)
from aiovirt.streams.unix import UnixStream

__all__ = [
    "HANDSHAKE_TIMEOUT_S",
    "TLSFilter",
    "accept_tls",
    "certificate_fault",
    "load_authority",
    "load_identity",
    "raise_for_tls",
    "start_tls",
]

HANDSHAKE_TIMEOUT_S = 30.0
"""Seconds that a peer has for the handshake, unless another bound is named."""

_RECORD = 64 * 1024

Side: TypeAlias = Literal["client", "server"]


class TLSFilter:
    """One TLS session as a `ByteFilter`; made by `start_tls` and `accept_tls`.

    Args:
        context: The certificates and what is demanded of the peer.
        peer: Who the peer is, for messages.
        server_side: Whether this is the server's end.
        server_hostname: The server's name, at the client's end.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        peer: str,
        server_side: bool = False,
        server_hostname: str | None = None,
    ) -> None:
        self.peer = peer
        self.other: Side = "client" if server_side else "server"
        """Which end the peer is."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_hostname
        )
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the peer has ended the session (close_notify).

        A connection that ends while this is False was cut, and its last message may be missing.
        """
        return self._ended

    @property
    def version(self) -> str | None:
        """The protocol's version, such as ``TLSv1.3``, once the handshake is done."""
        return self._session.version()

    @property
    def peer_subject(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The name in the peer's certificate, in parts as `ssl` gives it; empty without one."""
        certificate: dict[str, Any] = self._session.getpeercert() or {}
        subject: tuple[tuple[tuple[str, str], ...], ...] = certificate.get("subject", ())
        return subject

    def shake_hands(self, data: bytes = b"") -> tuple[bytes, bool]:
        """Take the peer's bytes, and return what goes to it and whether the handshake is done.

        Raises:
            ssl.SSLError: The handshake failed; `goodbye` returns what the peer should still get.
        """
        self._incoming.write(data)
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return self._outgoing.read(), False
        return self._outgoing.read(), True

    def encode(self, data: bytes) -> bytes:
        """See `ByteFilter.encode`."""
        try:
            if data:
                self._session.write(data)
        except ssl.SSLError as error:
            raise ConnectionLost(
                f"{self.peer}: the TLS session has ended: {_words(error)}", maybe_done=False
            ) from error
        return self._outgoing.read()

    def decode(self, data: bytes) -> bytes:
        """See `ByteFilter.decode`."""
        self._incoming.write(data)
        plain = bytearray()
        with suppress(ssl.SSLWantReadError):
            self._read_into(plain)
        if self._ended and not plain:
            raise ConnectionLost(f"{self.peer} ended the TLS session", maybe_done=True)
        return bytes(plain)

    def _read_into(self, plain: bytearray) -> None:
        try:
            while part := self._session.read(_RECORD):
                plain += part
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            if _alert(error):
                raise_for_tls(error, self.peer, self.other)
            raise ProtocolError(
                f"{self.peer} sent what is no TLS record: {_words(error)}"
            ) from error
        self._ended = True

    def goodbye(self) -> bytes:
        """Return the bytes that tell the peer that nothing more comes. It does not wait."""
        with suppress(ssl.SSLError):
            self._session.unwrap()
        return self._outgoing.read()


async def start_tls(
    sock: socket.socket,
    context: ssl.SSLContext,
    *,
    peer: str,
    server_hostname: str | None = None,
    timeout_s: float = HANDSHAKE_TIMEOUT_S,
) -> TLSFilter:
    """Shake hands as the client over a connected, non-blocking socket.

    In TLS 1.3 the server judges our certificate only afterwards: its refusal comes with the
    first bytes, out of `TLSFilter.decode`.

    Raises:
        AuthenticationFailed: The server's certificate does not hold, or it does not accept ours;
            the message says why.
        ProtocolError: What answers does not speak TLS.
        RemoteError: There is no version or cipher that both sides allow.
        ConnectionLost: The server ended the connection.
        Unresponsive: It did not answer within `timeout_s`.

    Cancellation: the socket is good for nothing but to be closed, which the caller does.
    """
    tls = TLSFilter(context, peer=peer, server_hostname=server_hostname)
    await _shake_hands(sock, tls, timeout_s)
    return tls


async def accept_tls(
    sock: socket.socket,
    context: ssl.SSLContext,
    *,
    peer: str,
    timeout_s: float = HANDSHAKE_TIMEOUT_S,
) -> TLSFilter:
    """Shake hands as the server; arguments, errors and cancellation are those of `start_tls`."""
    tls = TLSFilter(context, peer=peer, server_side=True)
    await _shake_hands(sock, tls, timeout_s)
    return tls


async def _shake_hands(sock: socket.socket, tls: TLSFilter, timeout_s: float) -> None:
    stream = UnixStream(sock)
    with anyio.move_on_after(timeout_s):
        try:
            await _exchange(stream, tls)
        except ssl.SSLError as error:
            with suppress(ConnectionLost):
                await stream.send(tls.goodbye())  # the alert that says why
            raise_for_tls(error, tls.peer, tls.other)
        except (anyio.EndOfStream, ConnectionLost) as error:
            raise ConnectionLost(
                f"{tls.peer} ended the connection during the TLS handshake",
                maybe_done=False,
                hint="does TLS listen on that port?",
            ) from error
        return
    raise Unresponsive(
        f"{tls.peer} did not answer the TLS handshake within {timeout_s:g} s",
        hint="does TLS listen on that port?",
    )


async def _exchange(stream: UnixStream, tls: TLSFilter) -> None:
    answer, done = tls.shake_hands()
    while True:
        if answer:
            await stream.send(answer)
        if done:
            return
        answer, done = tls.shake_hands(await stream.receive())


def load_identity(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Let `context` show a certificate.

    Raises:
        ConfigError: A file is not what it should be, or the key does not belong to the certificate.
        NotFound: A file is missing.
        PermissionDenied: A file may not be read.
    """
    for path in (certificate, key):
        _check_readable(path)
    try:
        context.load_cert_chain(certificate, key, password=lambda: _no_passphrase(key))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(
                f"the private key {key} does not belong to the certificate {certificate}",
                field="pkipath",
                hint="both come from one request for a certificate: look which one is older",
            ) from error
        raise ConfigError(
            f"{certificate} with {key} is no certificate with its key in PEM: {_words(error)}",
            field="pkipath",
        ) from error


def load_authority(context: ssl.SSLContext, authority: Path) -> None:
    """Let `context` trust the certificates that `authority` has signed. Raises as above."""
    _check_readable(authority)
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise ConfigError(
            f"the CA certificate {authority} is no certificate in PEM: {_words(error)}",
            field="pkipath",
        ) from error


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except FileNotFoundError as error:
        raise NotFound(f"the file {path} is missing") from error
    except OSError as error:
        raise PermissionDenied(f"the file {path} cannot be read: {error.strerror}") from error


def _no_passphrase(key: Path) -> NoReturn:
    """Do not let OpenSSL ask at the terminal."""
    raise ConfigError(
        f"the private key {key} is locked by a passphrase",
        field="pkipath",
        hint=f"unlock it once and for all: openssl pkey -in {key} -out {key.name}",
    )


_EXPIRED = "look at its dates with: openssl x509 -noout -dates -in FILE; and at the host's clock"
_NO_CA = "take the cacert.pem that signed the server's certificate, or no_verify=1 to trust anybody"

# The verify codes of OpenSSL (openssl-verification-options(1)) -> what is wrong, what may be done.
_UNTRUSTED = {
    9: ("is not valid yet", _EXPIRED),
    10: ("has expired", f"renew it; {_EXPIRED}"),
    18: ("is signed by itself and not by a CA we know", _NO_CA),
    19: ("comes from a CA that we do not know", _NO_CA),
    20: ("comes from a CA that we do not know", _NO_CA),
    21: ("comes from a CA that we do not know", _NO_CA),
    23: ("was revoked", "let the server get a new one"),
    26: ("is not for this end of a connection", "let its purposes include the one it is used for"),
    62: (
        "is for another host name",
        "use a name that is in the certificate, or add this one to its subjectAltName",
    ),
    64: (
        "does not hold for this address",
        "use the host's name, or add the address to the certificate's subjectAltName",
    ),
}

# What the peer says by an alert (RFC 8446, section 6.2, as OpenSSL names them) of our certificate.
_REFUSED = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it demands a client certificate, and we have shown none",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it finds it bad",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it has no use for one of that kind",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it was revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it cannot be verified",
    "TLSV1_ALERT_UNKNOWN_CA": "it comes from a CA that the server does not know",
    "TLSV1_ALERT_ACCESS_DENIED": "its owner has no access",
    "TLSV1_ALERT_DECRYPT_ERROR": "its key does not fit it",
}

_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "BAD_RECORD_TYPE"}


def raise_for_tls(error: ssl.SSLError, peer: str, other: Side = "server") -> NoReturn:
    """Raise what an error of the session with `peer`, which is the `other` end, means."""
    raise _meaning(error, peer, other) from error


def certificate_fault(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """What is wrong with a peer's certificate, after "the certificate", and what may be done."""
    return _UNTRUSTED.get(error.verify_code, (f"does not hold: {error.verify_message}", _NO_CA))


def _meaning(error: ssl.SSLError, peer: str, other: Side) -> AiovirtError:
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, hint = certificate_fault(error)
        # What may be done about a client's certificate is for the client to know.
        told = hint if other == "server" else None
        return AuthenticationFailed(f"{peer}: the {other}'s certificate {what}", hint=told)
    if reason in _REFUSED and other == "client":
        why = _REFUSED[reason].replace("the server", "the client")
        return AuthenticationFailed(f"{peer} refused our server certificate: {why}")
    if reason in _REFUSED:
        return AuthenticationFailed(
            f"{peer} refused our client certificate: {_REFUSED[reason]}",
            hint="the server's ca_file must have signed it, and tls_allowed_dn_list must allow it",
        )
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return AuthenticationFailed(f"{peer} has shown no certificate")
    if reason in _NO_TLS:
        return ProtocolError(
            f"{peer} does not speak TLS: {_words(error)}", hint="does TLS listen on that port?"
        )
    return RemoteError(f"{peer}: the TLS handshake failed: {_words(error)}")


def _alert(error: ssl.SSLError) -> bool:
    return "_ALERT_" in (error.reason or "")


def _words(error: ssl.SSLError) -> str:
    return (error.reason or error.strerror or str(error)).replace("_", " ").lower()
