"""The library that does SCRAM's arithmetic: loaded on first use, because it is an extra."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from aiovirt.errors import ResourceUnavailable

__all__ = ["HASHES", "INSTALL", "ScramClient", "ScramServer", "Scramp", "library", "present"]

INSTALL = "pip install 'aiovirt[sasl]'"

HASHES = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
"""The mechanisms of it that are used, strongest first; those with channel binding are not."""

AuthInfo = tuple[bytes, bytes, bytes, int]
"""Salt, stored key, server key, iterations."""


class ScramClient(Protocol):
    """scramp's client; `iterations` is there once the server's first message is."""

    iterations: object

    def get_client_first(self) -> str:
        """The initial response."""
        ...

    def set_server_first(self, message: str) -> None:
        """Take the salt."""
        ...

    def get_client_final(self) -> str:
        """The proof."""
        ...

    def set_server_final(self, message: str) -> None:
        """Check the server's proof."""
        ...


class ScramServer(Protocol):
    """scramp's server; the messages are named as in RFC 5802."""

    def set_client_first(self, client_first: str) -> None:
        """Take the name."""
        ...

    def get_server_first(self) -> str:
        """The salt."""
        ...

    def set_client_final(self, client_final: str) -> None:
        """Check the proof."""
        ...

    def get_server_final(self) -> str:
        """The server's own proof."""
        ...


class _Mechanism(Protocol):
    def make_auth_info(
        self, password: str, iteration_count: int | None = None, salt: bytes | None = None
    ) -> AuthInfo: ...
    def make_server(self, auth_fn: object) -> ScramServer: ...


class _MakeClient(Protocol):
    def __call__(self, mechanisms: list[str], username: str, password: str) -> ScramClient: ...


class _MakeMechanism(Protocol):
    def __call__(self, mechanism: str) -> _Mechanism: ...


class Scramp(Protocol):
    """What is used of the library, which has no types of its own."""

    ScramException: type[Exception]
    ScramClient: _MakeClient
    ScramMechanism: _MakeMechanism


def present() -> bool:
    """Whether it is installed."""
    return find_spec("scramp") is not None


def library() -> Scramp:
    """Load it.

    Raises:
        ResourceUnavailable: It is not installed.
    """
    try:
        return cast("Scramp", import_module("scramp"))
    except ImportError as error:
        raise ResourceUnavailable(
            "SCRAM needs the Python library scramp, which is not installed", hint=INSTALL
        ) from error
