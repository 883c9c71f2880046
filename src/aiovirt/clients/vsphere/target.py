"""Which vSphere server, how it is reached and known, and who we are to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from aiovirt.model.credentials import Secret

__all__ = ["CloneTicket", "Login", "Password", "SessionCookie", "TLSTrust", "VSphereTarget"]


@dataclass(frozen=True, slots=True)
class Password:
    r"""Log in by name and password; the only way by which an expired session is renewed.

    Attributes:
        user: Such as ``root`` or ``VSPHERE.LOCAL\Administrator``.
        password: It.
    """

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Use a session that somebody has opened, and leave it open.

    Attributes:
        value: Of the cookie ``vmware_soap_session``, word for word.
    """

    value: Secret


@dataclass(frozen=True, slots=True)
class CloneTicket:
    """Copy a session that somebody has opened on a vCenter; the copy is ours.

    Attributes:
        ticket: What AcquireCloneTicket has given.
    """

    ticket: Secret


Login: TypeAlias = Password | SessionCookie | CloneTicket


@dataclass(frozen=True, slots=True)
class TLSTrust:
    """What the server's certificate must be; without arguments, what the system's CAs hold good.

    Attributes:
        ca_file: The path of certificates in PEM that are trusted in place of the system's.
        thumbprint: The SHA-256 or SHA-1 of the server's own certificate, which alone decides then.
        no_verify: Trust anybody.
    """

    ca_file: str | None = None
    thumbprint: str | None = None
    no_verify: bool = False


@dataclass(frozen=True, slots=True)
class VSphereTarget:
    """A vCenter or an ESX host.

    Attributes:
        host: A name or an address.
        login: Who we are.
        port: None is 443, or 80 without TLS.
        tls: Whether HTTPS is spoken.
        trust: What the certificate must be.
        proxy: The URL of an HTTP proxy on the way; None takes the environment's, if it names one.
        path: Of the API.
        readonly: Whether calls that change anything are refused before they are sent.
        in_flight: How many calls the server works on at once; further ones wait.
        call_s: Seconds that one call may take.
        connect_s: Seconds that one connection may take.
        keepalive_s: After how many idle seconds the session is shown to be in use.
    """

    host: str
    login: Login
    port: int | None = None
    tls: bool = True
    trust: TLSTrust = field(default_factory=TLSTrust)
    proxy: str | None = field(default=None, repr=False)
    path: str = "/sdk"
    readonly: bool = False
    in_flight: int = 16
    call_s: float = 120.0
    connect_s: float = 30.0
    keepalive_s: float = 600.0

    @property
    def url(self) -> str:
        """The server's URL, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        return f"{'https' if self.tls else 'http'}://{host}{port}"

    @property
    def where(self) -> str:
        """The server as ``user@host:port``, for messages."""
        user = f"{self.login.user}@" if isinstance(self.login, Password) else ""
        return user + self.url.partition("//")[2]
