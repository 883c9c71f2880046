"""A Kerberos realm of one test: a real key centre on a free port, a user, a service."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import counterparts
import pytest
from ports import reserved_port

__all__ = ["Realm"]

NAME = "LAB"
CLIENT = """[libdefaults]
default_realm = LAB
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
LAB = {{
kdc = 127.0.0.1:{port}
}}
[logging]
kdc = STDERR
"""
CENTRE = """[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
LAB = {{
database_name = {folder}/principal
key_stash_file = {folder}/stash
}}
"""


@dataclass(frozen=True)
class Realm:
    """A running key centre.

    Attributes:
        folder: Where all of it is.
    """

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """What clients and services of it need in their environment."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5_KTNAME": str(self.folder / "keytab"),
            "KRB5CCNAME": f"FILE:{self.folder}/tickets",
        }

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Realm]:
        """Run one; its key centre listens when the block begins."""
        realm = cls(folder)
        with reserved_port() as port:
            (folder / "krb5.conf").write_text(CLIENT.format(port=port))
            (folder / "kdc.conf").write_text(CENTRE.format(port=port, folder=folder))
            realm.run("kdb5_util", "-r", NAME, "create", "-s", "-P", "master")
            command: list[str | Path] = [counterparts.program("krb5kdc"), "-n"]
            environ = {**os.environ, **realm.environ}
            with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as centre:
                try:
                    assert centre.stderr
                    assert any(b"commencing operation" in line for line in centre.stderr)
                    yield realm
                finally:
                    centre.kill()

    @classmethod
    @contextmanager
    def entered(cls, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Realm]:
        """Run one, and be its user ``tim``, who has a ticket, in this process."""
        if find_spec("gssapi") is None:
            counterparts.absent("the Python library gssapi", "libkrb5-dev, and pip install gssapi")
        with cls.running(folder) as realm:
            for name, value in realm.environ.items():
                patch.setenv(name, value)
            realm.add_user("tim", "x")
            yield realm

    def run(self, name: str, *arguments: str, said: str = "") -> None:
        """Run a program in the realm."""
        subprocess.run(
            [counterparts.program(name), *arguments],
            env={**os.environ, **self.environ},
            input=said,
            text=True,
            check=True,
            capture_output=True,
        )

    def add_service(self, service: str, host: str) -> None:
        """Add a service, its key in the keytab."""
        principal = f"{service}/{host}"
        for query in (
            f"addprinc -randkey {principal}",
            f"ktadd -k {self.folder}/keytab {principal}",
        ):
            self.run("kadmin.local", "-r", NAME, "-q", query)

    def add_user(self, name: str, password: str) -> None:
        """Add a user, and get a ticket as this one."""
        self.run("kadmin.local", "-r", NAME, "-q", f"addprinc -pw {password} {name}")
        self.run("kinit", name, said=f"{password}\n")
