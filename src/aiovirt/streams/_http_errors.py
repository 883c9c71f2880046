"""What aiohttp's errors mean, and what may be done: they become aiovirt's here and only here."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.http_exceptions import BadHttpMessage, ContentLengthError

from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConnectionLost,
    ProtocolError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams.tcp import no_such_name, refusal
from aiovirt.streams.tls import certificate_fault, raise_for_tls

__all__ = ["Bounds", "Progress", "distrust", "mismatch", "reasons", "refused_credentials"]

PROXY_AUTHENTICATION = 407


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a server may be silent; each in seconds.

    Attributes:
        connect_s: For the name, TCP, the proxy and the TLS handshake, together.
        first_byte_s: From the last byte of a request to the first of its answer.
        idle_s: Between two parts of an answer, or while it takes no part of a request.
    """

    connect_s: float = 30.0
    first_byte_s: float = 60.0
    idle_s: float = 60.0


@dataclass(slots=True)
class Progress:
    """How far a request has come, for the error that may end it.

    Attributes:
        where: The server, for messages.
        bounds: How long it may be silent.
        proxy: The proxy on the way, or None.
        transport: The connection that the request was sent over, or None before.
        answered: Whether the answer's headers have come.
    """

    where: str
    bounds: Bounds
    proxy: str | None = None
    transport: asyncio.Transport | None = None
    answered: bool = False

    @property
    def sent(self) -> bool:
        """Whether a part of the request may have gone out, and not only to a proxy."""
        return self.transport is not None

    def abort(self) -> None:
        """End the connection at once: to be closed it would first wait for a server that reads."""
        if self.transport is not None:
            self.transport.abort()


@contextmanager
def reasons(progress: Progress) -> Generator[None, None, None]:
    """Turn errors of aiohttp about one request into aiovirt's."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise _meaning(error, progress) from error


def _meaning(error: Exception, progress: Progress) -> AiovirtError:
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning(error, progress)
    return _lost(error, progress)


def _lost(error: Exception, progress: Progress) -> AiovirtError:
    phase = "amid its answer" if progress.answered else "before it answered"
    if not progress.sent:
        phase = "before the request was sent"
    words = str(error) or type(error).__name__
    return ConnectionLost(
        f"{progress.where} ended the connection {phase}: {words}", maybe_done=progress.sent
    )


def _no_connection(_error: aiohttp.ConnectionTimeoutError, progress: Progress) -> AiovirtError:
    way = f" by the proxy {progress.proxy}" if progress.proxy else ""
    return Unresponsive(
        f"{progress.where} gave no connection{way} within {progress.bounds.connect_s:g} s",
        hint="is the host up, is the port right, and does a firewall drop what is sent there?",
    )


def _not_taken(error: TimeoutError, progress: Progress) -> AiovirtError:
    if progress.answered:
        return _silent(error, progress)
    return Unresponsive(
        f"{progress.where} did not take the request, or none of its addresses answered, within "
        f"{progress.bounds.connect_s + progress.bounds.first_byte_s:g} s"
    )


def _silent(_error: Exception, progress: Progress) -> AiovirtError:
    if progress.answered:
        return Unresponsive(
            f"{progress.where} sent nothing for {progress.bounds.idle_s:g} s amid its answer"
        )
    return Unresponsive(
        f"{progress.where} did not answer within {progress.bounds.first_byte_s:g} s",
        hint="the request was sent: the server may still carry it out",
    )


def _unknown_name(error: aiohttp.ClientConnectorDNSError, progress: Progress) -> AiovirtError:
    del progress
    return no_such_name(error.os_error, error.host)


def _refused(error: aiohttp.ClientConnectorError, progress: Progress) -> AiovirtError:
    return refusal([error.os_error], progress.where, "is the service up, and is that its port?")


def _no_proxy(error: aiohttp.ClientConnectorError, progress: Progress) -> AiovirtError:
    return refusal(
        [error.os_error],
        f"the proxy {progress.proxy} to {progress.where}",
        "is the proxy right? no_proxy in the environment lets a host be reached without it",
    )


def _no_tls(error: aiohttp.ClientConnectorSSLError, progress: Progress) -> AiovirtError:
    cause = error.os_error
    if not isinstance(cause, ssl.SSLError):
        return _lost(error, progress)
    try:
        raise_for_tls(cause, progress.where)
    except AiovirtError as meaning:
        return meaning


def _proxy_refused(error: aiohttp.ClientHttpProxyError, progress: Progress) -> AiovirtError:
    if error.status == PROXY_AUTHENTICATION:
        return refused_credentials(error.status, progress)
    return ResourceUnavailable(
        f"the proxy {progress.proxy} does not connect to {progress.where}: "
        f"{error.status} {error.message}",
        hint="may it, and can it reach that host? no_proxy in the environment goes round it",
    )


def _cut_or_garbled(error: aiohttp.ClientPayloadError, progress: Progress) -> AiovirtError:
    cause = error.__cause__
    if not isinstance(cause, BadHttpMessage) or isinstance(cause, ContentLengthError):
        return _lost(error, progress)
    # The same class stands for a body in parts that was cut, and for one whose sizes are none.
    cut = str(cause.message).startswith("Not enough data")
    return (_lost if cut else _garbled)(error, progress)


def _garbled(error: Exception, progress: Progress) -> AiovirtError:
    words = " ".join(str(getattr(error, "message", error)).split())[:200]
    return ProtocolError(f"{progress.where} answered in no proper HTTP: {words}")


# What an error means, most particular first.
_MEANINGS: list[tuple[type[Exception], Callable[[Any, Progress], AiovirtError]]] = [
    (aiohttp.ConnectionTimeoutError, _no_connection),
    (aiohttp.ServerTimeoutError, _silent),
    (TimeoutError, _not_taken),
    (aiohttp.ClientConnectorDNSError, _unknown_name),
    (aiohttp.ClientProxyConnectionError, _no_proxy),
    (aiohttp.ClientConnectorSSLError, _no_tls),
    (aiohttp.ClientConnectorError, _refused),
    (aiohttp.ClientHttpProxyError, _proxy_refused),
    (aiohttp.ClientResponseError, _garbled),
    (aiohttp.ClientPayloadError, _cut_or_garbled),
]


def refused_credentials(status: int, progress: Progress) -> AuthenticationFailed:
    """The error of an answer 401 or 407."""
    if status == PROXY_AUTHENTICATION:
        return AuthenticationFailed(
            f"the proxy {progress.proxy} to {progress.where} demands a user and a password (407)",
            hint="write them into its URL: http://user:password@proxy:port",
        )
    return AuthenticationFailed(
        f"{progress.where} does not accept who we are (401)",
        hint="are the user and the password right, and has the session not expired?",
    )


def distrust(
    error: aiohttp.ClientConnectorCertificateError, seen: bytes, progress: Progress
) -> AiovirtError:
    """The error of a certificate that does not hold.

    Args:
        error: aiohttp's.
        seen: The SHA-256 of that certificate, or nothing when it could not be had.
        progress: Of the request.
    """
    cause = error.certificate_error
    fault = str(cause)
    if isinstance(cause, ssl.SSLCertVerificationError):
        fault = certificate_fault(cause)[0]
    return AuthenticationFailed(
        f"{progress.where}: the server's certificate {fault}", hint=_what_to_pin(seen)
    )


def mismatch(
    error: aiohttp.ServerFingerprintMismatch, seen: bytes, progress: Progress
) -> AiovirtError:
    """The error of a certificate that is not the pinned one; arguments as `distrust`."""
    return AuthenticationFailed(
        f"{progress.where}: the server's certificate is not the pinned one, "
        f"{_colons(error.expected)}, but {_colons(seen or error.got)}",
        hint="was it renewed? compare with what the server's own console shows before the new "
        "one is pinned by thumbprint=",
    )


def _what_to_pin(seen: bytes) -> str:
    if not seen:
        return "take the certificate of its CA as cacert="
    return (
        "take the certificate of its CA as cacert=; or compare with the server's own console, "
        f"and pin this certificate by thumbprint={_colons(seen)}"
    )


def _colons(digest: bytes) -> str:
    return digest.hex(":").upper()
