"""One client's SASL dialogue: what it is offered, and that guessing is slow and bounded.

Of a failure the client learns nothing but that it has failed; the log says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
from anyio import to_thread

from aiovirt.daemon.access.attempts import Attempts
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.passwords import Passwords
from aiovirt.daemon.access.refusals import unproven
from aiovirt.daemon.settings import AccessSettings
from aiovirt.errors import AiovirtError, AuthenticationFailed, LimitExceeded, ProtocolError
from aiovirt.protocols.sasl import Layer, Lookup, ServerMechanism, serve
from aiovirt.protocols.sasl.gssapi_server import GSSAPIServer
from aiovirt.protocols.sasl.library import HASHES, present
from aiovirt.protocols.sasl.mechanism import MAX_MESSAGE

__all__ = ["MAX_ROUNDS", "MAX_TRIES", "SaslDialogue", "offered_mechanisms"]

MAX_TRIES = 3
"""Mechanisms that one connection may begin."""

MAX_ROUNDS = 16
"""Messages of one exchange."""

MAX_WAITS = 16
"""How often one message waits because others from the same place have failed."""

log = logging.getLogger("aiovirt.daemon.access")
_SLOW = frozenset({"PLAIN", "GSSAPI"})
"""Mechanisms whose step takes long: it derives a key, or reads files."""


def external_name(identity: Identity) -> str | None:
    """Who the transport itself proves a client to be, for EXTERNAL.

    A login name is marked, so that nobody becomes another's namesake in the password file.
    """
    if identity.transport == "tls":
        return identity.x509_name
    if identity.uid is None:
        return None
    return f"unix:{identity.user or identity.uid}"


def offered_mechanisms(
    settings: AccessSettings, identity: Identity, passwords: Passwords
) -> tuple[str, ...]:
    """What a client is offered, in the order of the settings.

    Over an open line only what encrypts it (GSSAPI) will do, unless the settings allow more; a
    password itself (PLAIN) never crosses one.
    """
    possible: set[str] = set()
    if passwords and present():
        if identity.encrypted or settings.sasl_unencrypted:
            possible.update(HASHES)
        if identity.encrypted:
            possible.add("PLAIN")
    if identity.encrypted and external_name(identity):
        possible.add("EXTERNAL")
    if settings.kerberos_keytab is not None:
        possible.add("GSSAPI")
    wanted = (name.upper() for name in settings.sasl_mechanisms)
    return tuple(name for name in wanted if name in possible)


class SaslDialogue:
    """The exchange of one connection.

    Args:
        identity: Who it is so far.
        mechanisms: What is offered.
        lookup: Finds what is kept for a user.
        attempts: What is remembered of failures.
        keytab: The keys for GSSAPI, or None.
        clock: Gives the time.

    Attributes:
        mechanisms: What is offered, best first.
    """

    def __init__(
        self,
        identity: Identity,
        mechanisms: Sequence[str],
        lookup: Lookup,
        attempts: Attempts,
        *,
        keytab: Path | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self.mechanisms = tuple(mechanisms)
        self._identity = identity
        self._lookup = lookup
        self._attempts = attempts
        self._keytab = keytab
        self._clock = clock
        self._mechanism: ServerMechanism | None = None
        self._tries = 0
        self._rounds = 0
        self._busy = False

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is."""
        return self._mechanism is not None and self._mechanism.complete

    @property
    def user(self) -> str | None:
        """Who it is, once it has proved it."""
        return self._mechanism.user if self._mechanism is not None and self.complete else None

    @property
    def layer(self) -> Layer | None:
        """What encrypts the line after the answer that completes the exchange; mostly nothing."""
        return getattr(self._mechanism, "layer", None) if self.complete else None

    async def start(self, mechanism: str, data: bytes | None) -> tuple[bool, bytes | None]:
        """Begin with a mechanism; whether all is proved, and what goes back.

        Raises:
            AuthenticationFailed: It is not offered, or proves nothing, or there were too many
                tries.  All look alike to the client.

        Cancellation: the dialogue is good for nothing any more.
        """
        if self.complete or self._busy:
            raise self._refused(mechanism, "a message that is not due")
        self._tries += 1
        self._rounds = 0
        self._mechanism = None
        if self._tries > MAX_TRIES:
            raise self._refused(mechanism, "too many tries on one connection")
        try:
            self._mechanism = self._made(mechanism.upper())
        except AiovirtError as error:
            raise self._refused(mechanism, str(error)) from None
        return await self.step(data)

    def _made(self, name: str) -> ServerMechanism:
        if name == "GSSAPI" and name in self.mechanisms:
            protect = not self._identity.encrypted
            return GSSAPIServer("libvirt", keytab=self._keytab, protect=protect)
        external = external_name(self._identity)
        return serve(name, self._lookup, offered=self.mechanisms, external=external)

    async def step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        """Go on; as `start`."""
        mechanism = self._mechanism
        if mechanism is None or mechanism.complete or self._busy:
            raise self._refused("SASL", "a message that is not due")
        self._busy = True
        try:
            answer = await self._stepped(mechanism, data)
        except AiovirtError as error:
            self._mechanism = None
            reason = str(error)
        else:
            return self._answered(mechanism, answer)
        finally:
            self._busy = False
        raise self._refused(mechanism.name, reason)

    async def _stepped(self, mechanism: ServerMechanism, data: bytes | None) -> bytes | None:
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            raise ProtocolError(f"no end in {MAX_ROUNDS} rounds")
        if data is not None and len(data) > MAX_MESSAGE:
            raise LimitExceeded("a message is too long", limit=MAX_MESSAGE)
        await self._turn()
        if mechanism.name in _SLOW:
            return await to_thread.run_sync(mechanism.step, data, abandon_on_cancel=True)
        return mechanism.step(data)

    async def _turn(self) -> None:
        """Wait as long as this source deserves; others of it may fail meanwhile, and add to that.

        Raises:
            AuthenticationFailed: There are too many of them.
        """
        for _ in range(MAX_WAITS):
            wait_s = self._attempts.wait_s(self._source, self._clock())
            if not wait_s:
                return
            await anyio.sleep(wait_s)
        raise AuthenticationFailed("too many tries of others from there")

    def _answered(
        self, mechanism: ServerMechanism, answer: bytes | None
    ) -> tuple[bool, bytes | None]:
        if mechanism.complete:
            self._attempts.succeeded(self._source)
            log.info(
                "%s has proved to be %r by %s",
                self._identity.address,
                mechanism.user,
                mechanism.name,
            )
        return mechanism.complete, answer

    @property
    def _source(self) -> str:
        if self._identity.local:
            return f"uid:{self._identity.uid}"
        return self._identity.address.rpartition(":")[0]

    def _refused(self, mechanism: str, reason: str) -> AuthenticationFailed:
        """Note a failure; the next try waits for it."""
        self._attempts.failed(self._source, self._clock())
        log.warning("SASL from %s: %r refused: %s", self._identity.address, mechanism[:64], reason)
        return unproven("authentication failed")
