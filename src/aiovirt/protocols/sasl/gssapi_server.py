"""GSSAPI (RFC 4752), the server's end: Kerberos, which proves both ends and can encrypt the line.

Steps read the keytab: run them in a worker thread.
"""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Any

from aiovirt.errors import AuthenticationFailed, ProtocolError
from aiovirt.protocols.sasl.gssapi import layer_of, loaded, words
from aiovirt.protocols.sasl.mechanism import MAX_MESSAGE, Layer

__all__ = ["GSSAPIServer"]

_NO_LAYER = 1
_CONFIDENTIAL = 4
_LENGTH = 4


class _Stage(Enum):
    CONTEXT = auto()
    OFFER = auto()
    CHOICE = auto()
    DONE = auto()
    FAILED = auto()


class GSSAPIServer:
    """The server's end.

    Args:
        service: The service's name, such as ``libvirt``; its key is that of any host of that name.
        keytab: The file of keys; the system's by default.
        protect: Whether the line must be encrypted by this: nothing else does.
    """

    name = "GSSAPI"

    def __init__(self, service: str, *, keytab: Path | None = None, protect: bool) -> None:
        self._service = service
        self._keytab = keytab
        self._wanted = _CONFIDENTIAL if protect else _NO_LAYER
        self._stage = _Stage.CONTEXT
        self._context: Any = None  # of a library that is not there everywhere
        self._user = ""
        self._layer: Layer | None = None

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is, and the layer is agreed on."""
        return self._stage is _Stage.DONE

    @property
    def user(self) -> str:
        """The client's principal, ``NAME@REALM``; empty before the end."""
        return self._user if self.complete else ""

    @property
    def layer(self) -> Layer | None:
        """What encrypts the line, where nothing else does."""
        return self._layer if self.complete else None

    def step(self, response: bytes | None) -> bytes | None:
        """The next token, or the offer of layers.

        Raises:
            AuthenticationFailed: The client proves nothing, or chooses what is not offered.
            ProtocolError: The message is none of GSSAPI.
            ResourceUnavailable: The library is not installed.
        """
        library = loaded()
        if self._stage in {_Stage.DONE, _Stage.FAILED}:
            raise ProtocolError("GSSAPI: a message that is not due")
        stage, self._stage = self._stage, _Stage.FAILED
        try:
            return _STEPS[stage](self, response)
        except library.exceptions.GSSError as error:
            raise AuthenticationFailed(f"GSSAPI: {words(error)}") from error

    def _accept(self, token: bytes | None) -> bytes | None:
        if self._context is None and not token:  # some clients wait to be asked
            self._stage = _Stage.CONTEXT
            return b""
        if self._context is None:
            self._context = self._made()
        answer: bytes | None = self._context.step(token or b"")
        if not self._context.complete:
            self._stage = _Stage.CONTEXT
            return answer or b""
        if answer:
            self._stage = _Stage.OFFER
            return answer
        return self._offer(b"")

    def _made(self) -> object:
        library = loaded()
        store = {} if self._keytab is None else {"store": {b"keytab": bytes(self._keytab)}}
        name = library.Name(self._service, library.NameType.hostbased_service)
        keys = library.Credentials(usage="accept", name=name, **store)
        return library.SecurityContext(creds=keys, usage="accept")

    def _offer(self, response: bytes | None) -> bytes:
        if response:
            raise ProtocolError("GSSAPI: the client says more than is due")
        longest = MAX_MESSAGE if self._wanted == _CONFIDENTIAL else 0
        self._stage = _Stage.CHOICE
        offer = bytes((self._wanted,)) + longest.to_bytes(3, "big")
        message: bytes = self._context.wrap(offer, encrypt=False).message
        return message

    def _choose(self, response: bytes | None) -> None:
        choice: bytes = self._context.unwrap(response or b"").message
        if len(choice) < _LENGTH:
            raise ProtocolError("GSSAPI: the client's choice of a layer has not four bytes")
        if choice[0] != self._wanted:
            raise AuthenticationFailed("GSSAPI: the client chooses a layer that was not offered")
        principal = str(self._context.initiator_name)
        acting = choice[_LENGTH:].decode(errors="replace")
        if acting not in {"", principal, principal.partition("@")[0]}:
            raise AuthenticationFailed("GSSAPI: the client wants to act as somebody else")
        if self._wanted == _CONFIDENTIAL:
            self._layer = layer_of(self._context, int.from_bytes(choice[1:_LENGTH], "big"))
        self._user = principal
        self._stage = _Stage.DONE


_STEPS = {
    _Stage.CONTEXT: GSSAPIServer._accept,  # noqa: SLF001 - of this module
    _Stage.OFFER: GSSAPIServer._offer,  # noqa: SLF001 - likewise
    _Stage.CHOICE: GSSAPIServer._choose,  # noqa: SLF001 - likewise
}
