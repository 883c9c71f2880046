"""SCRAM (RFC 5802, RFC 7677): a password proved to the server, and the server to the client.

The arithmetic is scramp's. Here its errors are sorted (who is at fault), and what it leaves open is
bounded: the work a server may ask for, and what a client can learn about who exists.
"""

from __future__ import annotations

import hmac
import secrets
from enum import Enum, auto

from aiovirt.errors import AuthenticationFailed, LimitExceeded, ProtocolError
from aiovirt.protocols.sasl.library import AuthInfo, ScramClient, ScramServer, library
from aiovirt.protocols.sasl.mechanism import Identity, Layer, text
from aiovirt.protocols.sasl.verifier import Lookup

__all__ = ["MAX_ITERATIONS", "ScramClientMechanism", "ScramServerMechanism"]

MAX_ITERATIONS = 1_000_000
"""How much work a server may ask for: about half a second. RFC 7677 wants at least 4096."""

_SALT = 32
_DEFAULT_ITERATIONS = 4096


class _Stage(Enum):
    START = auto()
    FIRST = auto()
    FINAL = auto()
    DONE = auto()


class ScramClientMechanism:
    """The client's end."""

    layer: Layer | None = None

    def __init__(self, name: str, identity: Identity) -> None:
        self._name = name
        self._identity = identity
        self._stage = _Stage.START
        self._scram: ScramClient | None = None

    @property
    def name(self) -> str:
        """The registered name."""
        return self._name

    @property
    def complete(self) -> bool:
        """Whether the server has proved that it knows the password."""
        return self._stage is _Stage.DONE

    def start(self) -> bytes:
        """The initial response: who we are.

        Raises:
            AuthenticationFailed: The name or the password has characters that none may have.
            ResourceUnavailable: scramp is not installed.
        """
        scramp = library()
        try:
            self._scram = scramp.ScramClient(
                [self._name], self._identity.name, self._identity.password.reveal()
            )
            first = self._scram.get_client_first()
        except scramp.ScramException as error:
            reason = str(error)  # without the cause: its frames hold the password
        else:
            self._stage = _Stage.FIRST
            return first.encode()
        raise AuthenticationFailed(f"the name or the password cannot be used: {reason}")

    def step(self, challenge: bytes | None) -> bytes | None:
        """The proof, for the server's first message; nothing, for its last.

        Raises:
            AuthenticationFailed: The server refuses, or does not know the password.
            LimitExceeded: It asks for more work than `MAX_ITERATIONS`.
            ProtocolError: The message is none of SCRAM.
        """
        if self._scram is None or self._stage not in {_Stage.FIRST, _Stage.FINAL}:
            raise ProtocolError(f"{self._name}: a message that is not due")
        message = text(self._name, challenge)
        if message.startswith("e="):
            self._stage = _Stage.START
            raise AuthenticationFailed(f"{self._name}: the server refuses: {message[2:]!r}")
        if self._stage is _Stage.FIRST:
            return self._prove(self._scram, message)
        self._check(self._scram, message)
        return None

    def _prove(self, scram: ScramClient, message: str) -> bytes:
        scramp = library()
        try:
            scram.set_server_first(message)
            self._bound(scram)
            final = scram.get_client_final()
        except scramp.ScramException as error:
            reason = str(error)
        else:
            self._stage = _Stage.FINAL
            return final.encode()
        raise ProtocolError(f"{self._name}: the server's first message is wrong: {reason}")

    def _bound(self, scram: ScramClient) -> None:
        asked = int(str(scram.iterations))
        if asked > MAX_ITERATIONS:
            raise LimitExceeded(
                f"{self._name}: the server asks for {asked} iterations", limit=MAX_ITERATIONS
            )

    def _check(self, scram: ScramClient, message: str) -> None:
        scramp = library()
        if not message.startswith("v="):
            raise ProtocolError(f"{self._name}: the server's last message is no proof")
        self._stage = _Stage.START
        try:
            scram.set_server_final(message)
        except scramp.ScramException:
            pass
        else:
            self._stage = _Stage.DONE
            return
        raise AuthenticationFailed(
            f"{self._name}: the server could not prove that it knows the password",
            hint="this may be another server than it says it is: do not give it the password",
        )


class ScramServerMechanism:
    """The server's end.

    Whether a user is unknown or the password wrong does not show: an unknown one gets a salt that
    stays the same for the length of this process, and fails where a wrong password does.
    """

    def __init__(self, name: str, lookup: Lookup) -> None:
        self._name = name
        self._lookup = lookup
        self._claimed = ""
        self._stage = _Stage.START
        self._scram: ScramServer | None = None

    @property
    def name(self) -> str:
        """The registered name."""
        return self._name

    @property
    def complete(self) -> bool:
        """Whether the client has proved that it knows the password."""
        return self._stage is _Stage.DONE

    @property
    def user(self) -> str:
        """Who it is; empty before the end."""
        return self._claimed if self.complete else ""

    def step(self, response: bytes | None) -> bytes:
        """The salt, then the server's own proof; nothing, when the first response is absent.

        Raises:
            AuthenticationFailed: The user is unknown or the password wrong.
            ProtocolError: The message is none of SCRAM.
        """
        if self._stage is _Stage.START and self._scram is None:
            if not response:
                return b""
            self._scram = library().ScramMechanism(self._name).make_server(self._find)
            return self._salt(self._scram, text(self._name, response))
        if self._scram is None or self._stage is not _Stage.FIRST:
            raise ProtocolError(f"{self._name}: a message that is not due")
        return self._prove(self._scram, text(self._name, response))

    def _find(self, user: str) -> AuthInfo:
        self._claimed = user
        found = self._lookup(self._name, user)
        if found is None:
            salt = hmac.digest(_UNKNOWN, user.encode(), "sha256")[:_SALT]
            return salt, secrets.token_bytes(32), secrets.token_bytes(32), _DEFAULT_ITERATIONS
        return found.salt, found.stored_key, found.server_key, found.iterations

    def _salt(self, scram: ScramServer, message: str) -> bytes:
        scramp = library()
        try:
            scram.set_client_first(message)
            first = scram.get_server_first()
        except scramp.ScramException as error:
            reason = str(error)
        else:
            self._stage = _Stage.FIRST
            return first.encode()
        raise ProtocolError(f"{self._name}: the client's first message is wrong: {reason}")

    def _prove(self, scram: ScramServer, message: str) -> bytes:
        scramp = library()
        self._stage = _Stage.FINAL
        if "p=" not in message:
            raise ProtocolError(f"{self._name}: the client's last message has no proof")
        try:
            scram.set_client_final(message)
            final = scram.get_server_final()
        except scramp.ScramException:
            pass
        else:
            self._stage = _Stage.DONE
            return final.encode()
        raise AuthenticationFailed(f"{self._name}: the client's proof is wrong")


_UNKNOWN = secrets.token_bytes(32)
"""Makes the salts of users that do not exist."""
