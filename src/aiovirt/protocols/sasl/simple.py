"""The mechanisms of one message: PLAIN (RFC 4616), EXTERNAL (RFC 4422), ANONYMOUS (RFC 4505).

They leave all protection to the transport; who takes them has to see to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiovirt.errors import AuthenticationFailed, ProtocolError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl.library import HASHES
from aiovirt.protocols.sasl.mechanism import Identity, Layer, text
from aiovirt.protocols.sasl.verifier import Lookup

__all__ = ["OneMessage", "OneMessageServer", "anonymous", "external", "plain", "serve_anonymous"]
__all__ += ["serve_external", "serve_plain"]


class OneMessage:
    """The client's end: all is said by the initial response."""

    layer: Layer | None = None

    def __init__(self, name: str, message: bytes) -> None:
        self._name = name
        self._message = message
        self._complete = False

    @property
    def name(self) -> str:
        """The registered name."""
        return self._name

    @property
    def complete(self) -> bool:
        """Whether the message is on its way; the server proves nothing."""
        return self._complete

    def start(self) -> bytes:
        """The message."""
        self._complete = True
        return self._message

    def step(self, challenge: bytes | None) -> bytes | None:
        """Nothing is left to say.

        Raises:
            ProtocolError: The server asks for more.
        """
        if challenge or not self._complete:
            raise ProtocolError(f"{self._name}: a challenge where none is due")
        return None


def plain(identity: Identity) -> OneMessage:
    """PLAIN: name and password as they are.

    Raises:
        AuthenticationFailed: One of them holds a zero byte or a lone surrogate.
    """
    name, password = identity.name, identity.password.reveal()
    if "\0" not in name + password:
        try:
            return OneMessage("PLAIN", f"\0{name}\0{password}".encode())
        except UnicodeEncodeError:
            pass  # its text would show the password
    raise AuthenticationFailed("PLAIN: the name or the password has a character that it cannot say")


def external(_identity: Identity) -> OneMessage:
    """EXTERNAL: the transport has proved it; we act as who we are there."""
    return OneMessage("EXTERNAL", b"")


def anonymous(_identity: Identity) -> OneMessage:
    """ANONYMOUS: nobody, and no trace of who it is."""
    return OneMessage("ANONYMOUS", b"")


@dataclass(slots=True)
class OneMessageServer:
    """The server's end: one message, and the user it proves.

    Attributes:
        name: The registered name.
        check: From the message to the user; raises `AuthenticationFailed` or `ProtocolError`.
        user: Who it is; empty before the end.
        complete: Whether the message has come and was right.
    """

    name: str
    check: Callable[[bytes], str]
    user: str = ""
    complete: bool = False
    _asked: bool = False

    def step(self, response: bytes | None) -> bytes | None:
        """Nothing, once the message is right; an empty challenge, when it has not come yet.

        Raises:
            AuthenticationFailed: The message proves nothing.
            ProtocolError: It is none of this mechanism, or one too many.
        """
        if self.complete:
            raise ProtocolError(f"{self.name}: a message that is not due")
        if response is None and not self._asked:
            self._asked = True
            return b""
        self._asked = True
        self.user = self.check(response or b"")
        self.complete = True
        return None


def serve_plain(lookup: Lookup) -> OneMessageServer:
    """PLAIN: the password is compared with what is kept for SCRAM."""

    def check(message: bytes) -> str:
        parts = text("PLAIN", message).split("\0")
        if len(parts) != len(("acting as", "name", "password")) or not parts[1]:
            raise ProtocolError("PLAIN: the message is not made of three parts")
        acting, name, password = parts
        found = (lookup(mechanism, name) for mechanism in HASHES)
        verifier = next((verifier for verifier in found if verifier is not None), None)
        if acting not in {"", name} or not (verifier and verifier.matches(Secret(password))):
            raise AuthenticationFailed("PLAIN: the user is unknown or the password wrong")
        return name

    return OneMessageServer("PLAIN", check)


def serve_external(user: str) -> OneMessageServer:
    """EXTERNAL: the client is who the transport says it is, and acts as nobody else."""

    def check(message: bytes) -> str:
        if message and text("EXTERNAL", message) != user:
            raise AuthenticationFailed("EXTERNAL: the client wants to act as somebody else")
        return user

    return OneMessageServer("EXTERNAL", check)


def serve_anonymous() -> OneMessageServer:
    """ANONYMOUS: whoever it is; the trace is not kept."""

    def check(message: bytes) -> str:
        if message:
            text("ANONYMOUS", message)
        return ""

    return OneMessageServer("ANONYMOUS", check)
