"""Proving to a libvirt daemon who we are: the kind of authentication, and the exchange.

It knows the daemon's calls as four coroutines, and neither sockets nor packets.  Source of the
order of calls: libvirt's remote_protocol.x; what it leaves open was watched on libvirtd 9.0.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from anyio import to_thread

from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConfigError,
    LimitExceeded,
    ProtocolError,
)
from aiovirt.model.constants import AuthType
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Credentials, Secret
from aiovirt.protocols.sasl import ClientMechanism, Identity, Layer, Offer, choose
from aiovirt.protocols.sasl.mechanism import MAX_MESSAGE

__all__ = ["MAX_ROUNDS", "MIN_SSF", "AuthCalls", "Peer", "authenticate"]

SERVICE = "libvirt"
"""The service's name, in SASL and in the auth file."""

MIN_SSF = 56
"""How strong the layer must be on a line that nothing else encrypts, as for libvirt's client."""

MAX_ROUNDS = 16
"""Challenges in one exchange; Kerberos with its detours needs five."""

Answer = tuple[bool, bytes | None]
"""Whether the daemon is content, and its data: None where it sets ``nil``, which is not empty."""


class AuthCalls(Protocol):
    """The calls of the daemon that are allowed before it knows who connects."""

    async def sasl_init(self) -> str:
        """AUTH_SASL_INIT: the mechanisms, with commas between them."""
        ...

    async def sasl_start(self, mech: str, data: bytes | None) -> Answer:
        """AUTH_SASL_START; None sets ``nil``."""
        ...

    async def sasl_step(self, data: bytes | None) -> Answer:
        """AUTH_SASL_STEP; None sets ``nil``."""
        ...

    async def polkit(self) -> None:
        """AUTH_POLKIT."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Who the daemon is, and how it is reached.

    Attributes:
        host: The host's name in the URI, or None for this machine.
        encrypted: Whether the transport encrypts: TLS, ssh.
        local: Whether it does not leave this machine.
        user: The URI's user, where it is not the transport's; the default of the name.
    """

    host: str | None
    encrypted: bool
    local: bool
    user: str | None = None

    @property
    def safe(self) -> bool:
        """Whether nobody can listen."""
        return self.encrypted or self.local

    @property
    def name(self) -> str:
        """The host's name, for messages and for the auth file."""
        return self.host or "localhost"


async def authenticate(
    calls: AuthCalls,
    *,
    offered: Sequence[int],
    want: str | None,
    peer: Peer,
    credentials: Credentials,
) -> Layer | None:
    """Prove who we are; what is returned goes onto the line from the next byte on.

    Args:
        calls: The daemon.
        offered: Its answer to AUTH_LIST.
        want: The URI's ``auth`` parameter: ``none``, ``polkit``, ``sasl`` or ``sasl.MECHANISM``.
        peer: How it is reached.
        credentials: Who answers its questions.

    Raises:
        AuthenticationFailed: The daemon refuses, does not prove itself, or asks for what nobody
            gives.
        ConfigError: `want`, or the auth file, is wrong.
        ConnectionLost: The daemon hung up.
        ProtocolError: It does not keep to the protocol.

    Cancellation: the connection is of no more use.
    """
    wanted, mechanism = _parse(want)
    kind = _agree(offered, wanted, peer)
    if kind is AuthType.POLKIT:
        await _polkit(calls, peer)
    if kind is AuthType.SASL:
        return await _Exchange(calls, peer, credentials).run(mechanism)
    return None


def _parse(want: str | None) -> tuple[AuthType | None, str | None]:
    if not want:
        return None, None
    kind, dot, mechanism = want.partition(".")
    name = kind.upper()
    if name not in AuthType.__members__ or (dot and (name != "SASL" or not mechanism)):
        raise ConfigError(
            f"there is no kind of authentication {want!r}",
            field="auth",
            hint="known are none, polkit, sasl, and sasl.scram-sha-256 and its like",
        )
    return AuthType[name], mechanism or None


def _agree(offered: Sequence[int], wanted: AuthType | None, peer: Peer) -> AuthType:
    names = [_name(kind) for kind in offered]
    if not names:
        raise ProtocolError(f"the daemon on {peer.name} names no kind of authentication")
    if wanted is not None and wanted not in offered:
        raise AuthenticationFailed(
            f"the daemon on {peer.name} wants {' or '.join(names)}, not {_name(wanted)}",
            hint="leave ?auth= out of the URI to do as the daemon wants",
        )
    first = offered[0] if wanted is None else wanted
    if first not in set(AuthType):
        raise AuthenticationFailed(f"the daemon on {peer.name} wants {names[0]}: nobody knows it")
    return AuthType(first)


def _name(kind: int) -> str:
    return AuthType(kind).name.lower() if kind in set(AuthType) else f"authentication {kind}"


async def _polkit(calls: AuthCalls, peer: Peer) -> None:
    try:
        await calls.polkit()
    except AiovirtError as error:
        if error.libvirt is None:
            raise
        refused = AuthenticationFailed(
            f"polkit on {peer.name} does not let you manage libvirt: {error}",
            hint="join the group libvirt, or run an authentication agent (pkttyagent) in your"
            " session, or connect as root",
        )
        raise _told(refused, error) from error


class _Exchange:
    """One SASL exchange with a daemon."""

    def __init__(self, calls: AuthCalls, peer: Peer, credentials: Credentials) -> None:
        self._calls = calls
        self._peer = peer
        self._credentials = credentials
        self._offer: Offer | None = None

    async def run(self, wanted: str | None) -> Layer | None:
        """Choose, ask, exchange."""
        try:
            offered = (await self._calls.sasl_init()).split(",")
            mechanism, first = await self._begin(offered, wanted)
            await self._talk(mechanism, first)
        except AiovirtError as error:
            if error.libvirt is None:
                raise
            raise _told(self._refused(error), error) from error
        layer = mechanism.layer
        if not self._peer.safe and (layer is None or layer.ssf < MIN_SSF):
            raise AuthenticationFailed(
                f"{mechanism.name} does not encrypt the line to {self._peer.name}",
                hint="connect by +tls or +ssh instead of +tcp",
            )
        return layer

    async def _begin(
        self, offered: Sequence[str], wanted: str | None
    ) -> tuple[ClientMechanism, bytes | None]:
        """A mechanism that can begin, and its initial response."""
        offer = await self._choose(offered, wanted)
        mechanism = offer.client(await self._identity(offer))
        try:
            first = await to_thread.run_sync(mechanism.start, abandon_on_cancel=True)
        except AuthenticationFailed as error:
            others = [name for name in offered if name.strip().upper() != offer.name]
            if wanted is not None or offer.asks or not others:
                raise
            # A ticket that is not for this daemon: nothing was said yet, and a password may do.
            reason = error
        else:
            return mechanism, first
        try:
            return await self._begin(others, wanted)
        except AuthenticationFailed as error:
            raise AuthenticationFailed(
                f"{reason}; and {error}", hint=error.hint or reason.hint
            ) from reason

    async def _choose(self, offered: Sequence[str], wanted: str | None) -> Offer:
        encrypted, local = self._peer.encrypted, self._peer.local
        fitting = partial(choose, offered, wanted=wanted, encrypted=encrypted, local=local)
        try:
            self._offer = offer = await to_thread.run_sync(fitting)
        except AuthenticationFailed as error:
            raise AuthenticationFailed(f"{self._peer.name}: {error}", hint=error.hint) from error
        return offer

    async def _identity(self, offer: Offer) -> Identity:
        name = await self._ask(CredentialKind.AUTHNAME, offer, "the name", self._peer.user)
        whose = f"{name.reveal()}'s password"
        password = await self._ask(CredentialKind.PASSPHRASE, offer, whose)
        # A Kerberos principal has the machine's own name in it, and never "localhost".
        host = self._peer.host or platform.node()
        protect = not self._peer.safe
        return Identity(SERVICE, host, name.reveal(), password, protect)

    async def _ask(
        self, kind: CredentialKind, offer: Offer, subject: str, default: str | None = None
    ) -> Secret:
        if kind not in offer.asks:
            return Secret("")
        host = self._peer.name
        prompt = f"Enter {subject} for {host}"
        request = CredentialRequest(kind, SERVICE, host, prompt, offer.name, default)
        found = await self._credentials(request)
        answer = default if found is None else found
        if answer is None:
            raise AuthenticationFailed(
                f"the daemon on {host} wants {offer.name}, and nobody knows {subject}",
                hint=_MISSING.format(host=host),
            )
        return answer if isinstance(answer, Secret) else Secret(answer)

    async def _talk(self, mechanism: ClientMechanism, response: bytes | None) -> None:
        """The exchange itself: over when both ends are content."""
        answer = await self._calls.sasl_start(mechanism.name, _bounded(response))
        for _ in range(MAX_ROUNDS):
            complete, data = answer
            if complete and mechanism.complete and not data:
                return
            step = partial(mechanism.step, data)
            response = await to_thread.run_sync(step, abandon_on_cancel=True)
            if complete and mechanism.complete:
                return
            if complete:
                raise AuthenticationFailed(
                    f"{mechanism.name}: the daemon is content before it has proved itself",
                    hint="this may be another server than it says it is",
                )
            answer = await self._calls.sasl_step(_bounded(response))
        raise ProtocolError(f"{mechanism.name}: the daemon finds no end in {MAX_ROUNDS} rounds")

    def _refused(self, error: AiovirtError) -> AuthenticationFailed:
        offer = self._offer
        if offer is None:
            hint = None if self._peer.safe else _OPEN_LINE
            return AuthenticationFailed(
                f"the daemon on {self._peer.name} offers no SASL mechanism: {error}", hint=hint
            )
        return AuthenticationFailed(
            f"the daemon on {self._peer.name} refuses {offer.name}: {error}",
            hint=_WRONG if offer.asks else _NOT_LET_IN,
        )


_MISSING = (
    "give credentials= to open, set AIOVIRT_USERNAME and AIOVIRT_PASSWORD, or write authname= and"
    " password= for [auth-libvirt-{host}] into ~/.config/libvirt/auth.conf"
)
_NOT_LET_IN = (
    "on the daemon's machine, sasl_allowed_username_list has to let you in, and for gssapi the"
    " keytab has to hold libvirt/HOST, with HOST as in the URI"
)
_OPEN_LINE = (
    "over +tcp a daemon takes only mechanisms that encrypt, such as gssapi: connect by +tls or +ssh"
)
_WRONG = (
    "the name or the password is wrong; on the daemon's machine, saslpasswd2 -a libvirt NAME, or"
    " aiovirtd --sasl-user NAME, sets a password"
)


def _told(refused: AuthenticationFailed, error: AiovirtError) -> AuthenticationFailed:
    """A refusal with libvirt's own numbers, for programs that know them."""
    refused.libvirt = error.libvirt
    return refused


def _bounded(response: bytes | None) -> bytes | None:
    if response is not None and len(response) > MAX_MESSAGE:
        raise LimitExceeded("a SASL message of ours is too long", limit=MAX_MESSAGE)
    return response
