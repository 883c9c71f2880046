"""Whom an HTTPS client trusts: the system's CAs, a CA file, one pinned certificate, or anybody.

Only the last one is no check at all; it is asked for by name and told in the log.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import aiohttp

from aiovirt.errors import ConfigError
from aiovirt.streams.tls import load_authority

__all__ = ["TLSDemands", "Thumbprint", "Trust", "demands"]

log = logging.getLogger("aiovirt.http")

_HASHES: Final = {20: hashlib.sha1, 32: hashlib.sha256}

TLSDemands: TypeAlias = ssl.SSLContext | aiohttp.Fingerprint | bool
"""What aiohttp takes as ``ssl``; False is no check."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a server's certificate must be; without arguments, what the system's CAs hold good.

    Attributes:
        ca_file: Certificates in PEM that are trusted in place of the system's.
        thumbprint: The SHA-256 or SHA-1 of the server's own certificate, in hexadecimal with or
            without colons. It alone decides then: names, dates and CAs do not count.
        no_verify: Trust anybody, so that whoever is on the way can read and change everything.
    """

    ca_file: Path | None = None
    thumbprint: str | None = None
    no_verify: bool = False


class Thumbprint(aiohttp.Fingerprint):
    """A pinned certificate, checked before a byte of a request is sent.

    Args:
        digest: The SHA-1 (20 bytes) or SHA-256 (32 bytes) of it; empty refuses every certificate.

    Attributes:
        seen: The SHA-256 of the certificate that the server has shown last, or nothing yet.
    """

    def __init__(self, digest: bytes = b"") -> None:
        # The parent's own constructor takes no SHA-1, which VMware's consoles still show.
        self._digest = digest
        self._refused: list[asyncio.Transport] = []
        self.seen = b""

    @property
    def fingerprint(self) -> bytes:
        """The digest that is asked for."""
        return self._digest

    def check(self, transport: asyncio.Transport) -> None:
        """Compare.

        Raises:
            aiohttp.ServerFingerprintMismatch: It is another one.
        """
        session = transport.get_extra_info("ssl_object")
        if session is None:
            return
        certificate = session.getpeercert(binary_form=True)
        self.seen = hashlib.sha256(certificate).digest()
        made = _HASHES.get(len(self._digest), hashlib.sha256)(certificate).digest()
        if made != self._digest:
            host, port, *_ = transport.get_extra_info("peername")
            self._refused.append(transport)
            raise aiohttp.ServerFingerprintMismatch(self._digest, made, host, port)

    def abort_refused(self) -> None:
        """End the connections to whom is not trusted: aiohttp waits for their goodbye."""
        while self._refused:
            self._refused.pop().abort()


def demands(trust: Trust, where: str) -> TLSDemands:
    """What `trust` means to aiohttp; it reads files, so call it in a thread.

    Raises:
        ConfigError: The thumbprint is none, the CA file is none, or two ways exclude each other.
        NotFound: The CA file is missing.
        PermissionDenied: It may not be read.
    """
    if trust.no_verify and (trust.ca_file or trust.thumbprint):
        raise ConfigError(
            "no_verify=1 does not go with a CA file or a thumbprint: these would not be looked at",
            field="no_verify",
            hint="leave no_verify out",
        )
    if trust.no_verify:
        log.warning(
            "%s: its certificate is not verified (no_verify=1): anybody on the way can read the "
            "password and change what is said",
            where,
        )
        return False
    if trust.thumbprint is not None:
        return Thumbprint(_digest(trust.thumbprint))
    return _context(trust.ca_file)


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text.replace(":", "").strip())
    except ValueError:
        digest = b""
    if len(digest) not in _HASHES:
        raise ConfigError(
            f"{text!r} is no thumbprint of a certificate",
            field="thumbprint",
            hint="it has 32 bytes in hexadecimal (SHA-256) or 20 (SHA-1): "
            "openssl x509 -noout -fingerprint -sha256 -in FILE",
        )
    return digest


def _context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        load_authority(context, ca_file)
    # A certificate that the user names is trusted even if it is no root; and a CA that an
    # appliance made for itself often lacks what RFC 5280 demands in small print.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
