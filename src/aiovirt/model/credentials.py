"""What a host asks of who connects, and who answers. Nothing is read or asked here.

Kinds and their numbers are those of libvirt's virConnectCredentialType, so that they mean the same
on both ends; asking a person, a file or the environment is the matter of other floors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

from aiovirt.model.constants import ConnectCredentialType

__all__ = [
    "CredentialKind",
    "CredentialRequest",
    "Credentials",
    "Login",
    "Secret",
    "SecretBytes",
    "first_of",
]


CredentialKind = ConnectCredentialType
"""What is asked for: `USERNAME` is a login on a hypervisor or by ssh, `AUTHNAME` a name of SASL's,
an ``ECHOPROMPT`` may be seen while it is typed, `EXTERNAL` is unlocked outside."""

SECRET_KINDS = frozenset({CredentialKind.PASSPHRASE, CredentialKind.NOECHOPROMPT})
NAME_KINDS = frozenset({CredentialKind.USERNAME, CredentialKind.AUTHNAME})


@final
class Secret:
    """A text that shows itself nowhere: only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


@final
class SecretBytes:
    """Bytes that show themselves nowhere: only `reveal` gives them."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)

    def reveal(self) -> bytes:
        """The bytes themselves."""
        return self._data

    def __repr__(self) -> str:
        return "SecretBytes(***)"

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretBytes) and self._data == other._data

    def __hash__(self) -> int:
        return hash((SecretBytes, self._data))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """One thing that is asked for.

    Attributes:
        kind: What it is.
        service: Whose it is, as in libvirt's auth file: ``libvirt``, ``esx``, ``hyperv``, ``ssh``.
        host: The host's name, ``localhost`` for this machine.
        prompt: What a person is asked.
        challenge: What the host says, where it says anything: the SASL mechanism, the realm.
        default: The answer when there is no other, or None.
    """

    kind: CredentialKind
    service: str
    host: str
    prompt: str
    challenge: str | None = None
    default: str | None = None

    @property
    def secret(self) -> bool:
        """Whether the answer must not be shown."""
        return self.kind in SECRET_KINDS


Credentials: TypeAlias = Callable[[CredentialRequest], Awaitable[str | Secret | None]]
"""Who answers: a coroutine function that gives None for what it does not know."""


@dataclass(frozen=True, slots=True)
class Login:
    """A name and a password that are known beforehand; it is a `Credentials` itself.

    Attributes:
        name: The answer to both kinds of names.
        password: As a text or a `Secret`; it is not shown either way.
        realm: The SASL realm, mostly unused.
    """

    name: str | None = None
    password: str | Secret | None = field(default=None, repr=False)
    realm: str | None = None

    async def __call__(self, request: CredentialRequest) -> str | Secret | None:
        """The answer, or None."""
        if request.kind in NAME_KINDS:
            return self.name
        if request.kind is CredentialKind.PASSPHRASE:
            return self.password
        return self.realm if request.kind is CredentialKind.REALM else None


def first_of(*answerers: Credentials | None) -> Credentials:
    """Those who answer, one after the other: the first that knows gives the answer.

    An empty name is no answer, an empty password is one.
    """

    async def ask(request: CredentialRequest) -> str | Secret | None:
        for answerer in answerers:
            found = None if answerer is None else await answerer(request)
            if found is not None and (request.secret or found != ""):
                return found
        return None

    return ask
