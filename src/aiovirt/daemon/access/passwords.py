"""The file of SASL users: what checks a password, and never the password itself.

A line a user and mechanism, ``NAME:MECHANISM:ITERATIONS:SALT:STORED-KEY:SERVER-KEY``, the last
three in base64.  A line with an empty name holds the key that makes the salts of users that do not
exist: they stay the same, as real ones do, so that nobody finds out who exists.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from aiovirt.errors import ConfigError, NotFound, PermissionDenied
from aiovirt.host.files import write_durably
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl import Verifier

__all__ = ["DEFAULT_MECHANISM", "Passwords", "remove_user", "set_password"]

DEFAULT_MECHANISM = "SCRAM-SHA-256"
MECHANISMS = frozenset({"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"})

LEAST_ITERATIONS = 4096
MOST_ITERATIONS = 1_000_000
_SALT = 16
_KEY = 32
_FIELDS = 6
_OTHERS_MAY = 0o027
"""Rights that nobody else may have on the file: to write it, and for strangers to read it."""

_HEAD = "# Users of aiovirtd's SASL. Written by `aiovirtd --sasl-user NAME`; keep it secret.\n"

Entries = Mapping[tuple[str, str], Verifier]


class Passwords:
    """The users of one file; `find` is what mechanisms look them up by.

    Args:
        entries: By name and mechanism.
        decoy: The key that makes the salts of users that do not exist.
    """

    def __init__(self, entries: Entries | None = None, decoy: bytes | None = None) -> None:
        self._entries = dict(entries or {})
        self._decoy = decoy or secrets.token_bytes(_KEY)
        counted = Counter(map(_shape, self._entries.values()))
        usual = counted.most_common(1)
        self._usual = usual[0][0] if usual else (DEFAULT_MECHANISM, LEAST_ITERATIONS, _SALT)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def users(self) -> frozenset[str]:
        """Their names."""
        return frozenset(name for name, _ in self._entries)

    def find(self, mechanism: str, user: str) -> Verifier | None:
        """What is kept for a user; for one that does not exist, what no password matches.

        With that, an unknown name costs as much work, and gets as steady a salt, as a known one.
        """
        found = self._entries.get((user, mechanism))
        usual, iterations, length = self._usual
        if found is not None or mechanism != usual or user in self.users:
            return found
        salt = hmac.digest(self._decoy, user.encode(errors="replace"), "sha512")[:length]
        nothing = secrets.token_bytes(_KEY)
        return Verifier(mechanism, salt, iterations, nothing, nothing)

    @classmethod
    def load(cls, path: Path) -> Passwords:
        """Read a file.

        Raises:
            ConfigError: A line is wrong; it is named, and nothing of it shown.
            NotFound: It is missing.
            PermissionDenied: It cannot be read; or others may read or write it.
        """
        try:
            with path.open(encoding="utf-8") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read()
        except FileNotFoundError as error:
            raise NotFound(
                f"the password file {path} is missing", hint="aiovirtd --sasl-user NAME makes it"
            ) from error
        except OSError as error:
            raise PermissionDenied(
                f"the password file {path} cannot be read: {error.strerror}"
            ) from error
        except UnicodeDecodeError:
            pass  # its cause would hold a part of the file
        else:
            if mode & _OTHERS_MAY:
                raise PermissionDenied(
                    f"the password file {path} is open to others (mode {mode & 0o777:04o})",
                    hint=f"chmod 600 {path}",
                )
            return cls(*_parse(text, path))
        raise ConfigError(f"the password file {path} is no UTF-8", field="sasl_passwords")


def _shape(verifier: Verifier) -> tuple[str, int, int]:
    return verifier.mechanism, verifier.iterations, len(verifier.salt)


def set_password(
    path: Path,
    user: str,
    password: Secret,
    *,
    mechanisms: Iterable[str] = (DEFAULT_MECHANISM,),
    iterations: int | None = None,
) -> None:
    """Add a user to a file, or give it another password; the file is made when it is missing.

    It takes some milliseconds, and writes the file anew at once or not at all.

    Raises:
        ConfigError: The name or the password cannot be used, or the file is wrong.
        HostError: The file cannot be written.
        ResourceUnavailable: scramp is not installed.
    """
    _check_name(user)
    made = {(user, name): _made(password, name, iterations) for name in mechanisms}
    kept, decoy = _read(path)
    others = {key: verifier for key, verifier in kept.items() if key[0] != user}
    _write(path, others | made, decoy)


def remove_user(path: Path, user: str) -> None:
    """Take a user out of a file.

    Raises:
        NotFound: There is no such user, or file.
        ConfigError, HostError: As for `set_password`.
    """
    kept, decoy = _read(path)
    others = {key: verifier for key, verifier in kept.items() if key[0] != user}
    if len(others) == len(kept):
        raise NotFound(f"there is no user {user!r} in {path}")
    _write(path, others, decoy)


def _made(password: Secret, mechanism: str, iterations: int | None) -> Verifier:
    if not password.reveal():
        raise ConfigError("an empty password lets anybody in", field="password")
    return Verifier.make(password, mechanism, iterations=iterations)


def _read(path: Path) -> tuple[Entries, bytes]:
    if not path.exists():
        return {}, secrets.token_bytes(_KEY)
    found = Passwords.load(path)
    return found._entries, found._decoy  # noqa: SLF001 - of this module


def _check_name(user: str) -> None:
    if not user or ":" in user or user.startswith("#") or not user.isprintable():
        raise ConfigError(f"{user!r} cannot be a user's name", field="user", hint="no colon in it")


def _write(path: Path, entries: Entries, decoy: bytes) -> None:
    lines = [_HEAD, f":decoy:{_encoded(decoy)}\n"]
    for (user, mechanism), one in sorted(entries.items()):
        keys = ":".join(map(_encoded, (one.salt, one.stored_key, one.server_key)))
        lines.append(f"{user}:{mechanism}:{one.iterations}:{keys}\n")
    write_durably(path, "".join(lines).encode())


def _parse(text: str, path: Path) -> tuple[Entries, bytes | None]:
    entries: dict[tuple[str, str], Verifier] = {}
    decoy: bytes | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(":")
        try:
            if not fields[0]:
                decoy = _decoded(fields[2])
                continue
            user, verifier = _entry(fields)
        except (ValueError, IndexError, binascii.Error):
            pass  # its cause would hold a part of the line
        else:
            _add(entries, user, verifier, f"{path}, line {number}")
            continue
        _wrong(f"{path}, line {number}")
    return entries, decoy


def _add(
    entries: dict[tuple[str, str], Verifier], user: str, verifier: Verifier, where: str
) -> None:
    if (user, verifier.mechanism) in entries:
        raise ConfigError(
            f"{where}: {user} has a second {verifier.mechanism}", field="sasl_passwords"
        )
    entries[user, verifier.mechanism] = verifier


def _wrong(where: str) -> NoReturn:
    raise ConfigError(
        f"{where}: this is not NAME:MECHANISM:ITERATIONS:SALT:STORED-KEY:SERVER-KEY",
        field="sasl_passwords",
        hint="aiovirtd --sasl-user NAME writes it",
    )


def _entry(fields: list[str]) -> tuple[str, Verifier]:
    if len(fields) != _FIELDS or fields[1] not in MECHANISMS:
        raise ValueError
    iterations = int(fields[2])
    salt, stored, server = map(_decoded, fields[3:])
    if not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS or not (salt and stored and server):
        raise ValueError
    return fields[0], Verifier(fields[1], salt, iterations, stored, server)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
