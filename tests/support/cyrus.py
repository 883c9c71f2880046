"""Cyrus SASL's own server, which is what libvirtd has inside: the real counterpart of mechanisms.

Its sample program speaks base 64, a message a line, on its standard input and output.
"""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import counterparts

__all__ = ["Refused", "SampleServer", "add_user", "write_config"]

DONE = b"Negotiation complete"


class Refused(Exception):
    """The server hung up."""


def write_config(folder: Path, mechanisms: str, *, service: str = "sample") -> None:
    """Write what a service reads when SASL_CONF_PATH names the folder."""
    counterparts.sasl_mechanism("libscram", "mechanisms of Cyrus SASL")
    if "gssapi" in mechanisms:
        counterparts.sasl_mechanism("libgssapiv2", "mechanism GSSAPI of Cyrus SASL")
    text = f"mech_list: {mechanisms}\nsasldb_path: {folder}/passwd.db\n"
    (folder / f"{service}.conf").write_text(text)


def add_user(folder: Path, name: str, password: str, *, realm: str) -> None:
    """Write a user into the folder's passwd.db."""
    program = counterparts.program("saslpasswd2")
    command = [str(program), "-p", "-c", "-f", f"{folder}/passwd.db", "-u", realm, name]
    subprocess.run(command, input=password.encode(), check=True)


class SampleServer:
    """The server's end of one exchange."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, mechanism: str, *flags: str, environ: Mapping[str, str] = os.environ
    ) -> Iterator[SampleServer]:
        """Run one for a mechanism; it has written its list when the block begins."""
        program = counterparts.program("sasl-sample-server")
        process = subprocess.Popen(
            # It does not flush what it writes into a pipe.
            [
                counterparts.program("stdbuf"),
                "-oL",
                program,
                "-s",
                "libvirt",
                "-m",
                mechanism,
                *flags,
            ],
            env={**environ, "SASL_CONF_PATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            server = cls(process)
            try:
                assert server.hear() == mechanism.encode()
                yield server
            finally:
                process.kill()

    def say(self, message: bytes) -> None:
        """Say something as the client; at the start the mechanism's name and a zero go before."""
        assert self._process.stdin
        self._process.stdin.write(b"C: " + b64encode(message) + b"\n")
        self._process.stdin.flush()

    def hear(self) -> bytes | None:
        """What it says; None when the exchange is over.

        Raises:
            Refused: It has ended.
        """
        for line in self._lines():
            if line.startswith(b"S: "):
                return b64decode(line[3:])
            if line.startswith(DONE):
                return None
        raise Refused

    def until(self, words: bytes) -> bytes:
        """Read up to a line that has these words."""
        for line in self._lines():
            if words in line:
                return line
        raise Refused

    def _lines(self) -> Iterator[bytes]:
        assert self._process.stdout
        while line := self._process.stdout.readline():
            yield line
