"""Certificates and ssh keys of a lab, made by openssl and ssh-keygen in a moment.

Beside what works stands what must be refused: a client whose certificate has expired, and one
whose certificate an authority signed that the daemon does not know.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["Authority", "make_pki", "make_ssh"]

_SERVER = """basicConstraints=CA:FALSE
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
"""
_CLIENT = """basicConstraints=CA:FALSE
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=clientAuth
"""


def _run(*argv: str | Path, **settings: str) -> None:
    subprocess.run(
        [str(word) for word in argv],
        check=True,
        capture_output=True,
        text=True,
        input=settings.get("input"),
    )


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder: Path, name: str = "aiovirt test authority") -> None:
        self.folder = folder
        self.certificate = folder / "cacert.pem"
        self._key = folder / "cakey.pem"
        folder.mkdir(parents=True)
        _run(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "30", "-subj", f"/CN={name}"),
            *("-keyout", self._key, "-out", self.certificate),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, role: str, folder: Path, *, name: str, days: int = 30) -> Path:
        """Make ROLEcert.pem and ROLEkey.pem beside a copy of the authority's certificate.

        Args:
            role: "server" or "client", as in the names that libvirt looks for.
            folder: Where to; libvirt's `pkipath`.
            name: The common name.
            days: How long the certificate is valid from now; below zero it has expired.
        """
        folder.mkdir(parents=True, exist_ok=True)
        request, extensions = folder / "request.pem", folder / "extensions"
        extensions.write_text(_SERVER if role == "server" else _CLIENT, encoding="ascii")
        _run(
            *("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", folder / f"{role}key.pem", "-out", request),
        )
        _run(
            *("openssl", "x509", "-req", "-in", request, "-days", str(days)),
            *("-CA", self.certificate, "-CAkey", self._key, "-extfile", extensions),
            *("-CAcreateserial", "-out", folder / f"{role}cert.pem"),
        )
        request.unlink()
        extensions.unlink()
        shutil.copy(self.certificate, folder / "cacert.pem")
        return folder


def make_pki(folder: Path) -> Path:
    """Make FOLDER/server, and FOLDER/{client,expired,stranger}; return the client's."""
    authority = Authority(folder / "authority")
    authority.issue("server", folder / "server", name="localhost")
    authority.issue("client", folder / "expired", name="expired", days=-1)
    stranger = Authority(folder / "other-authority", "somebody else's authority")
    stranger.issue("client", folder / "stranger", name="stranger")
    shutil.copy(authority.certificate, folder / "stranger/cacert.pem")
    return authority.issue("client", folder / "client", name="client")


def make_ssh(folder: Path) -> None:
    """Make the host's key, the user's key, and a key that nobody knows."""
    folder.mkdir(mode=0o700)
    for name in ("host", "user", "stranger"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
