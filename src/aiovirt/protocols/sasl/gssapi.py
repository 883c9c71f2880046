"""GSSAPI (RFC 4752): Kerberos, which proves both ends and can encrypt the line.

The library does what it has to do with the key centre by itself, and blocks meanwhile: run its
steps in a worker thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from aiovirt.errors import AuthenticationFailed, ProtocolError, ResourceUnavailable
from aiovirt.protocols.sasl.mechanism import MAX_MESSAGE, Identity, Layer, WrappedLayer

__all__ = ["INSTALL", "GSSAPIClient", "lacks", "layer_of", "loaded", "words"]

INSTALL = "pip install 'aiovirt[kerberos]'"

_NO_LAYER = 1
_CONFIDENTIAL = 4
_OFFER_LENGTH = 4
_SSF = 56
"""What cyrus-sasl calls the strength of Kerberos' encryption at the least; libvirt demands 56."""


class _Wrapped(Protocol):
    message: bytes
    encrypted: bool


class _Context(Protocol):
    complete: bool

    def step(self, token: bytes | None = None) -> bytes | None: ...
    def wrap(self, message: bytes, *, encrypt: bool) -> _Wrapped: ...
    def unwrap(self, message: bytes) -> _Wrapped: ...
    def get_wrap_size_limit(self, desired_output_size: int) -> int: ...


class _Make(Protocol):
    def __call__(self, **arguments: object) -> _Context: ...


class _Name(Protocol):
    def __call__(self, text: str, kind: object) -> object: ...


class _Exceptions(Protocol):
    GSSError: type[Exception]


class _NameType(Protocol):
    hostbased_service: object


class _RequirementFlag(Protocol):
    mutual_authentication: int
    out_of_sequence_detection: int
    integrity: int
    confidentiality: int


class _Library(Protocol):
    """What is used of python-gssapi, which is not there everywhere."""

    exceptions: _Exceptions
    NameType: _NameType
    RequirementFlag: _RequirementFlag
    Name: _Name
    SecurityContext: _Make
    Credentials: _Make


def loaded() -> _Library:
    """The library.

    Raises:
        ResourceUnavailable: It is not installed.
    """
    try:
        return cast("_Library", import_module("gssapi"))
    except ImportError as error:
        raise ResourceUnavailable(
            f"GSSAPI needs the Python library gssapi, which does not load: {error}", hint=INSTALL
        ) from error


def lacks() -> tuple[str, str] | None:
    """Why GSSAPI cannot be used here, and what to do; None when there is a ticket."""
    if find_spec("gssapi") is None:
        return "needs the Python library gssapi", INSTALL
    try:
        library = loaded()
    except ResourceUnavailable as error:
        return str(error), INSTALL
    try:
        library.Credentials(usage="initiate")
    except library.exceptions.GSSError:
        return "has no Kerberos ticket", "get a ticket with kinit"
    return None


class GSSAPIClient:
    """The client's end."""

    name = "GSSAPI"

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._context: _Context | None = None
        self._layer: Layer | None = None
        self._complete = False

    @property
    def complete(self) -> bool:
        """Whether both ends are proved and the layer is agreed on."""
        return self._complete

    @property
    def layer(self) -> Layer | None:
        """What encrypts the line, where nothing else does."""
        return self._layer

    def start(self) -> bytes | None:
        """The first token.

        Raises:
            AuthenticationFailed: There is no ticket for this service.
            ResourceUnavailable: The library is not installed.
        """
        library = loaded()
        flags = library.RequirementFlag
        service = f"{self._identity.service}@{self._identity.host}"
        try:
            self._context = library.SecurityContext(
                name=library.Name(service, library.NameType.hostbased_service),
                usage="initiate",
                flags=flags.mutual_authentication
                | flags.out_of_sequence_detection
                | flags.integrity
                | flags.confidentiality,
            )
            return self._context.step()
        except library.exceptions.GSSError as error:
            raise AuthenticationFailed(
                f"GSSAPI: no ticket for the service {service}: {words(error)}",
                hint="get a ticket with kinit; the host's name must be the one of its principal",
            ) from error

    def step(self, challenge: bytes | None) -> bytes | None:
        """The next token, and at last which layer is taken.

        Raises:
            AuthenticationFailed: The server does not prove itself, or has no fitting layer.
            ProtocolError: The message is none of GSSAPI.
        """
        if self._context is None or self._complete:
            raise ProtocolError("GSSAPI: a message that is not due")
        library = loaded()
        try:
            if self._context.complete:
                return self._agree(self._context, challenge or b"")
            # A context that is made now waits for the server's offer: the response is empty.
            return self._context.step(challenge or b"") or b""
        except library.exceptions.GSSError as error:
            raise AuthenticationFailed(f"GSSAPI: {words(error)}") from error

    def _agree(self, context: _Context, message: bytes) -> bytes:
        offer = context.unwrap(message).message
        if len(offer) != _OFFER_LENGTH:
            raise ProtocolError("GSSAPI: the server's offer of layers has not four bytes")
        wanted = _CONFIDENTIAL if self._identity.protect else _NO_LAYER
        if not offer[0] & wanted:
            raise AuthenticationFailed(f"GSSAPI: {_NO_FIT[wanted]}")
        longest = int.from_bytes(offer[1:], "big")
        if self._identity.protect:
            self._layer = layer_of(context, longest)
        self._complete = True
        ours = MAX_MESSAGE if self._identity.protect else 0
        return context.wrap(bytes((wanted,)) + ours.to_bytes(3, "big"), encrypt=False).message


_NO_FIT: Mapping[int, str] = {
    _CONFIDENTIAL: "the server does not encrypt, and neither does the line",
    _NO_LAYER: "the server insists on encrypting an encrypted line once more",
}


def layer_of(context: _Context, longest: int) -> Layer:
    """The layer of a made context; `longest` is what the other end takes, in wrapped bytes."""
    library = loaded()
    piece = context.get_wrap_size_limit(longest)

    def wrap(data: bytes) -> bytes:
        return context.wrap(data, encrypt=True).message

    def unwrap(data: bytes) -> bytes:
        try:
            found = context.unwrap(data)
        except library.exceptions.GSSError as error:
            raise ProtocolError(f"GSSAPI: a false piece of the layer: {words(error)}") from error
        if not found.encrypted:
            raise ProtocolError("GSSAPI: a piece of the layer that is not encrypted")
        return found.message

    if piece < 1:
        raise ProtocolError(f"GSSAPI: the other end takes only {longest} bytes at once")
    return WrappedLayer(wrap, unwrap, ssf=_SSF, piece=piece)


def words(error: Exception) -> str:
    """What the library says of an error, on one line."""
    return " ".join(str(error).split())
