"""Which mechanism a client takes: the strongest that both ends have and the line allows.

On a line that nothing encrypts only a mechanism will do that encrypts it itself, as for libvirt's
own client (it demands an SSF of 56 there): a password in the clear is given to whoever listens, and
a session that is not protected to whoever cuts in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aiovirt.errors import AuthenticationFailed
from aiovirt.model.credentials import CredentialKind
from aiovirt.protocols.sasl import gssapi, library
from aiovirt.protocols.sasl.mechanism import ClientMechanism, Identity
from aiovirt.protocols.sasl.scram import ScramClientMechanism
from aiovirt.protocols.sasl.simple import anonymous, external, plain

__all__ = ["MECHANISMS", "Offer", "choose"]


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a mechanism cannot be taken, and what may be done about it, where it is known."""

    reason: str
    hint: str | None = None


def _nothing() -> Lack | None:
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """A mechanism that a client can take.

    Attributes:
        name: The registered name.
        client: Makes the client's end.
        asks: What the user has to give.
        protects: Whether it can encrypt the line itself.
        lacks: What this machine lacks for it, or None.
    """

    name: str
    client: Callable[[Identity], ClientMechanism]
    asks: tuple[CredentialKind, ...] = ()
    protects: bool = False
    lacks: Callable[[], Lack | None] = _nothing


def _without_scramp() -> Lack | None:
    if library.present():
        return None
    return Lack("needs the Python library scramp", library.INSTALL)


def _without_ticket() -> Lack | None:
    lack = gssapi.lacks()
    return lack and Lack(*lack)


_NAME_AND_PASSWORD = (CredentialKind.AUTHNAME, CredentialKind.PASSPHRASE)

MECHANISMS = (
    Offer("GSSAPI", gssapi.GSSAPIClient, protects=True, lacks=_without_ticket),
    Offer("EXTERNAL", external),
    *(
        Offer(
            name,
            partial(ScramClientMechanism, name),
            asks=_NAME_AND_PASSWORD,
            lacks=_without_scramp,
        )
        for name in library.HASHES
    ),
    Offer("PLAIN", plain, asks=_NAME_AND_PASSWORD),
    Offer("ANONYMOUS", anonymous),
)
"""Strongest first. DIGEST-MD5 is not there: it is historic (RFC 6331), and no library keeps it."""

_BY_NAME = {offer.name: offer for offer in MECHANISMS}

_INSECURE = Lack(
    "does not encrypt, and neither does the line", "connect by +tls or +ssh instead of +tcp"
)
_UNKNOWN = Lack(
    "is none that aiovirt has",
    "let the server offer scram-sha-256 (mech_list in /etc/sasl2/libvirt.conf), or gssapi",
)

_UNKNOWN_AND_OPEN = Lack(_UNKNOWN.reason, f"{_INSECURE.hint}, or let the server offer gssapi")


def choose(
    offered: Sequence[str], *, wanted: str | None = None, encrypted: bool, local: bool
) -> Offer:
    """The mechanism to take.

    It may look for a Kerberos ticket, which reads files: call it in a worker thread.

    Args:
        offered: The names that the server offers, in any case.
        wanted: The one that the user insists on, or None.
        encrypted: Whether the transport encrypts: TLS, ssh.
        local: Whether the line does not leave this machine.

    Raises:
        AuthenticationFailed: None fits; the message says what was offered, and why not.
    """
    names = [name.strip().upper() for name in offered if name.strip()]
    considered = names if wanted is None else [wanted.upper()]
    if wanted is not None and wanted.upper() not in names:
        raise AuthenticationFailed(
            f"the server does not offer the SASL mechanism {wanted}: it offers {_listed(names)}",
            hint="leave the mechanism out of ?auth=sasl to take the strongest one",
        )
    reasons: list[tuple[str, Lack]] = []
    for offer in sorted(_known(considered), key=MECHANISMS.index):
        lack = _lack(offer, safe=encrypted or local)
        if lack is None:
            return offer
        reasons.append((offer.name, lack))
    strange = _UNKNOWN if encrypted or local else _UNKNOWN_AND_OPEN
    reasons += [(name, strange) for name in considered if name not in _BY_NAME]
    raise _none_fits(names, reasons)


def _known(names: Sequence[str]) -> set[Offer]:
    return {_BY_NAME[name] for name in names if name in _BY_NAME}


def _lack(offer: Offer, *, safe: bool) -> Lack | None:
    return offer.lacks() if safe or offer.protects else _INSECURE


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _none_fits(names: Sequence[str], reasons: Sequence[tuple[str, Lack]]) -> AuthenticationFailed:
    why = "; ".join(f"{name} {lack.reason}" for name, lack in reasons)
    hint = next((lack.hint for _, lack in reasons if lack.hint), None)
    message = f"the server offers the SASL mechanisms {_listed(names)}, and none fits"
    return AuthenticationFailed(f"{message}: {why}" if why else message, hint=hint)
