"""Whether an SSH server is the one that it should be: known_hosts, and what is said otherwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import asyncssh
from asyncssh.public_key import get_default_public_key_algs

from aiovirt.errors import AuthenticationFailed, ConfigError

__all__ = ["HostCheck", "HostKeys"]

HostCheck = Literal["normal", "auto", "ignore"]
"""Refuse a host key that nobody knows; keep it; or do not look at host keys at all."""

USER_FILE = Path("~/.ssh/known_hosts")
SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")
SSH_PORT = 22


class HostKeys:
    """The known keys of one server, and the key that it has shown.

    Making one reads files, and asks the C library about addresses: do it in a thread.

    Args:
        named: The one file to look into, in OpenSSH's format, or None for `configured`.
        configured: The configuration's files, or nothing for the usual ones.
        check: What is done about a key that is not in them.
        host: The name that the server has in these files.
        port: Its port.

    Raises:
        ConfigError: A file cannot be read as known_hosts.
    """

    def __init__(
        self, named: Path | None, configured: Sequence[str], check: HostCheck, host: str, port: int
    ) -> None:
        files = [Path(name) for name in configured] or [USER_FILE, SYSTEM_FILE]
        self._files = [path.expanduser() for path in ([named] if named else files)]
        self._check = check
        usual = port == SSH_PORT
        self._where = host if usual else f"{host}:{port}"
        self._pattern = host if usual else f"[{host}]:{port}"
        self._found = _read(self._files).match(host, "", None if usual else port)[:3]
        self._shown: asyncssh.SSHKey | None = None

    @property
    def known(self) -> Sequence[asyncssh.SSHKey]:
        """The keys of this server that are known."""
        return self._found[0]

    def algorithms(self) -> Sequence[str]:
        """Return the kinds of host keys to ask for: of the known ones first, then all others.

        So a server whose key has changed shows its new one, instead of having none to offer.
        """
        if not self.known:
            return ()
        ours = [name for key in self.known for name in key.sig_algorithms]
        names = dict.fromkeys([*ours, *get_default_public_key_algs()])
        return [name.decode("ascii") for name in names]

    def look_up(
        self, host: str, addr: str, port: int | None
    ) -> tuple[Sequence[asyncssh.SSHKey], ...]:
        """Return the keys of the server as asyncssh asks for them: trusted, of CAs, revoked."""
        del host, addr, port  # those that were looked up already
        return self._found

    def accepts(self, key: asyncssh.SSHKey) -> bool:
        """Tell whether a key that is not among the known ones will do."""
        self._shown = key
        return self._check == "auto" and not self.known

    def keep(self) -> None:
        """Write down the key that was accepted, once its owner has proved to have it.

        Raises:
            ConfigError: The file cannot be written.
        """
        if self._shown is None or self._check != "auto":
            return
        path = self._files[0]
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{self._line(self._shown)}\n")
        except OSError as error:
            raise ConfigError(
                f"the new host key cannot be written to {path}: {error.strerror}",
                field="known_hosts",
            ) from error

    def refusal(self) -> AuthenticationFailed:
        """Return the error for a key that was shown and will not do."""
        if self._shown is None:
            return AuthenticationFailed(
                f"the SSH host key of a host on the way to {self._where} does not hold",
                hint="log in there once with ssh, and compare its key",
            )
        if self.known:
            return self.changed()
        return AuthenticationFailed(
            f"the SSH host key of {self._where} is not known: {_named(self._shown)}",
            hint=f"if that is its fingerprint, add this line to {self._files[0]}: "
            f"{self._line(self._shown)} - or let known_hosts_verify=auto do it",
        )

    def changed(self) -> AuthenticationFailed:
        """Return the error for a server that has not the key that is known of it."""
        kinds = ", ".join(sorted({_named(key) for key in self.known}))
        shows = f"shows {_named(self._shown)}" if self._shown else "has no key of that kind"
        return AuthenticationFailed(
            f"the SSH host key of {self._where} has changed: {kinds} is known, but it {shows}",
            hint="either the host was installed anew or somebody else answers: ask its "
            f"administrator, then forget the old: ssh-keygen -R '{self._pattern}' "
            f"-f {self._files[0]}",
        )

    def _line(self, key: asyncssh.SSHKey) -> str:
        kind, data, *_ = key.export_public_key("openssh").decode("ascii").split()
        return f"{self._pattern} {kind} {data}"


def _named(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def _read(files: Sequence[Path]) -> asyncssh.SSHKnownHosts:
    readable = [str(path) for path in files if os.access(path, os.R_OK)]
    try:
        return asyncssh.read_known_hosts(readable)
    except ValueError as error:
        raise ConfigError(
            f"{' or '.join(readable)} is no file of known hosts: {error}", field="known_hosts"
        ) from error
