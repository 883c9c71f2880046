"""Where libvirt's certificates lie, and what a TLS connection to a daemon demands of its peer."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiovirt.clients.libvirt.transports.parameters import Parameters
from aiovirt.errors import AuthenticationFailed, ConfigError, NotFound
from aiovirt.streams.tls import load_authority, load_identity

__all__ = ["Certificates", "client_context", "find_certificates", "with_date"]

SYSTEM_AUTHORITY = Path("/etc/pki/CA/cacert.pem")
SYSTEM_IDENTITY = (
    Path("/etc/pki/libvirt/clientcert.pem"),
    Path("/etc/pki/libvirt/private/clientkey.pem"),
)
USER_FOLDER = Path("~/.pki/libvirt")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of a client.

    Attributes:
        authority: The certificate of the CA that signed the server's, or None without a check.
        identity: Our certificate and its key, or None to show none.
    """

    authority: Path | None
    identity: tuple[Path, Path] | None


def find_certificates(pkipath: str | None, *, verify: bool = True) -> Certificates:
    """Return the files to use, by libvirt's layout.

    With `pkipath` all three lie in that folder.  Without it the CA's certificate, and our
    certificate with its key, come from ``~/.pki/libvirt`` or else from the system's folders.

    Args:
        pkipath: The folder, from the connection URI.
        verify: Whether the CA's certificate is needed.

    Raises:
        NotFound: A file is missing; it is named.
    """
    if pkipath is not None:
        folder = Path(pkipath)
        authority, identity = _in_folder(folder)
        for path in (authority, *identity):
            if not path.exists():
                raise NotFound(
                    f"the file {path} is missing",
                    hint="pkipath is a folder with cacert.pem, clientcert.pem and clientkey.pem",
                )
        return Certificates(authority, identity)
    user_authority, user_identity = _in_folder(USER_FOLDER.expanduser())
    found = next((path for path in (user_authority, SYSTEM_AUTHORITY) if path.exists()), None)
    if verify and found is None:
        raise NotFound(
            f"there is no CA certificate: neither {user_authority} nor {SYSTEM_AUTHORITY} exists",
            hint="copy the cacert.pem of the server's CA there, or name a folder by pkipath",
        )
    return Certificates(found, _whole(user_identity) or _whole(SYSTEM_IDENTITY))


def _in_folder(folder: Path) -> tuple[Path, tuple[Path, Path]]:
    return folder / "cacert.pem", (folder / "clientcert.pem", folder / "clientkey.pem")


def _whole(identity: tuple[Path, Path]) -> tuple[Path, Path] | None:
    """Return a certificate and its key, or None when there is neither."""
    present = [path for path in identity if path.exists()]
    if len(present) == 1:
        missing = identity[0] if present[0] == identity[1] else identity[1]
        raise NotFound(
            f"the file {missing} is missing", hint=f"it belongs to {present[0]}, which is there"
        )
    return identity if present else None


def client_context(parameters: Parameters) -> ssl.SSLContext:
    """Return what a client demands of a server, and shows to it.

    Raises:
        NotFound, PermissionDenied, ConfigError: Something is wrong with a file, or with
            ``tls_priority``.
    """
    files = find_certificates(parameters.pkipath, verify=not parameters.no_verify)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if parameters.no_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif files.authority is not None:
        load_authority(context, files.authority)
    if files.identity is not None:
        load_identity(context, *files.identity)
    if parameters.tls_priority is not None:
        apply_priority(context, parameters.tls_priority)
    return context


def with_date(error: AuthenticationFailed, parameters: Parameters) -> AuthenticationFailed:
    """A server's refusal of our certificate, with its date when that is why.

    A server that uses GnuTLS, as libvirtd does, says nothing of its reason.
    """
    identity = find_certificates(parameters.pkipath, verify=False).identity
    end = _end_of(identity[0]) if identity is not None else None
    if identity is None or end is None or end > datetime.now(UTC):
        return error
    return AuthenticationFailed(
        f"{error}: {identity[0]} has expired on {end:%Y-%m-%d}",
        hint="have the certificate renewed by the server's CA; are the clocks of both hosts right?",
    )


def _end_of(certificate: Path) -> datetime | None:
    """The moment from which a certificate holds no more; None when the file does not tell."""
    from cryptography import x509  # noqa: PLC0415 - heavy, and only for an error

    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


# --- GnuTLS priority strings, as far as they say something that OpenSSL can be told --------------

_WHOLE = {"NORMAL", "SYSTEM", "LIBVIRT", "SECURE", "SECURE128", "SECURE192", "PFS", "PERFORMANCE"}
_TOO_OLD = {"SSL3.0", "TLS1.0", "TLS1.1"}  # OpenSSL does not speak them by default
_VERSIONS = {"TLS1.2": ssl.TLSVersion.TLSv1_2, "TLS1.3": ssl.TLSVersion.TLSv1_3}
_EVERY = {"ALL", "TLS-ALL"}


def apply_priority(context: ssl.SSLContext, priority: str) -> None:
    """Apply a GnuTLS priority string: the versions that it takes away and adds.

    Raises:
        ConfigError: It says something else than that; the word is named.
    """
    first, *changes = priority.split(":")
    if first.removeprefix("@").partition(",")[0] not in _WHOLE:
        raise _unknown_word(first, priority)
    allowed = set(_VERSIONS)
    for change in changes:
        sign, kind, version = change[:1], change[1:6], change[6:]
        if kind != "VERS-" or sign not in {"+", "-", "!"}:
            raise _unknown_word(change, priority)
        versions = _versions(version, change, priority)
        allowed = allowed | versions if sign == "+" else allowed - versions
    if not allowed:
        raise _unknown_word(priority, priority)
    context.minimum_version = min(_VERSIONS[version] for version in allowed)
    context.maximum_version = max(_VERSIONS[version] for version in allowed)


def _versions(version: str, change: str, priority: str) -> set[str]:
    if version in _EVERY:
        return set(_VERSIONS)
    if version in _VERSIONS:
        return {version}
    if version in _TOO_OLD and change[0] != "+":
        return set()
    raise _unknown_word(change, priority)


def _unknown_word(word: str, priority: str) -> ConfigError:
    return ConfigError(
        f"tls_priority={priority}: {word!r} cannot be applied here",
        field="tls_priority",
        hint="it is a priority string of GnuTLS, of which aiovirt, using OpenSSL, knows NORMAL and "
        "the versions: NORMAL:-VERS-ALL:+VERS-TLS1.3",
    )
