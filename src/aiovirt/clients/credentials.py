"""Who answers what a host asks: what was given, libvirt's auth file, the environment, the caller.

Source of the file's places and form: libvirt's documentation, "Connection authentication".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from aiovirt.errors import ConfigError
from aiovirt.model.credentials import (
    NAME_KINDS,
    CredentialKind,
    CredentialRequest,
    Credentials,
    Login,
    Secret,
    first_of,
)

__all__ = ["AUTH_FILE_VARIABLE", "PASSWORD_VARIABLE", "USERNAME_VARIABLE", "AuthFile", "answerers"]

AUTH_FILE_VARIABLE = "LIBVIRT_AUTH_FILE"
USERNAME_VARIABLE = "AIOVIRT_USERNAME"
PASSWORD_VARIABLE = "AIOVIRT_PASSWORD"  # noqa: S105 -- a variable's name

SYSTEM_FILE = "/etc/libvirt/auth.conf"

MAX_FILE = 1024 * 1024
"""Bytes of an auth file, as libvirt bounds it."""

_KEYS = {
    CredentialKind.USERNAME: "username",
    CredentialKind.AUTHNAME: "authname",
    CredentialKind.PASSPHRASE: "password",
    CredentialKind.REALM: "realm",
}


def answerers(
    given: Credentials | None, *, authfile: str | None, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """Who answers, in this order: a given `Login`, the auth file, the environment, a callback.

    Args:
        given: What the caller of `aiovirt.open` gave: a `Login`, or a callback. A callback is
            asked last, because it may ask a person.
        authfile: The URI's ``authfile`` parameter.
        environ: The environment.
    """
    login = given if isinstance(given, Login) else None
    callback = None if isinstance(given, Login) else given
    return first_of(login, _FromFile(authfile, environ), _environment(environ), callback)


def _environment(environ: Mapping[str, str]) -> Credentials:
    name = environ.get(USERNAME_VARIABLE) or None
    return Login(name, environ.get(PASSWORD_VARIABLE))


class _FromFile:
    """Answers from the auth file, which is read when the first question comes."""

    def __init__(self, authfile: str | None, environ: Mapping[str, str]) -> None:
        self._authfile = authfile
        self._environ = environ
        self._file: AuthFile | None = None

    async def __call__(self, request: CredentialRequest) -> str | Secret | None:
        """The answer of the file, or None.

        Raises:
            ConfigError: The file cannot be read, or is wrong.
        """
        if self._file is None:
            self._file = await _load(self._authfile, self._environ)
        return self._file.answer(request)


async def _load(authfile: str | None, environ: Mapping[str, str]) -> AuthFile:
    """The first file there is; one that was named must be there."""
    named = ((AUTH_FILE_VARIABLE, environ.get(AUTH_FILE_VARIABLE)), ("authfile", authfile))
    for field, path in named:
        if path:
            return await _read(path, field)
    for path in _places(environ):
        try:
            return await _read(path, "authfile")
        except ConfigError as error:
            # A file that is not there or not ours to read is none, as for libvirt.
            if not isinstance(error.__cause__, (FileNotFoundError, PermissionError)):
                raise
    return AuthFile("no auth file", {})


def _places(environ: Mapping[str, str]) -> tuple[str, str]:
    folder = environ.get("XDG_CONFIG_HOME", "")
    config = Path(folder) if Path(folder).is_absolute() else Path("~/.config").expanduser()
    return str(config / "libvirt/auth.conf"), SYSTEM_FILE


async def _read(path: str, field: str) -> AuthFile:
    try:
        async with await anyio.open_file(path, "rb") as file:
            content = await file.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(
            f"the auth file {path} cannot be read: {error.strerror}", field=field
        ) from error
    if len(content) > MAX_FILE:
        raise ConfigError(f"the auth file {path} is longer than {MAX_FILE} bytes", field=field)
    return AuthFile.parse(content, path)


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """A section of an auth file.

    Attributes:
        line: Where it begins, from 1.
        entries: Its values.
    """

    line: int
    entries: dict[str, Secret]


class AuthFile:
    """libvirt's file of credentials, read.

    Args:
        path: Where it is, for errors.
        sections: By name.
    """

    def __init__(self, path: str, sections: Mapping[str, Section]) -> None:
        self._path = path
        self._sections = sections

    @classmethod
    def parse(cls, content: bytes, path: str) -> AuthFile:
        """Read it: sections in brackets, ``key=value`` up to the line's end, # and ; comments.

        Raises:
            ConfigError: A line is none of these; the message has its number, and not its text.
        """
        sections: dict[str, Section] = {}
        section: Section | None = None
        for number, raw in enumerate(content.splitlines(), start=1):
            line = _decoded(raw, path, number)
            if not line.strip() or line[0] in "#;":
                continue
            if line[0] == "[":
                section = sections[_heading(line, sections, path, number)] = Section(number, {})
            elif section is None:
                raise _wrong(path, number, "a value before the first section")
            else:
                key, value = _entry(line, section, path, number)
                section.entries[key] = value
        return cls(path, sections)

    def answer(self, request: CredentialRequest) -> str | Secret | None:
        """What the file says for the service and the host, or for the service's default.

        Raises:
            ConfigError: A section that is referred to, or the reference, is missing.
        """
        key = _KEYS.get(request.kind)
        credentials = self._credentials(request.service, request.host)
        if key is None or credentials is None:
            return None
        found = credentials.entries.get(key)
        return found.reveal() if found and request.kind in NAME_KINDS else found

    def _credentials(self, service: str, host: str) -> Section | None:
        for name in (f"auth-{service}-{host}", f"auth-{service}-default"):
            section = self._sections.get(name)
            if section is not None:
                return self._referred(name, section)
        return None

    def _referred(self, name: str, section: Section) -> Section:
        reference = section.entries.get("credentials")
        if reference is None:
            raise _wrong(self._path, section.line, f"[{name}] has no credentials=NAME")
        wanted = f"credentials-{reference.reveal()}"
        found = self._sections.get(wanted)
        if found is None:
            raise _wrong(
                self._path, section.line, f"[{name}] refers to [{wanted}], which is not there"
            )
        return found


def _decoded(raw: bytes, path: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass  # the error would hold the line
    raise _wrong(path, number, "the line is no UTF-8")


def _heading(line: str, sections: Mapping[str, Section], path: str, number: int) -> str:
    name, end, rest = line[1:].partition("]")
    if not end or rest.strip():
        raise _wrong(path, number, "a section's name ends with ] and the line with it")
    if name in sections:
        raise _wrong(path, number, f"[{name}] is there twice, first in line {sections[name].line}")
    return name


def _entry(line: str, section: Section, path: str, number: int) -> tuple[str, Secret]:
    key, equals, value = line.partition("=")
    if not equals or not key.isalnum():
        raise _wrong(path, number, "expected key=value, without blanks around the key")
    if key in section.entries:
        raise _wrong(path, number, f"{key} is there twice in this section")
    return key, Secret(value)


def _wrong(path: str, line: int, what: str) -> ConfigError:
    return ConfigError(f"auth file {path}, line {line}: {what}", field="authfile")
