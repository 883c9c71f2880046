"""What QEMU must be let in with: passwords, keys and certificates, each an object of its own.

The words never hold a secret: they name the file it is read from, in the domain's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aiovirt.drivers.qemu.argv.storage.images import Image

__all__ = [
    "CERTIFICATES",
    "auth_secret",
    "cookie_secret",
    "image_objects",
    "key_secret",
    "reservations",
    "secret_object",
    "tls_credentials",
    "tls_object",
]

CERTIFICATES: Final = "/etc/pki/qemu"
"""Where the certificates are that QEMU shows to servers, and knows them by."""

HELPER: Final = "pr-helper0"
"""The object of the helper for SCSI reservations that the host runs."""

_QEMUS_KEYS: Final = ("luks", "qcow", "default")


def auth_secret(image: Image) -> str | None:
    """The id of the password that an image's server is given, or None."""
    known = image.auth is not None and image.auth.type is not None
    return f"libvirt-{image.number}-storage-auth-secret0" if known else None


def key_secret(image: Image) -> str | None:
    """The id of the key of an encrypted image, or None."""
    return f"libvirt-{image.number}-format-encryption-secret0" if image.encryption else None


def cookie_secret(image: Image) -> str | None:
    """The id of the cookies that a web server is told, or None."""
    if not image.source.cookies:
        return None
    return f"libvirt-{image.number}-storage-httpcookie-secret0"


def tls_credentials(image: Image) -> str | None:
    """The id of the certificates for an image's server, or None."""
    return f"objlibvirt-{image.number}-storage_tls0" if image.source.tls else None


def reservations(image: Image) -> str | None:
    """The id of the helper for SCSI reservations, or None."""
    wanted = image.source.reservations
    if not wanted:
        return None
    return HELPER if wanted.managed else f"pr-helper-libvirt-{image.number}-storage"


def secret_object(name: str, folder: Path) -> dict[str, object]:
    """The object that reads a secret from the domain's folder."""
    return {"qom-type": "secret", "id": name, "format": "raw", "file": str(folder / name)}


def tls_object(
    name: str, *, endpoint: str = "client", verify: bool = True, password: str | None = None
) -> dict[str, object]:
    """The object that holds certificates; *password* is the secret that their key has."""
    return {
        "qom-type": "tls-creds-x509",
        "id": name,
        "dir": CERTIFICATES,
        "endpoint": endpoint,
        "verify-peer": verify,
        "passwordid": password,
    }


def image_objects(image: Image, folder: Path) -> Iterator[dict[str, object]]:
    """The objects that must be there before the block nodes of an image."""
    helper = reservations(image)
    if helper is not None and helper != HELPER:
        yield _helper(helper, image.source.reservations.source.path or "")
    for secret in (auth_secret(image), key_secret(image), cookie_secret(image)):
        if secret is not None:
            yield secret_object(secret, folder)
    credentials = tls_credentials(image)
    if credentials is not None:
        yield tls_object(credentials)


def helper_object(folder: Path) -> dict[str, object]:
    """The object of the host's own helper for SCSI reservations."""
    return _helper(HELPER, str(folder / f"{HELPER}.sock"))


def _helper(name: str, path: str) -> dict[str, object]:
    return {"qom-type": "pr-manager-helper", "id": name, "path": path}
