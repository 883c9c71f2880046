"""Certificates for tests of TLS, made as wanted: a CA, and what it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


def _name(text: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, text)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _save(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    path.mkdir(parents=True, exist_ok=True)
    (path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path


class Authority:
    """A CA whose files lie in a folder of its own."""

    def __init__(self, folder: Path, name: str = "a CA of tests") -> None:
        self.folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        built = self._builder(self._name, self._key, now - DAY, now + DAY)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        _save(folder, built.sign(self._key, hashes.SHA256()), self._key)
        self.certificate = folder / "cert.pem"

    def sign(
        self,
        name: str,
        *,
        hosts: Sequence[str] = (),
        days: tuple[int, int] = (-1, 1),
        purpose: x509.ObjectIdentifier | None = None,
        organization: str | None = None,
    ) -> Identity:
        """Sign a certificate that holds from some days from now until some days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        subject = _name(name, organization)
        built = self._builder(subject, key, now + days[0] * DAY, now + days[1] * DAY)
        built = built.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if hosts:
            built = built.add_extension(
                x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False
            )
        if purpose is not None:
            built = built.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        folder = self.folder / f"{name}-{days[0]}-{days[1]}"
        _save(folder, built.sign(self._key, hashes.SHA256()), key)
        return Identity(folder / "cert.pem", folder / "key.pem")

    def revoke(self, *identities: Identity) -> Path:
        """Make a list of revoked certificates."""
        now = dt.datetime.now(dt.UTC)
        built = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        built = built.last_update(now - DAY).next_update(now + DAY)
        for identity in identities:
            certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
            one = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            built = built.add_revoked_certificate(one.revocation_date(now - DAY).build())
        path = self.folder / "revoked.pem"
        signed = built.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begin: dt.datetime,
        end: dt.datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
