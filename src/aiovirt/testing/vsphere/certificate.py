"""A certificate for a simulated server: signed by itself, for this machine's own names."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Certificate", "make_certificate"]

_DAY = dt.timedelta(days=1)


class Certificate:
    """A certificate, and what a server needs to show it.

    Attributes:
        pem: The certificate, as text; a client that trusts it may use it as its CA.
        sha1: Its SHA-1, in pairs of digits with colons, as VMware shows it.
        sha256: Its SHA-256, likewise.
        context: What a server shows it by.
    """

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.sha1 = certificate.fingerprint(hashes.SHA1()).hex(":").upper()  # noqa: S303
        self.sha256 = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:  # ssl takes them only from files
            path = Path(folder, "server.pem")
            path.write_bytes(secret + self.pem.encode())
            self.context.load_cert_chain(path)


def make_certificate(name: str = "localhost") -> Certificate:
    """Make a certificate for a name, and for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "VMware, Inc."),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 365 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(certificate, key)
