"""A vCenter or an ESX host to test against: VMware's simulator, in a process of its own.

It is real TLS with a certificate of ours, one user with a password, an inventory of the wished
shape, and real datastores, which are folders.  It can be killed, frozen and started anew at the
same port; a new start begins with a fresh inventory of the same names.  It ends with the scope, and
even when the tests are killed, since its input ends then.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import ssl
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from certificates import Authority, Identity
from ports import HOST, reserved_port

from vcsimlab.building import build

__all__ = ["PASSWORD", "USER", "Kind", "Shape", "Simulator", "run_simulator"]

Kind = Literal["vcenter", "esx"]

USER = "administrator@vsphere.local"
PASSWORD = "a pass&word"
FIRST_MACHINES = {"vcenter": "DC0_H0_VM0", "esx": "ha-host_VM0"}
START_S = 60
"""Bound of everything that is waited for; thousands of machines take some seconds to make."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the inventory holds.

    An ESX host heeds machines, datastores, running and delay.  With the given figures a vCenter has
    the hosts DC0_H0 and DC0_C0_H0, the machines DC0_H0_VM0, DC0_H0_VM1, DC0_C0_RP0_VM0 and
    DC0_C0_RP0_VM1; an ESX host has ha-host_VM0 and ha-host_VM1.

    Attributes:
        machines: Virtual machines in each resource pool: of each cluster, of each standalone host.
        running: Whether they are powered on.
        datastores: Named LocalDS_0 and so on.
        datacenters: Named DC0 and so on.
        clusters: In each datacenter.
        cluster_hosts: Hosts in each cluster.
        standalone_hosts: Hosts of no cluster, in each datacenter.
        pools: Further resource pools in each cluster.
        folders: Folders around each datacenter and around what is in it.
        port_groups: Distributed port groups in each datacenter.
        delay_ms: What each call takes longer.
    """

    machines: int = 2
    running: bool = True
    datastores: int = 1
    datacenters: int = 1
    clusters: int = 1
    cluster_hosts: int = 1
    standalone_hosts: int = 1
    pools: int = 0
    folders: int = 0
    port_groups: int = 1
    delay_ms: int = 0


SHAPE = Shape()


@dataclass
class Simulator:
    """A running simulator; `run_simulator` makes one.

    Attributes:
        kind: Whether it is a vCenter or an ESX host.
        shape: What its inventory holds.
        folder: Its files.
        authority: Who has signed its certificate; signs others for tests.
        identity: Its certificate.
        port: Where it listens, on 127.0.0.1, also after a restart.
    """

    kind: Kind
    shape: Shape
    folder: Path
    authority: Authority
    identity: Identity
    port: int
    _process: subprocess.Popen[str] | None = field(default=None, init=False, repr=False)

    # ----------------------------------------------------------------- where it is

    @property
    def user(self) -> str:
        """The only user."""
        return USER

    @property
    def password(self) -> str:
        """The user's password."""
        return PASSWORD

    @property
    def ca(self) -> Path:
        """The certificate of who has signed the simulator's, in PEM."""
        return self.authority.certificate

    @property
    def thumbprint(self) -> str:
        """SHA-256 of the simulator's certificate: hexadecimal digits with colons."""
        text = self.identity.certificate.read_text(encoding="ascii")
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest().upper()
        return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))

    @property
    def machine(self) -> str:
        """The name of the first machine."""
        return FIRST_MACHINES[self.kind]

    @property
    def sdk(self) -> str:
        """The URL of the web API."""
        return f"https://{HOST}:{self.port}/sdk"

    @property
    def auth_file(self) -> Path:
        """An auth.conf as libvirt's, which has the user and the password."""
        path = self.folder / "auth.conf"
        path.write_text(
            f"[credentials-lab]\nusername={USER}\npassword={PASSWORD}\n"
            f"[auth-esx-{HOST}]\ncredentials=lab\n[auth-vpx-{HOST}]\ncredentials=lab\n",
            encoding="ascii",
        )
        return path

    def uri(self, path: str | None = None, *, port: int | None = None, **params: str) -> str:
        """Return the URI as libvirt writes it: `esx://` or `vpx://`, without the password.

        Args:
            path: On a vCenter the datacenter, the cluster and the host; all by default.
            port: Of what stands before the simulator, such as a proxy.
            **params: Parameters of the URI.
        """
        scheme = "esx" if self.kind == "esx" else "vpx"
        user = urllib.parse.quote(USER, safe="")
        query = urllib.parse.urlencode(params, quote_via=urllib.parse.quote, safe="/")
        where = f"{scheme}://{user}@{HOST}:{port or self.port}/{path or ''}"
        return f"{where}?{query}" if query else where

    def folder_url(self, path: str, datastore: str = "LocalDS_0") -> str:
        """Return the URL of a file of a datastore."""
        datacenter = "ha-datacenter" if self.kind == "esx" else "DC0"
        query = urllib.parse.urlencode({"dcPath": datacenter, "dsName": datastore})
        return f"https://{HOST}:{self.port}/folder/{urllib.parse.quote(path)}?{query}"

    def datastore(self, name: str = "LocalDS_0") -> Path:
        """Return the folder that a datastore's files really lie in; gone after a restart."""
        (found,) = self._data.glob(f"govcsim-*-{name}-*")
        return found

    @property
    def _data(self) -> Path:
        """What the simulator takes for the folder of temporary files."""
        return self.folder / "data"

    # ----------------------------------------------------------------- its life

    @property
    def alive(self) -> bool:
        """Whether it runs; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The pid of its process."""
        assert self._process is not None, "the simulator does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it with a fresh inventory; returns when it serves."""
        assert not self.alive
        settings = {
            "esx": self.kind == "esx",
            "listen": f"{HOST}:{self.port}",
            "user": USER,
            "password": PASSWORD,
            "certificate": str(self.identity.certificate),
            "key": str(self.identity.key),
            **asdict(self.shape),
        }
        shutil.rmtree(self._data, ignore_errors=True)  # of one that was killed
        self._data.mkdir()
        with (self.folder / "log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [str(build())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={"TMPDIR": str(self._data), "GOMAXPROCS": "2"},
                start_new_session=True,  # Ctrl-C is for the tests; the simulator ends after them
            )
        try:
            self._ask(settings)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill it at once, when it runs; its connections break, its state is lost."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        process.wait(START_S)

    def restart(self) -> None:
        """Kill it, and start it anew at the same port."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop it in its tracks: it accepts connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 30) -> str:
        """Return the end of what it logged."""
        return "\n".join((self.folder / "log").read_text(encoding="utf-8").splitlines()[-lines:])

    # ----------------------------------------------------------------- what it can be told

    def counts(self) -> dict[str, int]:
        """How often each method was called since it started.

        What is no method counts as its verb and the first part of its path, as `GET /folder`.
        """
        counts: dict[str, int] = self._ask({"do": "counts"})["counts"]
        return counts

    def delay(self, method: str, ms: int) -> None:
        """Have each call of a method take longer from now on."""
        self._ask({"do": "delay", "method": method, "ms": ms})

    def drop(self, method: str, *, done: bool = False) -> None:
        """Break the connection of the next call of a method.

        Args:
            method: A method, or what `counts` calls another request.
            done: Whether it is carried out first, so that only its answer is lost.
        """
        self._ask({"do": "drop", "method": method, "done": done})

    def expire(self) -> int:
        """End every session there is; returns how many there were."""
        ended: int = self._ask({"do": "expire"})["ended"]
        return ended

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Write one line and read one."""
        process = self._process
        assert process is not None, "the simulator does not run"
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], START_S)
        line = process.stdout.readline() if ready else ""
        assert line, f"the simulator does not answer: {self.log_tail()}"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def run_simulator(kind: Kind, folder: Path, shape: Shape = SHAPE) -> Iterator[Simulator]:
    """Run a simulator for the length of the scope.

    Args:
        kind: Whether it is a vCenter or an ESX host.
        folder: A folder for its files; may be shared by several, one after the other.
        shape: What its inventory holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority(folder / "authority")
    identity = authority.sign("vcsim", hosts=[HOST, "localhost"])
    with reserved_port() as port:
        simulator = Simulator(kind, shape, folder, authority, identity, port)
        simulator.start()
        try:
            yield simulator
        finally:
            simulator.kill()
