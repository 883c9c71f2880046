"""What a server keeps of a password: enough to check one, not enough to log in with (RFC 5802)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiovirt.errors import ConfigError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl.library import AuthInfo, library

__all__ = ["Lookup", "Verifier"]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A password as a server keeps it, for one SCRAM mechanism and for PLAIN.

    Attributes:
        mechanism: The SCRAM mechanism whose hash it is made with.
        salt: Random bytes, at least 12.
        iterations: How often the hash is applied, at least 4096.
        stored_key: Checks the client's proof.
        server_key: Makes the server's proof.
    """

    mechanism: str
    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def make(
        cls, password: Secret, mechanism: str = "SCRAM-SHA-256", *, iterations: int | None = None
    ) -> Verifier:
        """Make one, with a salt of its own; takes some milliseconds on purpose.

        Raises:
            ConfigError: The password has characters that none may have (RFC 4013).
            ResourceUnavailable: scramp is not installed.
        """
        salt, stored_key, server_key, count = _derive(password, mechanism, iterations, None)
        return cls(mechanism, salt, count, stored_key, server_key)

    def matches(self, password: Secret) -> bool:
        """Whether it is made from this password; takes some milliseconds on purpose."""
        try:
            found = _derive(password, self.mechanism, self.iterations, self.salt)
        except ConfigError:
            return False
        return hmac.compare_digest(found[1], self.stored_key)


Lookup: TypeAlias = Callable[[str, str], Verifier | None]
"""Finds what is kept for a mechanism and a user; None when there is nothing."""


def _derive(
    password: Secret, mechanism: str, iterations: int | None, salt: bytes | None
) -> AuthInfo:
    scramp = library()
    try:
        return scramp.ScramMechanism(mechanism).make_auth_info(
            password.reveal(), iteration_count=iterations, salt=salt
        )
    except scramp.ScramException as error:
        reason = str(error)  # without the cause: its frames hold the password
    raise ConfigError(f"no {mechanism} verifier can be made of this password: {reason}")
