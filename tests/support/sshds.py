"""A real OpenSSH server of one test: loopback, keys of its own, nothing of the host's."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import counterparts
from ports import reserved_port

PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class SSHD:
    """A running server.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        folder: Its files: client_key, host_key.pub, known_hosts, authorized_keys.
        socket: A socket on its host, where a test has made one.
        processes: The server itself.
    """

    port: int
    folder: Path
    socket: Path | None = None
    processes: tuple[int, ...] = ()

    def kill(self) -> None:
        """Kill the server with all that serve its connections."""
        for pid in self.processes:
            for child in _children(pid):
                os.kill(child, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)

    @property
    def key(self) -> Path:
        """The key that is let in."""
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        """A file that knows the server."""
        return self.folder / "known_hosts"


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a private key, and its public one beside it."""
    program = str(counterparts.program("ssh-keygen"))
    subprocess.run(
        [program, "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True, timeout=60
    )
    return path


@contextmanager
def sshd(folder: Path, *settings: str) -> Iterator[SSHD]:
    """Run a server for the length of the scope.

    Args:
        folder: An empty folder for its files.
        settings: Further lines of its sshd_config, which go before the others.
    """
    counterparts.program("sshd")
    folder.mkdir(exist_ok=True)
    make_key(folder / "host_key")
    make_key(folder / "client_key")
    public = (folder / "client_key.pub").read_text()
    (folder / "authorized_keys").write_text(public)
    with reserved_port() as port:
        _configure(folder, port, settings)
        with _running(folder) as process:
            yield SSHD(port, folder, processes=(process.pid,))


def _configure(folder: Path, port: int, settings: Sequence[str]) -> None:
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    lines = [
        *settings,
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder}/host_key",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "PidFile none",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",
        "UsePAM no",
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = counterparts.program("sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, started by root, locks itself in
    with subprocess.Popen(
        [str(program), "-D", "-e", "-f", str(folder / "sshd_config")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            _wait_until_it_listens(process)
            yield process
        finally:
            process.kill()


def _wait_until_it_listens(process: subprocess.Popen[bytes]) -> None:
    stream = process.stderr
    assert stream is not None
    for line in stream:
        if b"listening" in line:
            return
    raise AssertionError("sshd did not start")


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    listing = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, listing) for each in (child, *_children(child))]


def user() -> str:
    """Return who the tests run as."""
    return getpass.getuser()
